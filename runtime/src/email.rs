//! E-mail addresses in canonical form: the type `email`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::host::is_plain_name;
use crate::{Host, Value};

/// A bare e-mail address, lower-cased, with an IDNA domain. No display name, comment or quoting. Its parts are kept as
/// values, ready to be judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email {
    local: Value,
    /// Always a name.
    domain: Value,
}

impl Email {
    /// Reads and canonicalises an address.
    pub fn parse(text: &str) -> Result<Email, String> {
        match plain(text) {
            Some((local, domain)) => Ok(Email::of(local, domain.into())),
            None => Email::parse_any(text),
        }
    }

    fn of(local: &str, domain: Arc<str>) -> Email {
        Email { local: Value::str(local), domain: Value::Host(Host::Name(domain)) }
    }

    fn parse_any(text: &str) -> Result<Email, String> {
        let bad = |why: &str| Err(format!("this is not an e-mail address: {why}"));
        let Some((local, domain)) = text.split_once('@') else { return bad("it has no `@`") };
        if domain.contains('@') {
            return bad("it has more than one `@`");
        }
        if text.chars().any(|c| matches!(c, '<' | '>' | ',' | ';') || c.is_whitespace()) {
            return bad("write the bare address, one per value, without a name");
        }
        if local.is_empty() || local.len() > 64 {
            return bad("the part before the `@` has 1 to 64 characters");
        }
        let atom = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
        };
        if !local.split('.').all(atom) {
            return bad("the part before the `@` has a character that is not allowed there");
        }
        match Host::parse(domain) {
            Ok(Host::Name(domain)) if local.len() + 1 + domain.len() <= 254 => {
                Ok(Email::of(local.to_ascii_lowercase().as_str(), domain))
            }
            Ok(Host::Name(_)) => bad("it is too long"),
            _ => bad("what follows the `@` is not a domain"),
        }
    }

    /// What stands before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.local.as_str().unwrap_or_default()
    }

    /// What stands behind the `@`; always a name.
    #[must_use]
    pub fn domain(&self) -> &str {
        if let Value::Host(Host::Name(name)) = &self.domain { name } else { "" }
    }

    pub(crate) fn local_value(&self) -> &Value {
        &self.local
    }

    pub(crate) fn domain_value(&self) -> &Value {
        &self.domain
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local(), self.domain())
    }
}

impl FromStr for Email {
    type Err = String;
    fn from_str(text: &str) -> Result<Email, String> {
        Email::parse(text)
    }
}

impl TryFrom<String> for Email {
    type Error = String;
    fn try_from(text: String) -> Result<Email, String> {
        Email::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> String {
        email.to_string()
    }
}

/// Is this certainly an address, and in canonical form? So are most.
pub(crate) fn is_plain(text: &str) -> bool {
    plain(text).is_some()
}

/// The parts of an address in canonical form.
fn plain(text: &str) -> Option<(&str, &str)> {
    let (local, domain) = text.split_at_checked(text.bytes().position(|byte| byte == b'@')?)?;
    let domain = domain.get(1..)?;
    let mut before = b'.';
    for byte in local.bytes() {
        match byte {
            b'.' if before == b'.' => return None,
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'+' => before = byte,
            _ => return None,
        }
    }
    let fits = before != b'.' && local.len() <= 64 && text.len() <= 254;
    (fits && is_plain_name(domain)).then_some((local, domain))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn canonical_forms() {
        for (text, canonical) in [
            ("Eva@ACME.com", "eva@acme.com"),
            ("a.b+tag@acme.com.", "a.b+tag@acme.com"),
            ("x@Bücher.example", "x@xn--bcher-kva.example"),
            ("root@localhost", "root@localhost"),
        ] {
            assert_eq!(Email::parse(text).unwrap().to_string(), canonical);
        }
    }

    #[test]
    fn refuses() {
        let long = format!("{}@acme.com", "a".repeat(65));
        for text in [
            "",
            "@",
            "a@",
            "@b",
            "a",
            "a@b@c",
            "Eva <eva@acme.com>",
            "eva@acme.com, x@evil.example",
            "\"a b\"@acme.com",
            "a(comment)@acme.com",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a @acme.com",
            "a@acme.com ",
            ".a@acme.com",
            "a.@acme.com",
            "a..b@acme.com",
            "a\n@acme.com",
            "ä@acme.com",
            "a@acme..com",
            "a@*.com",
            &long,
        ] {
            assert!(Email::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn plain_ones_are_read_like_others(text in "[a-z0-9.+_A-]{0,8}@[a-z0-9.xn-]{1,12}|[a-z.]{60,66}@([a-z]{60}\\.){2,4}[a-z]{1,4}") {
            if plain(&text).is_some() {
                prop_assert_eq!(Email::parse(&text), Email::parse_any(&text));
            }
        }

        #[test]
        fn canonical_form_is_a_fixed_point(text in "[a-zA-Z0-9.+%]{1,8}@[a-zA-Z0-9.äé-]{1,12}|.{0,20}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(&email.to_string()), Ok(email));
            }
        }
    }
}
