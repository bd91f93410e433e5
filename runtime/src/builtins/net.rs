//! E-mail addresses, hosts, URLs and IP addresses.

use super::compare::any;
use super::{Arg, Builtin, Form, Op, Out, Pat};
use crate::{Tri, UrlValue, Value, is_private};

pub(super) static ROWS: &[Builtin] = &[
    Builtin::part("email.local", &[Pat::Email], Pat::Str, "What stands before the `@`, lower-cased.", |value| {
        match value {
            Value::Email(email) => Some(email.local_value()),
            _ => None,
        }
    }),
    Builtin::part("email.domain", &[Pat::Email], Pat::Host, "The host behind the `@`.", |value| match value {
        Value::Email(email) => Some(email.domain_value()),
        _ => None,
    }),
    Builtin::new(
        Form::Operator(Op::Under),
        "host.under",
        &[Pat::Host, Pat::Host],
        Pat::Bool,
        "Equal to the host or a subdomain of it, on label boundaries.",
        |a| match a {
            [Arg::Known(h), Arg::Known(base)] => host_under(h, base).into(),
            _ => Out::Unknown,
        },
    ),
    Builtin::new(
        Form::Operator(Op::Under),
        "host.under_any",
        &[Pat::Host, Pat::Elements(&Pat::Host)],
        Pat::Bool,
        "Equal to one of the hosts or a subdomain of one, on label boundaries.",
        |a| match a {
            [Arg::Known(h), Arg::Known(Value::List(bases) | Value::Set(bases))] => {
                any(bases, true, |base| host_under(h, base)).into()
            }
            [Arg::Known(h), Arg::Partial(bases)] => any(bases, false, |base| host_under(h, base)).into(),
            _ => Out::Unknown,
        },
    )
    .linear()
    .lenient(),
    Builtin::part(
        "url.scheme",
        &[Pat::Url],
        Pat::Str,
        "The scheme, lower-cased and without `:`, such as `https`.",
        |v| url(v).map(UrlValue::scheme),
    ),
    Builtin::part(
        "url.host",
        &[Pat::Url],
        Pat::Host,
        "The host; unknown for a URL without one, such as `mailto:`.",
        |v| url(v)?.host(),
    )
    .partial(),
    Builtin::part(
        "url.port",
        &[Pat::Url],
        Pat::Int,
        "The port, or the scheme's default; unknown where neither is there.",
        |v| url(v)?.port(),
    )
    .partial(),
    Builtin::part(
        "url.path",
        &[Pat::Url],
        Pat::Str,
        "The path as it is sent: percent-encoded, with `.` and `..` resolved.",
        |v| url(v).map(UrlValue::path),
    ),
    Builtin::part(
        "url.query",
        &[Pat::Url],
        Pat::Str,
        "The query as it is sent, without its `?`; empty if there is none.",
        |v| url(v).map(UrlValue::query),
    ),
    Builtin::new(
        Form::Operator(Op::In),
        "ip.in",
        &[Pat::Ip, Pat::IpNet],
        Pat::Bool,
        "Is the address in the range?",
        |a| match a {
            [Arg::Known(ip), Arg::Known(net)] => ip_in(ip, net).into(),
            _ => Out::Unknown,
        },
    ),
    Builtin::new(
        Form::Operator(Op::In),
        "ip.in_any",
        &[Pat::Ip, Pat::Elements(&Pat::IpNet)],
        Pat::Bool,
        "Is the address in one of the ranges?",
        |a| match a {
            [Arg::Known(ip), Arg::Known(Value::List(nets) | Value::Set(nets))] => {
                any(nets, true, |net| ip_in(ip, net)).into()
            }
            [Arg::Known(ip), Arg::Partial(nets)] => any(nets, false, |net| ip_in(ip, net)).into(),
            _ => Out::Unknown,
        },
    )
    .linear()
    .lenient(),
    Builtin::new(
        Form::Member,
        "ip.is_private",
        &[Pat::Ip],
        Pat::Bool,
        "Not meant for the public Internet: private, shared, link-local or unique local. Loopback \
         is not among them.",
        |a| match a {
            [Arg::Known(Value::Ip(ip))] => is_private(*ip).into(),
            _ => Out::Unknown,
        },
    ),
    Builtin::new(
        Form::Member,
        "ip.is_loopback",
        &[Pat::Ip],
        Pat::Bool,
        "The machine itself: `127.0.0.0/8` or `::1`.",
        |a| match a {
            [Arg::Known(Value::Ip(ip))] => ip.to_canonical().is_loopback().into(),
            _ => Out::Unknown,
        },
    ),
];

fn url(value: &Value) -> Option<&UrlValue> {
    if let Value::Url(url) = value { Some(url) } else { None }
}

fn host_under(host: &Value, base: &Value) -> Tri {
    match (host, base) {
        (Value::Host(host), Value::Host(base)) => host.is_under(base).into(),
        _ => Tri::Unknown,
    }
}

fn ip_in(ip: &Value, net: &Value) -> Tri {
    match (ip, net) {
        (Value::Ip(ip), Value::IpNet(net)) => net.contains(ip).into(),
        _ => Tri::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Type;
    use crate::builtins::tests::{call, v};

    #[test]
    fn emails_and_hosts() {
        let email = v(Type::Email, "Eva@Mail.Acme.com");
        let host = |text: &str| v(Type::Host, text);
        assert_eq!(call("email.local", std::slice::from_ref(&email)), Out::Known(Value::str("eva")));
        assert_eq!(call("email.domain", &[email]), Out::Known(host("mail.acme.com")));
        assert_eq!(call("host.under", &[host("mail.acme.com"), host("acme.com")]), true.into());
        assert_eq!(call("host.under", &[host("evilacme.com"), host("acme.com")]), false.into());
        let ours = Value::set(vec![host("acme.com"), host("acme.io")]);
        assert_eq!(call("host.under_any", &[host("a.acme.io"), ours.clone()]), true.into());
        assert_eq!(call("host.under_any", &[host("a.acme.org"), ours]), false.into());
        assert_eq!(call("host.under_any", &[host("acme.com"), Value::set(vec![])]), false.into());
    }

    #[test]
    fn urls() {
        let url = || [v(Type::Url, "https://Acme.com/a?b=c")];
        assert_eq!(call("url.scheme", &url()), Out::Known(Value::str("https")));
        assert_eq!(call("url.host", &url()), Out::Known(v(Type::Host, "acme.com")));
        assert_eq!(call("url.port", &url()), Out::Known(Value::Int(443)));
        assert_eq!(call("url.path", &url()), Out::Known(Value::str("/a")));
        assert_eq!(call("url.query", &url()), Out::Known(Value::str("b=c")));
        assert_eq!(call("url.host", &[v(Type::Url, "mailto:a@b.c")]), Out::Unknown);
    }

    #[test]
    fn addresses() {
        let ip = |text: &str| v(Type::Ip, text);
        let net = |text: &str| v(Type::IpNet, text);
        assert_eq!(call("ip.in", &[ip("10.1.2.3"), net("10.0.0.0/8")]), true.into());
        assert_eq!(call("ip.in", &[ip("::ffff:10.1.2.3"), net("10.0.0.0/8")]), true.into());
        assert_eq!(call("ip.in", &[ip("::1"), net("10.0.0.0/8")]), false.into());
        assert_eq!(
            call("ip.in_any", &[ip("11.0.0.1"), Value::set(vec![net("10.0.0.0/8"), net("11.0.0.1")])]),
            true.into()
        );
        assert_eq!(call("ip.is_private", &[ip("192.168.1.1")]), true.into());
        assert_eq!(call("ip.is_loopback", &[ip("127.9.9.9")]), true.into());
        assert_eq!(call("ip.is_loopback", &[ip("8.8.8.8")]), false.into());
    }
}
