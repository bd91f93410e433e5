//! Values near one that a request has: the smallest change is shown first.

use claw_runtime::{Type, Value, parse_text};

/// So many values are tried for one part of a request.
const TRIES: usize = 64;
/// Texts are compared up to so many characters.
const CHARS: usize = 200;
/// What it costs to put in something that was not there, or to leave something out.
const WHOLE: f64 = 2.0;

/// The values, and mixtures of these and what is there, nearest first. The type is that of the part.
pub fn nearest(actual: Option<&Value>, values: Vec<Option<Value>>, ty: &Type) -> Vec<Option<Value>> {
    let mut all = Vec::new();
    for value in values {
        if let (Some(actual), Some(value)) = (actual, &value) {
            all.extend(mixed(actual, value, ty).into_iter().map(Some));
        }
        all.push(value);
    }
    all.retain(|value| value.as_ref() != actual);
    let mut ranked: Vec<(f64, Option<Value>)> =
        all.into_iter().map(|value| (distance(actual, value.as_ref()), value)).collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    ranked.dedup_by(|a, b| a.1 == b.1);
    ranked.into_iter().map(|(_, value)| value).take(TRIES).collect()
}

/// What is between two values.
fn mixed(actual: &Value, other: &Value, ty: &Type) -> Vec<Value> {
    match (actual, other, ty) {
        (Value::List(ours), Value::List(theirs), Type::List(element)) => lists(ours, theirs, element),
        (Value::Set(ours), Value::Set(theirs), Type::Set(element)) => lists(ours, theirs, element)
            .into_iter()
            .map(|list| match list {
                Value::List(items) => Value::set(items.to_vec()),
                other => other,
            })
            .collect(),
        (Value::Email(ours), Value::Email(theirs), _) => {
            text(ty, &format!("{}@{}", ours.local(), theirs.domain())).into_iter().collect()
        }
        (Value::Host(ours), Value::Host(theirs), _) => {
            let first = ours.to_string().split('.').next().unwrap_or_default().to_owned();
            text(ty, &format!("{first}.{theirs}")).into_iter().collect()
        }
        (Value::Url(ours), Value::Url(theirs), _) => {
            let (ours, theirs) = (ours.as_str(), theirs.as_str());
            let host = |url: &str| {
                url.split_once("://")
                    .map_or(0, |(scheme, rest)| scheme.len() + 3 + rest.find(['/', '?', '#']).unwrap_or(rest.len()))
            };
            let scheme = |url: &str| url.split_once("://").map_or(0, |(scheme, _)| scheme.len());
            let there = |at: usize| theirs.get(..at).unwrap_or_default();
            let rest = |at: usize| ours.get(at..).unwrap_or_default();
            let tries = [
                format!("{}{}", there(host(theirs)), rest(host(ours))),
                format!("{}{}", there(scheme(theirs)), rest(scheme(ours))),
            ];
            tries.iter().filter_map(|tried| text(ty, tried)).collect()
        }
        (Value::Path(ours), Value::Path(theirs), _) => {
            let name = ours.as_str().rsplit('/').next().unwrap_or_default().to_owned();
            let below = format!("{}/{name}", theirs.as_str().trim_end_matches('/'));
            let dir = theirs.as_str().rsplit_once('/').map_or("", |(dir, _)| dir);
            [below, format!("{dir}/{name}")].iter().filter_map(|tried| text(ty, tried)).collect()
        }
        _ => Vec::new(),
    }
}

fn text(ty: &Type, text: &str) -> Option<Value> {
    parse_text(text, ty).ok()
}

/// One element is another, is left out, or is added; or every element that is not in the other list is left out or
/// replaced.
fn lists(ours: &[Value], theirs: &[Value], element: &Type) -> Vec<Value> {
    let mut out = Vec::new();
    let mut put = |items: Vec<Value>| out.push(Value::list(items));
    for at in 0..ours.len().min(TRIES) {
        let mut fewer = ours.to_vec();
        let old = fewer.remove(at);
        put(fewer);
        for new in theirs {
            for new in mixed(&old, new, element).into_iter().chain([new.clone()]) {
                let mut other = ours.to_vec();
                if let Some(place) = other.get_mut(at) {
                    *place = new;
                }
                put(other);
            }
        }
    }
    for new in theirs {
        put([ours, std::slice::from_ref(new)].concat());
        put(ours
            .iter()
            .map(|old| mixed(old, new, element).into_iter().next().unwrap_or_else(|| new.clone()))
            .collect());
    }
    out
}

/// How far two values are from each other; of no meaning but for comparing.
pub fn distance(a: Option<&Value>, b: Option<&Value>) -> f64 {
    let (Some(a), Some(b)) = (a, b) else { return if a.is_some() == b.is_some() { 0.0 } else { WHOLE } };
    if a == b {
        return 0.0;
    }
    if let (Some(x), Some(y)) = (number(a), number(b)) {
        return ((x - y).abs() / (x.abs() + 1.0)).min(1000.0) / 500.0;
    }
    match (a, b) {
        (Value::List(a), Value::List(b)) | (Value::Set(a), Value::Set(b)) => elements(a, b),
        (Value::Record(a), Value::Record(b)) => {
            a.iter().zip(b.iter()).map(|(a, b)| distance(a.as_ref(), b.as_ref())).sum()
        }
        _ => texts(&crate::lower::constant(a), &crate::lower::constant(b)),
    }
}

/// What both begin and end with is no difference; the rest is compared element by element.
fn elements(a: &[Value], b: &[Value]) -> f64 {
    let front = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[front..], &b[front..]);
    let back = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - back], &b[..b.len() - back]);
    let pairs: f64 = a.iter().zip(b).map(|(x, y)| distance(Some(x), Some(y)) + 0.1).sum();
    let extra = a.len().abs_diff(b.len());
    pairs + WHOLE * f64::from(u32::try_from(extra).unwrap_or(u32::MAX))
}

#[allow(clippy::cast_precision_loss)]
fn number(value: &Value) -> Option<f64> {
    Some(match value {
        Value::Int(n) => *n as f64,
        Value::Decimal(d) => d.to_string().parse().ok()?,
        Value::Duration(d) => d.as_millis() as f64,
        Value::Time(t) => t.as_millis() as f64,
        Value::Date(d) => d.to_string().replace('-', "").parse().ok()?,
        _ => return None,
    })
}

/// The share of characters that would have to be changed.
#[allow(clippy::cast_precision_loss)]
fn texts(a: &str, b: &str) -> f64 {
    let a: Vec<char> = a.chars().take(CHARS).collect();
    let b: Vec<char> = b.chars().take(CHARS).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = (corner + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()] as f64 / a.len().max(b.len()).max(1) as f64
}
