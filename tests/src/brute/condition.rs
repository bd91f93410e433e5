//! Random conditions about few places, so that they imply and exclude each other often.

use super::domain::Kind;
use crate::generate::Rng;

/// Something that conditions read.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Place {
    pub text: String,
    pub kind: Kind,
    pub optional: bool,
}

/// What a policy's conditions are made of.
#[derive(Clone, Debug)]
pub struct Words {
    /// Arguments and attributes.
    pub places: Vec<Place>,
    /// Tests of other things, ready to be used.
    pub facts: Vec<String>,
}

/// Where labels and the tier may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Way {
    When,
    Unless,
    Anywhere,
}

/// A condition.
pub fn condition(rng: &mut Rng, words: &Words, depth: usize) -> String {
    match rng.below(10) {
        0..=2 if depth > 0 => {
            let op = *rng.pick(&["and", "or"]);
            format!("({} {op} {})", condition(rng, words, depth - 1), condition(rng, words, depth - 1))
        }
        3 if depth > 0 => format!("(not {})", condition(rng, words, depth - 1)),
        4 if !words.facts.is_empty() => rng.pick(&words.facts).clone(),
        _ => {
            let place = rng.pick(&words.places).clone();
            test(rng, words, &place, 0)
        }
    }
}

/// A test of one place, or of it and another of its kind.
fn test(rng: &mut Rng, words: &Words, place: &Place, depth: usize) -> String {
    if place.optional && rng.chance(25) {
        return format!("present({})", place.text);
    }
    if rng.chance(12) {
        let same: Vec<&Place> = words.places.iter().filter(|p| p.kind == place.kind && p.text != place.text).collect();
        if !same.is_empty() && place.kind.element().is_none() && place.kind != Kind::Item && place.kind != Kind::Bool {
            return format!("({} {} {})", place.text, rng.pick(&["==", "!="]), rng.pick(&same).text);
        }
    }
    if place.kind.element().is_some() {
        return of_list(rng, words, place, depth);
    }
    let mut text = place.text.clone();
    if place.optional && !place.kind.literals().is_empty() && rng.chance(30) {
        text = format!("({text} else {})", rng.pick(place.kind.literals()));
    }
    scalar(rng, words, &text, place.kind, depth)
}

fn scalar(rng: &mut Rng, words: &Words, x: &str, kind: Kind, depth: usize) -> String {
    if kind == Kind::Item {
        return of_item(rng, words, x, depth);
    }
    let lit = *rng.pick(if kind.literals().is_empty() { &["true"] } else { kind.literals() });
    let set = rng.few(kind.literals(), 1, 3).join(", ");
    let order = *rng.pick(&["<", "<=", ">", ">="]);
    let choice = rng.below(6);
    match (kind, choice) {
        (Kind::Bool, 0..=3) => x.to_owned(),
        (Kind::Bool, _) => format!("(not {x})"),
        (_, 0) if kind != Kind::Command => format!("({x} {} {lit})", rng.pick(&["==", "!="])),
        (_, 1) if kind != Kind::Command => format!("({x} {} [{set}])", rng.pick(&["in", "not in"])),
        (Kind::Int, 2) => format!("({x} + 1 {order} {lit})"),
        (Kind::Int, 3) if depth == 0 => format!("large({x})"),
        (Kind::Time, 2) => format!("({x} in {})", rng.pick(&["office", "night"])),
        (Kind::Time, 3) => format!("({x} + 1h {order} {lit})"),
        (Kind::Command, 0 | 1) => format!("{x}.only([\"ls\", \"cat\"])"),
        (Kind::Command, 2) => format!("{x}.opaque"),
        (Kind::Command, _) => format!("any(o in {x}.calls: o.program == \"rm\")"),
        (Kind::Int | Kind::Decimal | Kind::Date | Kind::Time | Kind::Duration, _) => format!("({x} {order} {lit})"),
        (Kind::Str, _) => of_text(rng, x),
        (Kind::Email, 2) => of_text(rng, &format!("{x}.local")),
        (Kind::Email, _) => scalar(rng, words, &format!("{x}.domain"), Kind::Host, depth),
        (Kind::Host, _) => format!("({x} under {})", rng.pick(&["\"acme.com\"", "\"x.acme.com\"", "hosts_of_ours"])),
        (Kind::Url, 2) => format!("({x}.scheme == \"https\")"),
        (Kind::Url, 3) => of_text(rng, &format!("{x}.path")),
        (Kind::Url, _) => scalar(rng, words, &format!("{x}.host"), Kind::Host, depth),
        (Kind::Path, 2) => {
            let part = *rng.pick(&["name", "extension"]);
            of_text(rng, &format!("{x}.{part}"))
        }
        (Kind::Path, _) => {
            format!("({x} under {})", rng.pick(&["\"/srv\"", "\"/srv/a\"", "\"/etc\"", "[\"/srv/a\", \"/etc\"]"]))
        }
        (Kind::Ip, 2) => format!("{x}.is_private"),
        (Kind::Ip, _) => format!("({x} in \"{}\")", rng.pick(&["10.0.0.0/8", "127.0.0.0/8", "10.0.0.0/31"])),
        _ => format!("({x} == {lit})"),
    }
}

const GLOBS: &[&str] =
    &["\"a*\"", "\"*b\"", "\"?\"", "\"/a*\"", "\"*\"", "\"a?*\"", "\"*a*b\"", "\"??\"", "\"\"", "\"a**\""];

const REGEXES: &[&str] = &[
    "a|b",
    "[ab]+",
    ".*b",
    "(a|c)*",
    "",
    "(?i)a.",
    "[^a]*",
    "\\w+",
    "\\d*a?",
    "a{2,3}",
    "^a$",
    "(?s).",
    ".",
    "ab?c?",
    "(aa)*",
    "\\s*",
    "[[:alpha:]]+",
    "a.*|.*b",
    "\\pL+",
    "(?i)k",
    "/.*",
];

fn of_text(rng: &mut Rng, x: &str) -> String {
    match rng.below(4) {
        0 => format!("({x} == {})", rng.pick(Kind::Str.literals())),
        1 => format!("({x} like {})", rng.pick(GLOBS)),
        2 => format!("({x} matches r\"{}\")", rng.pick(REGEXES)),
        _ => format!("(len({x}) {} {})", rng.pick(&["<", ">", ">=", "<="]), rng.pick(&["0", "1", "2"])),
    }
}

fn of_item(rng: &mut Rng, words: &Words, x: &str, depth: usize) -> String {
    let at = |name: &str, kind: Kind, optional: bool| Place { text: format!("{x}.{name}"), kind, optional };
    let fields = [
        at("k", Kind::Int, false),
        at("at", Kind::Host, true),
        at("xs", Kind::Strs, false),
        at("sub.f", Kind::Bool, false),
        at("sub.z", Kind::Str, false),
        at("sub.o", Kind::Int, true),
    ];
    if rng.chance(8) {
        return format!("present({x}.sub)");
    }
    let field = rng.pick(&fields).clone();
    if field.kind == Kind::Strs && depth >= 2 { format!("({x}.k > 1)") } else { test(rng, words, &field, depth) }
}

fn of_list(rng: &mut Rng, words: &Words, place: &Place, depth: usize) -> String {
    let element = place.kind.element().expect("a list");
    let mut list = place.text.clone();
    if place.optional && rng.chance(70) {
        let other = match element.literals() {
            _ if rng.chance(70) || place.kind == Kind::StrSet => "[]".to_owned(),
            [] => "[]".to_owned(),
            some => format!("[{}]", rng.pick(some)),
        };
        list = format!("({list} else {other})");
    }
    if rng.chance(20) && depth == 0 && place.kind != Kind::StrSet {
        let same: Vec<&Place> = words.places.iter().filter(|p| p.kind == place.kind && p.text != place.text).collect();
        if !same.is_empty() {
            let other = rng.pick(&same);
            let other =
                if other.optional && rng.chance(70) { format!("({} else [])", other.text) } else { other.text.clone() };
            list = format!("({list} + {other})");
        }
    }
    let order = *rng.pick(&["<", "<=", ">", ">=", "=="]);
    let v = ["v", "w", "y"][depth.min(2)];
    let body = |rng: &mut Rng| {
        let it = Place { text: v.to_owned(), kind: element, optional: false };
        let one = test(rng, &Words { places: Vec::new(), facts: Vec::new() }, &it, depth + 1);
        match rng.below(12) {
            0 | 1 => format!("({one} and {})", test(rng, words_of(&it).as_ref(), &it, depth + 1)),
            2 => format!("({one} or {})", test(rng, words_of(&it).as_ref(), &it, depth + 1)),
            // What is around the quantifier, inside of it.
            3 if !words.places.is_empty() && depth == 0 => {
                let outer = rng.pick(&words.places).clone();
                if outer.kind.element().is_some() {
                    format!("({one} and len({}) > 1)", place.text)
                } else {
                    let outer = scalar(rng, words, &outer.text, outer.kind, 2);
                    format!("({one} and {outer})")
                }
            }
            _ => one,
        }
    };
    match rng.below(8) {
        0 => format!("(len({list}) {order} {})", rng.pick(&["0", "1", "2"])),
        1 => format!("(count({v} in {list}: {}) {order} {})", body(rng), rng.pick(&["0", "1", "2"])),
        2 if !element.literals().is_empty() => {
            format!("({} {} {list})", rng.pick(element.literals()), rng.pick(&["in", "not in"]))
        }
        _ => format!("{}({v} in {list}: {})", rng.pick(&["any", "all", "none"]), body(rng)),
    }
}

fn words_of(it: &Place) -> Box<Words> {
    Box::new(Words { places: vec![it.clone()], facts: Vec::new() })
}
