//! What is solved is compared with [`passes`], which knows no automata, on all short texts of small alphabets.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn one_of(items: &[&str]) -> Lang {
    Lang::OneOf(items.iter().map(ToString::to_string).collect())
}

fn under(items: &[&str]) -> Lang {
    Lang::Under(items.iter().map(ToString::to_string).collect())
}

fn within(items: &[&str]) -> Lang {
    Lang::Within(items.iter().map(ToString::to_string).collect())
}

fn like(glob: &str) -> Lang {
    Lang::Like(glob.to_owned())
}

fn matches(regex: &str) -> Lang {
    Lang::Matches(regex.to_owned())
}

fn part(part: Part, lang: Lang) -> Lang {
    Lang::Part(part, Box::new(lang))
}

fn yes(lang: Lang) -> Want {
    Want::new(lang, Answers::TRUE)
}

fn no(lang: Lang) -> Want {
    Want::new(lang, Answers::FALSE)
}

fn not_yes(lang: Lang) -> Want {
    Want::new(lang, Answers::FALSE | Answers::UNKNOWN)
}

fn unknown(lang: Lang) -> Want {
    Want::new(lang, Answers::UNKNOWN)
}

/// Without guesses, so that the automata have to find it.
fn searched(kind: Kind, wants: &[Want]) -> Solved {
    worlds::search(&mut Machines::default(), kind, wants)
}

fn text(text: &str) -> Solved {
    Solved::Text(text.to_owned())
}

/// Both ways agree, and give this.
#[track_caller]
fn check(kind: Kind, wants: &[Want], expected: &Solved) {
    assert_eq!(searched(kind, wants), *expected, "searched");
    match (solve(kind, wants), expected) {
        (Solved::Text(text), Solved::Text(_)) => assert!(good(kind, wants, &text), "guessed {text}"),
        (solved, expected) => assert_eq!(solved, *expected),
    }
}

fn good(kind: Kind, wants: &[Want], text: &str) -> bool {
    wants.iter().all(|want| {
        let answer = passes(kind, &want.lang, text);
        !answer.is_empty() && want.allowed.covers(answer)
    })
}

#[test]
fn unconstrained() {
    for (kind, guessed, shortest) in [
        (Kind::Text, "a", ""),
        (Kind::Host, "a.example", "a"),
        (Kind::Email, "a@a.example", "a@a"),
        (Kind::Url, "https://a.example/", "a:"),
        (Kind::Path, "/a", "/"),
    ] {
        assert_eq!(solve(kind, &[]), text(guessed));
        assert_eq!(searched(kind, &[]), text(shortest));
    }
}

#[test]
fn texts() {
    check(Kind::Text, &[yes(matches("a+b?")), no(matches("a|ab"))], &text("aa"));
    check(Kind::Text, &[yes(matches("[a-z]{3}")), no(matches(".*[a-y].*"))], &text("zzz"));
    check(Kind::Text, &[yes(matches("a*")), no(matches("(aa)*a?"))], &Solved::Nothing);
    check(Kind::Text, &[yes(like("a*")), yes(like("*b")), no(like("*-*")), no(one_of(&["ab"]))], &text("aab"));
    check(Kind::Text, &[no(one_of(&["", "a", "b"])), yes(Lang::Chars(CompareOp::Le, 1))], &text("c"));
    check(Kind::Text, &[yes(Lang::Chars(CompareOp::Lt, 1)), no(one_of(&[""]))], &Solved::Nothing);
    check(Kind::Text, &[yes(Lang::Chars(CompareOp::Lt, 0))], &Solved::Nothing);
    check(Kind::Text, &[yes(like("ü?")), no(matches(r"ü\w"))], &text("ü-"));
    check(Kind::Text, &[yes(matches(r"[äöü]+")), yes(Lang::Chars(CompareOp::Ge, 2)), no(like("ä*"))], &text("öä"));
    check(Kind::Text, &[no(matches(r"[\x00-\x7f]*")), yes(Lang::Chars(CompareOp::Lt, 2))], &text("ä"));
    check(Kind::Text, &[yes(matches("")), no(like("?*"))], &text(""));
    check(
        Kind::Text,
        &[yes(Lang::Chars(CompareOp::Gt, 300)), yes(like("b*"))],
        &Solved::Text(format!("b{}", "a".repeat(300))),
    );
    check(Kind::Text, &[Want::new(like("*"), Answers::UNKNOWN)], &Solved::Nothing);
    check(Kind::Text, &[Want::new(like("x"), Answers::ALL), yes(one_of(&["q"]))], &text("q"));
    // A byte that is no character of its own is never left over.
    check(Kind::Text, &[yes(matches("é|è")), no(one_of(&["é"]))], &text("è"));
}

#[test]
fn what_cannot_be_compiled_is_too_large() {
    let wants = [yes(matches(r"\w{400}{400}"))];
    assert_eq!(solve(Kind::Text, &wants), Solved::TooLarge);
    assert_eq!(solve(Kind::Text, &[yes(one_of(&["a"])), wants[0].clone()]), Solved::TooLarge);
    assert_eq!(solve(Kind::Text, &[yes(Lang::Chars(CompareOp::Gt, i64::MAX - 1))]), Solved::TooLarge);
    assert_eq!(solve(Kind::Text, &[yes(under(&["a"]))]), Solved::TooLarge);
    assert_eq!(searched(Kind::Host, &[yes(under(&["A.b."])), no(one_of(&["a.b"]))]), text("a.a.b"));
}

#[test]
fn hosts() {
    check(Kind::Host, &[yes(under(&["acme.com"])), no(under(&["acme.com"]))], &Solved::Nothing);
    check(Kind::Host, &[yes(under(&["acme.com"])), no(one_of(&["acme.com"]))], &text("a.acme.com"));
    check(
        Kind::Host,
        &[yes(under(&["acme.com"])), no(under(&["a.acme.com"])), no(one_of(&["acme.com"]))],
        &text("b.acme.com"),
    );
    check(Kind::Host, &[yes(like("*acme.com")), no(under(&["acme.com"]))], &text("aacme.com"));
    check(Kind::Host, &[yes(under(&["10.0.0.1"])), no(one_of(&["10.0.0.1"]))], &Solved::Nothing);
    check(Kind::Host, &[yes(under(&["::1", "b"])), yes(like("*:*"))], &text("::1"));
    check(Kind::Host, &[yes(matches("[0-9.]+")), no(like("1*")), no(like("0*"))], &text("2.0.0.0"));
    check(Kind::Host, &[yes(matches("[0-9.x]+"))], &text("x"));
    check(Kind::Host, &[yes(like("*.256"))], &Solved::Nothing);
    check(Kind::Host, &[yes(like("*:*")), no(like("::*"))], &text("a::"));
    check(Kind::Host, &[yes(like("1.2.3.?"))], &text("1.2.3.a"));
    check(Kind::Host, &[yes(like("A*"))], &Solved::Nothing);
    check(Kind::Host, &[yes(like(&format!("{}*", "a".repeat(64))))], &Solved::Nothing);
    check(Kind::Host, &[yes(Lang::Chars(CompareOp::Gt, 253))], &Solved::Nothing);
    let Solved::Text(long) = searched(Kind::Host, &[yes(Lang::Chars(CompareOp::Ge, 70))]) else { panic!("not found") };
    assert_eq!(long.len(), 70);
    assert_eq!(searched(Kind::Host, &[unknown(part(Part::UrlHost, like("*"))), yes(like("b*"))]), text("b"));
    check(Kind::Host, &[yes(part(Part::UrlHost, like("*")))], &Solved::Nothing);
}

#[test]
fn emails() {
    use Part::{EmailDomain, EmailLocal};
    let acme = || part(EmailDomain, one_of(&["acme.com"]));
    check(Kind::Email, &[yes(acme())], &text("a@acme.com"));
    check(Kind::Email, &[yes(acme()), yes(part(EmailLocal, like("*+*")))], &text("+@acme.com"));
    check(Kind::Email, &[yes(acme()), no(like("*@acme.com"))], &Solved::Nothing);
    check(Kind::Email, &[yes(like("*@acme.com")), no(acme())], &Solved::Nothing);
    check(Kind::Email, &[yes(part(EmailDomain, under(&["acme.com"]))), no(acme())], &text("a@a.acme.com"));
    check(Kind::Email, &[yes(like("*acme.com")), no(part(EmailDomain, under(&["acme.com"])))], &text("a@aacme.com"));
    check(Kind::Email, &[yes(part(EmailLocal, like("*@*")))], &Solved::Nothing);
    check(
        Kind::Email,
        &[yes(part(EmailLocal, matches("a.*b"))), no(part(EmailLocal, like("*-*"))), no(like("ab@*"))],
        &text("aab@a"),
    );
    check(Kind::Email, &[yes(part(EmailLocal, Lang::Chars(CompareOp::Gt, 64)))], &Solved::Nothing);
    check(Kind::Email, &[unknown(acme())], &Solved::Nothing);
    let long = [yes(part(EmailLocal, Lang::Chars(CompareOp::Gt, 3))), yes(part(EmailDomain, matches("..")))];
    check(Kind::Email, &long, &text("aaaa@aa"));
}

#[test]
fn urls() {
    use Part::{UrlHost, UrlPath, UrlQuery, UrlScheme};
    let https = || yes(part(UrlScheme, one_of(&["https"])));
    let host = |lang| part(UrlHost, lang);
    check(Kind::Url, &[https()], &text("https://a/"));
    check(Kind::Url, &[https(), no(host(under(&["acme.com"]))), yes(like("*acme.com*"))], &text("https://aacme.com/"));
    check(
        Kind::Url,
        &[https(), yes(host(one_of(&["acme.com"]))), no(like("https://acme.com/*"))],
        &text("https://acme.com./"),
    );
    check(Kind::Url, &[unknown(host(like("*")))], &text("a:"));
    check(Kind::Url, &[https(), unknown(host(like("*")))], &text("https://./"));
    check(Kind::Url, &[yes(host(one_of(&["::1"])))], &text("a://[::1]"));
    check(Kind::Url, &[https(), yes(host(like("?:*")))], &text("https://[::]/"));
    check(
        Kind::Url,
        &[https(), yes(like("*:8080/*")), no(host(like("a"))), yes(part(UrlPath, one_of(&["/"])))],
        &text("https://b:8080/"),
    );
    check(
        Kind::Url,
        &[https(), yes(part(UrlQuery, like("*x=1*"))), no(part(UrlPath, one_of(&["/"])))],
        &text("https://a/a?x=1"),
    );
    check(Kind::Url, &[yes(part(UrlQuery, like("* *")))], &Solved::Nothing);
    check(Kind::Url, &[https(), yes(part(UrlPath, like("*/../*")))], &Solved::Nothing);
    check(Kind::Url, &[yes(part(UrlPath, one_of(&[""]))), yes(unknowing())], &text("a://a"));
    check(Kind::Url, &[yes(part(UrlPath, like("//a"))), unknown(unknowing())], &text("a:/.//a"));
    check(Kind::Url, &[yes(part(UrlPath, like("//a"))), yes(like("?:/?//*"))], &text("a:/.//a"));
    check(
        Kind::Url,
        &[yes(like("*@*")), https(), yes(part(UrlPath, one_of(&["/"]))), yes(part(UrlQuery, one_of(&[""])))],
        &text("https://a/#@"),
    );
    check(Kind::Url, &[yes(like("https://*")), no(part(UrlScheme, one_of(&["https"])))], &Solved::Nothing);
    check(Kind::Url, &[yes(like("foo://ABC/*")), yes(host(one_of(&["abc"])))], &text("foo://ABC/"));
    check(Kind::Url, &[yes(like("foo://ABC/*")), not_yes(host(one_of(&["abc"])))], &Solved::Nothing);
    // The one way left to write the address is within IPv6.
    let rewritten = [https(), yes(host(one_of(&["10.0.0.1"]))), no(like("*10.0.0.1*"))];
    check(Kind::Url, &rewritten, &text("https://[::ffff:a00:1]/"));
    // A name that is too long to be one is still in a URL.
    let label = "a".repeat(64);
    check(
        Kind::Url,
        &[https(), unknown(host(like("*"))), yes(matches("https://a+/"))],
        &text(&format!("https://{label}/")),
    );
    check(Kind::Url, &[https(), yes(host(like(&label)))], &Solved::Nothing);
}

fn unknowing() -> Lang {
    part(Part::UrlHost, like("?*"))
}

#[test]
fn paths() {
    use Part::{PathExtension, PathName};
    check(Kind::Path, &[yes(within(&["/srv"])), no(within(&["/srv"]))], &Solved::Nothing);
    check(Kind::Path, &[yes(like("/srv*")), no(within(&["/srv"]))], &text("/srva"));
    check(Kind::Path, &[yes(within(&["/srv"])), no(one_of(&["/srv"]))], &text("/srv/a"));
    check(Kind::Path, &[no(within(&["/"]))], &Solved::Nothing);
    check(Kind::Path, &[yes(one_of(&["/"])), yes(part(PathName, one_of(&[""])))], &text("/"));
    check(Kind::Path, &[yes(like("*/"))], &text("/"));
    check(Kind::Path, &[yes(like("*/")), no(one_of(&["/"]))], &Solved::Nothing);
    check(Kind::Path, &[yes(like("*/..*"))], &text("/..a"));
    check(Kind::Path, &[yes(part(PathName, one_of(&["..", "."])))], &Solved::Nothing);
    check(Kind::Path, &[yes(part(PathExtension, one_of(&["pdf"]))), no(like("*a.pdf"))], &text("/b.pdf"));
    check(Kind::Path, &[yes(like("*.pdf")), no(part(PathExtension, one_of(&["pdf"])))], &text("/.pdf"));
    check(Kind::Path, &[yes(part(PathExtension, like("*.*")))], &Solved::Nothing);
    check(Kind::Path, &[yes(part(PathName, one_of(&["ä.b"]))), yes(part(PathExtension, like("?")))], &text("/ä.b"));
    check(Kind::Path, &[yes(part(PathName, like("a"))), no(one_of(&["/a"])), no(like("/a/*"))], &text("/b/a"));
}

#[test]
fn many_bases_are_one_automaton() {
    let mut wants: Vec<Want> = (0..500).map(|i| no(under(&[&format!("host{i}.team{}.acme.com", i % 7)]))).collect();
    wants.push(yes(under(&["acme.com"])));
    wants.push(no(one_of(&["acme.com", "a.acme.com"])));
    check(Kind::Host, &wants, &text("b.acme.com"));
    wants.push(no(under(&["acme.com"])));
    check(Kind::Host, &wants, &Solved::Nothing);
}

/// All values that are up to `most` of these pieces.
fn all(kind: Kind, pieces: &[&str], most: usize) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut from = 0;
    for _ in 0..most {
        let to = out.len();
        let longer: Vec<String> =
            out[from..to].iter().flat_map(|text| pieces.iter().map(move |piece| format!("{text}{piece}"))).collect();
        out.extend(longer);
        from = to;
    }
    valid(kind, out)
}

fn valid(kind: Kind, mut texts: Vec<String>) -> Vec<String> {
    texts.retain(|text| evaluate::all(&mut Machines::default(), kind, &[], text));
    texts
}

fn some_hosts() -> Vec<String> {
    let mut all = all(Kind::Host, &["a", "b", "1", ".", ":", "-"], 4);
    all.extend(["1.1.1.1", "a.b.a", "11.1.1.1", "b.1.1.1.b"].map(str::to_owned));
    all
}

fn some_urls() -> Vec<String> {
    let mut out = all(Kind::Url, &["a", ":", "/", ".", "?"], 5);
    let hosts =
        ["", "//", "//a", "//a.", "//b.a", "//a:1", "//[::1]", "//1.1.1.1", "//[::ffff:101:101]", "//!", "//1", "//A"];
    for scheme in ["https:", "a:", "file:"] {
        for host in hosts {
            for rest in ["", "/", "/a", "//", "/a?b", "?", "#", "/./", "/#@"] {
                out.push(format!("{scheme}{host}{rest}"));
            }
        }
    }
    valid(Kind::Url, out)
}

fn agrees(kind: Kind, wants: &[Want], universe: &[String]) -> Result<(), TestCaseError> {
    let machines = &mut Machines::default();
    let fits: Vec<&String> = universe.iter().filter(|text| evaluate::all(machines, kind, wants, text)).collect();
    for solved in [solve(kind, wants), searched(kind, wants)] {
        match solved {
            Solved::Text(text) => {
                prop_assert!(good(kind, wants, &text), "{text:?} does not fit");
                // A URL's worlds are searched one after another, and guesses come before all.
                let free = kind == Kind::Url || solve(kind, wants) == Solved::Text(text.clone());
                let shortest = fits.iter().map(|fit| fit.chars().count()).min();
                prop_assert!(
                    free || shortest.is_none_or(|shortest| text.chars().count() <= shortest),
                    "{text:?} is longer than {fits:?}"
                );
            }
            Solved::Nothing => prop_assert!(fits.is_empty(), "missed {fits:?}"),
            Solved::TooLarge => prop_assert!(false, "too large"),
        }
    }
    Ok(())
}

/// From bits: true, false, unknown.
fn answers_of(bits: u8) -> Answers {
    let all = [Answers::TRUE, Answers::FALSE, Answers::UNKNOWN];
    all.into_iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).fold(Answers::NONE, |all, (_, one)| all | one)
}

fn wants(langs: impl Strategy<Value = Lang>, answers: &'static [u8]) -> impl Strategy<Value = Vec<Want>> {
    let want = (langs, select(answers)).prop_map(|(lang, allowed)| Want::new(lang, answers_of(allowed)));
    proptest::collection::vec(want, 1..5)
}

fn chars() -> impl Strategy<Value = Lang> {
    (select(vec![CompareOp::Lt, CompareOp::Le, CompareOp::Gt, CompareOp::Ge]), -1..6_i64)
        .prop_map(|(op, bound)| Lang::Chars(op, bound))
}

/// Sets of texts over an alphabet.
fn langs(letters: &'static str) -> impl Strategy<Value = Lang> {
    prop_oneof![
        proptest::collection::vec(letters, 0..4).prop_map(Lang::OneOf),
        proptest::string::string_regex(&format!("({letters}|[*?]){{0,2}}")).expect("a regex").prop_map(Lang::Like),
        (letters, letters, select(vec!["{}{}", "({}|{})*", ".*{}.*{}", "[^{}].{}", "({}|{}).?", "{}.{}+"])).prop_map(
            |(a, b, form)| {
                let quote = |text: String| if text.is_empty() { "x".to_owned() } else { regex_quoted(&text) };
                matches(&form.replacen("{}", &quote(a), 1).replacen("{}", &quote(b), 1))
            }
        ),
        chars(),
    ]
}

fn regex_quoted(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn texts_agree(wants in wants(langs("[abé]{0,2}"), &[1, 1, 2, 2, 3, 6, 7])) {
        static ALL: LazyLock<Vec<String>> = LazyLock::new(|| all(Kind::Text, &["a", "b", "é", "Z"], 4));
        agrees(Kind::Text, &wants, &ALL)?;
    }

    #[test]
    fn hosts_agree(wants in wants(
        prop_oneof![
            langs("[ab1.:]{0,2}"),
            proptest::collection::vec("a|b|a\\.b|b\\.a|1\\.1\\.1\\.1|::1|::", 0..3).prop_map(Lang::Under),
        ],
        &[1, 1, 2, 2, 3],
    )) {
        static ALL: LazyLock<Vec<String>> = LazyLock::new(some_hosts);
        agrees(Kind::Host, &wants, &ALL)?;
    }

    #[test]
    fn emails_agree(wants in wants(
        prop_oneof![
            langs("[ab@.]{0,2}"),
            langs("[ab.]{0,2}").prop_map(|l| part(Part::EmailLocal, l)),
            langs("[ab.]{0,2}").prop_map(|l| part(Part::EmailDomain, l)),
            proptest::collection::vec("a|b|a\\.b|b\\.a", 0..3).prop_map(|b| part(Part::EmailDomain, Lang::Under(b))),
        ],
        &[1, 1, 2, 2, 3, 5],
    )) {
        static ALL: LazyLock<Vec<String>> = LazyLock::new(|| all(Kind::Email, &["a", "b", ".", "@", "+"], 5));
        agrees(Kind::Email, &wants, &ALL)?;
    }

    #[test]
    fn paths_agree(wants in wants(
        prop_oneof![
            langs("[ab/.]{0,2}"),
            langs("[ab.]{0,2}").prop_map(|l| part(Part::PathName, l)),
            langs("[ab.]{0,1}").prop_map(|l| part(Part::PathExtension, l)),
            proptest::collection::vec("/|/a|/b|/a/b|/\\.a", 0..3).prop_map(Lang::Within),
        ],
        &[1, 1, 2, 2, 3, 5],
    )) {
        static ALL: LazyLock<Vec<String>> = LazyLock::new(|| all(Kind::Path, &["/", "a", "b", "."], 6));
        agrees(Kind::Path, &wants, &ALL)?;
    }

    #[test]
    fn urls_agree(wants in wants(
        prop_oneof![
            langs("[ab:/.]{0,2}"),
            langs("a|https|b").prop_map(|l| part(Part::UrlScheme, l)),
            langs("[ab.]{0,2}").prop_map(|l| part(Part::UrlHost, l)),
            langs("[ab/.]{0,2}").prop_map(|l| part(Part::UrlPath, l)),
            langs("[ab?]{0,1}").prop_map(|l| part(Part::UrlQuery, l)),
            proptest::collection::vec("a|b|a\\.b|1\\.1\\.1\\.1|::1", 0..3).prop_map(|b| part(Part::UrlHost, Lang::Under(b))),
        ],
        &[1, 1, 2, 2, 3, 4, 5, 6, 6],
    )) {
        static ALL: LazyLock<Vec<String>> = LazyLock::new(some_urls);
        agrees(Kind::Url, &wants, &ALL)?;
    }
}

/// A canonical value is found where it is described in full.
fn is_found(kind: Kind, value: &str, parts: &[Part]) -> Result<(), TestCaseError> {
    let itself = yes(one_of(&[value]));
    prop_assert_eq!(searched(kind, std::slice::from_ref(&itself)), text(value));
    for p in parts {
        for lang in [like("*a*"), like("*.*"), Lang::Chars(CompareOp::Gt, 3)] {
            let lang = part(*p, lang);
            let answer = passes(kind, &lang, value);
            prop_assert!(!answer.is_empty());
            let wants = [itself.clone(), Want::new(lang, answer)];
            prop_assert_eq!(searched(kind, &wants), text(value), "{:?} {:?}", p, answer);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_canonical_url_is_accepted(
        source in r"(https?|file|foo|data|ws|ftp):/{0,3}([a-zA-Z0-9.:%/?#\[\]; _-]{0,24}|(xn--[a-z]{1,5}|0x[0-9a-f]|[0-9.]{1,8}|\[[0-9a-f:]{2,20}\]|[!-~]{1,9})(:[0-9]{1,5})?/[ -~]{0,16})|[a-z]:[ -~]{0,20}|file:/{0,4}[a-zA-Z][:|]/{0,2}[a-z./]{0,6}|(https|foo)://(\[::ffff:[0-9a-f]{1,4}:[0-9a-f]{1,4}\]|[xX]n--(bcher-kva|[a-z0-9-]{1,9})|[A-Za-z0-9.-]{60,70}|[0-9.xa-f]{1,9}|localhost)(:80|:443)?[/?#][.%2eE/@]{0,6}"
    ) {
        use Part::{UrlHost, UrlPath, UrlQuery, UrlScheme};
        if let Ok(url) = claw_runtime::UrlValue::parse(&source) {
            is_found(Kind::Url, url.as_str(), &[UrlScheme, UrlHost, UrlPath, UrlQuery])?;
        }
    }

    #[test]
    fn every_canonical_host_is_accepted(source in r"[a-zA-Z0-9._-]{0,20}|[0-9a-fx.:\[\]]{0,20}|[0-9]{1,3}(\.[0-9]{1,3}){3}|([0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}|xn--[a-z]{1,6}") {
        if let Ok(host) = claw_runtime::Host::parse(&source) {
            is_found(Kind::Host, &host.to_string(), &[])?;
        }
    }

    #[test]
    fn every_canonical_email_is_accepted(source in "[ -~]{1,8}@([a-zA-Z0-9-]{1,12}|[a-z0-9.]{1,9})") {
        if let Ok(email) = claw_runtime::Email::parse(&source) {
            is_found(Kind::Email, &email.to_string(), &[Part::EmailLocal, Part::EmailDomain])?;
        }
    }

    #[test]
    fn every_canonical_path_is_accepted(source in "/([ab.é]{0,3}/){0,6}[a.]{0,4}|/.{0,12}") {
        if let Ok(path) = claw_runtime::PathValue::unresolved(&source) {
            is_found(Kind::Path, path.as_str(), &[Part::PathName, Part::PathExtension])?;
        }
    }
}
