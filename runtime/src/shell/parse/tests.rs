//! Scripts and what they are taken apart into, in a short notation.

use super::super::script::{Redirect, RedirectOp, Script, Simple, Word};
use super::{ShellLimits, parse};
use crate::ShellDialect::{self, Bash, Sh};

/// A word: its text, with `‹kind›` for a gap, `‹kind…›` if it splits; in `'…'` where that helps.
fn word(word: &Word) -> String {
    use super::super::script::GapKind::{Arithmetic, Brace, Glob, Home, Parameter, Process, Substitution};
    let mut text = String::new();
    let mut at = 0;
    for gap in &word.gaps {
        let kind = match gap.kind {
            Parameter => "$",
            Substitution => "$()",
            Arithmetic => "$(())",
            Process => "<()",
            Home => "~",
            Glob => "*",
            Brace => "{}",
        };
        text += &word.text[at..gap.at as usize];
        text += &format!("‹{kind}{}›", if gap.splits { "…" } else { "" });
        at = gap.at as usize;
    }
    text += &word.text[at..];
    if text.is_empty() || text.contains([' ', '\n', ';']) { format!("'{}'", text.replace('\n', "\\n")) } else { text }
}

fn redirect(it: &Redirect) -> String {
    let fd = it.fd.map_or("?".to_owned(), |fd| fd.to_string());
    let op = match it.op {
        RedirectOp::Read => "<",
        RedirectOp::Write => ">",
        RedirectOp::Append => ">>",
        RedirectOp::ReadWrite => "<>",
        RedirectOp::Duplicate => "&",
        RedirectOp::HereDoc => "<<",
        RedirectOp::HereString => "<<<",
    };
    format!("{}{fd}{op}{}", if it.inherited { "^" } else { "" }, word(&it.target))
}

fn simple(it: &Simple) -> String {
    let mut parts = Vec::new();
    if it.nested {
        parts.push("+".to_owned());
    }
    if !it.stdin_from.is_empty() {
        parts.push(format!("{:?}|", it.stdin_from).replace(", ", ","));
    }
    parts.extend(it.assignments.iter().map(|a| format!("{}:={}", a.name, word(&a.value))));
    parts.extend(it.words.iter().map(word));
    parts.extend(it.redirects.iter().map(redirect));
    parts.join(" ")
}

/// A script: its commands, then the functions it defines, then why it is not understood.
pub(super) fn render(script: &Script) -> String {
    let mut text = script.commands.iter().map(simple).collect::<Vec<_>>().join(" ; ");
    for name in &script.functions {
        text += &format!(" fn:{name}");
    }
    for opaque in &script.opaque {
        text += &format!(" !{:?}", opaque.reason);
    }
    text
}

fn check(dialect: ShellDialect, table: &[(&str, &str)]) {
    let mut wrong = String::new();
    for (text, expected) in table {
        let script = parse(dialect, text, ShellLimits::default());
        let found = render(&script);
        if found != *expected {
            wrong += &format!("\n{text:?}\n  expected {expected}\n  found    {found}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Samples that the tests with bash use as well.
pub(super) const WORDS: &[(&str, &str)] = &[
    ("ls", "ls"),
    ("  ls  -la\t/tmp  ", "ls -la /tmp"),
    ("", ""),
    ("# nothing", ""),
    ("ls # a comment; rm x", "ls"),
    ("echo a#b", "echo a#b"),
    ("echo 'a b' \"c d\" e\\ f", "echo 'a b' 'c d' 'e f'"),
    ("echo ''", "echo ''"),
    ("echo 'a'\"b\"c", "echo abc"),
    ("ec\\\nho a\\\nb", "echo ab"),
    ("echo \"a\\\nb\" 'c\\\nd'", "echo ab 'c\\\\nd'"),
    ("echo \"\\$x \\a \\\\ \\\"\"", "echo '$x \\a \\ \"'"),
    ("echo $x \"$x\" ${x} a$x.b", "echo ‹$…› ‹$› ‹$…› a‹$…›.b"),
    ("echo \"$@\" $# $? \"${a[@]}\" \"${a[1]}\" ${#a}", "echo ‹$…› ‹$…› ‹$…› ‹$…› ‹$› ‹$…›"),
    ("echo ${x:-a b} \"${x%.*}\" ${x//a/b} ${x:1:2}", "echo ‹$…› ‹$› ‹$…› ‹$…›"),
    ("echo ${x:-$(rm y)}", "+ rm y ; echo ‹$…›"),
    ("echo $(ls -l) `pwd`", "+ ls -l ; + pwd ; echo ‹$()…› ‹$()…›"),
    ("echo \"$(ls \"$(pwd)\")\"", "+ pwd ; + ls ‹$()› ; echo ‹$()›"),
    ("echo `echo \\`rm x\\``", "+ rm x ; + echo ‹$()…› ; echo ‹$()…›"),
    ("echo \"`echo \\\"a b\\\"`\"", "+ echo 'a b' ; echo ‹$()›"),
    ("echo $((1 + 2)) $[3]", "echo ‹$(())…› ‹$(())…›"),
    ("echo $((1 + $(rm x)))", "+ rm x ; echo ‹$(())…› !Evaluated"),
    ("echo $'a\\tb\\x41\\101\\u0042' $\"x y\"", "echo a\tbAAB 'x y'"),
    ("diff <(a) >(b)", "+ a ; + [2]| b ; diff ‹<()› ‹<()›"),
    ("ls ~ ~/a ~bob/x a~ '~' x=~/y --o=~/z", "ls ‹~› ‹~›/a ‹~›/x a~ ~ x=‹~›/y --o=~/z"),
    ("ls *.rs a?b [a-z]x a[ \\* '*' x[/]", "ls ‹*…›.rs a‹*…›b ‹*…›x a[ * * x[/]"),
    ("[ -f x ]", "[ -f x ]"),
    ("echo {a,b}c {1..3} {c..a} {x} {} {a,b", "echo ac bc 1 2 3 c b a {x} {} {a,b"),
    ("echo a{b,{c,d}e}f '{a,b}' {a,'b c'} $x{1,2}", "echo abf acef adef {a,b} a 'b c' ‹$…›1 ‹$…›2"),
    ("echo {1..\"\"3} {\"\",a} {,a} {{a,b}x..}", "echo ‹{}…› '' a a ‹{}…›"),
    ("echo {01..3} {1..1000} x{a,b}}y {}}", "echo ‹{}…› ‹{}…› x‹{}…›y {}}"),
    ("echo $ a$ \"$\" $% 'x'$", "echo $ a$ $ $% x$"),
    ("echo a\\", "echo a\\"),
    ("A=1", "A:=1"),
    ("A=1 B+=2 C=$x D= env", "A:=1 B:=2 C:=‹$› D:='' env"),
    ("A=~/x:~/y B=* C={a,b} D='x y'", "A:=‹~›/x:‹~›/y B:=* C:={a,b} D:='x y'"),
    ("a[1]=x b=(1 2 $(ls)) export c=(3) d=4", "+ ls ; a:=x b:=‹$…› export c=‹$…› d=4"),
    ("echo A=1 a[1]=x", "echo A=1 a‹*…›=x"),
];

pub(super) const LISTS: &[(&str, &str)] = &[
    ("a; b & c && d || e\nf", "a ; + b ; c ; d ; e ; f"),
    ("a && b & c", "+ a ; + b ; c"),
    ("a | b |& c", "a ; [0]| b ; [1]| c"),
    ("a | b && c | d", "a ; [0]| b ; c ; [2]| d"),
    ("a |\n# x\nb &&\n\nc", "a ; [0]| b ; c"),
    ("! a | b", "a ; [0]| b"),
    ("time -p a; time", "a"),
    ("(a; b) | sh", "+ a ; + b ; [0,1]| sh"),
    ("{ a; b; } | sh", "+ a ; + b ; [0,1]| sh"),
    ("a | while read x; do b; c | d; done", "a ; + [0]| read x ; + [0]| b ; + [0]| c ; + [3]| d"),
    ("a | echo $(cat)", "a ; + [0]| cat ; [0]| echo ‹$()…›"),
    ("a | tee >(sh)", "a ; + [2]| sh ; [0]| tee ‹<()›"),
    ("sh < <(curl x)", "+ curl x ; [0]| sh 0<‹<()›"),
    ("{ a; } > >(sh)", "+ a ^1>‹<()› ; + [0]| sh"),
    ("if a; then b; elif c; then d; else e; fi", "+ a ; + b ; + c ; + d ; + e"),
    ("while a; do b; done; until c\ndo d\ndone", "+ a ; + b ; + c ; + d"),
    ("for x in 1 $(ls) *; do a $x; done", "+ ls ; + a ‹$…›"),
    ("for x; do a; done; for x\nin b\ndo c; done", "+ a ; + c"),
    ("for ((i=0; i<3; i++)); do a; done; for ((;;)) do b; done", "+ a ; + b"),
    ("select x in a b; do c; done", "+ c"),
    ("case $x in a|b) c;; (d) e;& f) ;;& *) g; esac; h", "+ c ; + e ; + g ; h"),
    ("case x in esac", ""),
    ("case $(a) in $(b)) c\n;;\nesac", "+ a ; + b ; + c"),
    ("f() { a; b; }; f", "+ a ; + b ; f fn:f"),
    ("function f { a; }; function g() (b)\nf", "+ a ; + b ; f fn:f fn:g"),
    ("f() if a; then b; fi", "+ a ; + b fn:f"),
    ("[[ -f x && ( $y < z || $q =~ ^(a|b c)$ ) ]] && b", "[[ -f x && ( ‹$› < z || ‹$› =~ '^(a|b c)$' ) ]] ; b"),
    ("[[ a == *.x ]]; [[ $(a) ]]", "[[ a == *.x ]] ; + a ; [[ ‹$()› ]]"),
    ("((x = 1)); b", "b"),
    ("coproc a; coproc N { b; }", "+ a ; + b"),
    ("if (a) then { b; } fi", "+ a ; + b"),
    ("echo if then; a fi", "echo if then ; a fi"),
    ("'if' a", "if a"),
    ("echo }", "echo }"),
    ("(a)", "+ a"),
    ("a;", "a"),
    ("$x a; \"$y\"", "‹$…› a ; ‹$›"),
    ("echo @(a|b) !(c)", "echo ‹*…› ‹*…›"),
];

pub(super) const REDIRECTS: &[(&str, &str)] = &[
    ("a > f 2>&1 < g", "a 1>f 2&1 0<g"),
    ("a >> f 2> g >| h <> i", "a 1>>f 2>g 1>h 0<>i"),
    ("a &> f; b &>> g; c >& h; d >&- 2>&1", "a 1>f ; b 1>>g ; c 1>h ; d 1&- 2&1"),
    ("> f", "1>f"),
    ("> f a x{1,2}", "a x1 x2 1>f"),
    ("a {fd}> f 10< g", "a ?>f 10<g"),
    ("a 2 > f; a 2>f; a2> f", "a 2 1>f ; a 2>f ; a2 1>f"),
    ("a <<< 'x y' <<< $z", "a 0<<<'x y' 0<<<‹$›"),
    ("cat <<EOF\nx $y\nEOF\nb", "cat 0<<'x ‹$›\\n' ; b"),
    ("cat <<'EOF'\nx $y\nEOF\nb", "cat 0<<'x $y\\n' ; b"),
    ("cat <<\\E && b\n$(c)\nE\n", "cat 0<<'$(c)\\n' ; b"),
    ("cat <<E\n$(c) `d` \\$x\nE", "cat 0<<'‹$()› ‹$()› $x\\n' ; + c ; + d"),
    ("cat <<-E\n\t\tx\n\tE\nb", "cat 0<<'x\\n' ; b"),
    ("cat <<A <<B; b\n1\nA\n2\nB\nc", "cat 0<<'1\\n' 0<<'2\\n' ; b ; c"),
    ("cat <<A | sh\nx\nA", "cat 0<<'x\\n' ; [0]| sh"),
    ("while a; do b; done <<E\nx\nE\nc", "+ a ^0<<'x\\n' ; + b ^0<<'x\\n' ; c"),
    ("{ a; b > g; } > f 2>&1", "+ a ^1>f ^2&1 ; + b 1>g ^1>f ^2&1"),
    ("( a ) < f; { b; } <<< x", "+ a ^0<f ; + b ^0<<<x"),
    ("echo $(cat <<E\nx\nE\n)", "+ cat 0<<'x\\n' ; echo ‹$()…›"),
    ("cat <<''\nx\n\nb", "cat 0<<'x\\n' ; b"),
    ("cat <<E\nif $( a\n) b\nE\nc", "cat 0<<'if ‹$()› b\\n' ; + a ; c"),
    ("a > $x; a > 'f g'; a > ~/f", "a 1>‹$…› ; a 1>'f g' ; a 1>‹~›/f"),
];

const OPAQUE: &[(&str, &str)] = &[
    ("echo 'a", "echo a !Unterminated"),
    ("echo \"a $(b", "+ b ; echo 'a ‹$()›' !Unterminated !Unterminated"),
    ("a; (b", "a ; + b !Unterminated"),
    ("if a; then b", "+ a ; + b !Unterminated"),
    ("cat <<E\nx", "cat 0<<x !Unterminated"),
    ("cat <<E", "cat 0<<'' !Unterminated"),
    ("a &&", "a !Unterminated"),
    ("a ;; b", "a ; b !Syntax"),
    ("a )", "a !Syntax"),
    ("a; ; b", "a ; b !Syntax"),
    ("| a", "a !Syntax"),
    ("fi; a", "a !Syntax !Syntax"),
    ("a (b); c", "a ; + b ; c !Syntax"),
    ("a > ; b", "a ; b !Syntax"),
    ("for 1 in a; do b; done", "+ b !Syntax"),
    ("a\r\nb", "a\r ; b !Character"),
    ("echo \u{202e}x 'a\u{200b}'", "echo \u{202e}x a\u{200b} !Character !Character"),
    ("echo a\u{ff1b} rm", "echo a\u{ff1b} rm !Character"),
    ("echo a\u{a0}b", "echo a\u{a0}b !Character"),
    ("l\u{455} x", "l\u{455} x !Character"),
    ("echo é|b", "echo é ; [0]| b !Character"),
    ("echo café 'naïve；'", "echo café naïve；"),
    ("echo $'\\x1b[0m' $'\\0'", "echo ‹$›[0m ‹$› !Character !Character"),
    ("echo $((a); b)", "+ b ; echo ‹$(())…› !Ambiguous"),
    ("echo ${!x} ${x@P} ${!p*} ${!a[@]}", "echo ‹$…› ‹$…› ‹$…› ‹$…› !Evaluated !Evaluated"),
    ("x='a[$(rm)]'; echo $((x))", "x:=a[$(rm)] ; echo ‹$(())…› !Evaluated"),
    ("x=5; y=$((x+1)); echo $((y))", "x:=5 ; y:=‹$(())› ; echo ‹$(())…›"),
    ("read x; ((x)) && [[ $y -eq 1 ]]", "read x ; [[ ‹$› -eq 1 ]] !Evaluated !Evaluated"),
    ("f() a", "+ a fn:f !Syntax"),
    ("cat <<E $(\n)\nE", "cat ‹$()…› 0<<'' !Ambiguous"),
    ("a > 2> f; ]]", "a 1>2 1>f !Syntax !Syntax"),
    ("[[ a b c d ]]; [[ (a ]]; [[ ! -f x && b ]]", "[[ a b c d ]] ; [[ ( a ]] ; [[ ! -f x && b ]] !Syntax !Syntax"),
    (">&-rm x", "x 1>-rm !Ambiguous"),
    ("\"\"A=1 b; a ;& b; a > #c", "A=1 b ; a ; b ; a !Syntax !Syntax"),
    ("a | ! b; [[ a == #b ]]", "a ; [0]| b ; [[ a == #b ]] !Syntax !Ambiguous"),
    ("a > {b,c}", "a 1>c !Ambiguous"),
    ("echo \"${x:-'$(rm y)'}\"", "+ rm y ; echo ‹$› !Ambiguous !Ambiguous"),
    ("a >& $x 2>& $y 3>& f", "a 1>‹$…› 2&‹$…› 3>f !Ambiguous"),
    ("cat <<E\na \\\nE\nb\nE\nc", "cat 0<<'a E\\nb\\n' ; c !Ambiguous"),
];

const POSIX: &[(&str, &str)] = &[
    ("a | b > f; echo {a,b}c", "a ; [0]| b 1>f ; echo ‹{}…›c"),
    ("diff <(a) b", "+ a ; diff ‹<()› b !Ambiguous"),
    ("a &> f", "a 1>f !Ambiguous"),
    ("a <<< x", "a 0<<<x !Ambiguous"),
    ("[[ a ]]", "[[ a ]] !Ambiguous"),
    ("((x))", " !Ambiguous"),
    ("echo $'a'", "echo a !Ambiguous"),
    ("function f { a; }", "+ a fn:f !Ambiguous"),
    ("a |& b", "a ; [0]| b !Ambiguous"),
    ("a=(b)", "a:=‹$…› !Ambiguous"),
    ("time a", "time a"),
    ("A+=1 a 10> f", "A:=1 a 10>f !Ambiguous !Ambiguous"),
    ("f() a", "+ a fn:f !Ambiguous"),
    ("echo ${x:-y} ${x%y} ${x/y}", "echo ‹$…› ‹$…› ‹$…› !Ambiguous"),
];

#[test]
fn words() {
    check(Bash, WORDS);
}

#[test]
fn lists_and_compound_commands() {
    check(Bash, LISTS);
}

#[test]
fn redirections() {
    check(Bash, REDIRECTS);
}

#[test]
fn what_is_not_understood() {
    check(Bash, OPAQUE);
}

#[test]
fn posix() {
    check(Sh, POSIX);
}

#[test]
fn flat() {
    for (text, flat) in [
        ("a b; c && d || e | f\ng", true),
        ("", true),
        ("a &", false),
        ("! a", false),
        ("(a)", false),
        ("a > f", false),
        ("a $(b)", false),
        ("A=1 a", false),
        ("a |& b", false),
        ("f() { a; }", false),
        ("((1))", false),
        ("time a", false),
    ] {
        assert_eq!(parse(Bash, text, ShellLimits::default()).flat, flat, "{text}");
    }
}

#[test]
fn texts_of_substitutions() {
    let text = "echo $(a b) `c` <(d) \"$(e $(f))\"";
    let script = parse(Bash, text, ShellLimits::default());
    let found: Vec<_> = script.substitutions.iter().map(|s| &text[s.start as usize..s.end as usize]).collect();
    assert_eq!(found, ["a b", "c", "d", "e $(f)", "f"]);
}
