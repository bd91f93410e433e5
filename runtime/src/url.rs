//! URLs in canonical form: the type `url`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::host::is_plain_name;
use crate::{Host, Value};

/// A URL as the WHATWG standard reads and prints it; its parts are kept as values, ready to be judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UrlValue {
    text: Arc<str>,
    scheme: Value,
    host: Option<Value>,
    hostless: bool,
    port: Option<Value>,
    path: Value,
    query: Value,
}

impl UrlValue {
    /// Reads and canonicalises an absolute URL.
    ///
    /// Refuses user-info, control characters and backslashes, which different readers read differently.
    pub fn parse(text: &str) -> Result<UrlValue, String> {
        match Plain::of(text) {
            Some(plain) => Ok(plain.value(text)),
            None => UrlValue::parse_any(text),
        }
    }

    fn parse_any(text: &str) -> Result<UrlValue, String> {
        if text.chars().any(char::is_control) {
            return Err("a URL has no control characters".to_owned());
        }
        if text.contains('\\') {
            return Err("a URL has no backslashes".to_owned());
        }
        let url = url::Url::parse(text).map_err(|_| "this is not an absolute URL".to_owned())?;
        if has_user_info(text, &url) {
            return Err("a URL with user-info before the host is refused".to_owned());
        }
        // Some odd URLs print to a text that reads differently or not at all: they have no canonical form.
        if url::Url::parse(url.as_str()).as_ref() != Ok(&url) || has_user_info(url.as_str(), &url) {
            return Err("this URL is ambiguous".to_owned());
        }
        // The host of a scheme that the standard does not know is canonicalised like any other; if it can't be, it is
        // unknown.
        let host = url.host_str().and_then(|host| Host::parse(host).ok());
        Ok(UrlValue {
            text: url.as_str().into(),
            scheme: Value::Str(url.scheme().into()),
            host: host.map(Value::Host),
            hostless: url.host_str().is_none() && !url.cannot_be_a_base(),
            port: url.port_or_known_default().map(|port| Value::Int(i64::from(port))),
            path: Value::Str(url.path().into()),
            query: Value::Str(url.query().unwrap_or_default().into()),
        })
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The canonical text, shared.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The scheme, a string such as `https`.
    #[must_use]
    pub fn scheme(&self) -> &Value {
        &self.scheme
    }

    /// The host; `None` where the URL has none.
    #[must_use]
    pub fn host(&self) -> Option<&Value> {
        self.host.as_ref()
    }

    /// Certainly reaches no host, as `file:///a`; not so where the host could not be read, or for `mailto:`.
    #[must_use]
    pub fn is_hostless(&self) -> bool {
        self.hostless
    }

    /// The port or the scheme's default; `None` where neither is known.
    #[must_use]
    pub fn port(&self) -> Option<&Value> {
        self.port.as_ref()
    }

    /// The path, a percent-encoded string.
    #[must_use]
    pub fn path(&self) -> &Value {
        &self.path
    }

    /// The query without its `?`, a percent-encoded string; empty if there is none.
    #[must_use]
    pub fn query(&self) -> &Value {
        &self.query
    }
}

/// Is this certainly a URL, and in canonical form? So are most.
pub(crate) fn is_plain(text: &str) -> bool {
    Plain::of(text).is_some()
}

/// The parts of a URL in canonical form: a name as its host, no port, nothing in it that is written in several ways.
struct Plain<'a> {
    scheme: &'a str,
    port: i64,
    host: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Plain<'a> {
    fn of(text: &'a str) -> Option<Plain<'a>> {
        let (scheme, port, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => ("https", 443, rest),
            (None, Some(rest)) => ("http", 80, rest),
            (None, None) => return None,
        };
        let (host, rest) = rest.split_at_checked(rest.bytes().position(|byte| byte == b'/')?)?;
        let (mut end, mut before) = (None, 0);
        for (i, byte) in rest.bytes().enumerate() {
            match byte {
                b'?' if end.is_none() => end = Some(i),
                // It may be a step up, or none at all.
                b'.' if before == b'/' && end.is_none() => return None,
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {}
                b'=' | b'&' | b'+' | b',' | b':' | b';' | b'!' | b'$' | b'*' | b'(' | b')' => {}
                _ => return None,
            }
            before = byte;
        }
        let path = rest.get(..end.unwrap_or(rest.len()))?;
        let query = end.and_then(|end| rest.get(end + 1..)).unwrap_or_default();
        is_plain_name(host).then_some(Plain { scheme, port, host, path, query })
    }

    fn value(&self, text: &str) -> UrlValue {
        UrlValue {
            text: text.into(),
            scheme: Value::str(self.scheme),
            host: Some(Value::Host(Host::Name(self.host.into()))),
            hostless: false,
            port: Some(Value::Int(self.port)),
            path: Value::str(self.path),
            query: Value::str(self.query),
        }
    }
}

/// Does something stand before an `@` in the authority, be it empty?
fn has_user_info(text: &str, url: &url::Url) -> bool {
    if !url.username().is_empty() || url.password().is_some() {
        return true;
    }
    // The parser drops an empty user-info (`https://@host/`), so the text is looked at too.
    let after_scheme = text.split_once(':').map_or("", |(_, rest)| rest);
    let authority = after_scheme.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
    url.has_authority() && authority.contains('@')
}

impl fmt::Display for UrlValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for UrlValue {
    type Err = String;
    fn from_str(text: &str) -> Result<UrlValue, String> {
        UrlValue::parse(text)
    }
}

impl TryFrom<String> for UrlValue {
    type Error = String;
    fn try_from(text: String) -> Result<UrlValue, String> {
        UrlValue::parse(&text)
    }
}

impl From<UrlValue> for String {
    fn from(url: UrlValue) -> String {
        url.text.as_ref().to_owned()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn canonical_forms() {
        for (text, canonical) in [
            ("HTTPS://ACME.com:443/a/../b?x=1#f", "https://acme.com/b?x=1#f"),
            ("https:acme.com", "https://acme.com/"),
            ("http://0x7f.1/", "http://127.0.0.1/"),
            ("https://bücher.example", "https://xn--bcher-kva.example/"),
            ("https://acme.com/%7Ea/%2e%2e/b", "https://acme.com/b"),
        ] {
            assert_eq!(UrlValue::parse(text).unwrap().as_str(), canonical);
        }
    }

    #[test]
    fn members() {
        let url = UrlValue::parse("https://Acme.com./p?q=1").unwrap();
        assert_eq!(url.host(), Some(&Value::Host(Host::Name("acme.com".into()))));
        assert_eq!(url.port(), Some(&Value::Int(443)));
        assert_eq!(url.path(), &Value::Str("/p".into()));
        assert_eq!(url.query(), &Value::Str("q=1".into()));
        assert_eq!(UrlValue::parse("mailto:a@b.c").unwrap().host(), None);
        assert_eq!(
            UrlValue::parse("http://[::ffff:127.0.0.1]/").unwrap().host(),
            Some(&Value::Host(Host::parse("127.0.0.1").unwrap()))
        );
        assert_eq!(UrlValue::parse("foo://EX%61MPLE.com/").unwrap().host(), None);
        assert_eq!(
            UrlValue::parse("foo://EXAMPLE.com/").unwrap().host(),
            Some(&Value::Host(Host::parse("example.com").unwrap()))
        );
    }

    #[test]
    fn refuses() {
        for text in [
            "",
            "acme.com",
            "/a",
            "https://u@acme.com",
            "https://u:p@acme.com",
            "https://@acme.com",
            "https://:@acme.com/",
            "https:@acme.com",
            "https:///@acme.com",
            "foo://@acme.com/",
            "file:./@acme.com",
            "https://acme.com\\@evil.example",
            "https://acme.com/a\nb",
            "ht\ttps://acme.com",
            "https://",
            "https://a b/",
        ] {
            assert!(UrlValue::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn plain_ones_are_read_like_others(text in r"(https?|ftp|file)://[a-z0-9.-]{1,8}(:[0-9]{1,3})?/?[ -~]{0,12}|https://a\.b/[a-z./?%2eE&=@:]{0,16}") {
            if let Some(plain) = Plain::of(&text) {
                prop_assert_eq!(UrlValue::parse_any(&text), Ok(plain.value(&text)));
            }
        }

        #[test]
        fn canonical_form_is_a_fixed_point(text in r"(https?|file|foo|data|blob):/{0,3}[a-zA-Z0-9.:@%/?#\[\]; -]{0,24}|.{0,20}") {
            if let Ok(url) = UrlValue::parse(&text) {
                prop_assert_eq!(UrlValue::parse(url.as_str()), Ok(url));
            }
        }
    }
}
