//! Texts worth a try before any automaton is built: the constants of the wants, and what can be put together of them.

use claw_runtime::bundle::CompareOp;

use super::machines::range;
use super::{Answers, Kind, Lang, Part, Want};

/// Texts of a test that are looked at.
const EACH: usize = 4;
/// Texts that are tried.
const ALL: usize = 64;

/// In the order in which they please.
pub(super) fn of(kind: Kind, wants: &[Want]) -> Vec<String> {
    let mut out = constants(wants, None);
    let parts = |part: Part, plain: &[&str]| {
        let mut all = constants(wants, Some(part));
        all.extend(plain.iter().map(ToString::to_string));
        all.dedup();
        all
    };
    match kind {
        Kind::Text => out.extend(["a", "", "b", "A", "0"].map(str::to_owned)),
        Kind::Host => out.extend(["a.example", "example", "b.example", "127.0.0.1", "::1"].map(str::to_owned)),
        Kind::Path => {
            let names = parts(Part::PathName, &["a"]);
            let extensions = parts(Part::PathExtension, &[]);
            let dirs = ["", "/a"].map(str::to_owned).into_iter().chain(out.clone());
            let files = dirs.flat_map(|dir| {
                let names: Vec<String> = names
                    .iter()
                    .map(|name| format!("{dir}/{name}"))
                    .chain(extensions.iter().map(|extension| format!("{dir}/a.{extension}")))
                    .collect();
                names
            });
            out.extend(files.collect::<Vec<_>>());
            out.push("/".to_owned());
        }
        Kind::Email => {
            let domains = parts(Part::EmailDomain, &["a.example", "b.example"]);
            let locals = parts(Part::EmailLocal, &["a", "b"]);
            for local in &locals {
                out.extend(domains.iter().map(|domain| format!("{local}@{domain}")));
            }
        }
        Kind::Url => out.extend(urls(&parts)),
    }
    out.truncate(ALL);
    out
}

fn urls(parts: &impl Fn(Part, &[&str]) -> Vec<String>) -> Vec<String> {
    let schemes = parts(Part::UrlScheme, &["https", "http"]);
    let hosts = parts(Part::UrlHost, &["a.example", "b.example"]);
    let paths = parts(Part::UrlPath, &["/", "/a"]);
    let queries = parts(Part::UrlQuery, &[""]);
    let mut out = Vec::new();
    for scheme in schemes.iter().take(EACH) {
        for host in hosts.iter().take(EACH) {
            let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
            for path in paths.iter().take(EACH) {
                for query in queries.iter().take(2) {
                    let mark = if query.is_empty() { "" } else { "?" };
                    out.push(format!("{scheme}://{host}{path}{mark}{query}"));
                }
            }
        }
        out.push(format!("{scheme}:a"));
    }
    out
}

/// Texts that tests of the part (or the whole text) want.
fn constants(wants: &[Want], part: Option<Part>) -> Vec<String> {
    let mut out = Vec::new();
    for want in wants {
        let lang = match (&want.lang, part) {
            (Lang::Part(of, lang), Some(part)) if *of == part => &**lang,
            (Lang::Part(..), _) | (_, Some(_)) => continue,
            (lang, None) => lang,
        };
        match lang {
            Lang::Chars(op, bound) => out.extend(lengths(*op, *bound)),
            lang if want.allowed.covers(Answers::TRUE) => inside(lang, &mut out),
            _ => {}
        }
        if out.len() > ALL {
            break;
        }
    }
    out
}

fn inside(lang: &Lang, out: &mut Vec<String>) {
    match lang {
        Lang::OneOf(items) => out.extend(items.iter().take(ALL).cloned()),
        Lang::Under(bases) => {
            out.extend(bases.iter().take(EACH).flat_map(|base| [base.clone(), format!("a.{base}")]));
        }
        Lang::Within(dirs) => out.extend(dirs.iter().take(EACH).flat_map(|dir| {
            let slash = if dir.ends_with('/') { "" } else { "/" };
            [format!("{dir}{slash}a"), dir.clone()]
        })),
        Lang::Like(glob) => {
            let glob = glob.replace('?', "a");
            out.extend([glob.replace('*', ""), glob.replace('*', "a")]);
        }
        Lang::Matches(_) | Lang::Chars(..) | Lang::Part(..) => {}
    }
}

/// Texts about as long as the bound.
fn lengths(op: CompareOp, bound: i64) -> Vec<String> {
    let (low, high) = range(op, bound);
    let ends = [low, low.saturating_sub(1), high.unwrap_or(low), high.map_or(low, |high| high.saturating_add(1))];
    let short = ends.into_iter().filter_map(|n| usize::try_from(n).ok()).filter(|n| *n <= 10_000);
    short.map(|n| "a".repeat(n)).collect()
}
