//! Serialises events straight into canonical JSON: RFC 8785 for structure and strings, numbers as
//! [`claw_runtime::Json::canonical`] writes them.
//!
//! A record's hash is taken over this text, and it is written for every call: going through a tree of values would cost
//! more than all the rest of recording. Knows serde and nothing of the log.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

use serde::ser::{self, Serialize};

use super::wire::NUMBER;

/// Why a value can't be written: it is no JSON, or not canonical. Never happens for an [`Event`](super::Event).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalError(String);

impl fmt::Display for CanonicalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CanonicalError {}

impl ser::Error for CanonicalError {
    fn custom<T: fmt::Display>(message: T) -> CanonicalError {
        CanonicalError(message.to_string())
    }
}

type Result<T> = std::result::Result<T, CanonicalError>;

/// An object's members, each as `"key":value`, in canonical order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Members {
    text: String,
    /// The keys, and where in `text` the members stand.
    members: Vec<(Cow<'static, str>, Range<usize>)>,
}

impl Members {
    /// The members of what serialises as an object.
    pub(crate) fn of(value: &impl Serialize) -> Result<Members> {
        let mut writer = Writer { text: String::with_capacity(2048), top: None };
        value.serialize(&mut writer)?;
        let top = writer.top.ok_or_else(|| CanonicalError("this is no object".to_owned()))?;
        Ok(Members { text: writer.text, members: top })
    }

    /// How long the members are together, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// Writes the object with these further members, which are in canonical order and whose values are JSON already.
    /// Answers where in `out` another member, `later`, would begin; some member comes behind it.
    pub(crate) fn write_with(&self, more: &[(&'static str, &str)], later: &str, out: &mut String) -> usize {
        let mut more = more.iter().peekable();
        let mut separator = '{';
        let mut place = out.len().saturating_add(1);
        for (key, range) in &self.members {
            while let Some((name, value)) = more.next_if(|(name, _)| order(name, key).is_lt()) {
                push_member(out, &mut separator, name, value);
                place = if order(name, later).is_lt() { out.len().saturating_add(1) } else { place };
            }
            out.push(std::mem::replace(&mut separator, ','));
            out.push_str(self.text.get(range.clone()).unwrap_or_default());
            place = if order(key, later).is_lt() { out.len().saturating_add(1) } else { place };
        }
        for (name, value) in more {
            push_member(out, &mut separator, name, value);
            place = if order(name, later).is_lt() { out.len().saturating_add(1) } else { place };
        }
        if separator == '{' {
            out.push('{');
        }
        out.push('}');
        place
    }
}

fn push_member(out: &mut String, separator: &mut char, name: &str, value: &str) {
    out.push(std::mem::replace(separator, ','));
    write_string(name, out);
    out.push(':');
    out.push_str(value);
}

/// The order of RFC 8785: by UTF-16 code units. It is that of the bytes, unless they differ where a character from U+E000
/// on begins.
fn order(a: &str, b: &str) -> Ordering {
    match a.bytes().zip(b.bytes()).find(|(a, b)| a != b) {
        None => a.len().cmp(&b.len()),
        Some((x, y)) if x.max(y) < 0xee => x.cmp(&y),
        Some(_) => a.encode_utf16().cmp(b.encode_utf16()),
    }
}

/// Appends the text quoted and escaped.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    if !text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.push_str(text);
        return out.push('"');
    }
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(from..at).unwrap_or_default());
        from = at.saturating_add(1);
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            0x0c => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            other => {
                // Writing to a string cannot fail.
                let _ = fmt::Write::write_fmt(out, format_args!("\\u{other:04x}"));
            }
        }
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out.push('"');
}

#[derive(Default)]
struct Writer {
    text: String,
    /// The members of the object that was written last: in the end, of the outermost.
    top: Option<Vec<(Cow<'static, str>, Range<usize>)>>,
}

impl Writer {
    fn display(&mut self, value: impl fmt::Display) -> Result<()> {
        fmt::Write::write_fmt(&mut self.text, format_args!("{value}")).map_err(ser::Error::custom)
    }

    fn object(&mut self) -> Object<'_> {
        let start = self.text.len();
        Object { writer: self, start, members: Vec::new(), key: None, close: "" }
    }

    /// `{"variant":`, as serde's enums with data have it; what follows closes with `}`.
    fn variant(&mut self, variant: &str) {
        self.text.push('{');
        write_string(variant, &mut self.text);
        self.text.push(':');
    }

    fn list(&mut self, close: &'static str) -> List<'_> {
        self.text.push('[');
        List { writer: self, separator: "", close }
    }
}

macro_rules! as_displayed {
    ($($method:ident: $ty:ty),* $(,)?) => { $(
        fn $method(self, value: $ty) -> Result<()> {
            self.display(value)
        }
    )* };
}

impl<'a> ser::Serializer for &'a mut Writer {
    type Ok = ();
    type Error = CanonicalError;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = List<'a>;
    type SerializeMap = Object<'a>;
    type SerializeStruct = Object<'a>;
    type SerializeStructVariant = Object<'a>;

    as_displayed! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128,
    }

    fn serialize_f32(self, _: f32) -> Result<()> {
        Err(ser::Error::custom("a record has no floating-point numbers"))
    }
    fn serialize_f64(self, _: f64) -> Result<()> {
        Err(ser::Error::custom("a record has no floating-point numbers"))
    }
    fn serialize_char(self, value: char) -> Result<()> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, value: &str) -> Result<()> {
        write_string(value, &mut self.text);
        Ok(())
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<()> {
        Err(ser::Error::custom("a record has no raw bytes"))
    }
    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<()> {
        self.text.push_str("null");
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_unit()
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.serialize_str(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<()> {
        let start = self.text.len();
        value.serialize(&mut *self)?;
        if name == NUMBER {
            // A number's text, which was just written quoted.
            self.text.pop();
            if self.text.is_char_boundary(start) && start < self.text.len() {
                self.text.remove(start);
            }
        }
        Ok(())
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        self.variant(variant);
        value.serialize(&mut *self)?;
        self.text.push('}');
        Ok(())
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<List<'a>> {
        Ok(self.list("]"))
    }
    fn serialize_tuple(self, _: usize) -> Result<List<'a>> {
        Ok(self.list("]"))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List<'a>> {
        Ok(self.list("]"))
    }
    fn serialize_tuple_variant(self, _: &'static str, _: u32, variant: &'static str, _: usize) -> Result<List<'a>> {
        self.variant(variant);
        Ok(self.list("]}"))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Object<'a>> {
        Ok(self.object())
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Object<'a>> {
        Ok(self.object())
    }
    fn serialize_struct_variant(self, _: &'static str, _: u32, variant: &'static str, _: usize) -> Result<Object<'a>> {
        self.variant(variant);
        Ok(Object { close: "}", ..self.object() })
    }
}

/// An array that is being written.
struct List<'a> {
    writer: &'a mut Writer,
    separator: &'static str,
    close: &'static str,
}

impl List<'_> {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.writer.text.push_str(std::mem::replace(&mut self.separator, ","));
        value.serialize(&mut *self.writer)
    }

    fn finish(self) {
        self.writer.text.push_str(self.close);
    }
}

macro_rules! list {
    ($($shape:ident: $method:ident),*) => { $(
        impl ser::$shape for List<'_> {
            type Ok = ();
            type Error = CanonicalError;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                self.push(value)
            }
            fn end(self) -> Result<()> {
                self.finish();
                Ok(())
            }
        }
    )* };
}

list!(
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
);

/// An object that is being written: members in the order they come, sorted at the end.
struct Object<'a> {
    writer: &'a mut Writer,
    start: usize,
    members: Vec<(Cow<'static, str>, Range<usize>)>,
    key: Option<String>,
    close: &'static str,
}

impl Object<'_> {
    fn member<T: Serialize + ?Sized>(&mut self, key: Cow<'static, str>, value: &T) -> Result<()> {
        let from = self.writer.text.len();
        write_string(&key, &mut self.writer.text);
        self.writer.text.push(':');
        value.serialize(&mut *self.writer)?;
        self.members.push((key, from..self.writer.text.len()));
        Ok(())
    }

    fn finish(mut self) -> Result<()> {
        self.members.sort_by(|(a, _), (b, _)| order(a, b));
        if self.members.array_windows().any(|[(a, _), (b, _)]| a == b) {
            return Err(ser::Error::custom("a key occurs twice"));
        }
        let written = self.writer.text.split_off(self.start);
        let text = &mut self.writer.text;
        let mut separator = "{";
        for (_, range) in &mut self.members {
            text.push_str(std::mem::replace(&mut separator, ","));
            let old = range.start.saturating_sub(self.start)..range.end.saturating_sub(self.start);
            let start = text.len();
            text.push_str(written.get(old).unwrap_or_default());
            *range = start..text.len();
        }
        if self.members.is_empty() {
            text.push('{');
        }
        text.push('}');
        text.push_str(self.close);
        self.writer.top = Some(self.members);
        Ok(())
    }
}

impl ser::SerializeMap for Object<'_> {
    type Ok = ();
    type Error = CanonicalError;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        let mut writer = Writer::default();
        key.serialize(&mut writer)?;
        let key = serde_json::from_str(&writer.text).map_err(|_| CanonicalError("a key is a text".to_owned()))?;
        self.key = Some(key);
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let key = self.key.take().ok_or_else(|| CanonicalError("a value without a key".to_owned()))?;
        self.member(Cow::Owned(key), value)
    }
    fn end(self) -> Result<()> {
        self.finish()
    }
}

macro_rules! object {
    ($($shape:ident),*) => { $(
        impl ser::$shape for Object<'_> {
            type Ok = ();
            type Error = CanonicalError;
            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
                self.member(Cow::Borrowed(key), value)
            }
            fn end(self) -> Result<()> {
                self.finish()
            }
        }
    )* };
}

object!(SerializeStruct, SerializeStructVariant);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::Payload;
    use super::*;
    use claw_runtime::{Json, Limits};
    use proptest::prelude::*;

    #[derive(serde::Serialize)]
    struct Outer {
        zeta: i64,
        alpha: Payload,
        list: Vec<Option<&'static str>>,
        kind: Kind,
    }

    #[derive(serde::Serialize)]
    enum Kind {
        #[allow(dead_code)]
        Unit,
        Data {
            y: u8,
            b: bool,
        },
    }

    fn text(value: &impl Serialize) -> String {
        let mut out = String::new();
        Members::of(value).unwrap().write_with(&[], "", &mut out);
        out
    }

    #[test]
    fn members_are_sorted_at_every_depth_and_numbers_exact() {
        let args = Json::parse(
            "{\"€\":1,\"\\r\":0.10,\"\u{fb33}\":123456789012345678901234567890,\"😀\":[{\"b\":1,\"a\":-0.5}]}"
                .as_bytes(),
            &Limits::default(),
        )
        .unwrap();
        let value = Outer {
            zeta: -1,
            alpha: Payload(args),
            list: vec![None, Some("\u{1}\"x\\")],
            kind: Kind::Data { y: 1, b: true },
        };
        let expected = "{\"alpha\":{\"\\r\":0.1,\"€\":1,\"😀\":[{\"a\":-0.5,\"b\":1}],\"\u{fb33}\":123456789012345678901234567890},\
                        \"kind\":{\"Data\":{\"b\":true,\"y\":1}},\"list\":[null,\"\\u0001\\\"x\\\\\"],\"zeta\":-1}";
        assert_eq!(text(&value), expected);
    }

    #[test]
    fn further_members_find_their_place() {
        #[derive(serde::Serialize)]
        struct Two {
            m: u8,
            c: u8,
        }
        let members = Members::of(&Two { m: 1, c: 2 }).unwrap();
        let mut out = String::new();
        let more = [("a", "0"), ("d", "\"x\""), ("z", "[]")];
        let place = members.write_with(&more, "hash", &mut out);
        assert_eq!(out, r#"{"a":0,"c":2,"d":"x","m":1,"z":[]}"#);
        assert!(out[place..].starts_with(r#""m":1"#));
        out.clear();
        assert_eq!(members.write_with(&more, "", &mut out), 1);
        let odd = [("a".into(), Json::Num("0.50".into())), ("b".into(), Json::Num("1,\"c\":2".into()))];
        assert_eq!(text(&Payload(Json::Obj(odd.to_vec()))), r#"{"a":0.5,"b":"1,\"c\":2"}"#);
        assert!(Members::of(&1.5).is_err());
        assert!(Members::of(&7).is_err());
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            any::<i64>().prop_map(Json::int),
            "-?[1-9][0-9]{0,30}(\\.[0-9]{0,10}[1-9])?".prop_map(|text| Json::Num(text.into())),
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

    #[test]
    fn keys_are_ordered_by_utf16() {
        let keys =
            ["", "a", "aa", "b", "\u{80}", "ö", "€", "\u{d7ff}", "\u{e000}", "\u{fb33}", "\u{ffff}", "😀", "😀a", "𐍈"];
        for a in keys {
            for b in keys {
                assert_eq!(order(a, b), a.encode_utf16().cmp(b.encode_utf16()), "{a} {b}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]
        #[test]
        fn it_is_the_runtimes_canonical_text(json in any_json()) {
            let wrapped = Json::Obj(vec![("v".into(), json.clone())]);
            prop_assert_eq!(text(&Payload(wrapped.clone())), wrapped.canonical());
        }
    }
}
