//! Lines above declarations: what a scope covers, which rules touch a tool, and tests to run.

use claw_syntax::Span;

use crate::analysis::Analysis;
use crate::hir::{Decl, FileId, ScopeId, ToolId};

/// A line above a declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeLens {
    /// The declaration's name.
    pub span: Span,
    pub title: String,
    /// The title of the test to run.
    pub test: Option<String>,
}

/// The lenses of a file, in the order of the text.
pub fn code_lenses(analysis: &Analysis, file: FileId) -> Vec<CodeLens> {
    let package = &analysis.package;
    let mut lenses = Vec::new();
    let mut say = |decl: &Decl, title: String, test: Option<String>| {
        if decl.loc.file == file {
            lenses.push(CodeLens { span: decl.name_loc.span, title, test });
        }
    };
    for (tool, id) in package.tools.iter().zip(0..) {
        let touches = |target: &crate::hir::Target| target.tools.contains(&ToolId(id));
        let rules = package.rules.iter().filter(|rule| touches(&rule.target)).count();
        say(&tool.decl, count(rules, "rule"), None);
    }
    for (scope, id) in package.scopes.iter().zip(0..) {
        let tools = super::place::covered(package, ScopeId(id)).len();
        say(&scope.decl, count(tools, "tool"), None);
    }
    for test in &package.tests {
        say(&test.decl, "run test".to_owned(), Some(test.decl.name.clone()));
    }
    lenses.sort_by_key(|lens| lens.span);
    lenses
}

fn count(n: usize, what: &str) -> String {
    match n {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}
