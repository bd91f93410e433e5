//! Texts: the constants, near misses of them, and plain ones. What is no text of the type is left out.

use std::sync::Arc;

use claw_runtime::{Host, Json, Schema, Secret, Type, UrlValue, Value, parse_text};

use super::{Hints, plain};

/// Samples of a type that is written as text.
pub(super) fn texts(ty: &Type, hints: &Hints<'_>) -> Vec<Value> {
    let candidates = match ty {
        Type::Email => emails(hints),
        Type::Host => hosts(hints),
        Type::Url => urls(hints),
        Type::Path | Type::RemotePath => paths(hints),
        Type::Bytes => return bytes(hints),
        _ => strings(hints),
    };
    let same = hints.constants.iter().filter(|c| std::mem::discriminant(*c) == std::mem::discriminant(&plain_of(ty)));
    let mut out = vec![plain_of(ty)];
    out.extend(same.cloned());
    out.extend(candidates.into_iter().filter_map(|text| match ty {
        Type::Secret => Some(Value::Secret(Secret::new(text))),
        _ => parse_text(&text, ty).ok(),
    }));
    out
}

fn plain_of(ty: &Type) -> Value {
    plain(ty, &Schema::default())
}

/// Every text that the policy mentions beside the slot: constants as they are written, then the seeds.
pub(super) fn seeds(hints: &Hints<'_>) -> Vec<String> {
    let constants = hints.constants.iter().filter_map(|constant| match constant {
        Value::Str(text) => Some(text.to_string()),
        Value::Secret(secret) => Some(secret.reveal().to_string()),
        Value::Email(email) => Some(email.to_string()),
        Value::Host(host) => Some(host.to_string()),
        Value::Url(url) => Some(url.to_string()),
        Value::Ip(ip) => Some(ip.to_string()),
        Value::Path(path) => Some(path.to_string()),
        Value::Command(command) => Some(command.text().to_string()),
        Value::Sql(sql) => Some(sql.text().to_string()),
        _ => None,
    });
    let mut out: Vec<String> = constants.chain(hints.texts.iter().cloned()).collect();
    let mut seen = rustc_hash::FxHashSet::default();
    out.retain(|text| seen.insert(text.clone()));
    out
}

/// Without its last character.
fn shorter(text: &str) -> &str {
    text.char_indices().next_back().and_then(|(at, _)| text.get(..at)).unwrap_or_default()
}

/// All seeds first, then what each of them is turned into: so that a long list loses near misses, not constants.
fn spread(seeds: &[String], near: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    seeds.iter().cloned().chain(seeds.iter().flat_map(|seed| near(seed))).collect()
}

fn strings(hints: &Hints<'_>) -> Vec<String> {
    let mut out = vec![String::new()];
    out.extend(spread(&seeds(hints), |seed| {
        vec![
            format!("{seed}x"),
            format!("x{seed}"),
            format!("x{seed}x"),
            shorter(seed).to_owned(),
            seed.to_uppercase(),
            seed.to_lowercase(),
        ]
    }));
    out
}

/// The host names and addresses in the hints.
fn known_hosts(hints: &Hints<'_>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for constant in hints.constants {
        out.extend(match constant {
            Value::Host(host) => Some(host.to_string()),
            Value::Email(email) => Some(email.domain().to_string()),
            Value::Ip(ip) => Some(ip.to_string()),
            Value::IpNet(net) => Some(net.network().to_string()),
            Value::Url(url) => url.host().and_then(host_text),
            _ => None,
        });
    }
    for seed in seeds(hints) {
        let domain = seed.rsplit('@').next().unwrap_or_default().trim_matches(['*', '.', '/']);
        let from_url = UrlValue::parse(&seed).ok().and_then(|url| url.host().and_then(host_text));
        let bare = Host::parse(domain).ok().filter(|_| domain.contains(['.', ':'])).map(|host| host.to_string());
        out.extend(from_url.or(bare));
    }
    let mut seen = rustc_hash::FxHashSet::default();
    out.retain(|host| seen.insert(host.clone()));
    out
}

fn host_text(host: &Value) -> Option<String> {
    if let Value::Host(host) = host { Some(host.to_string()) } else { None }
}

fn near_host(host: &str) -> Vec<String> {
    let parent = host.split_once('.').map_or("", |(_, parent)| parent);
    vec![format!("a.{host}"), format!("evil{host}"), parent.to_owned(), format!("{host}.evil.example")]
}

fn hosts(hints: &Hints<'_>) -> Vec<String> {
    let mut out = spread(&known_hosts(hints), near_host);
    out.extend(["localhost", "127.0.0.1", "10.0.0.1", "8.8.8.8", "::1", "169.254.169.254"].map(str::to_owned));
    out
}

fn emails(hints: &Hints<'_>) -> Vec<String> {
    let addresses: Vec<String> = seeds(hints).into_iter().filter(|seed| seed.contains('@')).collect();
    let mut out = spread(&addresses, |address| {
        let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
        let local = if local.is_empty() { "a" } else { local };
        vec![format!("{local}@{domain}"), format!("{local}x@{domain}"), format!("{local}@a.example")]
    });
    for host in known_hosts(hints) {
        out.push(format!("a@{host}"));
        out.extend(near_host(&host).iter().map(|host| format!("a@{host}")));
    }
    out.extend(seeds(hints).iter().map(|seed| format!("{seed}@a.example")));
    out
}

fn urls(hints: &Hints<'_>) -> Vec<String> {
    let known: Vec<String> = seeds(hints).into_iter().filter(|seed| UrlValue::parse(seed).is_ok()).collect();
    let mut out = spread(&known, near_url);
    for host in known_hosts(hints) {
        let shown = |host: &str| if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        out.extend(["https", "http"].map(|scheme| format!("{scheme}://{}/", shown(&host))));
        out.extend(near_host(&host).iter().map(|host| format!("https://{}/", shown(host))));
    }
    for path in seeds(hints).iter().filter(|seed| seed.starts_with('/')) {
        out.extend([format!("https://a.example{path}"), format!("https://a.example{path}/x")]);
    }
    let other = ["http://a.example/", "https://a.example:8443/", "http://127.0.0.1/", "http://169.254.169.254/"];
    out.extend(other.map(str::to_owned));
    out.extend(
        ["https://a.example/?q=a", "ftp://a.example/a", "file:///etc/passwd", "mailto:a@a.example"].map(str::to_owned),
    );
    out
}

/// The same with another scheme, port, path, query and host.
fn near_url(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return Vec::new() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let other = if scheme == "https" { "http" } else { "https" };
    let host = authority.split(':').next().unwrap_or_default();
    let mut out = vec![
        format!("{other}://{rest}"),
        format!("{scheme}://{host}:8443{path}"),
        format!("{scheme}://{authority}/"),
        format!("{scheme}://{authority}{}/x", path.trim_end_matches('/')),
        format!("{scheme}://{authority}{path}x"),
        format!("{url}?q=a"),
    ];
    out.extend(near_host(host).iter().map(|host| format!("{scheme}://{host}{path}")));
    out
}

fn paths(hints: &Hints<'_>) -> Vec<String> {
    let (absolute, relative): (Vec<String>, Vec<String>) = seeds(hints).into_iter().partition(|s| s.starts_with('/'));
    let mut out = spread(&absolute, |path| {
        let path = path.trim_end_matches('/');
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        vec![
            format!("{path}/a"),
            format!("{parent}/"),
            format!("{path}x"),
            format!("{path}/a/a"),
            format!("{parent}/b"),
        ]
    });
    // A name, an extension, or part of one.
    let names = relative.iter().filter(|text| !text.is_empty()).map(|text| text.trim_start_matches('/'));
    out.extend(
        names.flat_map(|name| [format!("/{name}"), format!("/a/{name}"), format!("/a.{name}"), format!("/a{name}")]),
    );
    out.extend(["/", "/etc/passwd", "/tmp/a", "/home/a/.ssh/id_rsa"].map(str::to_owned));
    out
}

fn bytes(hints: &Hints<'_>) -> Vec<Value> {
    let known =
        hints.constants.iter().filter_map(|c| if let Value::Bytes(bytes) = c { Some(bytes.to_vec()) } else { None });
    let known: Vec<Vec<u8>> = known.chain(seeds(hints).into_iter().map(String::into_bytes)).collect();
    let mut out = vec![plain_of(&Type::Bytes), Value::Bytes(Arc::default())];
    for bytes in known {
        out.extend([Value::Bytes(bytes.as_slice().into()), Value::Bytes([bytes.as_slice(), b"x"].concat().into())]);
    }
    out
}

/// JSON documents: small ones, and for each seed that is a pointer some that have a constant there.
pub(super) fn documents(hints: &Hints<'_>) -> Vec<Value> {
    let given =
        hints.constants.iter().filter_map(|c| if let Value::Json(json) = c { Some((**json).clone()) } else { None });
    let leaves: Vec<Json> = hints.constants.iter().filter_map(leaf).collect();
    let mut out = vec![Json::Null, Json::Obj(Vec::new()), Json::Arr(Vec::new()), Json::Bool(true), Json::Bool(false)];
    out.extend([Json::int(0), Json::int(1), Json::str(""), Json::str("a")]);
    out.extend(given);
    out.extend(leaves.iter().cloned());
    let seeds = seeds(hints);
    for pointer in seeds.iter().filter(|seed| seed.starts_with('/')).take(16) {
        let simple = [Json::str("a"), Json::int(1), Json::Bool(true), Json::Null];
        out.extend(leaves.iter().take(16).chain(&simple).map(|leaf| at(pointer, leaf.clone())));
    }
    out.extend(seeds.into_iter().map(Json::str));
    out.into_iter().map(|json| Value::Json(json.normalized().into())).collect()
}

/// A constant as JSON, if it is a scalar.
fn leaf(constant: &Value) -> Option<Json> {
    let is_other = matches!(
        constant,
        Value::Json(_) | Value::Record(_) | Value::List(_) | Value::Set(_) | Value::Call(_) | Value::IpNet(_)
    );
    (!is_other).then(|| claw_runtime::value_to_json(constant, &Type::Error, &Schema::default()))
}

/// The least document that has this at a pointer.
fn at(pointer: &str, leaf: Json) -> Json {
    pointer.split('/').skip(1).collect::<Vec<_>>().into_iter().rev().fold(leaf, |inner, token| {
        let key = token.replace("~1", "/").replace("~0", "~");
        if token == "0" { Json::Arr(vec![inner]) } else { Json::Obj(vec![(key.into(), inner)]) }
    })
}
