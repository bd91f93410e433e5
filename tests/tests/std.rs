//! The standard modules: everything in them is documented, shown in the documentation, and tried by a page of the suite.
//!
//! `CLAW_UPDATE=1` rewrites the lists in `docs/std.md` from the modules.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use claw_compiler::Analysis;
use claw_compiler::hir::{Decl, ModuleId, Package};
use claw_tests::project::{Project, findings};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").to_owned()
}

/// All files below a folder with an ending, sorted.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The names of all standard modules, by their files.
fn modules() -> Vec<String> {
    let folder = root().join("compiler/std");
    let name = |path: &PathBuf| {
        let path = path.strip_prefix(&folder).expect("below the folder").with_extension("");
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        format!("std.{}", parts.join("."))
    };
    files(&folder, "claw").iter().map(name).collect()
}

/// A policy that does nothing but use a module.
fn using(module: &str) -> Analysis {
    let analysis = Project::source(&format!("use {module} as it with grants")).analyze();
    assert!(!analysis.has_errors(), "{}", findings(&analysis));
    analysis
}

fn own<'p>(package: &'p Package, module: &str) -> (ModuleId, &'p claw_compiler::hir::Module) {
    let at = package.modules.iter().position(|m| m.name == module).expect("the file names its package");
    (ModuleId(at as u32), &package.modules[at])
}

/// What policies can name of a module, with how it is written.
fn items(analysis: &Analysis, module: ModuleId) -> Vec<(String, &Decl)> {
    let package = &analysis.package;
    let predicates = package.predicates.iter().map(|p| (&p.decl, true));
    let others = package.windows.iter().map(|w| &w.decl).chain(package.lets.iter().map(|l| &l.decl));
    let mut items: Vec<_> = predicates.chain(others.map(|d| (d, false))).filter(|(d, _)| d.module == module).collect();
    items.sort_by_key(|(decl, _)| decl.loc.span.start);
    let written = |decl: &Decl| {
        let text = &analysis.sources.get(decl.name_loc.file).text[decl.name_loc.span.start as usize..];
        text[..=text.find(')').expect("parameters")].to_owned()
    };
    items.iter().map(|(decl, called)| (if *called { written(decl) } else { decl.name.clone() }, *decl)).collect()
}

#[test]
fn every_item_is_documented() {
    for module in modules() {
        let analysis = using(&module);
        let (id, it) = own(&analysis.package, &module);
        assert!(!it.doc.is_empty(), "{module} does not say what it is for");
        analysis.package.for_each_decl(|decl| {
            let named = !decl.name.is_empty() && !decl.name.contains(' ');
            let vocabulary = analysis.package.tags.iter().any(|tag| tag.decl.name == decl.name)
                || analysis.package.roles.iter().any(|role| role.decl.name == decl.name)
                || analysis.package.environments.iter().any(|env| env.decl.name == decl.name)
                || analysis.package.tiers.iter().any(|tier| tier.decl.name == decl.name);
            if decl.module == id && named && !vocabulary {
                assert!(!decl.doc.is_empty(), "{module}.{} has no documentation", decl.name);
            }
        });
    }
}

/// The modules whose contents `docs/std.md` lists.
fn listed() -> Vec<String> {
    modules().into_iter().filter(|m| !m.starts_with("std.tools.") && !m.starts_with("std.guards.")).collect()
}

/// A predicate is tried if a page asks it, or one that is tried does.
#[test]
fn every_predicate_is_tried() {
    let pages: String =
        files(&root().join("tests/suite/std"), "md").iter().map(|p| fs::read_to_string(p).expect("a page")).collect();
    let mut predicates = Vec::new();
    for module in listed() {
        let analysis = using(&module);
        let (id, _) = own(&analysis.package, &module);
        for decl in analysis.package.predicates.iter().map(|p| &p.decl).filter(|d| d.module == id) {
            let text = analysis.sources.text(decl.loc);
            predicates.push((decl.name.clone(), text[text.find(')').expect("parameters")..].to_owned()));
        }
    }
    let asks = |text: &str, name: &str| {
        let calls = text.match_indices(name).filter(|(at, _)| text[at + name.len()..].starts_with('('));
        calls.map(|(at, _)| &text[..at]).any(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    let mut untried: Vec<&(String, String)> = predicates.iter().collect();
    let mut texts = vec![&*pages];
    while let Some(text) = texts.pop() {
        texts.extend(untried.extract_if(.., |(name, _)| asks(text, name)).map(|(_, body)| &**body));
    }
    let untried: Vec<&str> = untried.iter().map(|(name, _)| &**name).collect();
    assert!(untried.is_empty(), "no page below tests/suite/std asks {untried:#?}");
}

/// A module's list for the documentation.
fn list(module: &str) -> String {
    let analysis = using(module);
    let (id, it) = own(&analysis.package, module);
    let mut out = format!("{}\n\n| | |\n|---|---|\n", it.doc.trim());
    for (how, decl) in items(&analysis, id) {
        let doc = decl.doc.lines().map(str::trim).collect::<Vec<_>>().join(" ").replace('|', "\\|");
        let _ = writeln!(out, "| `{how}` | {} |", doc.trim());
    }
    out
}

#[test]
fn the_documentation_lists_what_there_is() {
    let page = root().join("docs/std.md");
    let old = fs::read_to_string(&page).expect("the page");
    let mut new = old.clone();
    for module in listed() {
        let (begin, end) = (format!("<!-- list {module} -->\n"), "<!-- end of list -->");
        let start = new.find(&begin).unwrap_or_else(|| panic!("docs/std.md has no list of {module}")) + begin.len();
        let stop = start + new[start..].find(end).expect("a list has an end");
        new.replace_range(start..stop, &format!("\n{}\n", list(&module)));
    }
    if std::env::var_os("CLAW_UPDATE").is_some() {
        fs::write(&page, new).expect("the page can be written");
    } else {
        assert!(old == new, "docs/std.md is behind the modules; CLAW_UPDATE=1 rewrites it");
    }
}
