//! Random policies, as source text, so that the parser and the checker take part in every comparison.

use super::condition::{Polarity, PredicateSig, Scope, condition, expr, params};
use super::rng::Rng;
use super::universe::{ENVS, LABELS, Param, ROLES, TAGS, TIERS, Ty, VOCABULARY};

/// A module: declarations in any order after its header.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ModuleText {
    pub path: String,
    pub header: Vec<String>,
    pub items: Vec<String>,
}

/// A tool as requests need to know it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ToolSig {
    pub name: String,
    pub server: Option<String>,
    pub pinned: Option<String>,
    pub params: Vec<Param>,
}

/// A generated policy.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PolicyText {
    pub modules: Vec<ModuleText>,
    pub tools: Vec<ToolSig>,
}

impl PolicyText {
    /// The files: path and text; the root first.
    pub fn files(&self) -> Vec<(String, String)> {
        self.modules.iter().map(|m| (m.path.clone(), m.text())).collect()
    }

    /// The same policy with the declarations of every file in another order.
    pub fn shuffled(&self, rng: &mut Rng) -> PolicyText {
        let mut other = self.clone();
        for module in &mut other.modules {
            rng.shuffle(&mut module.header[1..]);
            rng.shuffle(&mut module.items);
        }
        other
    }

    /// The root alone, without the modules it uses.
    pub fn root_alone(&self) -> PolicyText {
        let mut other = self.clone();
        other.modules.truncate(1);
        other.modules[0].header.truncate(1);
        other
    }

    /// All files in one text, for messages of failing tests.
    pub fn listing(&self) -> String {
        self.files().iter().map(|(path, text)| format!("// ---- {path}\n{text}\n")).collect()
    }
}

impl ModuleText {
    fn text(&self) -> String {
        let mut out = self.header.join("\n");
        out.push('\n');
        for item in &self.items {
            out.push_str(item);
            out.push('\n');
        }
        out
    }
}

/// The policy that belongs to the random stream.
pub fn policy(rng: &mut Rng) -> PolicyText {
    let mut writer = Writer::new(rng);
    writer.root();
    let mut modules = vec![writer.module];
    let tools = writer.tools;
    let tiers = writer.tiers;
    for path in ["layer.claw", "second.claw"] {
        if rng.chance(35) {
            let stem = path.trim_end_matches(".claw");
            modules[0].header.push(format!("use \"./{path}\" as {stem}"));
            modules.push(layer(rng, stem, tiers));
        }
    }
    PolicyText { modules, tools }
}

struct Writer<'r> {
    rng: &'r mut Rng,
    module: ModuleText,
    tools: Vec<ToolSig>,
    signatures: Vec<(String, Vec<Param>)>,
    predicates: Vec<PredicateSig>,
    scopes: Vec<(String, Vec<Param>)>,
    tiers: bool,
}

/// Words of a target list and the parameters that everything they cover has.
type Target = (String, Vec<Param>);

impl<'r> Writer<'r> {
    fn new(rng: &'r mut Rng) -> Writer<'r> {
        let tiers = rng.chance(75);
        let mut items: Vec<String> = VOCABULARY.iter().map(|s| (*s).to_owned()).collect();
        if tiers {
            items.push(format!("tiers {}", TIERS.join(" < ")));
        }
        let module = ModuleText { path: "main.claw".to_owned(), header: vec!["package gen.main".to_owned()], items };
        Writer {
            rng,
            module,
            tools: Vec::new(),
            signatures: Vec::new(),
            predicates: Vec::new(),
            scopes: Vec::new(),
            tiers,
        }
    }

    fn root(&mut self) {
        self.tools();
        self.predicates();
        self.scopes();
        self.grants();
        if self.tiers {
            self.classify();
            let text = matrix(self.rng);
            self.module.items.push(text);
        }
        for i in 0..self.rng.between(0, 6) {
            self.rule(&format!("rule_{i}"));
        }
        for i in 0..*self.rng.pick(&[0, 1, 1, 2]) {
            self.limit(&format!("limit_{i}"));
        }
    }

    fn tools(&mut self) {
        for i in 0..self.rng.between(1, 4) {
            let name = format!("tool_{i}");
            let params = params(self.rng);
            let list: Vec<String> = params
                .iter()
                .map(|p| {
                    let mark = if p.optional { "?" } else { "" };
                    let default = p.default.map(|d| format!(" = {d}")).unwrap_or_default();
                    format!("{}{mark}: {}{default}", p.name, p.ty.text())
                })
                .collect();
            let mut text = format!("tool {name}({})", list.join(", "));
            let server = self.rng.chance(15).then(|| "srv".to_owned());
            if let Some(server) = &server {
                text += &format!(" on server \"{server}\"");
            }
            let tags = self.rng.some(TAGS, 50);
            if !tags.is_empty() {
                text += &format!(" is {}", tags.join(", "));
            }
            let pinned = self.rng.chance(8).then(|| format!("sha256:{}", "ab".repeat(32)));
            if let Some(pinned) = &pinned {
                text += &format!(" pinned \"{pinned}\"");
            }
            self.module.items.push(text);
            self.signatures.push((name.clone(), params.clone()));
            self.tools.push(ToolSig { name, server, pinned, params });
        }
        // Both tags exist somewhere, so that `tagged(…)` always covers something.
        let tags = TAGS.join(", ");
        self.module.items.push(format!("tool spare(s: string) is {tags}"));
        self.signatures.push(("spare".to_owned(), vec![crate::generate::universe::PARAMS[8]]));
        self.tools.push(ToolSig {
            name: "spare".to_owned(),
            server: None,
            pinned: None,
            params: vec![crate::generate::universe::PARAMS[8]],
        });
    }

    fn predicates(&mut self) {
        for i in 0..*self.rng.pick(&[0, 0, 1, 2]) {
            let types: Vec<Ty> = self.rng.few(&[Ty::Str, Ty::Int, Ty::Email, Ty::Host, Ty::Command, Ty::Call], 1, 2);
            let locals: Vec<_> = types.iter().enumerate().map(|(k, ty)| (format!("x{k}"), *ty)).collect();
            let list: Vec<String> = locals.iter().map(|(n, ty)| format!("{n}: {}", ty.parameter())).collect();
            let scope = Scope {
                params: Vec::new(),
                tools: &[],
                predicates: &self.predicates,
                names: true,
                tiers: false,
                locals: locals.clone(),
            };
            let name = format!("pred_{i}");
            let body = condition(self.rng, &scope, Polarity::None, 1);
            self.module.items.push(format!("predicate {name}({}) = {body}", list.join(", ")));
            self.predicates.push(PredicateSig { name, params: types });
        }
    }

    fn condition(&mut self, params: &[Param], polarity: Polarity, depth: usize) -> String {
        let scope = Scope {
            params: params.to_vec(),
            tools: &self.signatures,
            predicates: &self.predicates,
            names: true,
            tiers: self.tiers,
            locals: Vec::new(),
        };
        condition(self.rng, &scope, polarity, depth)
    }

    fn common(&self, names: &[&(String, Vec<Param>)]) -> Vec<Param> {
        let Some((first, rest)) = names.split_first() else { return Vec::new() };
        let same = |p: &Param| {
            rest.iter().all(|(_, other)| other.iter().any(|q| q.name == p.name && q.optional == p.optional))
        };
        first.1.iter().filter(|p| same(p)).copied().collect()
    }

    /// Tools alone, for scopes.
    fn tool_target(&mut self) -> Target {
        let signatures = self.signatures.clone();
        let all: Vec<&(String, Vec<Param>)> = signatures.iter().collect();
        match self.rng.below(10) {
            0 => ("any".to_owned(), self.common(&all)),
            1 => (format!("tagged({})", self.rng.pick(TAGS)), Vec::new()),
            2 => ("tool_*".to_owned(), self.common(&all[..all.len() - 1])),
            _ => {
                let some = self.rng.few(&all, 1, 2);
                let names: Vec<&str> = some.iter().map(|(n, _)| n.as_str()).collect();
                (names.join(", "), self.common(&some))
            }
        }
    }

    fn target(&mut self) -> Target {
        if !self.scopes.is_empty() && self.rng.chance(25) {
            return self.rng.pick(&self.scopes).clone();
        }
        self.tool_target()
    }

    fn envs(&mut self) -> String {
        if self.rng.chance(30) { format!(" in {}", self.rng.few(ENVS, 1, 2).join(", ")) } else { String::new() }
    }

    fn scopes(&mut self) {
        for i in 0..*self.rng.pick(&[0, 1, 2]) {
            let mut text = format!("scope scope_{i} {{");
            let mut covered: Option<Vec<Param>> = None;
            for _ in 0..self.rng.between(1, 2) {
                let (words, params) = self.target();
                text += &format!(" on {words}");
                if self.rng.chance(60) {
                    text += &format!(" where {}", self.condition(&params, Polarity::None, 2));
                }
                covered = Some(match covered {
                    None => params,
                    Some(old) => old
                        .into_iter()
                        .filter(|p| params.iter().any(|q| q.name == p.name && q.optional == p.optional))
                        .collect(),
                });
            }
            self.module.items.push(text + " }");
            self.scopes.push((format!("scope_{i}"), covered.unwrap_or_default()));
        }
    }

    fn grants(&mut self) {
        if self.rng.chance(75) {
            let roles = self.rng.few(ROLES, 1, 3).join(", ");
            self.module.items.push(format!("grant any to {roles}"));
        }
        for _ in 0..self.rng.between(1, 3) {
            let (words, _) = self.target();
            let to = self.rng.few(ROLES, 1, 2).join(", ");
            let envs = self.envs();
            let user = if self.rng.chance(20) {
                format!(" for {}", self.rng.few(ROLES, 1, 2).join(", "))
            } else {
                String::new()
            };
            let status = status(self.rng);
            self.module.items.push(format!("{status}grant {words} to {to}{envs}{user}"));
        }
    }

    fn classify(&mut self) {
        self.module.items.push("classify { low on any }".to_owned());
        for _ in 0..self.rng.between(0, 4) {
            let (words, params) = self.target();
            let tier = *self.rng.pick(TIERS);
            let envs = self.envs();
            let mut text = format!("classify {{ {tier} on {words}{envs}");
            if self.rng.chance(70) {
                text += &format!(" when {}", self.condition(&params, Polarity::None, 2));
            }
            if self.rng.chance(20) {
                text += &format!(" unless {}", self.condition(&params, Polarity::None, 1));
            }
            self.module.items.push(text + " }");
        }
    }

    fn rule(&mut self, name: &str) {
        let (words, params) = self.target();
        let envs = self.envs();
        let mut text = format!("{}rule {name} {{\n  on {words}{envs}\n", status(self.rng));
        for _ in 0..*self.rng.pick(&[0, 1, 1, 1, 2]) {
            text += &format!("  when {}\n", self.condition(&params, Polarity::Positive, 2));
        }
        for _ in 0..*self.rng.pick(&[0, 0, 1, 2]) {
            text += &format!("  unless {}\n", self.condition(&params, Polarity::Negative, 2));
        }
        text += &self.effects(&params);
        self.module.items.push(text + "}");
    }

    fn effects(&mut self, params: &[Param]) -> String {
        let scope = Scope {
            params: params.to_vec(),
            tools: &[],
            predicates: &[],
            names: true,
            tiers: self.tiers,
            locals: Vec::new(),
        };
        match self.rng.below(9) {
            0 | 1 => format!("  deny \"no: {{{}}}\"\n", expr(self.rng, &scope, Ty::Int, 0)),
            2 => format!("  require a1, {}\n", self.rng.pick(&["a0", "a2"])),
            3 => format!("  require {}\n  mark {}\n", self.rng.pick(&["a0", "a1", "a2"]), self.rng.pick(LABELS)),
            4 => match params.iter().find(|p| p.ty == Ty::StrSet) {
                Some(p) => format!("  constrain redact args.{}\n", p.name),
                None => format!("  constrain timeout {}\n", expr(self.rng, &scope, Ty::Duration, 1)),
            },
            5 => format!(
                "  constrain redact {}\n  constrain hosts {}\n",
                self.rng.pick(&["[\"a\", \"b\"]", "[\"a\", \"c\"]", "blocked"]),
                self.rng.pick(&["domains", "hot"])
            ),
            _ => format!("  mark {}\n", self.rng.few(LABELS, 1, 2).join("\n  mark ")),
        }
    }

    fn limit(&mut self, name: &str) {
        let (words, params) = self.target();
        let envs = self.envs();
        let sums: Vec<&str> = params.iter().filter(|p| matches!(p.ty, Ty::Decimal | Ty::Int)).map(|p| p.name).collect();
        let mut text = format!("{}limit {name} {{", status(self.rng));
        if sums.is_empty() && self.rng.chance(30) {
            text += &format!(" on {}", self.tool_target().0);
        }
        text += &format!(" on {words}{envs}");
        if self.rng.chance(30) {
            text += &format!(" when {}", self.condition(&params, Polarity::Positive, 1));
        }
        let counts = text.matches(" on ").count() > 1;
        if !counts && !sums.is_empty() && self.rng.chance(50) {
            text += &format!(" sum args.{} max 10.5", self.rng.pick(&sums));
        } else {
            text += &format!(" max {}", self.rng.between(1, 3));
        }
        let keys = self.rng.few(&["agent", "user", "tenant", "session", "tool"], 1, 2).join(", ");
        text += &format!(" per {} each {keys}", self.rng.pick(&["1m", "1h"]));
        if self.rng.chance(35) {
            text += &format!(" beyond require {}", self.rng.pick(&["a0", "a1"]));
        }
        self.module.items.push(text + " }");
    }
}

fn status(rng: &mut Rng) -> &'static str {
    match rng.below(25) {
        0 => "@status(candidate)\n",
        1 => "@status(suspended)\n",
        2 => "@status(hint)\n",
        _ => "",
    }
}

/// A matrix that is not less strict as the tier rises.
fn matrix(rng: &mut Rng) -> String {
    let mut text = format!("matrix {{\n  tier | {}\n", ENVS.join(" | "));
    let mut cells: Vec<Option<Vec<&str>>> = vec![Some(Vec::new()); ENVS.len()];
    for tier in TIERS {
        for cell in &mut cells {
            if rng.chance(25) {
                match cell {
                    Some(list) if rng.chance(75) => {
                        let approval = *rng.pick(&["a0", "a1", "a2"]);
                        if !list.contains(&approval) {
                            list.push(approval);
                        }
                    }
                    _ => *cell = None,
                }
            }
        }
        let row: Vec<String> = cells
            .iter()
            .map(|cell| match cell {
                None => "deny".to_owned(),
                Some(list) if list.is_empty() => "allow".to_owned(),
                Some(list) => list.join(" + "),
            })
            .collect();
        text += &format!("  {tier} | {}\n", row.join(" | "));
    }
    text + "}"
}

/// A module without grants: it knows no tool by name, so its rules are about every call.
fn layer(rng: &mut Rng, stem: &str, tiers: bool) -> ModuleText {
    let mut module =
        ModuleText { path: format!("{stem}.claw"), header: vec![format!("package gen.{stem}")], items: Vec::new() };
    for i in 0..rng.between(1, 3) {
        let scope = Scope { params: Vec::new(), tools: &[], predicates: &[], names: false, tiers, locals: Vec::new() };
        let target = match rng.below(3) {
            0 => format!("tagged({})", rng.pick(TAGS)),
            _ => "any".to_owned(),
        };
        let when = condition(rng, &scope, Polarity::Positive, 2);
        let text = match rng.below(6) {
            0 if tiers => format!(
                "classify {{ {} on {target} when {} }}",
                rng.pick(TIERS),
                condition(rng, &scope, Polarity::None, 1)
            ),
            1 => format!("limit l{i} {{ on {target} when {when} max {} per 1h each agent }}", rng.between(1, 4)),
            2 => format!("rule r{i} {{ on {target} when {when} mark {} }}", rng.pick(LABELS)),
            3 => format!(
                "approval own{i} {{ by 1 of r2 expires 5m }}\nrule r{i} {{ on {target} when {when} require own{i} }}"
            ),
            _ => format!("rule r{i} {{ on {target} when {when} deny \"layer\" }}"),
        };
        module.items.push(text);
    }
    module
}
