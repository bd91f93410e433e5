//! Random conditions, typed as they are built so that they check clean.

use super::rng::Rng;
use super::shell::shell_test;
use super::universe::{ATTRS, ITEM, LABELS, ORIGINS, PARAMS, Param, ROLES, TIERS, Ty, literals};

/// Where `session.labels` and `tier` may stand: more of them must always mean stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarity {
    /// Nowhere: scopes, classify, comparisons of truth values.
    None,
    /// Positively: `when`.
    Positive,
    /// Negated: `unless`.
    Negative,
}

impl Polarity {
    fn flip(self) -> Polarity {
        match self {
            Polarity::None => Polarity::None,
            Polarity::Positive => Polarity::Negative,
            Polarity::Negative => Polarity::Positive,
        }
    }
}

/// A predicate that conditions may call.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PredicateSig {
    pub name: String,
    pub params: Vec<Ty>,
}

/// What a condition may read.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Scope<'a> {
    /// Parameters that all targets have.
    pub params: Vec<Param>,
    /// Tools with their parameters, for `prior`.
    pub tools: &'a [(String, Vec<Param>)],
    pub predicates: &'a [PredicateSig],
    /// Does the module see `words`, `domains`, `blocked`, `office`, … ?
    pub names: bool,
    pub tiers: bool,
    /// Variables and parameters in scope.
    pub locals: Vec<(String, Ty)>,
}

/// A readable place: its text, and whether it may be absent.
struct Place {
    text: String,
    optional: bool,
}

impl Scope<'_> {
    fn places(&self, ty: Ty) -> Vec<Place> {
        let mut out = Vec::new();
        for p in &self.params {
            self.below(&format!("args.{}", p.name), p.ty, p.optional, ty, &mut out);
        }
        for (name, of) in &self.locals {
            self.below(name, *of, false, ty, &mut out);
        }
        for (root, name, of, optional) in ATTRS {
            self.below(&format!("{root}.{name}"), *of, *optional, ty, &mut out);
        }
        match ty {
            Ty::Str => {
                for text in ["agent.id", "user.id", "tenant", "session.id"] {
                    out.push(Place { text: text.to_owned(), optional: false });
                }
                for text in ["agent.owner", "tool.server"] {
                    out.push(Place { text: text.to_owned(), optional: true });
                }
            }
            Ty::Int => out.push(Place { text: "agent.depth".to_owned(), optional: false }),
            Ty::Time => out.push(Place { text: "now".to_owned(), optional: false }),
            _ => {}
        }
        out
    }

    /// The place itself and its members, as far as they have the wanted type.
    #[allow(clippy::self_only_used_in_recursion)]
    fn below(&self, text: &str, of: Ty, optional: bool, want: Ty, out: &mut Vec<Place>) {
        if of == want {
            out.push(Place { text: text.to_owned(), optional });
        }
        let members: &[(&str, Ty)] = match of {
            Ty::Email => &[("local", Ty::Str), ("domain", Ty::Host)],
            Ty::Url => &[("scheme", Ty::Str), ("host", Ty::Host), ("path", Ty::Str)],
            Ty::Path => &[("name", Ty::Str), ("extension", Ty::Str)],
            Ty::Command => &[
                ("calls", Ty::Calls),
                ("programs", Ty::Strs),
                ("substitutions", Ty::Strs),
                ("opaque_because", Ty::Strs),
                ("opaque", Ty::Bool),
                ("plain", Ty::Bool),
            ],
            Ty::Call => &[
                ("program", Ty::Str),
                ("subcommand", Ty::Str),
                ("code", Ty::Str),
                ("args", Ty::Strs),
                ("positional", Ty::Strs),
                ("flags", Ty::Strs),
                ("env", Ty::Strs),
                ("reads", Ty::Strs),
                ("writes", Ty::Strs),
                ("stdin_from", Ty::Strs),
                ("wrappers", Ty::Strs),
                ("network", Ty::Bool),
            ],
            Ty::Sql => &[
                ("read_only", Ty::Bool),
                ("opaque", Ty::Bool),
                ("has_where", Ty::Bool),
                ("kinds", Ty::Strs),
                ("tables", Ty::Strs),
                ("columns", Ty::Strs),
                ("functions", Ty::Strs),
            ],
            Ty::Item => {
                for (name, ty, field_optional) in ITEM {
                    self.below(&format!("{text}.{name}"), *ty, *field_optional, want, out);
                }
                return;
            }
            _ => &[],
        };
        for (name, ty) in members {
            if *ty == want {
                out.push(Place { text: format!("{text}.{name}"), optional: false });
            }
        }
    }
}

/// An expression of the type, mostly one that reads something.
pub fn expr(rng: &mut Rng, scope: &Scope, ty: Ty, depth: usize) -> String {
    let places = scope.places(ty);
    if depth > 0
        && rng.chance(25)
        && let Some(text) = computed(rng, scope, ty, depth - 1)
    {
        return text;
    }
    if places.is_empty() || rng.chance(8) {
        return literal(rng, ty);
    }
    let place = rng.pick(&places);
    if place.optional && rng.chance(40) {
        format!("({} else {})", place.text, literal(rng, ty))
    } else {
        place.text.clone()
    }
}

fn literal(rng: &mut Rng, ty: Ty) -> String {
    (*rng.pick(literals(ty))).to_owned()
}

fn computed(rng: &mut Rng, scope: &Scope, ty: Ty, depth: usize) -> Option<String> {
    let a = |rng: &mut Rng| expr(rng, scope, ty, depth);
    Some(match ty {
        Ty::Int => match rng.below(5) {
            0 => format!("({} + {})", a(rng), a(rng)),
            1 => format!("({} - {})", a(rng), a(rng)),
            2 => format!("({} * 3)", a(rng)),
            3 => format!("len({})", list(rng, scope)?.0),
            _ => {
                let (text, element) = list(rng, scope)?;
                let (name, inner) = bind(scope, element);
                format!("count({name} in {text}: {})", condition(rng, &inner, Polarity::None, depth.min(1)))
            }
        },
        Ty::Decimal => match rng.below(3) {
            0 => format!("({} + {})", a(rng), a(rng)),
            1 => format!("({} - {})", a(rng), a(rng)),
            _ => format!("({} * 1.5)", a(rng)),
        },
        Ty::Duration => format!("({} + {})", a(rng), a(rng)),
        Ty::Time => format!("({} + {})", a(rng), expr(rng, scope, Ty::Duration, depth)),
        _ => return None,
    })
}

/// A list to quantify over, with its elements' type.
fn list(rng: &mut Rng, scope: &Scope) -> Option<(String, Ty)> {
    let mut all = Vec::new();
    for ty in [Ty::Emails, Ty::Strs, Ty::StrSet, Ty::Items, Ty::Ints, Ty::Calls] {
        for place in scope.places(ty) {
            let element = ty.element()?;
            all.push((place.text.clone(), element));
            if place.optional && !literals(ty).is_empty() {
                all.push((format!("({} else {})", place.text, rng.pick(literals(ty))), element));
                if ty == Ty::Emails && scope.params.iter().any(|p| p.name == "to") {
                    all.push((format!("args.to + ({} else [])", place.text), element));
                }
            }
        }
    }
    if scope.locals.is_empty() {
        all.push(("hosts(args)".to_owned(), Ty::Host));
        all.push(("emails(args)".to_owned(), Ty::Email));
        all.push(("urls(args)".to_owned(), Ty::Url));
        all.push(("paths(args)".to_owned(), Ty::Path));
        all.push(("commands(args)".to_owned(), Ty::Command));
    }
    if scope.names {
        all.push(("words".to_owned(), Ty::Str));
        all.push(("few".to_owned(), Ty::Int));
        all.push(("blocked".to_owned(), Ty::Str));
    }
    (!all.is_empty()).then(|| rng.pick(&all).clone())
}

fn bind<'a>(scope: &Scope<'a>, element: Ty) -> (String, Scope<'a>) {
    let name = format!("v{}", scope.locals.len());
    let mut inner = scope.clone();
    inner.locals.push((name.clone(), element));
    (name, inner)
}

/// A condition that may read what `scope` says.
pub fn condition(rng: &mut Rng, scope: &Scope, polarity: Polarity, depth: usize) -> String {
    if depth > 0 && rng.chance(55) {
        let n = rng.between(2, 3);
        let join = |rng: &mut Rng, word: &str| {
            (0..n).map(|_| format!("({})", condition(rng, scope, polarity, depth - 1))).collect::<Vec<_>>().join(word)
        };
        return match rng.below(5) {
            0 | 1 => join(rng, " and "),
            2 | 3 => join(rng, " or "),
            _ => format!("not ({})", condition(rng, scope, polarity.flip(), depth - 1)),
        };
    }
    loop {
        if let Some(text) = atom(rng, scope, polarity, depth) {
            return text;
        }
    }
}

fn atom(rng: &mut Rng, scope: &Scope, polarity: Polarity, depth: usize) -> Option<String> {
    match rng.below(25) {
        24 => patterns(rng, scope),
        22 | 23 => shell_test(rng, scope),
        20 => delegation(rng, scope),
        21 => mixed_list(rng, scope),
        0..=3 => equality(rng, scope, depth),
        4..=6 => comparison(rng, scope, depth),
        7 | 8 => membership(rng, scope, depth),
        9 | 10 => domain_test(rng, scope),
        11 | 12 => presence_or_truth(rng, scope),
        13 | 14 => quantifier(rng, scope, depth),
        15 => Some(role(rng)),
        16 => one_way(rng, scope, polarity),
        17 => host_fact(rng, scope),
        18 => prior(rng, scope),
        _ => call(rng, scope, depth),
    }
}

fn equality(rng: &mut Rng, scope: &Scope, depth: usize) -> Option<String> {
    let ty = *rng.pick(&[
        Ty::Str,
        Ty::Str,
        Ty::Int,
        Ty::Decimal,
        Ty::Host,
        Ty::Email,
        Ty::Color,
        Ty::Bool,
        Ty::Date,
        Ty::Ip,
        Ty::Url,
    ]);
    if scope.places(ty).is_empty() {
        return None;
    }
    let left = place(rng, scope, ty)?;
    let right = if rng.chance(75) { literal(rng, ty) } else { expr(rng, scope, ty, depth.min(1)) };
    Some(format!("{left} {} {right}", rng.pick(&["==", "!="])))
}

/// Something that is read, so that a literal beside it has a type to be.
pub(super) fn place(rng: &mut Rng, scope: &Scope, ty: Ty) -> Option<String> {
    let places = scope.places(ty);
    if places.is_empty() {
        return None;
    }
    let place = rng.pick(&places);
    if place.optional && !literals(ty).is_empty() && rng.chance(30) {
        Some(format!("({} else {})", place.text, literal(rng, ty)))
    } else {
        Some(place.text.clone())
    }
}

fn comparison(rng: &mut Rng, scope: &Scope, depth: usize) -> Option<String> {
    let ty = *rng.pick(&[Ty::Int, Ty::Int, Ty::Decimal, Ty::Decimal, Ty::Duration, Ty::Time, Ty::Date]);
    if scope.places(ty).is_empty() {
        return None;
    }
    let left = if rng.chance(30) && depth > 0 {
        computed(rng, scope, ty, depth - 1).or_else(|| place(rng, scope, ty))?
    } else {
        place(rng, scope, ty)?
    };
    let right = if rng.chance(60) { literal(rng, ty) } else { expr(rng, scope, ty, depth.min(1)) };
    Some(format!("{left} {} {right}", rng.pick(&["<", "<=", ">", ">="])))
}

fn membership(rng: &mut Rng, scope: &Scope, depth: usize) -> Option<String> {
    let op = *rng.pick(&["in", "in", "not in"]);
    match rng.below(6) {
        0 | 1 => {
            let ty = *rng.pick(&[Ty::Str, Ty::Int, Ty::Host, Ty::Email, Ty::Color]);
            let left = place(rng, scope, ty)?;
            let set = rng.few(literals(ty), 1, 3).join(", ");
            Some(format!("{left} {op} [{set}]"))
        }
        2 if scope.names => Some(format!("{} {op} {}", place(rng, scope, Ty::Str)?, rng.pick(&["words", "blocked"]))),
        3 => {
            let lists: Vec<Place> = [Ty::Strs, Ty::StrSet].into_iter().flat_map(|ty| scope.places(ty)).collect();
            if lists.is_empty() {
                return None;
            }
            Some(format!("{} {op} {}", expr(rng, scope, Ty::Str, depth.min(1)), rng.pick(&lists).text))
        }
        4 => Some(format!("{} {op} {}", place(rng, scope, Ty::Email)?, scope.places(Ty::Emails).first()?.text)),
        _ => Some(format!(
            "{} {op} {}",
            place(rng, scope, Ty::Ip)?,
            rng.pick(&["\"10.0.0.0/8\"", "\"127.0.0.0/8\"", "\"::/0\""])
        )),
    }
}

fn domain_test(rng: &mut Rng, scope: &Scope) -> Option<String> {
    match rng.below(6) {
        0 | 1 => {
            let set =
                if scope.names { *rng.pick(&["\"acme.com\"", "domains", "hot", "sites"]) } else { "\"acme.com\"" };
            Some(format!("{} under {set}", place(rng, scope, Ty::Host)?))
        }
        2 if scope.names && rng.chance(50) => Some(format!("{} under folders", place(rng, scope, Ty::Path)?)),
        2 => Some(format!("{} under {}", place(rng, scope, Ty::Path)?, literal(rng, Ty::Path))),
        3 => Some(format!(
            "{} like {}",
            place(rng, scope, Ty::Str)?,
            rng.pick(&["\"a*\"", "\"*b\"", "\"?\"", "\"x*y\"", "\"*\""])
        )),
        4 => Some(format!(
            "{} matches {}",
            place(rng, scope, Ty::Str)?,
            rng.pick(&["r\"a|b\"", "r\"[a-c]+\"", "r\"\"", "r\".*y\""])
        )),
        _ => Some(format!("{}.{}", place(rng, scope, Ty::Ip)?, rng.pick(&["is_private", "is_loopback"]))),
    }
}

/// Several patterns on one text, as many as are asked together.
fn patterns(rng: &mut Rng, scope: &Scope) -> Option<String> {
    const PATTERNS: &[&str] = &[
        "like \"a*\"",
        "like \"*b\"",
        "like \"*.com\"",
        "like \"x*y\"",
        "like \"?\"",
        "like \"http*a*\"",
        "matches r\"a|b\"",
        "matches r\"[a-c]+\"",
        "matches r\".*y\"",
        "matches r\"[^@]*@acme\\.(com|io)\"",
        "matches r\"(?s).*e.*\"",
        "matches r\"[a-z ]+\"",
    ];
    let text = place(rng, scope, Ty::Str)?;
    let word = *rng.pick(&[" or ", " or ", " and "]);
    let tests = rng.few(PATTERNS, 4, 7);
    let test =
        |pattern: &str| if rng.chance(20) { format!("not ({text} {pattern})") } else { format!("{text} {pattern}") };
    Some(format!("({})", tests.into_iter().map(test).collect::<Vec<_>>().join(word)))
}

fn presence_or_truth(rng: &mut Rng, scope: &Scope) -> Option<String> {
    match rng.below(3) {
        0 => place(rng, scope, Ty::Bool),
        1 => {
            let optional: Vec<_> = scope.params.iter().filter(|p| p.optional).collect();
            if optional.is_empty() { None } else { Some(format!("present(args.{})", rng.pick(&optional).name)) }
        }
        _ => {
            let optional: Vec<_> = ATTRS.iter().filter(|a| a.3).collect();
            let (root, name, ..) = rng.pick(&optional);
            Some(format!("present({root}.{name})"))
        }
    }
}

fn quantifier(rng: &mut Rng, scope: &Scope, depth: usize) -> Option<String> {
    if scope.locals.len() >= 2 {
        return None;
    }
    let (text, element) = list(rng, scope)?;
    let (name, inner) = bind(scope, element);
    let body = condition(rng, &inner, Polarity::None, depth.min(1));
    let op = *rng.pick(&["any", "all", "none"]);
    Some(format!("{op}({name} in {text}: {body})"))
}

fn role(rng: &mut Rng) -> String {
    format!("{} {} {}.roles", rng.pick(ROLES), rng.pick(&["in", "in", "not in"]), rng.pick(&["agent", "agent", "user"]))
}

fn one_way(rng: &mut Rng, scope: &Scope, polarity: Polarity) -> Option<String> {
    let tier = scope.tiers && rng.chance(40);
    match polarity {
        Polarity::None => None,
        Polarity::Positive if tier => Some(format!("tier {} {}", rng.pick(&[">=", ">"]), rng.pick(TIERS))),
        Polarity::Negative if tier => Some(format!("tier {} {}", rng.pick(&["<", "<="]), rng.pick(TIERS))),
        Polarity::Positive => Some(format!("{} in session.labels", rng.pick(LABELS))),
        Polarity::Negative => Some(format!("{} not in session.labels", rng.pick(LABELS))),
    }
}

/// About the agents of the chain.
fn delegation(rng: &mut Rng, scope: &Scope) -> Option<String> {
    if scope.locals.len() >= 2 {
        return None;
    }
    let name = format!("v{}", scope.locals.len());
    let test = match rng.below(3) {
        0 => format!("{name}.id == \"planner\""),
        1 => format!("{} in {name}.roles", rng.pick(ROLES)),
        _ => format!("{name}.owner == \"u-5\""),
    };
    Some(format!("{}({name} in agent.chain: {test})", rng.pick(&["any", "all", "none"])))
}

/// Membership in a list whose elements are not all constants.
fn mixed_list(rng: &mut Rng, scope: &Scope) -> Option<String> {
    let ty = *rng.pick(&[Ty::Str, Ty::Int, Ty::Host]);
    let elements: Option<Vec<String>> = (0..2).map(|_| place(rng, scope, ty)).collect();
    let list = format!("[{}, {}]", elements?.join(", "), literal(rng, ty));
    if rng.chance(60) || scope.locals.len() >= 2 {
        return Some(format!("{} {} {list}", place(rng, scope, ty)?, rng.pick(&["in", "not in"])));
    }
    let name = format!("v{}", scope.locals.len());
    let op = *rng.pick(&["any", "all", "none"]);
    Some(format!("{op}({name} in {list}: {name} {} {})", rng.pick(&["==", "!="]), literal(rng, ty)))
}

fn host_fact(rng: &mut Rng, scope: &Scope) -> Option<String> {
    match rng.below(5) {
        4 => Some(format!("tool.name {} \"spare\"", rng.pick(&["==", "!="]))),
        0 => Some(format!("env {} {}", rng.pick(&["==", "!="]), rng.pick(super::universe::ENVS))),
        1 if scope.names => Some(format!("now in {}", rng.pick(&["office", "night"]))),
        2 => {
            if scope.params.is_empty() {
                return None;
            }
            let p = rng.pick(&scope.params).name;
            Some(format!("{} in origins(args.{p})", rng.pick(ORIGINS)))
        }
        _ if scope.params.iter().any(|p| p.name == "j") => Some(
            (*rng.pick(&[
                "(args.j.at(\"/k\") as int) > 2",
                "(args.j.at(\"/k\") as string) == \"a\"",
                "args.j.at(\"/0\") as int == 1",
            ]))
            .to_owned(),
        ),
        _ => None,
    }
}

/// `prior tool(…) within D`, keyed by arguments that both calls have.
fn prior(rng: &mut Rng, scope: &Scope) -> Option<String> {
    if scope.tools.is_empty() || !scope.locals.is_empty() {
        return None;
    }
    let (tool, params) = rng.pick(scope.tools);
    let mut parts = Vec::new();
    for p in params {
        let keyed = matches!(p.ty, Ty::Str | Ty::Int | Ty::Host | Ty::Email | Ty::Color | Ty::Decimal);
        if !keyed || parts.len() >= 2 {
            continue;
        }
        if rng.chance(40) {
            if let Some(text) = place(rng, scope, p.ty) {
                parts.push(format!("prior.{} == {text}", p.name));
            }
        } else if rng.chance(20) && p.ty == Ty::Int {
            parts.push(format!("prior.{} > 1", p.name));
        } else if rng.chance(20) && p.ty == Ty::Str {
            parts.push(format!("prior.{} like \"a*\"", p.name));
        }
    }
    Some(format!("prior {tool}({}) within {}", parts.join(" and "), rng.pick(&["30s", "10m", "2h"])))
}

fn call(rng: &mut Rng, scope: &Scope, depth: usize) -> Option<String> {
    if scope.names && rng.chance(15) {
        return Some(format!("vet({})", expr(rng, scope, Ty::Str, 0)));
    }
    if scope.predicates.is_empty() {
        return None;
    }
    let predicate = rng.pick(scope.predicates);
    let args: Option<Vec<String>> =
        predicate.params.iter().map(|ty| (depth < 9).then(|| place(rng, scope, *ty))?).collect();
    Some(format!("{}({})", predicate.name, args?.join(", ")))
}

/// A random choice of parameters for a tool.
pub fn params(rng: &mut Rng) -> Vec<Param> {
    rng.few(PARAMS, 1, 7)
}
