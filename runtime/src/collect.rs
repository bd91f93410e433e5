//! All values of one kind in a call's arguments: `paths(args)`, `urls(args)`, `hosts(args)`, `emails(args)`,
//! `commands(args)`. Commands are looked into; other texts are not.

mod words;

use serde::{Deserialize, Serialize};

use crate::{Field, Host, Schema, Type, Value};

/// What is collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Collect {
    /// `paths(args)`: paths on the host's own file system.
    Paths,
    /// `urls(args)`
    Urls,
    /// `hosts(args)`: hosts and addresses, hosts of URLs, domains of e-mail addresses.
    Hosts,
    /// `emails(args)`
    Emails,
    /// `commands(args)`
    Commands,
}

impl Collect {
    /// The function of this name in an expression.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Collect> {
        Some(match name {
            "paths" => Collect::Paths,
            "urls" => Collect::Urls,
            "hosts" => Collect::Hosts,
            "emails" => Collect::Emails,
            "commands" => Collect::Commands,
            _ => return None,
        })
    }

    /// The type of the elements.
    #[must_use]
    pub fn element(self) -> Type {
        match self {
            Collect::Paths => Type::Path,
            Collect::Urls => Type::Url,
            Collect::Hosts => Type::Host,
            Collect::Emails => Type::Email,
            Collect::Commands => Type::AnyCommand,
        }
    }
}

/// Hands every value of the kind to `out`, in order. False if there may be others, hidden in opaque values.
pub fn collect(value: &Value, ty: &Type, schema: &Schema, kind: Collect, out: &mut dyn FnMut(&Value)) -> bool {
    match (value, ty) {
        (Value::List(items) | Value::Set(items), Type::List(element) | Type::Set(element)) => {
            // The elements behind an opaque one count too.
            items.iter().fold(true, |complete, item| complete & collect(item, element, schema, kind, out))
        }
        (Value::Record(values), Type::Record(id)) => match schema.record(*id) {
            Some(record) => collect_fields(values, &record.fields, schema, kind, out),
            None => false,
        },
        // Anything may be in there, and no rule may look into it.
        (Value::Json(_), _) => false,
        (Value::Command(_), _) if kind == Collect::Commands => put(value, out),
        (Value::Command(command), _) => words::inside(command, kind, out),
        (Value::Path(_), Type::Path) if kind == Collect::Paths => put(value, out),
        (Value::Url(_), _) if kind == Collect::Urls => put(value, out),
        (Value::Email(_), _) if kind == Collect::Emails => put(value, out),
        (_, _) if kind == Collect::Hosts => host(value, out),
        _ => true,
    }
}

/// Like [`collect`], for the fields of a record or the arguments of a call.
pub fn collect_fields(
    values: &[Option<Value>],
    fields: &[Field],
    schema: &Schema,
    kind: Collect,
    out: &mut dyn FnMut(&Value),
) -> bool {
    values.iter().zip(fields).fold(true, |complete, (value, field)| {
        complete & value.as_ref().is_none_or(|value| collect(value, &field.ty, schema, kind, out))
    })
}

fn put(value: &Value, out: &mut dyn FnMut(&Value)) -> bool {
    out(value);
    true
}

fn host(value: &Value, out: &mut dyn FnMut(&Value)) -> bool {
    match value {
        Value::Host(_) => put(value, out),
        Value::Ip(ip) => put(&Value::Host(Host::from_ip(*ip)), out),
        Value::Email(email) => put(email.domain_value(), out),
        Value::Url(url) => match url.host() {
            Some(host) => put(host, out),
            None => url.is_hostless(),
        },
        _ => true,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Json, Limits, decode_value};

    fn run(kind: Collect, fields: &[(&str, Type, &str)]) -> (Vec<String>, bool) {
        let schema = Schema::default();
        let (mut values, mut decls) = (Vec::new(), Vec::new());
        for (name, ty, json) in fields {
            let json = Json::parse(json.as_bytes(), &Limits::default()).unwrap();
            values.push(Some(decode_value(&json, ty, &schema, &Limits::default(), "").unwrap()));
            decls.push(Field {
                name: (*name).to_owned(),
                ty: ty.clone(),
                optional: false,
                default: None,
                doc: String::new(),
            });
        }
        let mut seen = Vec::new();
        let complete = collect_fields(&values, &decls, &schema, kind, &mut |v| {
            seen.push(crate::value_to_json(v, &kind.element(), &schema).canonical().replace('"', ""));
        });
        (seen, complete)
    }

    #[test]
    fn hosts() {
        let fields = [
            ("to", Type::list(Type::Email), "[\"a@acme.com\",\"b@evil.example\"]"),
            ("url", Type::Url, "\"https://x.io/\""),
            ("ip", Type::Ip, "\"10.0.0.1\""),
            ("text", Type::Str, "\"c.com\""),
        ];
        let expected: Vec<String> = ["acme.com", "evil.example", "x.io", "10.0.0.1"].map(str::to_owned).into();
        assert_eq!(run(Collect::Hosts, &fields), (expected, true));
        assert_eq!(run(Collect::Emails, &fields).0.len(), 2);
        assert_eq!(run(Collect::Urls, &fields).0, ["https://x.io/"]);
    }

    #[test]
    fn urls_without_a_host() {
        assert_eq!(run(Collect::Hosts, &[("u", Type::Url, "\"file:///etc\"")]), (vec![], true));
        // What a scheme without authority reaches is anybody's guess.
        assert_eq!(run(Collect::Hosts, &[("u", Type::Url, "\"mailto:a@b.c\"")]), (vec![], false));
        assert_eq!(run(Collect::Hosts, &[("u", Type::Url, "\"foo://a%20b/\"")]), (vec![], false));
    }

    #[test]
    fn opaque_values_hide_others() {
        let command = Type::Command(crate::ShellDialect::Bash);
        let fields = [("x", command, "\"cat /etc\""), ("p", Type::Path, "\"/a\""), ("q", Type::RemotePath, "\"/b\"")];
        assert_eq!(run(Collect::Paths, &fields), (["/etc", "/a"].map(str::to_owned).into(), false));
        assert_eq!(run(Collect::Commands, &fields), (vec!["cat /etc".to_owned()], true));
        assert_eq!(run(Collect::Commands, &[("j", Type::Json, "{}")]), (vec![], false));
    }
}
