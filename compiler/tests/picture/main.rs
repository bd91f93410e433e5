//! Drawings of policies: what small ones look like, and that no policy makes a drawing that is not well-formed.

use claw_compiler::picture::{Drawer, Picture};
use claw_compiler::{Checked, Workspace, compile, graph::Budget};
use claw_runtime::{Json, Limits, MemoryState, Policy};

mod formats;
mod hostile;
mod pages;
mod paths;

/// A policy with one clause of each kind.
const SMALL: &str = include_str!("small.claw");

/// Draws a policy of several files, of which the first is the root.
fn draw_files<T>(files: &[(&str, &str)], draw: impl FnOnce(&Drawer<'_>) -> T) -> T {
    let (checked, sources) = check(files);
    draw(&Drawer::new(&checked, &sources))
}

fn draw<T>(source: &str, draw: impl FnOnce(&Drawer<'_>) -> T) -> T {
    draw_files(&[("p.claw", source)], draw)
}

fn policy(source: &str) -> Picture {
    draw(source, |drawer| drawer.policy())
}

/// The picture of the way of one request, judged without a past.
fn path(files: &[(&str, &str)], request: &str) -> Picture {
    let (checked, sources) = check(files);
    let policy = Policy::from_bundle(compile(&checked, &sources, Budget::default())).expect("loads");
    // A call has to be named where there is a store.
    let request = request.replacen('{', r#"{"call_id": "c-1", "#, 1);
    let decision = match policy.prepare_json(request.as_bytes()) {
        Ok(prepared) => policy.begin(&prepared, &MemoryState::new()),
        Err(denial) => *denial,
    };
    let json = Json::parse(request.as_bytes(), &Limits::default()).expect("JSON");
    Drawer::new(&checked, &sources).path(&json, &decision).expect("the tool is declared")
}

fn check(files: &[(&str, &str)]) -> (Checked, std::sync::Arc<claw_compiler::source::Sources>) {
    let mut workspace = Workspace::new();
    files.iter().for_each(|(path, text)| workspace.set_file(path, *text));
    let analysis = workspace.analyze(files[0].0);
    let errors: Vec<_> = analysis.diagnostics.iter().filter(|d| d.is_error()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    (Checked::new(analysis.package.clone(), analysis.has_errors()).expect("checks"), analysis.sources)
}
