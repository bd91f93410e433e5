//! A policy in memory, from its files to a loaded [`Policy`]: what every kind of test starts with.

use std::path::Path;
use std::sync::Arc;

use claw_compiler::checked::Checked;
use claw_compiler::graph::Budget;
use claw_compiler::{Analysis, MissingKind, Workspace, compile};
use claw_runtime::Policy;

/// The files of a policy.
#[derive(Clone, Debug, Default)]
pub struct Project {
    workspace: Workspace,
    root: String,
}

impl Project {
    /// A project whose root is `root`.
    pub fn new(root: &str) -> Project {
        Project { workspace: Workspace::new(), root: root.to_owned() }
    }

    /// A project of these files; the first is the root.
    pub fn of(files: &[(String, String)]) -> Project {
        let mut project = Project::new(&files[0].0);
        for (path, text) in files {
            project.file(path, text);
        }
        project
    }

    /// A project of one file, `main.claw`.
    pub fn source(text: &str) -> Project {
        Project::of(&[("main.claw".to_owned(), text.to_owned())])
    }

    /// A project on disk: `folder/main.claw` and whatever it uses.
    pub fn folder(folder: &Path) -> Project {
        let mut project = Project::new("main.claw");
        project.load(folder, "main.claw", MissingKind::Source);
        loop {
            let missing = project.analyze().missing;
            if missing.is_empty() {
                return project;
            }
            for file in missing {
                project.load(folder, &file.path, file.kind);
            }
        }
    }

    fn load(&mut self, folder: &Path, path: &str, kind: MissingKind) {
        let whole = folder.join(path);
        let bytes = std::fs::read(&whole).unwrap_or_else(|e| panic!("{}: {e}", whole.display()));
        match kind {
            MissingKind::Source => self.file(path, std::str::from_utf8(&bytes).expect("a policy is UTF-8")),
            MissingKind::Data => self.workspace.set_data(path, bytes),
        }
    }

    /// Adds a file: a policy, or data for `let … from`.
    pub fn file(&mut self, path: &str, text: &str) {
        if path.ends_with(".claw") {
            self.workspace.set_file(path, text);
        } else {
            self.workspace.set_data(path, text.as_bytes());
        }
    }

    /// What is known about it.
    pub fn analyze(&self) -> Analysis {
        self.workspace.analyze(&self.root)
    }

    /// As [`Project::analyze`], with what only a look at all requests shows.
    pub fn prove(&self) -> Analysis {
        let mut analysis = self.analyze();
        analysis.prove();
        analysis
    }

    /// The bundle's bytes, or the findings, one a line.
    pub fn build(&self) -> Result<Vec<u8>, String> {
        build(&self.analyze(), Budget::default())
    }

    /// The policy, or the findings, one a line.
    pub fn policy(&self) -> Result<Policy, String> {
        load(&self.build()?)
    }
}

/// All findings, errors and warnings, one a line.
pub fn findings(analysis: &Analysis) -> String {
    claw_compiler::diagnostics::plain(&analysis.diagnostics, &analysis.sources)
}

/// Compiles what was analyzed; fails where there are errors.
pub fn build(analysis: &Analysis, budget: Budget) -> Result<Vec<u8>, String> {
    let checked =
        Checked::new(Arc::clone(&analysis.package), analysis.has_errors()).ok_or_else(|| findings(analysis))?;
    Ok(compile(&checked, &analysis.sources, budget).to_bytes())
}

/// Loads a bundle for a host that enforces every constraint and registers the functions of generated policies.
pub fn load(bytes: &[u8]) -> Result<Policy, String> {
    let policy = Policy::from_bytes(bytes).map_err(|e| e.to_string())?;
    let constraints: Vec<String> = policy.bundle().constraints.iter().map(|c| c.name.clone()).collect();
    let policy = policy.with_enforced_constraints(constraints.iter().map(String::as_str));
    Ok(policy.with_extern("vet", |args| crate::reference::extern_function("vet", args)))
}
