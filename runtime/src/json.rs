//! JSON as it was sent: exact numbers, no duplicate keys, bounded size, and its canonical text.
//!
//! What is read without a doubt is read by `tape.rs`. For the rest, lexing is serde_json's; this module walks its raw
//! tokens, so that no number passes through floating point and every limit is checked on the way, and says what is
//! wrong where. Knows nothing of claw's types.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Limits;
use crate::decimal::plain_decimal;
use crate::tape::Tape;

/// A JSON value.
///
/// Objects keep the order of their source; [`Json::canonical`] writes, and [`Json::normalized`] gives, the
/// order of RFC 8785.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Json {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number in plain decimal notation without superfluous zeros.
    Num(Arc<str>),
    /// A string, unescaped.
    Str(Arc<str>),
    /// An array.
    Arr(#[serde(deserialize_with = "crate::nest::bounded")] Vec<Json>),
    /// An object; no key twice.
    Obj(#[serde(deserialize_with = "crate::nest::bounded")] Vec<(Arc<str>, Json)>),
}

/// Why a text was not accepted as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong: lower-case, no final period.
    pub message: String,
    /// Where, as a JSON pointer (RFC 6901); empty for the document as a whole.
    pub pointer: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// A limit was passed; otherwise the text is malformed.
    pub limit: bool,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {} column {}", self.message, self.line, self.column)?;
        if self.pointer.is_empty() { Ok(()) } else { write!(f, " (`{}`)", self.pointer) }
    }
}

impl std::error::Error for JsonError {}

impl Json {
    /// Reads one JSON document within the limits.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Json, JsonError> {
        let quick = Tape::read(bytes, limits).and_then(|tape| tape.root()?.json(limits));
        quick.map_or_else(|| Json::parse_carefully(bytes, limits), Ok)
    }

    /// As [`Json::parse`], more slowly; knows what is wrong with a text that is no document.
    pub(crate) fn parse_carefully(bytes: &[u8], limits: &Limits) -> Result<Json, JsonError> {
        if bytes.len() > limits.bytes {
            let message = format!("the document has more than {} bytes", limits.bytes);
            return Err(JsonError { message, pointer: String::new(), line: 1, column: 1, limit: true });
        }
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
            let (line, column) = place(before);
            JsonError { message: "this is not UTF-8".to_owned(), pointer: String::new(), line, column, limit: false }
        })?;
        let mut reader = Reader { text, limits, nodes: 0, pointer: String::new() };
        let root: &RawValue = serde_json::from_str(text).map_err(|e| reader.malformed(text, &e))?;
        reader.value(root.get(), 0)
    }

    /// A number.
    #[must_use]
    pub fn int(value: i64) -> Json {
        Json::Num(value.to_string().into())
    }

    /// A string.
    #[must_use]
    pub fn str(text: impl Into<Arc<str>>) -> Json {
        Json::Str(text.into())
    }

    /// The member of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Obj(members) => members.iter().find(|(k, _)| &**k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Json::Str(text) = self { Some(text) } else { None }
    }

    /// The value at a JSON pointer (RFC 6901); `None` if there is nothing or the pointer is malformed.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Json> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |at, token| match at {
            Json::Obj(members) => members.iter().find(|(key, _)| token_is(token, key)).map(|(_, v)| v),
            Json::Arr(items) => {
                let canonical = token == "0" || !token.starts_with('0');
                let digits = !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit());
                if canonical && digits { items.get(token.parse::<usize>().ok()?) } else { None }
            }
            _ => None,
        })
    }

    /// What kind of value this is, for messages: `a string`, `an array`, …
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Num(_) => "a number",
            Json::Str(_) => "a string",
            Json::Arr(_) => "an array",
            Json::Obj(_) => "an object",
        }
    }

    /// The same value with the members of all objects in canonical order.
    #[must_use]
    pub fn normalized(&self) -> Json {
        match self {
            Json::Arr(items) => Json::Arr(items.iter().map(Json::normalized).collect()),
            Json::Obj(members) => {
                let mut members: Vec<_> = members.iter().map(|(k, v)| (k.clone(), v.normalized())).collect();
                members.sort_by(|(a, _), (b, _)| utf16_order(a, b));
                Json::Obj(members)
            }
            other => other.clone(),
        }
    }

    /// The canonical text: RFC 8785 for structure and strings, numbers in plain decimal notation.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, true);
        out
    }

    fn write(&self, out: &mut String, sorted: bool) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(true) => out.push_str("true"),
            Json::Bool(false) => out.push_str("false"),
            Json::Num(text) => out.push_str(text),
            Json::Str(text) => write_string(text, out),
            Json::Arr(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write(out, sorted);
                }
                out.push(']');
            }
            Json::Obj(members) => {
                let mut members: Vec<&(Arc<str>, Json)> = members.iter().collect();
                if sorted {
                    members.sort_by(|(a, _), (b, _)| utf16_order(a, b));
                }
                out.push('{');
                for (i, (key, value)) in members.into_iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write_string(key, out);
                    out.push(':');
                    value.write(out, sorted);
                }
                out.push('}');
            }
        }
    }
}

/// Compact text in source order.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.write(&mut out, false);
        f.write_str(&out)
    }
}

/// Appends `text` quoted and escaped as RFC 8785 says.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Appends `/key` to a JSON pointer, escaped.
pub(crate) fn push_token(pointer: &mut String, key: &str) {
    pointer.push('/');
    for c in key.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// The order in which RFC 8785 sorts keys.
pub(crate) fn utf16_order(a: &str, b: &str) -> std::cmp::Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// Is `key` what the pointer's reference token `token` stands for?
fn token_is(token: &str, key: &str) -> bool {
    let mut token = token.chars();
    let mut key = key.chars();
    loop {
        let expected = match token.next() {
            Some('~') => match token.next() {
                Some('0') => Some('~'),
                Some('1') => Some('/'),
                _ => return false,
            },
            other => other,
        };
        if expected != key.next() {
            return false;
        }
        if expected.is_none() {
            return true;
        }
    }
}

/// Line and column of the end of `before`.
fn place(before: &[u8]) -> (usize, usize) {
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
    (line, column)
}

/// An object's members, their values not yet read.
struct Members<'a>(Vec<(Arc<str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Vec<(Arc<str>, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        from.deserialize_map(V).map(Members)
    }
}

/// Walks the raw tokens of a document.
struct Reader<'a> {
    text: &'a str,
    limits: &'a Limits,
    nodes: usize,
    pointer: String,
}

impl<'a> Reader<'a> {
    fn value(&mut self, raw: &'a str, depth: usize) -> Result<Json, JsonError> {
        self.nodes += 1;
        self.bound(raw, self.nodes, self.limits.nodes, "values")?;
        match raw.as_bytes().first() {
            Some(b'{') => self.object(raw, depth),
            Some(b'[') => self.array(raw, depth),
            Some(b'"') => {
                let text: Arc<str> = serde_json::from_str(raw).map_err(|e| self.malformed(raw, &e))?;
                self.bound(raw, text.len(), self.limits.string, "bytes in one string")?;
                Ok(Json::Str(text))
            }
            Some(b't') => Ok(Json::Bool(true)),
            Some(b'f') => Ok(Json::Bool(false)),
            Some(b'n') => Ok(Json::Null),
            _ => match plain_decimal(raw, self.limits.number) {
                Some(plain) => Ok(Json::Num(plain.into())),
                // The lexer has accepted the token, so only its length can be wrong.
                None => Err(self.error(raw, format!("this number has more than {} digits", self.limits.number), true)),
            },
        }
    }

    fn array(&mut self, raw: &'a str, depth: usize) -> Result<Json, JsonError> {
        self.bound(raw, depth + 1, self.limits.depth, "levels of nesting")?;
        let items: Vec<&'a RawValue> = serde_json::from_str(raw).map_err(|e| self.malformed(raw, &e))?;
        self.bound(raw, items.len(), self.limits.elements, "elements in one array")?;
        let mut out = Vec::with_capacity(items.len());
        for (i, item) in items.into_iter().enumerate() {
            let before = self.pointer.len();
            push_token(&mut self.pointer, &i.to_string());
            out.push(self.value(item.get(), depth + 1)?);
            self.pointer.truncate(before);
        }
        Ok(Json::Arr(out))
    }

    fn object(&mut self, raw: &'a str, depth: usize) -> Result<Json, JsonError> {
        self.bound(raw, depth + 1, self.limits.depth, "levels of nesting")?;
        let Members(members) = serde_json::from_str(raw).map_err(|e| self.malformed(raw, &e))?;
        self.bound(raw, members.len(), self.limits.elements, "members in one object")?;
        let mut keys: Vec<&str> = members.iter().map(|(key, _)| &**key).collect();
        keys.sort_unstable();
        if let Some([twice, _]) = keys.array_windows().find(|[a, b]| a == b) {
            return Err(self.error(raw, format!("the key `{}` occurs twice", twice.escape_debug()), false));
        }
        let mut out = Vec::with_capacity(members.len());
        for (key, value) in members {
            self.bound(value.get(), key.len(), self.limits.string, "bytes in one key")?;
            let before = self.pointer.len();
            push_token(&mut self.pointer, &key);
            out.push((key, self.value(value.get(), depth + 1)?));
            self.pointer.truncate(before);
        }
        Ok(Json::Obj(out))
    }

    fn bound(&self, at: &str, size: usize, max: usize, what: &str) -> Result<(), JsonError> {
        if size <= max { Ok(()) } else { Err(self.error(at, format!("more than {max} {what}"), true)) }
    }

    /// `at` is a part of the document: where it lies in memory says where it stands.
    fn error(&self, at: &str, message: String, limit: bool) -> JsonError {
        let offset = (at.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let (line, column) = place(self.text.as_bytes().get(..offset).unwrap_or_default());
        JsonError { message, pointer: self.pointer.clone(), line, column, limit }
    }

    fn malformed(&self, at: &str, error: &serde_json::Error) -> JsonError {
        let start = self.error(at, String::new(), false);
        let (line, column) = match error.line() {
            // Columns of the first line are relative to where the part begins.
            0 | 1 => (start.line, start.column + error.column().saturating_sub(1)),
            line => (start.line + line - 1, error.column()),
        };
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or_default().to_owned();
        JsonError { message, line, column, ..start }
    }
}

impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Json {
        match value {
            serde_json::Value::Null => Json::Null,
            serde_json::Value::Bool(b) => Json::Bool(*b),
            // A double prints in at most 326 characters of plain notation. Longer numbers exist only where another
            // crate turned on arbitrary precision; they stay what they are for a reader, a text.
            serde_json::Value::Number(n) => {
                let text = n.to_string();
                plain_decimal(&text, 400).map_or_else(|| Json::str(text), |plain| Json::Num(plain.into()))
            }
            serde_json::Value::String(s) => Json::Str(s.as_str().into()),
            serde_json::Value::Array(items) => Json::Arr(items.iter().map(Json::from).collect()),
            serde_json::Value::Object(members) => {
                Json::Obj(members.iter().map(|(k, v)| (k.as_str().into(), Json::from(v))).collect())
            }
        }
    }
}

/// Lossy for numbers that no 64-bit integer or double holds; write [`Json::canonical`] where that matters.
impl From<&Json> for serde_json::Value {
    fn from(value: &Json) -> serde_json::Value {
        match value {
            Json::Null => serde_json::Value::Null,
            Json::Bool(b) => serde_json::Value::Bool(*b),
            Json::Num(text) => serde_json::from_str(text).unwrap_or(serde_json::Value::Null),
            Json::Str(s) => serde_json::Value::String(s.as_ref().to_owned()),
            Json::Arr(items) => serde_json::Value::Array(items.iter().map(serde_json::Value::from).collect()),
            Json::Obj(members) => {
                serde_json::Value::Object(members.iter().map(|(k, v)| (k.as_ref().to_owned(), v.into())).collect())
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Json, JsonError> {
        Json::parse(text.as_bytes(), &Limits::default())
    }

    #[test]
    fn canonical_text() {
        for (text, canonical) in [
            (r#" { "b" : 1.0 , "a" : [ ] } "#, r#"{"a":[],"b":1}"#),
            (
                r#"{"€":1,"\r":2,"\ufb33":3,"1":4,"😀":5,"\u0080":6,"ö":7}"#,
                "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}",
            ),
            (r#""\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/""#, r#""€$\u000f\nA'B\"\\\\\"/""#),
            ("[1e2,-0.0,0.10,12345678901234567890123]", "[100,0,0.1,12345678901234567890123]"),
            ("[true,false,null]", "[true,false,null]"),
        ] {
            assert_eq!(parse(text).unwrap().canonical(), canonical);
        }
    }

    #[test]
    fn malformed() {
        for text in [
            "",
            "{",
            "[1,]",
            "01",
            "1 2",
            "{\"a\":1,}",
            "'a'",
            "NaN",
            "\"\\ud800\"",
            "\"\u{1}\"",
            "[1",
            "+1",
            "1.",
            "tru",
            "\u{feff}1",
        ] {
            let error = parse(text).unwrap_err();
            assert!(!error.limit, "{text}: {error}");
        }
        assert!(!Json::parse(b"\"\xff\"", &Limits::default()).unwrap_err().limit);
    }

    #[test]
    fn duplicate_keys() {
        let error = parse("{\"x\":\n [{\"a\":1,\"\\u0061\":2}]}").unwrap_err();
        assert_eq!(error.to_string(), "the key `a` occurs twice at line 2 column 3 (`/x/0`)");
        assert!(!error.limit);
    }

    #[test]
    fn limits() {
        let limits = Limits { bytes: 60, depth: 2, string: 3, elements: 3, nodes: 6, number: 5, ..Limits::default() };
        let parse = |text: &str| Json::parse(text.as_bytes(), &limits);
        for text in ["[[1]]", "\"abc\"", "[1,2,3]", "12345", "[[1,2],[3]]", "1e4", "{\"abc\":1}"] {
            assert!(parse(text).is_ok(), "{text}");
        }
        let long = "1".repeat(61);
        for text in
            ["[[[1]]]", "\"abcd\"", "[1,2,3,4]", "123456", "[[1,2],[3],1]", "1e5", "{\"abcd\":1}", &long, "1e999999999"]
        {
            assert!(parse(text).unwrap_err().limit, "{text}");
        }
        let deep = "[".repeat(200_000) + &"]".repeat(200_000);
        assert!(Json::parse(deep.as_bytes(), &Limits::default()).unwrap_err().limit);
    }

    #[test]
    fn pointers() {
        let json = parse(r#"{"a":[10,{"x/y":1,"~":2,"":3}],"":4}"#).unwrap();
        for (pointer, expected) in [("/a/0", "10"), ("/a/1/x~1y", "1"), ("/a/1/~0", "2"), ("/a/1/", "3"), ("/", "4")] {
            assert_eq!(json.pointer(pointer).unwrap().canonical(), expected);
        }
        for pointer in ["a", "/a/00", "/a/2", "/a/-", "/a/+1", "/a/1/~", "/a/1/~2", "/b", "/a/0/x", "/a/"] {
            assert_eq!(json.pointer(pointer), None, "{pointer}");
        }
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            any::<i64>().prop_map(Json::int),
            ".{0,8}".prop_map(Json::str),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Json::Arr),
                prop::collection::btree_map(".{0,4}", inner, 0..5)
                    .prop_map(|m| Json::Obj(m.into_iter().map(|(k, v)| (k.into(), v)).collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_text_round_trips(json in any_json()) {
            let text = json.canonical();
            let again = parse(&text).unwrap();
            prop_assert_eq!(&again, &json.normalized());
            prop_assert_eq!(again.canonical(), text);
            prop_assert_eq!(parse(&json.to_string()).unwrap(), json.clone());
            let theirs: serde_json::Value = (&json).into();
            prop_assert_eq!(Json::from(&theirs).normalized(), json.normalized());
        }

        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{},:"0-9.eE\\u+ntrulafs -]{0,40}|.{0,20}"#) {
            match parse(&text) {
                // Numbers beyond a double are ours to read.
                Ok(_) => prop_assert!(text.contains(['e', 'E']) || serde_json::from_str::<serde_json::Value>(&text).is_ok()),
                Err(e) => {
                    let twice = e.message.contains("occurs twice");
                    prop_assert!(e.limit || twice || serde_json::from_str::<serde_json::Value>(&text).is_err());
                }
            }
        }
    }
}
