//! Clauses that have a status, and the edit of a source that changes one.
//!
//! Pure: text in, text out. What justifies a change is none of its business.

use std::fmt;

use claw_syntax::ast::{self, AttrArg, File, Item};
use claw_syntax::{Span, lex, parse};

use crate::analysis::Analysis;
use crate::hir::{Decl, FileId, Package, Status};
use crate::import::text::string as string_literal;
use crate::suggest;
use crate::typeck::normal_text;

/// A rule, limit or grant.
#[derive(Clone, Copy, Debug)]
pub struct Clause<'p> {
    /// `rule`, `limit` or `grant`.
    pub kind: &'static str,
    pub decl: &'p Decl,
    pub status: Status,
    /// The name of the module.
    pub module: &'p str,
    /// It ships with the compiler.
    pub is_std: bool,
}

impl<'p> Clause<'p> {
    /// What decisions and logs call it.
    pub fn id(&self) -> String {
        format!("{}.{}", self.module, self.decl.name)
    }

    /// The reason that its `@status` gives.
    pub fn reason(&self) -> Option<&'p str> {
        let attr = self.decl.attrs.iter().find(|attr| attr.name == "status")?;
        attr.args.get(1).map(String::as_str)
    }
}

/// All rules, limits and grants, in the order of the source.
pub fn clauses(package: &Package) -> Vec<Clause<'_>> {
    let rules = package.rules.iter().map(|rule| ("rule", &rule.decl, rule.status));
    let limits = package.limits.iter().map(|limit| ("limit", &limit.decl, limit.status));
    let grants = package.grants.iter().map(|grant| ("grant", &grant.decl, grant.status));
    let all = rules.chain(limits).chain(grants).map(|(kind, decl, status)| {
        let module = package.modules.get(decl.module.index());
        let (module, is_std) = module.map_or(("", false), |module| (module.name.as_str(), module.is_std));
        Clause { kind, decl, status, module, is_std }
    });
    let mut all: Vec<Clause<'_>> = all.collect();
    all.sort_by_key(|clause| (clause.decl.module, clause.decl.loc));
    all
}

/// Why a name does not lead to one clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// No clause is called so; perhaps this one is meant.
    None(Option<String>),
    /// Several are, by their full names.
    Several(Vec<String>),
}

/// The clause that is called so: by its name, its full name, or, for a grant, its text.
pub fn find<'p>(package: &'p Package, name: &str) -> Result<Clause<'p>, NotFound> {
    let all = clauses(package);
    let wanted = normal_text(name);
    let by = |test: &dyn Fn(&Clause<'_>) -> bool| all.iter().filter(|c| test(c)).copied().collect::<Vec<_>>();
    let full = by(&|clause| clause.id() == name || normal_text(&clause.id()) == wanted);
    let short = by(&|clause| clause.decl.name == name || normal_text(&clause.decl.name) == wanted);
    let hits = if full.is_empty() { short } else { full };
    match hits.as_slice() {
        [only] => Ok(*only),
        [] => {
            let names: Vec<String> = all.iter().flat_map(|c| [c.decl.name.clone(), c.id()]).collect();
            let nearest = suggest::nearest(name, names.iter().map(String::as_str));
            Err(NotFound::None(nearest.map(str::to_owned)))
        }
        several => Err(NotFound::Several(several.iter().map(Clause::id).collect())),
    }
}

/// A file with another status in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub file: FileId,
    /// All of it.
    pub text: String,
}

/// Why a status can't be changed in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unchangeable {
    /// It ships with the compiler.
    Standard,
    /// The source is not as the analysis says, or the edit would change more than the status.
    Source,
}

impl fmt::Display for Unchangeable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unchangeable::Standard => "it ships with the compiler, and is the same in every policy",
            Unchangeable::Source => "its `@status` can't be changed without changing more of the file",
        })
    }
}

/// The clause's file with another status, and a reason for it, if there is one.
///
/// Nothing else changes: comments, layout and other declarations stay; only where the file was in canonical layout, the
/// declaration's attributes are laid out anew, so that it still is.
pub fn change(
    analysis: &Analysis,
    clause: &Clause<'_>,
    to: Status,
    reason: Option<&str>,
) -> Result<Changed, Unchangeable> {
    let loc = clause.decl.loc;
    let source = analysis.sources.get(loc.file);
    if clause.is_std || source.is_standard() {
        return Err(Unchangeable::Standard);
    }
    let before = analysis.parse(loc.file).ok_or(Unchangeable::Source)?;
    let item = before.file.items.iter().find(|item| item.span == loc.span).ok_or(Unchangeable::Source)?;
    let (span, replacement) = edit(item, to, reason, &source.text).ok_or(Unchangeable::Source)?;
    let (head, tail) = (source.text.get(..span.start as usize), source.text.get(span.end as usize..));
    let mut text = [head.ok_or(Unchangeable::Source)?, &replacement, tail.ok_or(Unchangeable::Source)?].concat();
    if claw_syntax::format(&source.text).is_ok_and(|canonical| canonical == *source.text) {
        text = claw_syntax::format(&text).map_err(|_| Unchangeable::Source)?;
    }
    let after = parse(&text);
    let same = !after.has_errors() && without_statuses(&after.file) == without_statuses(&before.file);
    if same { Ok(Changed { file: loc.file, text }) } else { Err(Unchangeable::Source) }
}

/// What is replaced, and by what. `None` where a comment would be lost.
fn edit(item: &Item, to: Status, reason: Option<&str>, source: &str) -> Option<(Span, String)> {
    let reason = reason.map(|reason| format!(", {}", string_literal(reason))).unwrap_or_default();
    let words = format!("{}{reason}", to.word());
    let Some(attr) = item.attrs.iter().find(|attr| attr.name.name == "status") else {
        let line = if source.contains("\r\n") { "\r\n" } else { "\n" };
        let between = if item.attrs.is_empty() { line } else { " " };
        return Some((Span::at(item.span.start), format!("@status({words}){between}")));
    };
    let (first, last) = (attr.args.first()?, attr.args.last()?);
    let span = place(first).join(place(last));
    let comment = lex(span.text(source)).into_iter().any(|token| token.kind.is_comment());
    (!comment).then_some((span, words))
}

fn place(arg: &AttrArg) -> Span {
    match arg {
        AttrArg::Name(name) => name.span,
        AttrArg::Str(text) => text.span,
        AttrArg::Error(span) => *span,
    }
}

/// What a file says but for statuses.
fn without_statuses(file: &File) -> String {
    let mut file = file.clone();
    for item in &mut file.items {
        item.attrs.retain(|attr| attr.name.name != "status");
    }
    ast::dump(&file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Workspace;

    const POLICY: &str = "package shop

environments prod
roles        bot

tool pay(n: int)
tool look()

// Who may.
grant pay, look to bot

/// Why.
@owner(\"ann\") @status(candidate)  // tried out
rule big {
  on      pay
  when    args.n > 10  // a lot
  deny    \"no\"
}

limit rate { on pay  max 5 per 1h }
";

    fn analysis(text: &str) -> Analysis {
        let mut workspace = Workspace::new();
        workspace.set_file("main.claw", text.to_owned());
        let analysis = workspace.analyze("main.claw");
        assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
        analysis
    }

    fn changed(text: &str, name: &str, to: Status, reason: Option<&str>) -> String {
        let analysis = analysis(text);
        let clause = find(&analysis.package, name).unwrap();
        let out = change(&analysis, &clause, to, reason).unwrap().text;
        let again = self::analysis(&out);
        let clause = find(&again.package, name).unwrap();
        assert_eq!((clause.status, clause.reason()), (to, reason));
        let canonical = |text: &str| claw_syntax::format(text).is_ok_and(|laid_out| laid_out == text);
        assert_eq!(canonical(&out), canonical(text));
        out
    }

    #[test]
    fn only_the_attribute_changes() {
        assert_eq!(claw_syntax::format(POLICY).as_deref(), Ok(POLICY), "what is canonical stays so");
        let out = changed(POLICY, "big", Status::Confirmed, None);
        assert_eq!(out, POLICY.replace("@status(candidate)", "@status(confirmed)"));
        let out = changed(POLICY, "shop.big", Status::Suspended, Some("say \"why\""));
        assert_eq!(out, POLICY.replace("@status(candidate)", "@status(suspended, \"say \\\"why\\\"\")"));
        let out = changed(POLICY, "rate", Status::Suspended, None);
        assert_eq!(out, POLICY.replace("limit rate", "@status(suspended)\nlimit rate"));
        let out = changed(POLICY, "shop.grant pay,look  to bot", Status::Archived, None);
        assert_eq!(out, POLICY.replace("grant pay", "@status(archived)\ngrant pay"));
    }

    #[test]
    fn a_file_that_was_not_canonical_keeps_its_layout() {
        let ugly = POLICY.replace("limit rate { on", "limit   rate{ on");
        let out = changed(&ugly, "rate", Status::Suspended, None);
        assert_eq!(out, ugly.replace("limit   rate", "@status(suspended)\nlimit   rate"));
    }

    #[test]
    fn line_ends_and_comments_stay() {
        let windows = POLICY.replace('\n', "\r\n");
        let out = changed(&windows, "rate", Status::Suspended, None);
        assert_eq!(out, windows.replace("limit rate", "@status(suspended)\r\nlimit rate"));
        let inside = POLICY.replace("@status(candidate)", "@status( // first\n  candidate // then\n)");
        let out = changed(&inside, "big", Status::Confirmed, None);
        assert_eq!(out, inside.replace("candidate //", "confirmed //"));
        let between = POLICY.replace("@status(candidate)", "@status(candidate, // since\n  \"try\")");
        let analysis = analysis(&between);
        let clause = find(&analysis.package, "big").unwrap();
        assert_eq!(change(&analysis, &clause, Status::Confirmed, None), Err(Unchangeable::Source));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let analysis = analysis(POLICY);
        assert_eq!(find(&analysis.package, "bik").unwrap_err(), NotFound::None(Some("big".to_owned())));
        let twice = format!("{POLICY}\n@status(hint)\ngrant pay, look to bot\n");
        let analysis = self::analysis(&twice);
        assert!(matches!(find(&analysis.package, "grant pay, look to bot"), Err(NotFound::Several(_))));
    }

    #[test]
    fn the_standard_library_is_left_alone() {
        let mut workspace = Workspace::new();
        workspace.set_file("main.claw", "use std.guards.coding_agent\n".to_owned());
        let analysis = workspace.analyze("main.claw");
        let clause = clauses(&analysis.package).into_iter().find(|clause| clause.is_std).unwrap();
        assert_eq!(change(&analysis, &clause, Status::Suspended, None), Err(Unchangeable::Standard));
    }
}
