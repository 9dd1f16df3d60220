# Unpacks the upstream source of $package here. The user's own package sources, asked for sources
# instead of binaries, with lists of our own: the system's are root's, and stay as they are.
mkdir -p apt/etc apt/state/lists/partial apt/cache/archives/partial
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$list" ] && sed -n 's/^deb\([[:space:]]\)/deb-src\1/p' "$list" > "apt/etc/$(basename "$list" .list).list"
done
for list in /etc/apt/sources.list.d/*.sources; do
    [ -f "$list" ] && sed 's/^Types:.*/Types: deb-src/' "$list" > "apt/etc/$(basename "$list")"
done
apt() {
    apt-get --quiet -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$PWD/apt/etc" \
        -o "Dir::State=$PWD/apt/state" -o Dir::State::status=/var/lib/dpkg/status \
        -o "Dir::Cache=$PWD/apt/cache" -o APT::Sandbox::User="$(id -un)" "$@"
}
apt update
apt source --download-only --tar-only "$package"
# As root, tar would give the files to the numbers that upstream's packer had.
tar -xf "$package"_*.orig.tar.* --strip-components 1 --no-same-owner
rm -r apt "$package"_*
