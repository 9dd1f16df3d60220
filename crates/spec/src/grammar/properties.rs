//! Properties of every grammar: nothing panics, and what was printed is read back the same.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::{Access, BoxName, BoxPath, BoxUser, ByteSize, Hostname, Resource, Tmpfs, Ulimit};

/// Bytes as an attacker or a tired user might type them: mostly the grammar's own characters.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let own = prop::sample::select(br#"/.:,=-"[]#*abromkg0189 "#.to_vec());
    vec(prop_oneof![9 => own, 1 => any::<u8>()], 0..40)
}

/// A path component without the separators of the grammar at hand.
fn path() -> impl Strategy<Value = String> {
    vec("[a-zA-Z0-9_é-]{1,8}", 1..4).prop_map(|parts| format!("/{}", parts.join("/")))
}

fn any_access() -> impl Strategy<Value = Access> {
    prop_oneof![Just(Access::ReadOnly), Just(Access::ReadWrite)]
}

proptest! {
    #[test]
    fn no_grammar_panics(text in noise()) {
        drop((VolumeArg::parse(&text), MountArg::parse(&text), Tmpfs::parse(&text)));
        drop((UlimitArg::parse(&text), ByteSize::parse(&text), BoxUser::parse(&text, (1, 1))));
        drop((Entrypoint::parse(&text), EnvEntry::parse(&text), env_file(&text)));
        drop((AllowArg::parse(&text), crate::DnsName::from_wire(&text)));
        drop((switch(&text), timeout(&text), BoxName::parse(&text), Hostname::parse(&text)));
    }

    #[test]
    fn a_share_is_read_back(source in path(), target in path(), access in any_access()) {
        let option = if access == Access::ReadOnly { "ro" } else { "rw" };
        let arg = VolumeArg::parse(format!("{source}:{target}:{option}").as_bytes()).unwrap();
        prop_assert_eq!(&arg.source, source.as_bytes());
        prop_assert_eq!(arg.target.as_bytes(), target.as_bytes());
        prop_assert_eq!(arg.access, access);
        let same = format!("type=bind,src={source},dst={target},{option}");
        prop_assert_eq!(MountArg::parse(same.as_bytes()), Ok(MountArg::Bind(arg)));
    }

    #[test]
    fn a_quoted_field_is_read_back(text in "/[^\0\"]{0,20}(\"[^\0]{0,10})?") {
        let line = format!("type=bind,\"src={}\",dst=/b", text.replace('"', "\"\""));
        match MountArg::parse(line.as_bytes()) {
            Ok(MountArg::Bind(arg)) => prop_assert_eq!(arg.source, text.into_bytes()),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn scratch_space_is_read_back(target in path(), size in 0..=u64::MAX, mode in 0..=0o1777_u32) {
        let got = Tmpfs::parse(format!("{target}:size={size},mode={mode:o}").as_bytes());
        prop_assert_eq!(got, Ok(Tmpfs {
            target: BoxPath::parse(target.as_bytes()).unwrap(),
            size: Some(ByteSize(size)),
            mode: Some(mode),
            noexec: false,
            read_only: false,
        }));
    }

    #[test]
    fn a_limit_is_read_back(a in any::<u64>(), b in any::<u64>()) {
        let (soft, hard) = (a.min(b), a.max(b));
        let got = UlimitArg::parse(format!("stack={soft}:{hard}").as_bytes());
        prop_assert_eq!(got, Ok(UlimitArg::One(Ulimit { resource: Resource::Stack, soft, hard })));
    }

    #[test]
    fn sizes_and_users_are_read_back(number in any::<u64>(), uid in 0..u32::MAX, gid in 0..u32::MAX) {
        prop_assert_eq!(ByteSize::parse(number.to_string().as_bytes()), Ok(ByteSize(number)));
        let user = BoxUser::parse(format!("{uid}:{gid}").as_bytes(), (1, 1));
        prop_assert_eq!(user, Ok(BoxUser::Ids { uid, gid }));
    }

    #[test]
    fn a_variable_is_read_back(name in "[A-Za-z_][A-Za-z0-9_]{0,9}", value in "[^\0\r\n]{0,20}") {
        let entry = EnvEntry::Set { name: name.clone().into(), value: value.clone().into() };
        let line = format!("{name}={value}");
        prop_assert_eq!(EnvEntry::parse(line.as_bytes()), Ok(entry.clone()));
        prop_assert_eq!(env_file(format!("#\n{line}\n").as_bytes()), Ok(vec![entry]));
    }

    #[test]
    fn an_entrypoint_is_read_back(words in vec("[^\0]{0,10}", 1..4)) {
        let json = serde_json::to_vec(&words).unwrap();
        let words: Vec<Vec<u8>> = words.into_iter().map(String::into_bytes).collect();
        prop_assert_eq!(Entrypoint::parse(&json), Ok(Entrypoint(words)));
    }
}
