//! Which declared resource a URI is one of, and with which arguments: URI templates (RFC 6570) read backwards.
//!
//! Policies declare a resource by its URI, or by a template whose variables are its parameters. Servers read such URIs
//! each in their own way, so only what can be read in one way counts: no dot segments, no delimiters in disguise, and
//! exactly one way to share the text out among the variables. What is left over is no declared resource, and denied.

use claw_runtime::{Json, Kind, Policy};

/// The declared name of the resource that a URI is, and the arguments in it.
pub(super) fn resource(policy: &Policy, server: &str, uri: &str) -> Option<(String, Json)> {
    if policy.tool(Kind::Resource, Some(server), uri).is_some() {
        return Some((uri.to_owned(), Json::Obj(Vec::new())));
    }
    let tools = policy.bundle().tools.iter();
    let templates = tools
        .filter(|tool| tool.kind == Kind::Resource && tool.server.as_deref() == Some(server))
        .filter(|tool| tool.wire.contains('{'));
    let mut fitting = templates.filter_map(|tool| Some((tool.wire.clone(), arguments(&tool.wire, uri)?)));
    let first = fitting.next()?;
    // Which of two declarations holds nobody can say.
    fitting.next().is_none().then_some(first)
}

/// The values of a template's variables in a URI; `None` where it does not fit, or in more than one way.
fn arguments(template: &str, uri: &str) -> Option<Json> {
    let parts = parts(template).filter(|_| uri.len() <= LENGTH)?;
    let mut search = Search { found: Vec::new(), steps: STEPS };
    search.fit(&parts, uri, &mut Vec::new());
    let mut found = search.found.into_iter();
    let values = found.next().filter(|_| search.steps > 0 && found.next().is_none())?;
    let mut members: Vec<(std::sync::Arc<str>, Json)> = Vec::new();
    for (name, text, slashes) in values {
        if members.iter().any(|(known, _)| **known == *name) {
            return None;
        }
        members.push((name.into(), Json::str(decoded(text, slashes)?)));
    }
    Some(Json::Obj(members))
}

/// How much looking for a fit may cost.
const STEPS: usize = 5_000;
/// Bytes of a URI that is held against templates.
const LENGTH: usize = 4_096;

enum Part<'t> {
    Text(&'t str),
    /// `{x}`, or `{+x}` which may contain slashes.
    One {
        name: &'t str,
        slashes: bool,
    },
    /// `{?a,b}` or `{&a,b}`: any of them, in any order.
    Query {
        names: Vec<&'t str>,
        first: char,
    },
}

/// `None` for what is not understood: lists, prefixes, fragments, labels, path segments and matrix parameters.
fn parts(template: &str) -> Option<Vec<Part<'_>>> {
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.' || c == '-');
    let mut out = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (inside, tail) = after.split_once('}')?;
        if !before.is_empty() {
            out.push(Part::Text(before));
        }
        let part = match inside.chars().next()? {
            first @ ('?' | '&') => {
                let names: Vec<&str> = inside.get(1..)?.split(',').collect();
                names.iter().all(|name| is_name(name)).then_some(Part::Query { names, first })
            }
            '+' => inside.get(1..).filter(|name| is_name(name)).map(|name| Part::One { name, slashes: true }),
            _ => is_name(inside).then_some(Part::One { name: inside, slashes: false }),
        };
        out.push(part?);
        rest = tail;
    }
    if !rest.is_empty() {
        out.push(Part::Text(rest));
    }
    Some(out)
}

/// A variable, its text and whether that may contain slashes.
type Value<'t> = (&'t str, &'t str, bool);

/// Looks for every way in which the parts fit a text; two are enough.
struct Search<'t> {
    found: Vec<Vec<Value<'t>>>,
    steps: usize,
}

impl<'t> Search<'t> {
    fn fit(&mut self, parts: &[Part<'t>], text: &'t str, values: &mut Vec<Value<'t>>) {
        self.steps = self.steps.saturating_sub(1);
        if self.steps == 0 || self.found.len() > 1 {
            return;
        }
        let Some((part, rest)) = parts.split_first() else {
            if text.is_empty() {
                self.found.push(values.clone());
            }
            return;
        };
        match part {
            Part::Text(expected) => {
                if let Some(tail) = text.strip_prefix(expected) {
                    self.fit(rest, tail, values);
                }
            }
            Part::One { name, slashes } if rest.is_empty() => {
                // The last one takes what is left.
                if !text.is_empty() && text.chars().all(|c| is_value(c, *slashes)) {
                    let mut values = values.clone();
                    values.push((name, text, *slashes));
                    self.found.push(values);
                }
            }
            Part::One { name, slashes } => {
                for (end, c) in text.char_indices() {
                    if !is_value(c, *slashes) {
                        break;
                    }
                    let Some((value, tail)) = text.split_at_checked(end.saturating_add(c.len_utf8())) else { break };
                    values.push((name, value, *slashes));
                    self.fit(rest, tail, values);
                    values.pop();
                }
            }
            Part::Query { names, first } => {
                if !text.starts_with(*first) {
                    return self.fit(rest, text, values);
                }
                let before = values.len();
                // Only at the end, where it takes everything.
                let pairs = text.get(1..).unwrap_or_default().split('&').map(|pair| pair.split_once('='));
                let known = pairs.map(|pair| {
                    let (name, value) = pair?;
                    let name = names.iter().find(|known| **known == name)?;
                    value.chars().all(|c| is_value(c, false)).then_some((*name, value, false))
                });
                if let Some(found) = known.collect::<Option<Vec<Value<'t>>>>() {
                    values.extend(found);
                    self.fit(rest, "", values);
                }
                values.truncate(before);
            }
        }
    }
}

/// What a value may consist of: of ASCII what a URI's path segment may (RFC 3986, `pchar`).
fn is_value(c: char, slashes: bool) -> bool {
    match c {
        '/' | '?' | '=' | '&' if slashes => true,
        '&' | '=' => false,
        _ if c.is_ascii() => c.is_ascii_alphanumeric() || "-._~%!$'()*+,;:@".contains(c),
        _ => c.is_alphanumeric(),
    }
}

/// The text without percent escapes; `None` where servers may read it in more than one way.
fn decoded(text: &str, slashes: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let (hex, tail) = rest.split_at_checked(2)?;
        let byte = u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?;
        // Delimiters in disguise, and what would be decoded a second time.
        if byte.is_ascii_control() || b"/\\%?#&".contains(&byte) {
            return None;
        }
        bytes.push(byte);
        rest = tail;
    }
    let out = String::from_utf8(bytes).ok()?;
    let is_dots = |segment: &str| segment == "." || segment == "..";
    let empty = slashes && out.contains("//");
    (!empty && !out.split('/').any(is_dots) && !out.chars().any(char::is_control)).then_some(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(template: &str, uri: &str) -> String {
        arguments(template, uri).map_or("-".to_owned(), |json| json.to_string())
    }

    #[test]
    fn templates_are_read_backwards() {
        assert_eq!(read("docs://{page}", "docs://intro"), r#"{"page":"intro"}"#);
        assert_eq!(read("docs://{page}", "docs://in%20tro"), r#"{"page":"in tro"}"#);
        assert_eq!(read("docs://{book}/{page}", "docs://a/b"), r#"{"book":"a","page":"b"}"#);
        assert_eq!(read("file:///{+path}", "file:///a/b.txt"), r#"{"path":"a/b.txt"}"#);
        assert_eq!(read("db://{table}{?limit,offset}", "db://t?offset=2"), r#"{"table":"t","offset":"2"}"#);
        assert_eq!(read("db://{table}{?limit,offset}", "db://t"), r#"{"table":"t"}"#);
        assert_eq!(read("docs://{page}", "docs://größe"), r#"{"page":"größe"}"#);
    }

    #[test]
    fn what_can_be_read_in_two_ways_fits_nothing() {
        for (template, uri) in [
            ("docs://{page}", "docs://a/b"),
            ("docs://{page}", "docs://"),
            ("docs://{page}", "docs://a%2fb"),
            ("docs://{page}", "docs://a%2Fb"),
            ("docs://{page}", "docs://a%255c"),
            ("docs://{page}", "docs://%2e%2e"),
            ("docs://{page}", "docs://a%00"),
            ("docs://{page}", "docs://a%ff"),
            ("docs://{page}", "docs://a%2"),
            ("docs://{page}", "docs://a#b"),
            ("docs://{page}", "docs://a\u{202e}b"),
            ("docs://{page}", "docs://a\\b"),
            ("docs://{a}-{b}", "docs://x-y-z"),
            ("docs://{a}{b}", "docs://xyz"),
            ("docs://{a}/{a}", "docs://x/x"),
            ("file:///{+path}", "file:///a/../b"),
            ("file:///{+path}", "file:///a/%2e%2e/b"),
            ("file:///{+path}", "file:///./b"),
            ("file:///{+path}", "file:///a//b"),
            ("db://t{?limit}", "db://t?limit=1&limit=2"),
            ("db://t{?limit}", "db://t?other=1"),
            ("db://t{?limit}", "db://t?limit=1/x"),
            ("db://{x*}", "db://a"),
            ("db://{x:3}", "db://abc"),
            ("db://{x", "db://abc"),
        ] {
            assert_eq!(read(template, uri), "-", "{template} {uri}");
        }
    }

    #[test]
    fn a_hostile_text_costs_a_bounded_time() {
        let template = "x://{a}{b}{c}{d}{e}{f}{g}!";
        assert_eq!(read(template, &format!("x://{}", "a".repeat(4_000))), "-");
        assert_eq!(read("x://{a}", &format!("x://{}", "a".repeat(5_000))), "-");
    }
}
