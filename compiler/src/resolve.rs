//! From trees to the package: names become ids.
//!
//! Runs in passes over all modules, so that nothing depends on the order of declarations: load the modules, declare
//! the names, read the signatures, and hand over to `typeck` for what stands inside. A mistake never stops a
//! pass: what can't be understood becomes a hole, and holes are silent.

mod attributes;
mod declare;
mod modules;
mod signatures;
mod standard;
pub(crate) mod targets;
mod types;

pub(crate) use standard::names as standard_modules;
pub(crate) use types::words as type_words;

use std::collections::BTreeMap;
use std::sync::Arc;

use claw_runtime::Type;
use claw_syntax::ast;
use claw_syntax::{Parse, Span};
use rustc_hash::FxHashMap;

use crate::analysis::{Analysis, Missing, Reference, Symbol, Symbols};
use crate::diagnostics::{Code, Diagnostic, codes};
use crate::hir::{Decl, EnvId, FileId, LetId, Loc, ModuleId, Package, ToolId};
use crate::source::Sources;
use crate::suggest;
use crate::typeck;
use crate::workspace::Workspace;

pub(crate) use attributes::status;

/// Resolves and checks the policy whose root is the normalised path `root`.
pub(crate) fn analyze(workspace: &Workspace, root: &str) -> Analysis {
    let loaded = modules::load(workspace, root);
    let mut cx = Cx::new(workspace, loaded);
    cx.syntax_errors();
    cx.declare();
    cx.check_narrowing();
    cx.signatures();
    typeck::check(&mut cx);
    cx.finish()
}

/// What all passes share.
pub(crate) struct Cx<'w> {
    pub workspace: &'w Workspace,
    pub sources: Sources,
    /// By file.
    pub parses: Vec<Option<Arc<Parse>>>,
    pub package: Package,
    /// By module.
    pub spaces: Vec<Namespace>,
    pub words: Words,
    pub diagnostics: Vec<Diagnostic>,
    pub missing: Vec<Missing>,
    /// Names of modules that could not be loaded.
    pub lost: Vec<(ModuleId, String)>,
    /// Text that is no declaration; what it was meant to declare is not missed.
    pub garbled: Vec<String>,
    /// Some declaration's name could not be read: it may be any that is unknown elsewhere.
    pub nameless: bool,
    /// Vocabularies of which some word could not be read.
    pub wordless: Vec<Vocabulary>,
    pub references: Vec<Reference>,
    pub types: Vec<(Loc, Type)>,
    /// Constants that were evaluated (true) or are being.
    pub lets_done: FxHashMap<LetId, bool>,
}

/// The names of one module.
#[derive(Default)]
pub(crate) struct Namespace {
    pub names: BTreeMap<String, (Symbol, Loc)>,
    /// What each item of the file declares, index by index.
    pub items: Vec<Option<Symbol>>,
    /// The tools that can be named here, as they are written here.
    pub tools: BTreeMap<String, ToolId>,
}

/// The bundle-wide vocabularies, by word.
#[derive(Default)]
pub(crate) struct Words {
    pub tiers: FxHashMap<String, u32>,
    pub environments: FxHashMap<String, u32>,
    pub roles: FxHashMap<String, u32>,
    pub labels: FxHashMap<String, u32>,
    pub tags: FxHashMap<String, u32>,
    pub origins: FxHashMap<String, u32>,
    pub constraints: FxHashMap<String, u32>,
}

/// A vocabulary that words can be looked up in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vocabulary {
    Tier,
    Environment,
    Role,
    Label,
    Tag,
    Origin,
    Constraint,
}

impl Vocabulary {
    pub fn word(self) -> &'static str {
        match self {
            Vocabulary::Tier => "tier",
            Vocabulary::Environment => "environment",
            Vocabulary::Role => "role",
            Vocabulary::Label => "label",
            Vocabulary::Tag => "tag",
            Vocabulary::Origin => "origin",
            Vocabulary::Constraint => "constraint",
        }
    }

    fn symbol(self, id: u32) -> Symbol {
        use crate::hir::{ConstraintId, LabelId, OriginId, RoleId, TagId, TierId};
        match self {
            Vocabulary::Tier => Symbol::Tier(TierId(id)),
            Vocabulary::Environment => Symbol::Env(EnvId(id)),
            Vocabulary::Role => Symbol::Role(RoleId(id)),
            Vocabulary::Label => Symbol::Label(LabelId(id)),
            Vocabulary::Tag => Symbol::Tag(TagId(id)),
            Vocabulary::Origin => Symbol::Origin(OriginId(id)),
            Vocabulary::Constraint => Symbol::Constraint(ConstraintId(id)),
        }
    }
}

impl<'w> Cx<'w> {
    fn new(workspace: &'w Workspace, loaded: modules::Loaded) -> Cx<'w> {
        let spaces = loaded.modules.iter().map(|_| Namespace::default()).collect();
        let name = loaded.modules.first().map(|m| m.name.clone()).unwrap_or_default();
        let files = loaded.parses.iter().zip(&loaded.sources.files);
        let garbled = files.filter_map(|(parse, file)| Some(garbled(parse.as_ref()?, &file.text))).flatten().collect();
        Cx {
            garbled,
            nameless: false,
            wordless: Vec::new(),
            lost: loaded.lost,
            workspace,
            sources: loaded.sources,
            parses: loaded.parses,
            package: Package { name, modules: loaded.modules, ..Package::default() },
            spaces,
            words: Words::default(),
            diagnostics: loaded.diagnostics,
            missing: loaded.missing,
            references: Vec::new(),
            types: Vec::new(),
            lets_done: FxHashMap::default(),
        }
    }

    /// The errors of the grammar, as they are.
    fn syntax_errors(&mut self) {
        for (file, parse) in self.parses.iter().enumerate() {
            let Some(parse) = parse else { continue };
            let file = FileId(file as u32);
            self.diagnostics.extend(parse.errors.iter().map(|e| modules::syntax_diagnostic(e, file)));
        }
    }

    fn finish(mut self) -> Analysis {
        self.references.sort();
        self.references.dedup();
        self.types.sort();
        self.types.dedup();
        self.missing.sort();
        self.missing.dedup();
        let names = |space: &Namespace| space.names.iter().map(|(name, (symbol, _))| (name.clone(), *symbol)).collect();
        Analysis {
            symbols: Symbols {
                references: self.references,
                types: self.types,
                names: self.spaces.iter().map(names).collect(),
            },
            package: Arc::new(self.package),
            diagnostics: self.diagnostics,
            sources: Arc::new(self.sources),
            parses: self.parses,
            missing: self.missing,
        }
    }

    /// Every module with its tree, in order.
    pub fn trees(&self) -> Vec<(ModuleId, Arc<Parse>)> {
        let tree = |(at, module): (usize, &crate::hir::Module)| {
            Some((ModuleId(at as u32), self.parses.get(module.file.0 as usize)?.clone()?))
        };
        self.package.modules.iter().enumerate().filter_map(tree).collect()
    }

    pub fn loc(&self, module: ModuleId, span: Span) -> Loc {
        Loc { file: self.package.modules[module.index()].file, span }
    }

    pub fn text(&self, loc: Loc) -> &str {
        self.sources.text(loc)
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports a plain error, to be refined by the caller.
    pub fn error(&mut self, code: Code, loc: Loc, message: impl Into<String>) -> &mut Diagnostic {
        self.diagnostics.push(Diagnostic::new(code, loc, message));
        self.diagnostics.last_mut().expect("just pushed")
    }

    pub fn refer(&mut self, loc: Loc, symbol: Symbol) {
        self.references.push(Reference { loc, symbol, is_declaration: false });
    }

    pub fn declare_at(&mut self, loc: Loc, symbol: Symbol) {
        self.references.push(Reference { loc, symbol, is_declaration: true });
    }

    /// The module whose names are visible as `alias.name` in `module`.
    pub fn alias(&self, module: ModuleId, alias: &str) -> Option<ModuleId> {
        match self.spaces[module.index()].names.get(alias) {
            Some((Symbol::Module(id), _)) => Some(*id),
            _ => None,
        }
    }

    /// What a dotted name means in `module`, silently. Own names go before those of used modules.
    pub fn lookup(&self, module: ModuleId, path: &ast::Path) -> Option<Symbol> {
        let space = &self.spaces[module.index()];
        if let Some((symbol, _)) = space.names.get(&path.text()) {
            return Some(*symbol);
        }
        let (first, rest) = path.segments.split_first()?;
        let used = self.alias(module, &first.name)?;
        let rest: Vec<&str> = rest.iter().map(|s| s.name.as_str()).collect();
        self.spaces[used.index()]
            .names
            .get(&rest.join("."))
            .map(|(symbol, _)| *symbol)
            .filter(|s| !matches!(s, Symbol::Module(_)))
    }

    /// What a dotted name means, recorded as a use of it; `None` after reporting that nothing has this name.
    /// `what` is the kind that is wanted, with its article; `fits` picks the candidates to suggest.
    pub fn resolve(
        &mut self,
        module: ModuleId,
        path: &ast::Path,
        what: &str,
        fits: impl Fn(Symbol) -> bool,
    ) -> Option<Symbol> {
        if path.is_hole() {
            return None;
        }
        let loc = self.loc(module, path.span);
        let Some(symbol) = self.lookup(module, path) else {
            if self.perhaps_lost(module, path) {
                return None;
            }
            self.unknown_name(module, path, what, fits);
            return None;
        };
        self.refer_path(module, path, symbol);
        if !fits(symbol) {
            let message = format!("`{}` is {}, but {what} is needed here", path.text(), symbol.kind());
            let declared = self.declaration_of(symbol);
            let error = self.error(codes::E0106, loc, message);
            if let Some(declared) = declared {
                *error = error.clone().label(declared, "declared here");
            }
            return None;
        }
        Some(symbol)
    }

    /// Records the use of a path: its alias, if it has one, and its target.
    pub fn refer_path(&mut self, module: ModuleId, path: &ast::Path, symbol: Symbol) {
        let own = self.spaces[module.index()].names.contains_key(&path.text());
        match path.segments.as_slice() {
            [first, second, ..] if !own => {
                if let Some(used) = self.alias(module, &first.name) {
                    self.refer(self.loc(module, first.span), Symbol::Module(used));
                }
                let last = path.segments.last().map_or(second.span, |s| s.span);
                self.refer(self.loc(module, second.span.join(last)), symbol);
            }
            _ => self.refer(self.loc(module, path.span), symbol),
        }
    }

    fn unknown_name(&mut self, module: ModuleId, path: &ast::Path, what: &str, fits: impl Fn(Symbol) -> bool) {
        let loc = self.loc(module, path.span);
        let text = path.text();
        // A used module was named, but it has no such name.
        if let [first, rest @ ..] = path.segments.as_slice()
            && !rest.is_empty()
            && let Some(used) = self.alias(module, &first.name)
        {
            let words: Vec<&str> = rest.iter().map(|s| s.name.as_str()).collect();
            let name = words.join(".");
            let inner = self.spaces[used.index()].names.iter().filter(|(_, (s, _))| fits(*s)).map(|(n, _)| n.as_str());
            let suggestion = suggest::nearest(&name, inner).map(str::to_owned);
            let at = self.loc(module, rest[0].span.join(path.span));
            let at = Loc { span: Span::new(rest[0].span.start, at.span.end), ..at };
            let message = format!("`{}` has no `{name}`", first.name);
            self.report(Diagnostic::new(codes::E0101, at, message).did_you_mean(at, suggestion.as_deref()));
            return;
        }
        let suggestion = self.suggest_name(module, &text, fits);
        let message = format!("`{text}` is not declared");
        let mut diagnostic = Diagnostic::new(codes::E0101, loc, message)
            .here(format!("{what} is needed here"))
            .did_you_mean(loc, suggestion.as_deref());
        if suggestion.is_none()
            && let Some((other, _)) = self.declared_elsewhere(module, &text)
        {
            diagnostic = diagnostic
                .help(format!("module `{other}` declares it; `use` that module and write its name before the dot"));
        }
        self.report(diagnostic);
    }

    /// The nearest name that can be written in `module`, its aliases' names included.
    pub fn suggest_name(&self, module: ModuleId, text: &str, fits: impl Fn(Symbol) -> bool) -> Option<String> {
        let space = &self.spaces[module.index()];
        let own = space.names.iter().filter(|(_, (s, _))| fits(*s)).map(|(name, _)| name.clone());
        let used = space.names.iter().filter_map(|(alias, (symbol, _))| match symbol {
            Symbol::Module(id) => Some((alias, *id)),
            _ => None,
        });
        let used = used.flat_map(|(alias, id)| {
            let names = self.spaces[id.index()].names.iter().filter(|(_, (s, _))| fits(*s));
            names.map(move |(name, _)| format!("{alias}.{name}"))
        });
        let all: Vec<String> = own.chain(used).collect();
        let last = |name: &String| name.rsplit('.').next().unwrap_or_default().to_owned();
        if let Some(exact) = all.iter().find(|name| last(name) == text) {
            return Some(exact.clone());
        }
        if let Some(near) = suggest::nearest(text, all.iter().map(String::as_str)) {
            return Some(near.to_owned());
        }
        // Perhaps the name of a used module, misspelt and without that module's name.
        let words: Vec<String> = all.iter().map(last).collect();
        let near = suggest::nearest(text, words.iter().map(String::as_str))?;
        all.iter().find(|name| last(name) == near).cloned()
    }

    fn declared_elsewhere(&self, module: ModuleId, text: &str) -> Option<(String, Symbol)> {
        let others = self.spaces.iter().enumerate().filter(|(at, _)| *at != module.index());
        others
            .filter_map(|(at, space)| {
                let (symbol, _) = space.names.get(text)?;
                Some((self.package.modules[at].name.clone(), *symbol))
            })
            .next()
    }

    /// Where a symbol was declared.
    pub fn declaration_of(&self, symbol: Symbol) -> Option<Loc> {
        self.references.iter().find(|r| r.is_declaration && r.symbol == symbol).map(|r| r.loc)
    }

    /// Whether the grammar found errors in this part of a module: what is missing there was perhaps only misread.
    pub fn is_broken(&self, module: ModuleId, span: Span) -> bool {
        let file = self.package.modules[module.index()].file;
        let parse = self.parses.get(file.0 as usize).and_then(Option::as_ref);
        let fatal = |e: &claw_syntax::SyntaxError| e.severity == claw_syntax::Severity::Error && span.covers(e.span);
        parse.is_some_and(|p| p.errors.iter().any(fatal))
    }

    /// Whether a name was perhaps declared where nothing could be understood: in a module that is missing, or in text
    /// that is no declaration. Its being unknown is no mistake of its own then.
    pub fn perhaps_lost(&self, module: ModuleId, path: &ast::Path) -> bool {
        let Some(first) = path.segments.first() else { return true };
        let other_module =
            path.segments.len() > 1 && self.lost.iter().any(|(at, alias)| *at == module && *alias == first.name);
        other_module || self.nameless || path.segments.last().is_some_and(|last| self.is_garbled(&last.name))
    }

    pub fn is_garbled(&self, name: &str) -> bool {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        self.garbled.iter().any(|text| text.split(|c| !is_word(c)).any(|word| word == name))
    }

    pub fn vocabulary(&self, vocabulary: Vocabulary) -> &FxHashMap<String, u32> {
        match vocabulary {
            Vocabulary::Tier => &self.words.tiers,
            Vocabulary::Environment => &self.words.environments,
            Vocabulary::Role => &self.words.roles,
            Vocabulary::Label => &self.words.labels,
            Vocabulary::Tag => &self.words.tags,
            Vocabulary::Origin => &self.words.origins,
            Vocabulary::Constraint => &self.words.constraints,
        }
    }

    /// The words of a vocabulary in the order of their declaration.
    pub fn vocabulary_words(&self, vocabulary: Vocabulary) -> Vec<String> {
        let mut words: Vec<(&u32, &String)> = self.vocabulary(vocabulary).iter().map(|(w, id)| (id, w)).collect();
        words.sort();
        words.into_iter().map(|(_, word)| word.clone()).collect()
    }

    /// The id of a word; `None` after reporting that the vocabulary lacks it (silently for a hole).
    pub fn word(&mut self, module: ModuleId, vocabulary: Vocabulary, ident: &ast::Ident) -> Option<u32> {
        if ident.is_hole() {
            return None;
        }
        let loc = self.loc(module, ident.span);
        if let Some(id) = self.vocabulary(vocabulary).get(&ident.name).copied() {
            self.refer(loc, vocabulary.symbol(id));
            return Some(id);
        }
        let words = self.vocabulary_words(vocabulary);
        self.unknown_word(loc, vocabulary, &ident.name, &words);
        None
    }

    pub fn unknown_word(&mut self, loc: Loc, vocabulary: Vocabulary, name: &str, words: &[String]) {
        if !self.lost.is_empty() || self.is_garbled(name) || self.wordless.contains(&vocabulary) {
            return;
        }
        let kind = vocabulary.word();
        let suggestion = suggest::nearest(name, words.iter().map(String::as_str));
        let mut diagnostic = Diagnostic::new(codes::E0109, loc, format!("there is no {kind} `{name}`"));
        diagnostic = match (suggestion, words.is_empty()) {
            (Some(word), _) => diagnostic.did_you_mean(loc, Some(word)),
            (None, true) => diagnostic.help(format!("no {kind} is declared; declare it with `{}s {name}`", kind)),
            (None, false) => {
                diagnostic.help(format!("declared are {}", suggest::list(words.iter().map(String::as_str))))
            }
        };
        self.report(diagnostic);
    }

    /// All words of a list, without the unknown and the repeated.
    pub fn word_list(&mut self, module: ModuleId, vocabulary: Vocabulary, idents: &[ast::Ident]) -> Vec<u32> {
        let mut out: Vec<u32> = Vec::new();
        for ident in idents {
            match self.word(module, vocabulary, ident) {
                Some(id) if !out.contains(&id) => out.push(id),
                _ => {}
            }
        }
        out
    }

    /// The declaration of `item`, named `name`.
    pub fn decl(&mut self, module: ModuleId, item: &ast::Item, name: impl Into<String>, name_span: Span) -> Decl {
        let attrs = self.attributes(module, item);
        Decl {
            name: name.into(),
            module,
            name_loc: self.loc(module, name_span),
            loc: self.loc(module, item.span),
            doc: docs(&item.docs),
            attrs,
        }
    }

    /// A declaration inside `outer`, which lends it its attributes.
    pub fn inner_decl(outer: &Decl, name: impl Into<String>, loc: Loc, doc: String) -> Decl {
        Decl { name: name.into(), module: outer.module, name_loc: loc, loc, doc, attrs: outer.attrs.clone() }
    }
}

/// Text that is no declaration, and what stands on a line before an error of the grammar.
fn garbled(parse: &Parse, text: &str) -> Vec<String> {
    if !parse.has_errors() {
        return Vec::new();
    }
    // Items are in the order of the text, and so are tokens.
    let mut items = parse.file.items.iter().filter(|i| !matches!(i.kind, ast::ItemKind::Error)).peekable();
    let mut stray = Vec::new();
    for token in parse.tokens.iter().filter(|t| t.kind.is_name()) {
        while items.next_if(|item| item.span.end <= token.span.start).is_some() {}
        if items.peek().is_none_or(|item| !item.span.covers(token.span)) {
            stray.push(token.span.text(text).to_owned());
        }
    }
    let errors = parse.errors.iter().filter(|e| e.severity == claw_syntax::Severity::Error);
    let before = errors.filter_map(|e| {
        let head = text.get(..e.span.start as usize)?;
        Some(head.rsplit('\n').next()?.to_owned())
    });
    stray.into_iter().chain(before).collect()
}

/// `///` lines as one text.
pub(crate) fn docs(lines: &[ast::DocLine]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    lines.join("\n")
}
