//! The first pass over the items: every name gets its id and its place in a table.
//!
//! The entries are still empty; `signatures` and `typeck` fill them. A name that is declared twice keeps its first
//! meaning, and the second declaration is checked all the same.

use claw_runtime::{EnumDef, EnumId, RecordDef, RecordId, Type, Value};
use claw_syntax::Span;
use claw_syntax::ast::{self, Ident, ItemKind};

use super::{Cx, Vocabulary, docs};
use crate::analysis::Symbol;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{
    Approval, ApprovalId, Beyond, Constraint, Decl, Expr, ExprKind, Extern, ExternId, Let, LetId, Limit, LimitId, Live,
    LiveId, Loc, Merge, ModuleId, Predicate, PredicateId, Role, Rule, RuleId, Scope, ScopeId, Tool, ToolId, ToolKind,
    WindowDecl, WindowId, Word,
};
use crate::typeck;

impl Cx<'_> {
    /// Declares everything.
    pub(super) fn declare(&mut self) {
        let trees = self.trees();
        for (module, parse) in &trees {
            for item in &parse.file.items {
                let symbol = self.declare_item(*module, item);
                self.spaces[module.index()].items.push(symbol);
            }
        }
        for (module, _) in &trees {
            self.declare_aliases(*module);
        }
        self.collect_visible_tools();
        self.check_counts();
    }

    fn declare_item(&mut self, module: ModuleId, item: &ast::Item) -> Option<Symbol> {
        match &item.kind {
            ItemKind::Tiers(words) => self.declare_once(module, item, Vocabulary::Tier, words),
            ItemKind::Environments(words) => self.declare_once(module, item, Vocabulary::Environment, words),
            ItemKind::Labels(words) => self.declare_words(module, item, Vocabulary::Label, words),
            ItemKind::Tags(words) => self.declare_words(module, item, Vocabulary::Tag, words),
            ItemKind::Origins(words) => self.declare_words(module, item, Vocabulary::Origin, words),
            ItemKind::Roles(roles) => {
                let words: Vec<Ident> = roles.iter().map(|r| r.name.clone()).collect();
                self.declare_words(module, item, Vocabulary::Role, &words);
            }
            ItemKind::Constraints(constraints) => self.declare_constraints(module, item, constraints),
            _ => return self.declare_named(module, item),
        }
        None
    }

    fn declare_named(&mut self, module: ModuleId, item: &ast::Item) -> Option<Symbol> {
        let (name, span) = match &item.kind {
            ItemKind::Tool(tool) => (tool.name.text(), tool.name.span),
            _ => match item.name() {
                Some(name) => (name.name.clone(), name.span),
                None => {
                    self.nameless |= has_name(&item.kind);
                    return None;
                }
            },
        };
        if name.is_empty() {
            self.nameless = true;
            return None;
        }
        let decl = self.decl(module, item, name.clone(), span);
        let symbol = self.push_entry(&item.kind, decl)?;
        self.enter(module, &name, span, symbol);
        Some(symbol)
    }

    /// Adds an empty entry to the table of its kind.
    fn push_entry(&mut self, kind: &ItemKind, decl: Decl) -> Option<Symbol> {
        fn next<T>(table: &[T]) -> u32 {
            table.len() as u32
        }
        let hole = || Expr { kind: ExprKind::Error, ty: Type::Error, loc: decl.loc };
        let p = &mut self.package;
        Some(match kind {
            ItemKind::Enum(_) => {
                let id = EnumId(next(&p.schema.enums));
                p.schema.enums.push(EnumDef { name: decl.name.clone(), variants: Vec::new() });
                p.enum_decls.push(decl);
                Symbol::Enum(id)
            }
            ItemKind::Record(_) => {
                let id = RecordId(next(&p.schema.records));
                p.schema.records.push(RecordDef { name: decl.name.clone(), fields: Vec::new() });
                p.record_decls.push(decl);
                Symbol::Record(id)
            }
            ItemKind::Tool(tool) => {
                let id = ToolId(next(&p.tools));
                p.tools.push(empty_tool(tool, decl));
                Symbol::Tool(id)
            }
            ItemKind::Let(_) => {
                let id = LetId(next(&p.lets));
                p.lets.push(Let { decl, ty: Type::Error, value: Value::Bool(false), reads: Vec::new() });
                Symbol::Let(id)
            }
            ItemKind::Live(_) => {
                let id = LiveId(next(&p.lives));
                p.lives.push(Live { decl, ty: Type::Error });
                Symbol::Live(id)
            }
            ItemKind::Extern(_) => {
                let id = ExternId(next(&p.externs));
                let timeout = claw_runtime::Duration::from_millis(0);
                p.externs.push(Extern { decl, params: Vec::new(), result: Type::Error, timeout });
                Symbol::Extern(id)
            }
            ItemKind::Predicate(_) => {
                let id = PredicateId(next(&p.predicates));
                let body = hole();
                p.predicates.push(Predicate { decl, params: Vec::new(), body });
                Symbol::Predicate(id)
            }
            ItemKind::Window(_) => {
                let id = WindowId(next(&p.windows));
                let (hours, except) = (Vec::new(), Vec::new());
                p.windows.push(WindowDecl { decl, zone: String::new(), days: 0, hours, except });
                Symbol::Window(id)
            }
            ItemKind::Approval(_) => {
                let id = ApprovalId(next(&p.approvals));
                p.approvals.push(empty_approval(decl));
                Symbol::Approval(id)
            }
            ItemKind::Scope(_) => {
                let id = ScopeId(next(&p.scopes));
                p.scopes.push(Scope { decl, arms: Vec::new() });
                Symbol::Scope(id)
            }
            ItemKind::Rule(_) => {
                let id = RuleId(next(&p.rules));
                let status = super::attributes::status(&decl);
                let (when, unless, effects) = (Vec::new(), Vec::new(), Vec::new());
                p.rules.push(Rule { decl, target: Default::default(), when, unless, effects, suggest: None, status });
                Symbol::Rule(id)
            }
            ItemKind::Limit(_) => {
                let id = LimitId(next(&p.limits));
                p.limits.push(empty_limit(decl));
                Symbol::Limit(id)
            }
            _ => return None,
        })
    }

    /// Puts a name into its module's namespace, or reports that it is taken.
    fn enter(&mut self, module: ModuleId, name: &str, span: Span, symbol: Symbol) {
        let loc = self.loc(module, span);
        self.declare_at(loc, symbol);
        let taken = match symbol {
            Symbol::Predicate(_) | Symbol::Extern(_) => typeck::FUNCTIONS.contains(&name),
            Symbol::Let(_) | Symbol::Live(_) | Symbol::Module(_) => typeck::ROOTS.contains(&name),
            _ => false,
        };
        if taken {
            let error = Diagnostic::new(codes::E0116, loc, format!("`{name}` means something in every expression"))
                .help("give this another name: it could not be used");
            return self.report(error);
        }
        let space = &mut self.spaces[module.index()];
        if let Some((first, first_loc)) = space.names.get(name).copied() {
            self.report_twice(name, loc, first_loc, first);
        } else {
            space.names.insert(name.to_owned(), (symbol, loc));
        }
    }

    fn report_twice(&mut self, name: &str, loc: Loc, first_loc: Loc, first: Symbol) {
        let error = Diagnostic::new(codes::E0102, loc, format!("`{name}` is declared twice"))
            .here("again here")
            .label(first_loc, format!("first here, as {}", first.kind()))
            .help("give one of them another name: all declarations of a file share their names");
        self.report(error);
    }

    fn declare_aliases(&mut self, module: ModuleId) {
        let parse = self.parses[self.package.modules[module.index()].file.0 as usize].clone();
        for (target, alias, _, loc) in self.package.modules[module.index()].uses.clone() {
            let Some(alias) = alias else { continue };
            // An alias that was not written gives way to what was.
            let items = parse.iter().flat_map(|p| p.file.items.iter());
            let written = items.filter(|i| i.span == loc.span).find_map(|i| match &i.kind {
                ItemKind::Use(decl) => decl.alias.as_ref(),
                _ => None,
            });
            match written {
                Some(ident) => self.enter(module, &alias, ident.span, Symbol::Module(target)),
                None => {
                    let space = &mut self.spaces[module.index()];
                    if typeck::ROOTS.contains(&alias.as_str()) {
                        continue;
                    }
                    space.names.entry(alias).or_insert((Symbol::Module(target), loc));
                }
            }
        }
    }

    /// A vocabulary that one declaration gives once and for all.
    fn declare_once(&mut self, module: ModuleId, item: &ast::Item, vocabulary: Vocabulary, words: &[Ident]) {
        let table = if vocabulary == Vocabulary::Tier { &self.package.tiers } else { &self.package.environments };
        if let Some(first) = table.first() {
            let first = first.decl.loc;
            let kind = vocabulary.word();
            let error =
                Diagnostic::new(codes::E0108, self.loc(module, item.span), format!("the {kind}s are declared twice"))
                    .label(first, "first here")
                    .help(format!("all modules of a policy share their {kind}s: keep one declaration"));
            return self.report(error);
        }
        self.note_holes(vocabulary, words);
        for word in words.iter().filter(|w| !w.is_hole()) {
            if let Some(id) = self.vocabulary(vocabulary).get(&word.name).copied() {
                let table =
                    if vocabulary == Vocabulary::Tier { &self.package.tiers } else { &self.package.environments };
                let (first, loc) = (table[id as usize].decl.name_loc, self.loc(module, word.span));
                self.report_twice(&word.name, loc, first, vocabulary.symbol(id));
            }
            self.add_word(module, item, vocabulary, word);
        }
    }

    /// A vocabulary whose words may be repeated: the first declaration counts.
    fn declare_words(&mut self, module: ModuleId, item: &ast::Item, vocabulary: Vocabulary, words: &[Ident]) {
        self.note_holes(vocabulary, words);
        for word in words.iter().filter(|w| !w.is_hole()) {
            self.add_word(module, item, vocabulary, word);
        }
    }

    fn note_holes(&mut self, vocabulary: Vocabulary, words: &[Ident]) {
        if words.iter().any(Ident::is_hole) {
            self.wordless.push(vocabulary);
        }
    }

    fn add_word(&mut self, module: ModuleId, item: &ast::Item, vocabulary: Vocabulary, word: &Ident) {
        let loc = self.loc(module, word.span);
        if word.name == "any" {
            let message = "`any` can't be declared: it stands for all of them";
            return self.report(Diagnostic::new(codes::E0116, loc, message));
        }
        if let Some(id) = self.vocabulary(vocabulary).get(&word.name).copied() {
            return self.refer(loc, vocabulary.symbol(id));
        }
        let decl = self.decl(module, item, word.name.clone(), word.span);
        let p = &mut self.package;
        let words = &mut self.words;
        let (table, id) = match vocabulary {
            Vocabulary::Role => {
                p.roles.push(Role { decl, includes: Vec::new(), closure: Vec::new() });
                (&mut words.roles, p.roles.len())
            }
            Vocabulary::Tier => (&mut words.tiers, push_word(&mut p.tiers, decl)),
            Vocabulary::Environment => (&mut words.environments, push_word(&mut p.environments, decl)),
            Vocabulary::Label => (&mut words.labels, push_word(&mut p.labels, decl)),
            Vocabulary::Tag => (&mut words.tags, push_word(&mut p.tags, decl)),
            Vocabulary::Origin => (&mut words.origins, push_word(&mut p.origins, decl)),
            Vocabulary::Constraint => return,
        };
        let id = id as u32 - 1;
        table.insert(word.name.clone(), id);
        self.declare_at(loc, vocabulary.symbol(id));
    }

    fn declare_constraints(&mut self, module: ModuleId, item: &ast::Item, constraints: &[ast::ConstraintDecl]) {
        let outer = self.decl(module, item, "constraints", item.span);
        for constraint in constraints.iter().filter(|c| !c.name.is_hole()) {
            let loc = self.loc(module, constraint.name.span);
            if let Some(id) = self.words.constraints.get(&constraint.name.name).copied() {
                let first = self.package.constraints[id as usize].decl.name_loc;
                let name = &constraint.name.name;
                let error = Diagnostic::new(codes::E0108, loc, format!("the constraint `{name}` is declared twice"))
                    .label(first, "first here")
                    .help("all modules of a policy share their constraints: keep one declaration");
                self.report(error);
                continue;
            }
            let id = self.package.constraints.len() as u32;
            let mut decl = Cx::inner_decl(&outer, constraint.name.name.clone(), loc, docs(&constraint.docs));
            decl.loc = self.loc(module, constraint.span);
            self.package.constraints.push(Constraint { decl, ty: Type::Error, merge: Merge::Min });
            self.words.constraints.insert(constraint.name.name.clone(), id);
            self.declare_at(loc, Vocabulary::Constraint.symbol(id));
        }
    }

    /// By module: its own tools and those of the modules it uses, as they are written there.
    fn collect_visible_tools(&mut self) {
        let own = |space: &super::Namespace| -> Vec<(String, ToolId)> {
            let tools = space.names.iter().filter_map(|(name, (symbol, _))| match symbol {
                Symbol::Tool(id) => Some((name.clone(), *id)),
                _ => None,
            });
            tools.collect()
        };
        let tools: Vec<Vec<(String, ToolId)>> = self.spaces.iter().map(own).collect();
        for (at, module) in self.package.modules.iter().enumerate() {
            let mut visible: std::collections::BTreeMap<String, ToolId> = Default::default();
            for (target, alias, _, _) in &module.uses {
                let alias = alias.as_deref().unwrap_or_default();
                visible.extend(tools[target.index()].iter().map(|(name, id)| (format!("{alias}.{name}"), *id)));
            }
            visible.extend(tools[at].iter().cloned());
            self.spaces[at].tools = visible;
        }
    }

    fn check_counts(&mut self) {
        if let Some(word) = self.package.environments.get(64) {
            let error = Diagnostic::new(codes::E0424, word.decl.name_loc, "there are more than 64 environments")
                .help("environments are stages such as `dev` and `prod`; tell tenants apart by `tenant`");
            self.report(error);
        }
    }
}

/// Whether declarations of this kind have a name of their own.
fn has_name(kind: &ItemKind) -> bool {
    matches!(
        kind,
        ItemKind::Enum(_)
            | ItemKind::Record(_)
            | ItemKind::Let(_)
            | ItemKind::Live(_)
            | ItemKind::Extern(_)
            | ItemKind::Predicate(_)
            | ItemKind::Window(_)
            | ItemKind::Approval(_)
            | ItemKind::Scope(_)
            | ItemKind::Rule(_)
            | ItemKind::Limit(_)
    )
}

fn push_word(table: &mut Vec<Word>, decl: Decl) -> usize {
    table.push(Word { decl });
    table.len()
}

fn empty_tool(tool: &ast::ToolDecl, decl: Decl) -> Tool {
    let kind = match tool.kind {
        ast::ToolKind::Tool => ToolKind::Tool,
        ast::ToolKind::Resource => ToolKind::Resource,
        ast::ToolKind::Prompt => ToolKind::Prompt,
    };
    Tool {
        kind,
        params: Vec::new(),
        param_locs: Vec::new(),
        wire: tool.wire_name().map_or_else(|| decl.name.clone(), |lit| lit.value.clone()),
        server: tool.server().map(|lit| lit.value.clone()),
        tags: Vec::new(),
        pinned: None,
        decl,
    }
}

fn empty_approval(decl: Decl) -> Approval {
    let expires = claw_runtime::Duration::from_millis(0);
    Approval { decl, by: Vec::new(), by_user: false, expires, reuse: None, note_required: false }
}

fn empty_limit(decl: Decl) -> Limit {
    Limit {
        status: super::attributes::status(&decl),
        decl,
        arms: Vec::new(),
        max: claw_runtime::Decimal::ZERO,
        per: claw_runtime::Duration::from_millis(0),
        keys: Vec::new(),
        beyond: Beyond::Deny(None),
    }
}
