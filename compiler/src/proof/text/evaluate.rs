//! Judges one text by a test, without automata of ours: what the machines find is checked by this.

use claw_runtime::bundle::CompareOp;
use claw_runtime::{Email, Host, PathValue, Tri, UrlValue, Value, glob_matches};

use super::{Answers, Kind, Lang, Machines, Part, Want};

/// The answer of a test to a text; none if the text is no canonical value of the kind or the test can't be compiled.
#[must_use]
pub fn passes(kind: Kind, lang: &Lang, text: &str) -> Answers {
    let mut machines = Machines::default();
    Read::new(kind, text).and_then(|read| read.answer(&mut machines, lang)).unwrap_or(Answers::NONE)
}

/// Is the text a value of the kind that passes all wants?
pub(super) fn all(machines: &mut Machines, kind: Kind, wants: &[Want], text: &str) -> bool {
    let Some(read) = Read::new(kind, text) else { return false };
    wants.iter().all(|want| read.answer(machines, &want.lang).is_some_and(|answer| want.allowed.covers(answer)))
}

/// A text and its parts, as the runtime reads them.
struct Read<'t> {
    text: &'t str,
    parts: Vec<(Part, String)>,
}

impl<'t> Read<'t> {
    /// `None` if the text is not what the runtime prints for a value of the kind.
    fn new(kind: Kind, text: &'t str) -> Option<Read<'t>> {
        let (canonical, parts) = match kind {
            Kind::Text => (text.to_owned(), Vec::new()),
            Kind::Host => (Host::parse(text).ok()?.to_string(), Vec::new()),
            Kind::Email => {
                let email = Email::parse(text).ok()?;
                let parts = vec![
                    (Part::EmailLocal, email.local().to_string()),
                    (Part::EmailDomain, email.domain().to_string()),
                ];
                (email.to_string(), parts)
            }
            Kind::Url => {
                let url = UrlValue::parse(text).ok()?;
                let mut parts = vec![
                    (Part::UrlScheme, text_of(url.scheme())?),
                    (Part::UrlPath, text_of(url.path())?),
                    (Part::UrlQuery, text_of(url.query())?),
                ];
                if let Some(host) = url.host() {
                    parts.push((Part::UrlHost, text_of(host)?));
                }
                (url.to_string(), parts)
            }
            Kind::Path => {
                let path = PathValue::unresolved(text).ok()?;
                let parts = vec![
                    (Part::PathName, path.name().to_string()),
                    (Part::PathExtension, path.extension().to_string()),
                ];
                (path.to_string(), parts)
            }
        };
        (canonical == text).then_some(Read { text, parts })
    }

    fn answer(&self, machines: &mut Machines, lang: &Lang) -> Option<Answers> {
        let Lang::Part(part, lang) = lang else { return contains(machines, lang, self.text).map(answer) };
        let Some((_, text)) = self.parts.iter().find(|(p, _)| p == part) else { return Some(Answers::UNKNOWN) };
        match &**lang {
            // Parts have no parts.
            Lang::Part(..) => Some(Answers::UNKNOWN),
            lang => contains(machines, lang, text).map(answer),
        }
    }
}

fn answer(passes: bool) -> Answers {
    Answers::only(Tri::from(passes))
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Str(text) => Some(text.to_string()),
        Value::Host(host) => Some(host.to_string()),
        _ => None,
    }
}

fn contains(machines: &mut Machines, lang: &Lang, text: &str) -> Option<bool> {
    Some(match lang {
        Lang::OneOf(items) => items.iter().any(|item| item == text),
        Lang::Like(glob) => glob_matches(glob, text),
        Lang::Matches(regex) => return machines.matches(regex, text),
        Lang::Under(bases) => {
            let host = Host::parse(text).ok();
            bases.iter().any(|base| match (&host, Host::parse(base)) {
                (Some(host), Ok(base)) => host.is_under(&base),
                _ => text == base,
            })
        }
        Lang::Within(dirs) => dirs.iter().any(|dir| inside(text, dir)),
        Lang::Chars(op, bound) => {
            let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            match op {
                CompareOp::Lt => count < *bound,
                CompareOp::Le => count <= *bound,
                CompareOp::Gt => count > *bound,
                CompareOp::Ge => count >= *bound,
            }
        }
        Lang::Part(..) => return None,
    })
}

/// As the runtime's paths compare without their targets.
fn inside(path: &str, dir: &str) -> bool {
    let Some(rest) = path.strip_prefix(dir) else { return false };
    rest.is_empty() || rest.starts_with('/') || dir == "/"
}
