#[test]
fn dump() {
    for (n, c) in [("x86", &super::X86_64[..]), ("arm", &super::AARCH64[..])] {
        println!("{n} {}", c.len());
        for (i, f) in c.iter().enumerate() {
            println!("{i:3}: {:#04x} k={:#x} jt={} jf={}", f.code, f.k, i + 1 + f.jt as usize, i + 1 + f.jf as usize);
        }
    }
}
