//! Host names and addresses in canonical form: the types `host`, `ip` and address ranges.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// A host: a lower-cased IDNA name without trailing dot, or an address in canonical form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Host {
    /// A name such as `mail.acme.com`; ASCII letters, digits, `-`, `_` and dots.
    Name(Arc<str>),
    /// An address; one that is IPv4-mapped is kept as IPv4.
    Ip(IpAddr),
}

impl Host {
    /// Reads and canonicalises a host.
    ///
    /// What a URL's parser takes for an address is one: `0x7f.1` is `127.0.0.1`.
    pub fn parse(text: &str) -> Result<Host, String> {
        if is_plain_name(text) { Ok(Host::Name(text.into())) } else { Host::parse_any(text) }
    }

    fn parse_any(text: &str) -> Result<Host, String> {
        let bad = || "this is not a host name or address".to_owned();
        if let Ok(ip) = text.parse() {
            return Ok(Host::from_ip(ip));
        }
        // Percent signs would be decoded; a bare host has none.
        if text.contains('%') || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(bad());
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        match url::Host::parse(text).map_err(|_| bad())? {
            url::Host::Ipv4(ip) => Ok(Host::Ip(ip.into())),
            url::Host::Ipv6(ip) => Ok(Host::from_ip(ip.into())),
            url::Host::Domain(name) => {
                let label = |l: &str| {
                    (1..=63).contains(&l.len())
                        && l.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
                };
                if name.len() <= 253 && name.split('.').all(label) { Ok(Host::Name(name.into())) } else { Err(bad()) }
            }
        }
    }

    /// The host that an address is.
    #[must_use]
    pub fn from_ip(ip: IpAddr) -> Host {
        Host::Ip(ip.to_canonical())
    }

    /// Is this `base` or, on label boundaries, a subdomain of it? An address is only under itself.
    #[must_use]
    pub fn is_under(&self, base: &Host) -> bool {
        match (self, base) {
            (Host::Name(name), Host::Name(base)) => {
                name.strip_suffix(&**base).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            (a, b) => a == b,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::Ip(ip) => ip.fmt(f),
        }
    }
}

impl FromStr for Host {
    type Err = String;
    fn from_str(text: &str) -> Result<Host, String> {
        Host::parse(text)
    }
}

impl TryFrom<String> for Host {
    type Error = String;
    fn try_from(text: String) -> Result<Host, String> {
        Host::parse(&text)
    }
}

impl From<Host> for String {
    fn from(host: Host) -> String {
        host.to_string()
    }
}

/// Is this a name in canonical form, and nothing that could be read as anything else? So are most.
///
/// Two hyphens in a row may be IDNA's, and a last label that begins with a digit may make an address of the name.
pub(crate) fn is_plain_name(text: &str) -> bool {
    let (mut len, mut first, mut before) = (0, 0, 0);
    for byte in text.bytes() {
        match byte {
            b'.' if len > 0 => len = 0,
            b'-' if before == b'-' => return false,
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' if len < 63 => {
                if len == 0 {
                    first = byte;
                }
                len += 1;
            }
            _ => return false,
        }
        before = byte;
    }
    len > 0 && first.is_ascii_lowercase() && text.len() <= 253
}

/// Reads an address in its canonical form; IPv4-mapped IPv6 is IPv4.
pub fn parse_ip(text: &str) -> Result<IpAddr, String> {
    text.parse::<IpAddr>().map(|ip| ip.to_canonical()).map_err(|_| "this is not an IP address".to_owned())
}

/// Reads an address range such as `10.0.0.0/8`; a bare address is the range of itself.
pub fn parse_net(text: &str) -> Result<IpNet, String> {
    if let Ok(ip) = parse_ip(text) {
        return Ok(ip.into());
    }
    let net: IpNet = text.parse().map_err(|_| "an address range is written like `10.0.0.0/8`".to_owned())?;
    if net.addr() != net.network() {
        return Err(format!("`{text}` has bits beyond its prefix; write `{}`", net.trunc()));
    }
    let mapped = match net {
        IpNet::V6(v6) => v6.addr().to_ipv4_mapped().zip(net.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    Ok(mapped.and_then(|(ip, prefix)| IpNet::new(ip.into(), prefix).ok()).unwrap_or(net))
}

/// Not meant for the public Internet: private use (10/8, 172.16/12, 192.168/16), shared (100.64/10),
/// link-local (169.254/16, fe80::/10) and unique local (fc00::/7) addresses.
#[must_use]
pub fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private() || ip.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// The wire form of an address range in a bundle: its text.
pub(crate) mod net_serde {
    use ipnet::IpNet;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(net: &IpNet, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&net.to_string())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<IpNet, D::Error> {
        super::parse_net(&String::deserialize(from)?).map_err(D::Error::custom)
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
            ("ACME.com", "acme.com"),
            ("acme.com.", "acme.com"),
            ("Bücher.example", "xn--bcher-kva.example"),
            ("localhost", "localhost"),
            ("_dmarc.acme.com", "_dmarc.acme.com"),
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1.", "127.0.0.1"),
            ("0x7f.1", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("[::1]", "::1"),
            ("2001:DB8::0:1", "2001:db8::1"),
            ("ａｃｍｅ.com", "acme.com"),
            ("acme。com", "acme.com"),
        ] {
            assert_eq!(Host::parse(text).unwrap().to_string(), canonical, "{text}");
        }
        let label = "a".repeat(64);
        for text in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a b",
            " a",
            "a/b",
            "a:80",
            "user@a",
            "*.acme.com",
            "ex%61mple.com",
            "a\nb",
            "fe80::1%eth0",
            "1.2.3.256",
            "a\\b",
            "[::1",
            &label,
        ] {
            assert!(Host::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn under_label_boundaries() {
        let under = |a: &str, b: &str| Host::parse(a).unwrap().is_under(&Host::parse(b).unwrap());
        assert!(under("acme.com", "acme.com"));
        assert!(under("a.b.acme.com", "acme.com"));
        assert!(!under("evilacme.com", "acme.com"));
        assert!(!under("com", "acme.com"));
        assert!(under("10.0.0.1", "10.0.0.1"));
        assert!(!under("10.0.0.1", "0.0.1"));
    }

    #[test]
    fn ranges() {
        for (text, canonical) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.0.0.1", "10.0.0.1/32"),
            ("FC00::/7", "fc00::/7"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ] {
            assert_eq!(parse_net(text).unwrap().to_string(), canonical);
        }
        assert_eq!(parse_net("10.0.0.1/8").unwrap_err(), "`10.0.0.1/8` has bits beyond its prefix; write `10.0.0.0/8`");
        assert!(parse_net("10/8").is_err());
        assert!(parse_ip("010.0.0.1").is_err());
        for (ip, private) in [
            ("10.1.2.3", true),
            ("100.64.0.1", true),
            ("169.254.169.254", true),
            ("::ffff:192.168.0.1", true),
            ("fd00::1", true),
            ("8.8.8.8", false),
            ("127.0.0.1", false),
            ("100.128.0.1", false),
        ] {
            assert_eq!(is_private(ip.parse().unwrap()), private, "{ip}");
        }
    }

    proptest! {
        #[test]
        fn plain_names_are_names(text in r"[a-z0-9._-]{1,20}|(xn--)?[a-z0-9x-]{1,4}(\.[a-z0-9xn-]{1,5}){0,3}|[a-z]{60,65}(\.[a-f0-9]{1,63}){3}") {
            if is_plain_name(&text) {
                prop_assert_eq!(Host::parse_any(&text), Ok(Host::Name(text.as_str().into())));
            }
        }

        #[test]
        fn canonical_form_is_a_fixed_point(text in r"[a-zA-Z0-9._-]{0,20}|[0-9a-fx.:\[\]]{0,20}|.{0,12}") {
            if let Ok(host) = Host::parse(&text) {
                prop_assert_eq!(Host::parse(&host.to_string()), Ok(host));
            }
            if let Ok(net) = parse_net(&text) {
                prop_assert_eq!(parse_net(&net.to_string()), Ok(net));
            }
        }
    }
}
