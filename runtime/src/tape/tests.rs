//! The quick reading of JSON beside the careful one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use proptest::prelude::*;

/// Does the quick reader say the same as the careful one, or that it doesn't know?
fn agrees(bytes: &[u8], limits: &Limits) -> Option<Json> {
    let careful = Json::parse_carefully(bytes, limits);
    let tape = Tape::read(bytes, limits)?;
    let quick = tape.root().unwrap().json(limits).unwrap();
    assert_eq!(Ok(&quick), careful.as_ref(), "{}", String::from_utf8_lossy(bytes));
    Some(quick)
}

#[test]
fn common_documents_are_known() {
    let limits = Limits::default();
    for text in [
        "null",
        " [ ] ",
        "{}",
        r#"{"a":[1,-2.50,1e3,0,-0,0.0e5],"b":{"c":"d"},"":true,"e":false}"#,
        r#"["a\n\"\\\/\b\f\r\t\u00e9\ud83d\ude00","ä😀"]"#,
        r#""exactly eight and more than thirty-two and even more than sixty-four plus thirty-two bytes without an escape""#,
    ] {
        assert!(agrees(text.as_bytes(), &limits).is_some(), "{text}");
    }
}

#[test]
fn what_is_wrong_is_not_known() {
    let limits = Limits { bytes: 200, depth: 3, string: 20, elements: 4, nodes: 9, number: 10, ..Limits::default() };
    let long = format!("\"{}\"", "a".repeat(21));
    for text in [
        "",
        " ",
        "{",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}",
        "{1:1}",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "--1",
        "0x1",
        "tru",
        "nul",
        "truee",
        "1 1",
        "NaN",
        "'a'",
        "\"a",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"\\ud800\\ud800\"",
        "\"\t\"",
        "\"\0\"",
        "[[[[1]]]]",
        "[1,2,3,4,5]",
        "[[1,2],[3,4],[5,6]]",
        "12345678901",
        "1e10",
        "1e-10",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"b\":2,\"\":3,\"b\":4}",
        "\u{feff}1",
        "1\0",
        &long,
    ] {
        assert_eq!(agrees(text.as_bytes(), &limits), None, "{text}");
    }
    assert_eq!(agrees(b"\"\xff\"", &limits), None);
    let many = (0..20).map(|i| format!("\"k{}\":1", i % 19)).collect::<Vec<_>>().join(",");
    assert_eq!(agrees(format!("{{{many}}}").as_bytes(), &Limits::default()), None);
    let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
    let unlimited = Limits { depth: usize::MAX, ..Limits::default() };
    assert!(agrees(deep(DEEPEST).as_bytes(), &unlimited).is_some());
    assert_eq!(Tape::read(deep(200_000).as_bytes(), &unlimited).map(|_| ()), None);
}

#[test]
fn the_end_of_a_string_is_found_wherever_it_stands() {
    for len in 0..300 {
        for special in [b'"', b'\\', 0, b'\n', 31] {
            for filler in [b'a', b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xff] {
                let mut bytes = vec![filler; len];
                bytes.push(special);
                bytes.extend(b"\"\\ and more");
                assert_eq!(text::clean(&bytes), len, "{special} behind {filler}");
            }
        }
        assert_eq!(text::clean(&vec![b'a'; len]), len);
    }
}

#[test]
fn places() {
    let text = r#"{"a": [1, "b"], "c": {"d": null}}"#;
    let tape = Tape::read(text.as_bytes(), &Limits::default()).unwrap();
    let root = tape.root().unwrap();
    assert_eq!(root.source(), text);
    assert_eq!(root.get("a").unwrap().source(), r#"[1, "b"]"#);
    assert_eq!(root.get("a").unwrap().items().map(Item::source).collect::<Vec<_>>(), ["1", "b"]);
    assert_eq!(root.get("c").unwrap().get("d").map(Item::kind), Some(Kind::Null));
    assert!(root.get("d").is_none() && root.items().next().is_none());
    assert!(root.get("a").unwrap().members().next().is_none());
}

/// A document, or something near to one.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "null|true|false",
        r"-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?",
        r#""([a-z ]{0,40}|\\["\\/bfnrt]|\\u[0-9a-f]{4}|\\ud83d\\ude0[0-9]|[äß€😀]){0,4}""#,
        r#"[0-9.eE+-]{0,5}|"[^"]{0,3}"|"\\.{0,4}""#,
    ];
    let space = "[ \n\t\r]{0,2}";
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let member = (r#""[ab]?[a-z\\]{0,1}""#, space, inner.clone()).prop_map(|(k, s, v)| format!("{k}{s}:{s}{v}"));
        prop_oneof![
            (prop::collection::vec(inner, 0..5), space).prop_map(|(items, s)| format!("[{s}{}{s}]", items.join(","))),
            (prop::collection::vec(member, 0..5), space).prop_map(|(m, s)| format!("{{{s}{}}}{s}", m.join(", "))),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_the_careful_reader(
        text in document(),
        cut in prop::option::weighted(0.2, (any::<prop::sample::Index>(), any::<u8>())),
        (depth, string, elements, nodes, number) in (1usize..8, 0usize..60, 0usize..6, 1usize..40, 1usize..20),
        tight in any::<bool>(),
    ) {
        let mut bytes = text.into_bytes();
        if let Some((at, byte)) = cut && !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let limits = if tight {
            Limits { depth, string, elements, nodes, number, ..Limits::default() }
        } else {
            Limits::default()
        };
        agrees(&bytes, &limits);
    }
}
