//! Which files make up the policy: follows every `use` from the root.

use std::sync::Arc;

use claw_syntax::ast::{Item, ItemKind, UseDecl, UseSource};
use claw_syntax::{Parse, SyntaxError};

use super::{Cx, docs, standard};
use crate::analysis::{Missing, MissingKind};
use crate::diagnostics::{Applicability, Code, Diagnostic, Edit, codes};
use crate::hir::{FileId, Loc, Module, ModuleId};
use crate::source::Sources;
use crate::suggest;
use crate::workspace::{Source, Workspace, normalize, parent};

/// What loading found.
pub(super) struct Loaded {
    pub sources: Sources,
    pub parses: Vec<Option<Arc<Parse>>>,
    /// The root first; then in the order in which `use` reaches them.
    pub modules: Vec<Module>,
    pub missing: Vec<Missing>,
    /// Names under which a module was to be visible that could not be loaded.
    pub lost: Vec<(ModuleId, String)>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads `root` and everything it uses.
pub(super) fn load(workspace: &Workspace, root: &str) -> Loaded {
    let mut loader = Loader { workspace, keys: Vec::new(), open: Vec::new(), out: Loaded::empty() };
    match workspace.source(root) {
        Some(source) => {
            loader.module(root.to_owned(), source.clone(), false);
        }
        None => {
            let file = loader.out.add_source(root, None);
            let loc = Loc { file, span: Default::default() };
            loader.out.diagnostics.push(Diagnostic::new(codes::E0103, loc, format!("there is no file `{root}`")));
            loader.out.missing.push(Missing { path: root.to_owned(), kind: MissingKind::Source, loc });
        }
    }
    let mut out = loader.out;
    out.settle_grants();
    out.check_names();
    out
}

/// A finding of the grammar as one of ours.
pub(super) fn syntax_diagnostic(error: &SyntaxError, file: FileId) -> Diagnostic {
    let loc = |span| Loc { file, span };
    let mut out = Diagnostic::new(Code(error.code), loc(error.span), error.message.clone());
    out.severity = match error.severity {
        claw_syntax::Severity::Error => crate::diagnostics::Severity::Error,
        claw_syntax::Severity::Warning => crate::diagnostics::Severity::Warning,
    };
    for (span, text) in &error.labels {
        out = out.label(loc(*span), text.clone());
    }
    if let Some(fix) = &error.fix {
        let edits = fix.edits.iter().map(|(span, text)| Edit { loc: loc(*span), text: text.clone() }).collect();
        out = out.fix_all(fix.title.clone(), edits, Applicability::Likely);
    }
    out.maybe_help(error.help.clone())
}

struct Loader<'w> {
    workspace: &'w Workspace,
    /// By module: the path or the standard name it was loaded under.
    keys: Vec<String>,
    /// The modules that are being loaded, outermost first.
    open: Vec<ModuleId>,
    out: Loaded,
}

impl Loader<'_> {
    fn module(&mut self, key: String, source: Source, is_std: bool) -> ModuleId {
        let id = ModuleId(self.out.modules.len() as u32);
        let file = self.out.add_source(&key, Some(&source));
        let tree = &source.parse.file;
        let name = match &tree.package {
            Some(package) if !package.name.is_hole() => package.name.text(),
            _ if is_std => key.clone(),
            _ => stem(&key).to_owned(),
        };
        let doc = docs(&tree.inner_docs);
        self.out.modules.push(Module { name, file, doc, uses: Vec::new(), may_grant: true, is_std });
        self.keys.push(key.clone());
        self.open.push(id);
        for item in &tree.items {
            if let ItemKind::Use(decl) = &item.kind {
                self.follow(id, &key, item, decl);
            }
        }
        self.open.pop();
        id
    }

    fn follow(&mut self, from: ModuleId, from_key: &str, item: &Item, decl: &UseDecl) {
        let file = self.out.modules[from.index()].file;
        let loc = Loc { file, span: item.span };
        let (found, implied) = match &decl.source {
            UseSource::Error(_) => (None, None),
            UseSource::File(lit) => {
                let at = Loc { file, span: lit.span };
                (self.file(from_key, at, &lit.value), Some(stem(&lit.value).to_owned()))
            }
            UseSource::Module(path) if path.is_hole() => (None, None),
            UseSource::Module(path) => {
                let at = Loc { file, span: path.span };
                let last = path.segments.last().map(|s| s.name.clone());
                (self.standard(at, &path.text()), last)
            }
        };
        let alias = match &decl.alias {
            Some(alias) if alias.is_hole() => None,
            Some(alias) => Some(alias.name.clone()),
            None => implied,
        };
        let Some(target) = found else {
            return self.out.lost.push((from, alias.unwrap_or_default()));
        };
        self.out.modules[from.index()].uses.push((target, alias, decl.with_grants.is_some(), loc));
    }

    fn file(&mut self, from_key: &str, at: Loc, path: &str) -> Option<ModuleId> {
        if path.is_empty() || path.contains('\\') || path.starts_with('/') {
            let message = format!("`{path}` is no relative path");
            let help = "write it relative to this file, with `/`: `\"./company.claw\"`";
            self.out.diagnostics.push(Diagnostic::new(codes::E0113, at, message).help(help));
            return None;
        }
        let key = normalize(parent(from_key), path);
        if let Some(known) = self.known(&key, at) {
            return known;
        }
        let Some(source) = self.workspace.source(&key).cloned() else {
            let files: Vec<&str> = self.workspace.files().filter(|f| *f != from_key).collect();
            let message = format!("there is no file `{}`", self.shown(&key));
            let mut missing = Diagnostic::new(codes::E0103, at, message);
            if let Some(near) = suggest::nearest(&key, files) {
                missing = missing.help(format!("did you mean `{}`?", self.shown(near)));
            }
            self.out.diagnostics.push(missing);
            self.out.missing.push(Missing { path: key, kind: MissingKind::Source, loc: at });
            return None;
        };
        Some(self.module(key, source, false))
    }

    fn standard(&mut self, at: Loc, name: &str) -> Option<ModuleId> {
        if let Some(known) = self.known(name, at) {
            return known;
        }
        let Some(text) = standard::text(name) else {
            let message = match name.strip_prefix("std.") {
                Some(_) => format!("there is no standard module `{name}`"),
                None => format!("`{name}` is no module"),
            };
            let near = suggest::nearest(name, standard::names());
            let help = match name.strip_prefix("std.") {
                None => Some(format!("a file is used by its path: `use \"./{name}.claw\"`")),
                Some(_) => Some(format!("there are {}", suggest::list(standard::names()))),
            };
            let error = Diagnostic::new(codes::E0105, at, message).maybe_help(help).did_you_mean(at, near);
            self.out.diagnostics.push(error);
            return None;
        };
        Some(self.module(name.to_owned(), Source::new(text), true))
    }

    /// A path as a message names it: where paths are absolute, as seen from the folder of the root.
    fn shown<'k>(&self, key: &'k str) -> &'k str {
        let folder = self.keys.first().map(|root| parent(root)).filter(|folder| folder.starts_with('/'));
        folder.and_then(|folder| key.strip_prefix(folder)?.strip_prefix('/')).unwrap_or(key)
    }

    /// A module that is loaded already: `Some(None)` after reporting that it is being loaded right now.
    fn known(&mut self, key: &str, at: Loc) -> Option<Option<ModuleId>> {
        let id = ModuleId(self.keys.iter().position(|k| k == key)? as u32);
        let Some(start) = self.open.iter().position(|open| *open == id) else { return Some(Some(id)) };
        let circle: Vec<String> =
            self.open[start..].iter().map(|m| format!("`{}`", self.shown(&self.keys[m.index()]))).collect();
        let message = match circle.as_slice() {
            [own] => format!("{own} uses itself"),
            _ => format!("files use each other in a circle: {} → `{}`", circle.join(" → "), self.shown(key)),
        };
        let help = "move what both need into a third file that both use";
        self.out.diagnostics.push(Diagnostic::new(codes::E0104, at, message).help(help));
        Some(None)
    }
}

impl Loaded {
    fn empty() -> Loaded {
        Loaded {
            sources: Sources::default(),
            parses: Vec::new(),
            modules: Vec::new(),
            missing: Vec::new(),
            lost: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    fn add_source(&mut self, path: &str, source: Option<&Source>) -> FileId {
        let file = self.sources.add(path, source.map_or_else(|| Arc::from(""), |s| Arc::clone(&s.text)));
        self.parses.push(source.map(|s| Arc::clone(&s.parse)));
        file
    }

    /// A module may grant only if every way to it says so.
    fn settle_grants(&mut self) {
        // Circles were cut, so this ends after as many rounds as the longest chain has modules.
        let mut changed = true;
        while changed {
            changed = false;
            for from in 0..self.modules.len() {
                let may = self.modules[from].may_grant;
                let uses = self.modules[from].uses.clone();
                for (target, _, with_grants, _) in uses {
                    let target = &mut self.modules[target.index()];
                    if target.may_grant && !(with_grants && may) {
                        target.may_grant = false;
                        changed = true;
                    }
                }
            }
        }
    }

    /// Clauses are named by their module, so no two modules may share a name.
    fn check_names(&mut self) {
        for at in 1..self.modules.len() {
            let name = &self.modules[at].name;
            let Some(first) = self.modules[..at].iter().find(|m| m.name == *name) else { continue };
            let place = |module: &Module| {
                let package = self.parses[module.file.0 as usize].as_ref().and_then(|p| p.file.package.as_ref());
                let span = package.map(|p| p.span).unwrap_or_default();
                Loc { file: module.file, span }
            };
            let message = format!("two modules are named `{name}`");
            let error = Diagnostic::new(codes::E0114, place(&self.modules[at]), message)
                .label(place(first), "the other one")
                .help("give one of them another name with `package`: clauses are identified by it");
            self.diagnostics.push(error);
        }
    }
}

/// `company` for `./policies/company.claw`.
fn stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.strip_suffix(".claw").unwrap_or(file)
}

impl Cx<'_> {
    /// Grants and role inclusions in modules that were used without `with grants`.
    pub(super) fn check_narrowing(&mut self) {
        for (module, parse) in self.trees() {
            if self.package.modules[module.index()].may_grant {
                continue;
            }
            let granting = parse.file.items.iter().find_map(|item| match &item.kind {
                ItemKind::Grant(_) => Some((item.span, "a grant")),
                ItemKind::Roles(roles) => {
                    let role = roles.iter().find(|r| !r.includes.is_empty())?;
                    Some((role.span, "a role that includes others"))
                }
                _ => None,
            });
            if let Some((span, what)) = granting {
                self.report_granting(module, self.loc(module, span), what);
            }
        }
    }

    fn report_granting(&mut self, module: ModuleId, loc: Loc, what: &str) {
        let name = self.package.modules[module.index()].name.clone();
        let mut edges = Vec::new();
        for user in &self.package.modules {
            edges.extend(user.uses.iter().filter(|u| u.0 == module).map(|u| (u.2, user.may_grant, u.3)));
        }
        let message = format!("`{name}` declares {what}, but it is used without `with grants`");
        if let Some((_, _, at)) = edges.iter().find(|(with_grants, ..)| !with_grants) {
            let end = Loc { span: claw_syntax::Span::at(at.span.end), ..*at };
            let error = Diagnostic::new(codes::E0107, *at, message)
                .label(loc, format!("{what} is here"))
                .help("a used module only narrows; if its grants are wanted, write `with grants` after the `use`")
                .fix("add `with grants`", end, " with grants");
            self.report(error);
        } else if let Some((_, _, at)) = edges.iter().find(|(_, may, _)| !may) {
            let message =
                format!("`{name}` declares {what}, but a module on the way to it is used without `with grants`");
            let error = Diagnostic::new(codes::E0107, *at, message)
                .label(loc, format!("{what} is here"))
                .help("every `use` that leads to a granting module has to say `with grants`");
            self.report(error);
        }
    }
}
