//! From JSON to canonical values, exactly as a type says. Knows nothing of requests.

use std::collections::BTreeMap;
use std::fmt;

use crate::json::push_token;
use crate::{
    Command, Date, Decimal, DecimalError, Duration, Email, Field, Host, Json, Limits, PathValue, Schema, Secret,
    ShellDialect, Sql, Time, Type, UrlValue, Value, parse_ip, parse_net, value_to_json,
};

pub(crate) mod direct;

/// Why a value does not fit its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Where, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong: lower-case, no final period.
    pub message: String,
    /// A limit was passed; otherwise the value is of the wrong type or malformed.
    pub limit: bool,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "`{}`: {}", self.pointer, self.message)
        }
    }
}

impl std::error::Error for DecodeError {}

/// What happens to members of an object that are not declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// They are an error, as in a tool's arguments.
    Refuse,
    /// They are left out, as in attributes of agents and users.
    Ignore,
}

/// Decodes JSON by type.
#[derive(Clone, Copy, Debug)]
pub struct Decoder<'a> {
    schema: &'a Schema,
    limits: &'a Limits,
    paths: Paths<'a>,
}

/// Where a path of type `path` leads.
#[derive(Clone, Copy, Debug)]
enum Paths<'a> {
    /// To itself: the value is part of the policy.
    Constant,
    /// To where the host said, by JSON pointer.
    Resolved(&'a BTreeMap<String, String>),
}

impl<'a> Decoder<'a> {
    /// For data that is part of the policy, where a path stands for itself.
    #[must_use]
    pub fn constants(schema: &'a Schema, limits: &'a Limits) -> Decoder<'a> {
        Decoder { schema, limits, paths: Paths::Constant }
    }

    /// For a request; `resolved` says by JSON pointer where the host found paths to lead.
    #[must_use]
    pub fn request(schema: &'a Schema, limits: &'a Limits, resolved: &'a BTreeMap<String, String>) -> Decoder<'a> {
        Decoder { schema, limits, paths: Paths::Resolved(resolved) }
    }

    /// Decodes one value that stands at `pointer` of its document.
    pub fn value(&self, json: &Json, ty: &Type, pointer: &str) -> Result<Value, DecodeError> {
        Walk { decoder: self, pointer: pointer.to_owned() }.value(json, ty)
    }

    /// Decodes an object by its declared fields, in declaration order; absent ones take their default or are `None`.
    pub fn fields(
        &self,
        json: &Json,
        fields: &[Field],
        extra: Extra,
        pointer: &str,
    ) -> Result<Vec<Option<Value>>, DecodeError> {
        Walk { decoder: self, pointer: pointer.to_owned() }.fields(json, fields, extra)
    }

    /// As [`Decoder::fields`] with [`Extra::Ignore`], of members that make no object.
    pub(crate) fn members(
        &self,
        members: &[(String, Json)],
        fields: &[Field],
        pointer: &str,
    ) -> Result<Vec<Option<Value>>, DecodeError> {
        let mut walk = Walk { decoder: self, pointer: pointer.to_owned() };
        let get = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, json)| json);
        fields.iter().map(|field| walk.at(&field.name, |walk| walk.field(get(&field.name), field))).collect()
    }
}

/// Decodes one value, not knowing where any path in it leads.
pub fn decode_value(
    json: &Json,
    ty: &Type,
    schema: &Schema,
    limits: &Limits,
    pointer: &str,
) -> Result<Value, DecodeError> {
    Decoder::request(schema, limits, &BTreeMap::new()).value(json, ty, pointer)
}

/// What `json.at(pointer) as ty` is: `None`, that is unknown, where absent or of another type.
#[must_use]
pub fn json_at(json: &Json, pointer: &str, ty: &Type, schema: &Schema, limits: &Limits) -> Option<Value> {
    decode_value(json.pointer(pointer)?, ty, schema, limits, pointer).ok()
}

/// A constant of a type whose values are written as strings. Errors are in the user's words.
///
/// A path stands for itself. Types that are not written as strings are an error.
pub fn parse_text(text: &str, ty: &Type) -> Result<Value, String> {
    Ok(match ty {
        Type::Path => Value::Path(PathValue::lexical_only(text)?.into()),
        _ => parse_scalar(text, ty)?
            .ok_or_else(|| format!("expected {}, found a string", article(ty, &Schema::default())))?,
    })
}

/// `Ok(None)` for a type that is not written as a string, or needs more than the text.
fn parse_scalar(text: &str, ty: &Type) -> Result<Option<Value>, String> {
    Ok(Some(match ty {
        Type::Str => Value::str(text),
        Type::Secret => Value::Secret(Secret::new(text)),
        Type::Duration => Value::Duration(Duration::parse(text)?),
        Type::Time => Value::Time(Time::parse(text)?),
        Type::Date => Value::Date(Date::parse(text)?),
        Type::Bytes => Value::Bytes(crate::base64::decode(text).ok_or("this is not base64 in canonical form")?.into()),
        Type::Email => Value::Email(Email::parse(text)?.into()),
        Type::Host => Value::Host(Host::parse(text)?),
        Type::Url => Value::Url(UrlValue::parse(text)?.into()),
        Type::Ip => Value::Ip(parse_ip(text)?),
        Type::IpNet => Value::IpNet(parse_net(text)?),
        Type::RemotePath => Value::Path(PathValue::lexical_only(text)?.into()),
        Type::Command(dialect) => Value::Command(Command::new(*dialect, text).into()),
        Type::Sql(dialect) => Value::Sql(Sql::new(*dialect, text).into()),
        _ => return Ok(None),
    }))
}

/// `a string`, `an int`, `a list<email>`.
fn article(ty: &Type, schema: &Schema) -> String {
    let name = ty.display(schema);
    let vowel = name.starts_with(['a', 'e', 'i', 'o']);
    format!("{} {name}", if vowel { "an" } else { "a" })
}

/// Text of a request, fit for a message.
fn shown(text: &str) -> String {
    let mut out: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().nth(40).is_some() {
        out.push('…');
    }
    out
}

/// One walk through a document, remembering where it is.
struct Walk<'a> {
    decoder: &'a Decoder<'a>,
    pointer: String,
}

impl Walk<'_> {
    fn value(&mut self, json: &Json, ty: &Type) -> Result<Value, DecodeError> {
        match (ty, json) {
            (Type::Bool, Json::Bool(b)) => Ok(Value::Bool(*b)),
            (Type::Int, Json::Num(text)) => {
                // The token is in plain form: an integral number has no point left.
                text.parse()
                    .map(Value::Int)
                    .map_err(|_| self.error("expected a whole number within 64 bits".to_owned()))
            }
            (Type::Decimal, Json::Num(text)) => Decimal::parse(text)
                .map(Value::Decimal)
                .map_err(|e| DecodeError { limit: e == DecimalError::TooLong, ..self.error(e.to_string()) }),
            (Type::Json, json) => Ok(Value::Json(json.normalized().into())),
            (Type::Enum(id), Json::Str(text)) => {
                let variants = self.decoder.schema.enumeration(*id).map(|e| e.variants.as_slice()).unwrap_or_default();
                if variants.iter().any(|v| **v == **text) {
                    return Ok(Value::Str(text.clone()));
                }
                Err(self.error(format!("`{}` is not one of {}", shown(text), variants.join(", "))))
            }
            (Type::List(element), Json::Arr(items)) => Ok(Value::list(self.elements(items, element)?)),
            (Type::Set(element), Json::Arr(items)) => Ok(Value::set(self.elements(items, element)?)),
            (Type::Record(id), Json::Obj(_)) => {
                let fields = self.decoder.schema.record(*id).map(|r| r.fields.as_slice()).unwrap_or_default();
                Ok(Value::Record(self.fields(json, fields, Extra::Refuse)?.into()))
            }
            (Type::Command(dialect), Json::Arr(words)) => self.argv(*dialect, words),
            (_, Json::Str(text)) => self.text(text, ty),
            _ => Err(self.mismatch(json, ty)),
        }
    }

    fn elements(&mut self, items: &[Json], element: &Type) -> Result<Vec<Value>, DecodeError> {
        let limit = self.decoder.limits.elements;
        if items.len() > limit {
            return Err(self.too_much(format!("more than {limit} elements")));
        }
        items.iter().enumerate().map(|(i, item)| self.at(&i.to_string(), |walk| walk.value(item, element))).collect()
    }

    /// The argument vector of a program that is started without a shell.
    fn argv(&mut self, dialect: ShellDialect, words: &[Json]) -> Result<Value, DecodeError> {
        let words = self.elements(words, &Type::Str)?;
        let words: Vec<String> = words.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let command = Command::from_argv(dialect, &words);
        let limit = self.decoder.limits.command;
        if command.text().len() > limit {
            return Err(self.too_much(format!("more than {limit} bytes in a command")));
        }
        Ok(Value::Command(command.into()))
    }

    fn text(&self, text: &str, ty: &Type) -> Result<Value, DecodeError> {
        let limits = self.decoder.limits;
        let limit = match ty {
            Type::Command(_) | Type::Sql(_) => limits.command,
            Type::Str | Type::Secret | Type::Bytes => limits.string,
            _ => limits.domain,
        };
        if text.len() > limit {
            return Err(self.too_much(format!("more than {limit} bytes in {}", article(ty, self.decoder.schema))));
        }
        if *ty == Type::Path {
            return self.path(text).map(|path| Value::Path(path.into())).map_err(|e| self.error(e));
        }
        match parse_scalar(text, ty) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(self.mismatch(&Json::str(""), ty)),
            Err(message) => Err(self.error(message)),
        }
    }

    fn path(&self, text: &str) -> Result<PathValue, String> {
        match self.decoder.paths {
            Paths::Constant => PathValue::lexical_only(text),
            Paths::Resolved(targets) => match targets.get(&self.pointer) {
                Some(target) => PathValue::resolved_to(text, target),
                None => PathValue::unresolved(text),
            },
        }
    }

    fn fields(&mut self, json: &Json, fields: &[Field], extra: Extra) -> Result<Vec<Option<Value>>, DecodeError> {
        let Json::Obj(members) = json else {
            return Err(self.error(format!("expected an object, found {}", json.kind())));
        };
        let undeclared = members.iter().find(|(key, _)| fields.iter().all(|f| f.name != **key));
        if let (Extra::Refuse, Some((key, _))) = (extra, undeclared) {
            return self.at(key, |walk| Err(walk.error(format!("`{}` is not declared", shown(key)))));
        }
        fields.iter().map(|field| self.at(&field.name, |walk| walk.field(json.get(&field.name), field))).collect()
    }

    fn field(&mut self, json: Option<&Json>, field: &Field) -> Result<Option<Value>, DecodeError> {
        match json {
            Some(Json::Null) if field.optional => Ok(None),
            Some(json) => self.value(json, &field.ty).map(Some),
            None => match &field.default {
                // A default path is where any other is: only the host can say where it leads.
                Some(default) => {
                    self.value(&value_to_json(default, &field.ty, self.decoder.schema), &field.ty).map(Some)
                }
                None if field.optional => Ok(None),
                None => Err(self.error(format!("`{}` is missing", field.name))),
            },
        }
    }

    /// Goes one step down for the time of `then`.
    fn at<T>(&mut self, key: &str, then: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.pointer.len();
        push_token(&mut self.pointer, key);
        let result = then(self);
        self.pointer.truncate(before);
        result
    }

    fn mismatch(&self, json: &Json, ty: &Type) -> DecodeError {
        self.error(format!("expected {}, found {}", article(ty, self.decoder.schema), json.kind()))
    }

    fn error(&self, message: String) -> DecodeError {
        DecodeError { pointer: self.pointer.clone(), message, limit: false }
    }

    fn too_much(&self, message: String) -> DecodeError {
        DecodeError { limit: true, ..self.error(message) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{EnumDef, EnumId, RecordDef, RecordId, SqlDialect, Tri};
    use proptest::prelude::*;

    fn field(name: &str, ty: Type, optional: bool, default: Option<Value>) -> Field {
        Field { name: name.to_owned(), ty, optional, default, doc: String::new() }
    }

    fn schema() -> Schema {
        Schema {
            enums: vec![EnumDef { name: "colour".to_owned(), variants: vec!["red".to_owned(), "blue".to_owned()] }],
            records: vec![RecordDef {
                name: "file".to_owned(),
                fields: vec![
                    field("path", Type::Path, false, None),
                    field("mode", Type::Int, true, None),
                    field("home", Type::Path, false, Some(parse_text("/home", &Type::Path).unwrap())),
                ],
            }],
        }
    }

    fn decode(text: &str, ty: &Type) -> Result<Value, DecodeError> {
        let json = Json::parse(text.as_bytes(), &Limits::default()).unwrap();
        decode_value(&json, ty, &schema(), &Limits::default(), "/args/x")
    }

    /// The canonical JSON of what a text decodes to.
    fn canonical(text: &str, ty: &Type) -> String {
        value_to_json(&decode(text, ty).unwrap(), ty, &schema()).canonical()
    }

    fn message(text: &str, ty: &Type) -> String {
        decode(text, ty).unwrap_err().to_string()
    }

    #[test]
    fn numbers() {
        for (text, expected) in [("1", 1), ("1.0", 1), ("1e2", 100), ("-0", 0), ("9223372036854775807", i64::MAX)] {
            assert_eq!(decode(text, &Type::Int), Ok(Value::Int(expected)));
        }
        assert_eq!(canonical("1.50", &Type::Decimal), "1.5");
        for text in ["1.5", "9223372036854775808", "\"1\"", "true", "null"] {
            assert!(decode(text, &Type::Int).is_err(), "{text}");
        }
        assert_eq!(message("\"1\"", &Type::Decimal), "`/args/x`: expected a decimal, found a string");
        assert!(decode("1e60", &Type::Decimal).unwrap_err().limit);
    }

    #[test]
    fn texts() {
        for (ty, text, expected) in [
            (Type::Email, "Eva@ACME.com", "eva@acme.com"),
            (Type::Host, "ACME.com.", "acme.com"),
            (Type::Url, "https://acme.com:443", "https://acme.com/"),
            (Type::Ip, "::ffff:10.0.0.1", "10.0.0.1"),
            (Type::Path, "/a/../b/", "/b"),
            (Type::RemotePath, "/a//b", "/a/b"),
            (Type::Duration, "90s", "1m30s"),
            (Type::Time, "2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00Z"),
            (Type::Date, "2026-03-02", "2026-03-02"),
            (Type::Bytes, "Zm9v", "Zm9v"),
            (Type::Secret, "x", "x"),
            (Type::Command(ShellDialect::Bash), "ls  -l", "ls  -l"),
        ] {
            assert_eq!(canonical(&format!("{text:?}"), &ty), format!("{expected:?}"));
            assert!(decode("1", &ty).is_err());
            assert!(decode("null", &ty).is_err());
        }
        assert!(decode("\"Zg=\"", &Type::Bytes).is_err());
        let long = format!("\"/{}\"", "a".repeat(9000));
        assert!(decode(&long, &Type::Path).unwrap_err().limit);
    }

    #[test]
    fn argument_vectors_are_commands() {
        let ty = Type::Command(ShellDialect::Bash);
        for (argv, text) in [
            (r#"["ls","-l","a b"]"#, "ls -l 'a b'"),
            (r#"["X=1","it's","$x",""]"#, r"'X=1' 'it'\''s' '$x' ''"),
            (r##"["if","~","*","#"]"##, "'if' '~' '*' '#'"),
            ("[]", ""),
        ] {
            assert_eq!(canonical(argv, &ty), Json::str(text).canonical(), "{argv}");
            // Written out and read again it is the same.
            assert_eq!(decode(argv, &ty), decode(&Json::str(text).canonical(), &ty));
        }
        assert_eq!(message(r#"["ls",1]"#, &ty), "`/args/x/1`: expected a string, found a number");
        assert!(decode(r#"["ls"]"#, &Type::Sql(SqlDialect::Ansi)).is_err());
        let long = format!(r#"["ls","{}"]"#, "a".repeat(Limits::default().command));
        assert!(decode(&long, &ty).unwrap_err().limit);
    }

    #[test]
    fn collections_enums_and_json() {
        assert_eq!(canonical("[\"b\",\"A.com\",\"a.com\"]", &Type::set(Type::Host)), "[\"a.com\",\"b\"]");
        assert_eq!(canonical("[2,1,2]", &Type::list(Type::Int)), "[2,1,2]");
        assert_eq!(
            message("[\"a@b.c\",\"x\"]", &Type::list(Type::Email)),
            "`/args/x/1`: this is not an e-mail address: it has no `@`"
        );
        assert_eq!(message("\"green\"", &Type::Enum(EnumId(0))), "`/args/x`: `green` is not one of red, blue");
        assert_eq!(canonical("{\"b\":1,\"a\":null}", &Type::Json), "{\"a\":null,\"b\":1}");
        for ty in [
            Type::Error,
            Type::Call,
            Type::Agent,
            Type::Word(crate::Vocab::Role),
            Type::Enum(EnumId(9)),
            Type::Record(RecordId(9)),
        ] {
            assert!(decode("\"x\"", &ty).is_err());
        }
    }

    #[test]
    fn records() {
        let ty = Type::Record(RecordId(0));
        assert_eq!(canonical("{\"mode\":null,\"path\":\"/a\"}", &ty), "{\"home\":\"/home\",\"path\":\"/a\"}");
        assert_eq!(message("{}", &ty), "`/args/x/path`: `path` is missing");
        assert_eq!(message("{\"path\":null}", &ty), "`/args/x/path`: expected a path, found null");
        assert_eq!(message("{\"path\":\"/a\",\"more\":1}", &ty), "`/args/x/more`: `more` is not declared");
        assert_eq!(message("{\"path\":\"/a\",\"home\":null}", &ty), "`/args/x/home`: expected a path, found null");
    }

    #[test]
    fn the_host_says_where_paths_lead() {
        let (schema, limits) = (schema(), Limits::default());
        let json = Json::parse(br#"[{"path":"/srv/a"},{"path":"/srv/b"}]"#, &limits).unwrap();
        let ty = Type::list(Type::Record(RecordId(0)));
        let resolved = BTreeMap::from([("/args/x/0/path".to_owned(), "/srv/real".to_owned())]);
        let value = Decoder::request(&schema, &limits, &resolved).value(&json, &ty, "/args/x").unwrap();
        let srv = PathValue::lexical_only("/srv").unwrap();
        let mut seen = Vec::new();
        for record in value.elements().unwrap() {
            let Value::Record(fields) = record else { unreachable!() };
            for field in fields.iter().flatten() {
                let Value::Path(path) = field else { unreachable!() };
                seen.push(path.under(&srv));
            }
        }
        // The defaulted homes are as unknown as the second path.
        assert_eq!(seen, [Tri::True, Tri::Unknown, Tri::Unknown, Tri::Unknown]);
        let bad = BTreeMap::from([("/p".to_owned(), "relative".to_owned())]);
        assert!(Decoder::request(&schema, &limits, &bad).value(&Json::str("/a"), &Type::Path, "/p").is_err());
    }

    #[test]
    fn json_at_is_unknown_where_it_does_not_fit() {
        let json = Json::parse(br#"{"a":{"b":5}}"#, &Limits::default()).unwrap();
        let at = |pointer: &str, ty: Type| json_at(&json, pointer, &ty, &Schema::default(), &Limits::default());
        assert_eq!(at("/a/b", Type::Int), Some(Value::Int(5)));
        assert_eq!(at("/a/b", Type::Str), None);
        assert_eq!(at("/a/c", Type::Int), None);
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,30}", json in "[\\[\\]{}\":,0-9a-z@./-]{0,40}") {
            let mut types = vec![Type::Enum(EnumId(0)), Type::Record(RecordId(0)), Type::list(Type::Email)];
            types.extend([Type::Bool, Type::Int, Type::Decimal, Type::Str, Type::Duration, Type::Time, Type::Date]);
            types.extend([Type::Bytes, Type::Secret, Type::Json, Type::Email, Type::Host, Type::Url, Type::Ip]);
            types.extend([Type::IpNet, Type::Path, Type::RemotePath, Type::set(Type::Path)]);
            let parsed = Json::parse(json.as_bytes(), &Limits::default());
            for ty in &types {
                let _ = parse_text(&text, ty);
                if let Ok(parsed) = &parsed {
                    // What was decoded and written decodes to itself.
                    if let Ok(value) = decode_value(parsed, ty, &schema(), &Limits::default(), "") {
                        let again = value_to_json(&value, ty, &schema());
                        prop_assert_eq!(decode_value(&again, ty, &schema(), &Limits::default(), ""), Ok(value));
                    }
                }
            }
        }
    }
}
