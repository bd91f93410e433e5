//! Builtins, redirections, pipes and constructs of the shell.

use super::{check, read};

#[test]
fn builtins() {
    check(&[
        ("eval 'rm x'", "eval>rm x"),
        ("eval rm x", "eval>rm x"),
        ("eval \"$x\"", "eval>? !Evaluated !Inner !Program"),
        ("source f", "source f !Evaluated"),
        (". f", ". f !Evaluated"),
        ("trap 'rm x' EXIT", "trap>rm x"),
        ("trap - EXIT", "trap - EXIT"),
        ("trap", "trap"),
        ("alias ls='rm x'", "alias ls=rm_x !Evaluated"),
        ("shopt -s expand_aliases", "shopt -s expand_aliases !Evaluated"),
        ("shopt -s nullglob", "shopt -s nullglob"),
        ("set -euo pipefail", "set -euo pipefail"),
        ("set -k", "set -k !Evaluated"),
        ("set -o posix", "set -o posix !Evaluated"),
        ("set -- a b", "set -- a b"),
        ("hash -p /x ls", "hash -p /x ls !Evaluated"),
        ("let i=i+1", "let i=i+1"),
        ("let \"$x\"", "let ? !Evaluated"),
        ("unset 'a[$(rm x)]'", "unset a[$(rm_x)] !Evaluated"),
        ("read 'a[0]'", "read a[0] !Evaluated"),
        ("[[ -v a[0] ]]", "[[ -v a[0] ]] !Evaluated"),
        ("complete -C x y", "complete -C x y !Evaluated"),
        ("mapfile -C x y", "mapfile -C x y !Evaluated"),
        ("x='a[$(rm y)]' ; ls", "ls $x !Evaluated"),
        ("$x y", "? y; y !Program"),
        ("\"$x\" y", "? y !Program"),
        ("\"$x/ls\" y", "?/ls y"),
    ]);
}

#[test]
fn reasons() {
    let because = |text: &str| read(text).opaque.first().unwrap().to_string();
    assert_eq!(because("ls; eval \"$x\""), "byte 4–13: `eval` turns text into commands that are not known");
    assert_eq!(because("ls; $x"), "byte 4–6: `$x` names a program that is not known");
    assert_eq!(because("bash x.sh"), "byte 0–9: `bash` runs commands that are not known");
    // What is inside a word is said to be at the word.
    assert_eq!(because("bash -c 'ls; $x'"), "byte 0–16: `$x` names a program that is not known");
}

#[test]
fn plain() {
    for text in ["ls", "ls -la | grep x", "a && b || c; d\ne", "echo 'a b'"] {
        assert!(read(text).plain, "{text}");
    }
    for text in ["sudo ls", "A=b ls", "ls $x", "eval ls", "bash -c ls", "$x"] {
        assert!(!read(text).plain, "{text}");
    }
}

#[test]
fn constructs() {
    check(&[
        ("ls > f 2>&1 < g", "ls <g >f"),
        ("> f", ": >f"),
        ("{ a; b; } > f", "a >f; b >f"),
        ("bash -c 'a; b' > f", "bash>a >f; bash>b >f"),
        ("cat f | grep x | wc -l", "cat f; grep x |cat; wc -l |grep"),
        ("{ a; b; } | sh", "a; b; sh |a |b !Inner"),
        ("a | while read x; do b; done", "a; read x |a; b |a"),
        ("a | bash -c 'b; c | d'", "a; bash>b |a; bash>c |a; bash>d |c"),
        ("bash -c 'a; b' | c", "bash>a; bash>b; c |a |b"),
        ("echo $(rm x)", "rm x; echo ?"),
        ("echo \"`rm x`\"", "rm x; echo ?"),
        ("diff <(a) <(b)", "a; b; diff ? ?"),
        ("if a; then b; else c; fi", "a; b; c"),
        ("for i in a b; do rm $i; done", "rm ?"),
        ("case $x in a) b;; *) c;; esac", "b; c"),
        ("(cd /tmp && rm x)", "cd /tmp; rm x"),
        ("! a && b || c & d", "a; b; c; d"),
        ("time sudo rm x", "sudo>rm x"),
        ("[[ -f x ]] && rm x", "[[ -f x ]]; rm x"),
        ("x=$(rm y)", "rm y $x"),
        ("x=1; x=2 ls", "ls $x"),
        ("echo 'a", "echo a !Unterminated"),
        ("echo x > /dev/tcp/h/80", "echo x >/dev/tcp/h/80"),
    ]);
    assert_eq!(read("echo x > /dev/tcp/h/80").calls[0].network(), crate::Tri::True);
}

#[test]
fn here_documents() {
    check(&[
        ("sh <<'EOF'\nrm x\nls\nEOF\n", "sh>rm x; sh>ls"),
        ("sudo bash -s <<EOF\nrm x\nEOF\n", "sudo>bash>rm x"),
        ("bash <<EOF\nrm $x\nEOF\n", "bash>rm ? !Inner"),
        ("bash <<< 'rm x'", "bash>rm x"),
        ("bash < f", "bash <f !Inner"),
        ("bash < /dev/null", "bash </dev/null"),
        ("cat <<EOF | sh\nrm x\nEOF\n", "cat; sh>rm x |cat"),
        ("cat <<EOF > f\nrm x\nEOF\n", "cat >f"),
        ("python3 <<EOF\nimport os\nEOF\n", "python3 code:import_os⏎"),
        ("python3 - <<< 'x'", "python3 - code:x"),
        ("psql db <<< 'drop table t'", "psql db code:drop_table_t"),
        ("ssh h <<EOF\nrm x\nEOF\n", "ssh h; ssh>rm x"),
        ("ssh h bash -s <<EOF\nrm x\nEOF\n", "ssh h bash -s; ssh>bash>rm x"),
        ("docker exec -i c sh <<EOF\nrm x\nEOF\n", "docker exec -i c sh; docker>sh>rm x"),
        ("bash -c 'sh' <<EOF\nrm x\nEOF\n", "bash>sh>rm x"),
        ("{ sh; } <<EOF\nrm x\nEOF\n", "sh>rm x"),
        ("xargs rm <<< 'x'", "xargs>rm …+"),
        ("at now <<< 'rm x'", "at now; at>rm x"),
    ]);
}

#[test]
fn functions() {
    check(&[
        ("f() { rm x; }; f", "rm x; f"),
        ("f() { sudo \"$@\"; }; f rm x", "sudo>?; f rm x !Option !Program"),
        ("if a; then rm() { :; }; fi; rm x", "a; :; rm x"),
        ("(rm() { :; }); rm x", ":; rm x"),
        ("rm x; rm() { :; }", "rm x; :"),
        ("rm() { :; }; command rm x", ":; command>rm x"),
        ("sudo() { :; }; sudo rm x", ":; sudo>rm x"),
        ("f() { sh; }; a | f", "sh; a; f |a !Inner"),
    ]);
}

#[test]
fn variables_that_are_set_by_the_way() {
    check(&[
        ("for PATH in a; do ls; done", "ls $PATH !Environment"),
        ("select LD_PRELOAD in a; do ls; done", "ls $LD_PRELOAD !Environment"),
        ("ls ${PATH:=a}", "ls ? $PATH !Environment"),
        ("ls \"${BASH_ENV=a}\"", "ls ? $BASH_ENV !Environment"),
        ("for f in a; do ls; done", "ls"),
    ]);
}
