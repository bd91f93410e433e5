//! From a PATH to a policy that decides: compiled from source, or loaded from a bundle.

use std::path::Path;
use std::sync::Arc;

use claw_compiler::graph::Budget;
use claw_compiler::lower::lower;
use claw_compiler::{Certificate, Checked, certify, compile};
use claw_runtime::bundle::Bundle;
use claw_runtime::{Decision, Limits, MemoryState, NoState, Policy, RequestInput};

use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::project::Project;

/// A policy ready to decide.
#[derive(Debug)]
pub struct Loaded {
    pub policy: Policy,
    /// The sources, where it was compiled just now.
    pub project: Option<Project>,
}

impl Loaded {
    /// Loads a bundle, or compiles a policy. `None`: the policy has errors, which are on standard error now.
    pub fn open(path: &Path, out: &mut Output) -> Result<Option<Loaded>, Failure> {
        if path.is_file() {
            let bytes = files::read_bytes(path, files::MAX_DATA)?;
            if files::is_bundle(&bytes) || path.extension().is_some_and(|extension| extension == "clawb") {
                return Ok(Some(Loaded { policy: load(&bytes, path)?, project: None }));
            }
        }
        let project = Project::open(&files::root(path)?)?;
        let Some(bytes) = compiled(&project, out)? else { return Ok(None) };
        Ok(Some(Loaded { policy: load(&bytes, path)?, project: Some(project) }))
    }

    /// A file of the policy as a path that the user can open.
    pub fn show(&self, path: &str) -> String {
        self.project.as_ref().map_or_else(|| path.to_owned(), |project| project.show(path))
    }
}

/// The policy without errors; `None` if it has some, which are on standard error now.
pub fn checked(project: &Project, out: &mut Output) -> Result<Option<Checked>, Failure> {
    if !project.report_errors(out) {
        return Ok(None);
    }
    let analysis = &project.analysis;
    match Checked::new(Arc::clone(&analysis.package), analysis.has_errors()) {
        Some(checked) => Ok(Some(checked)),
        // Only where the checker let something through that it should have reported.
        None => Err(Failure::new("this policy can't be compiled, although no error was found in it")),
    }
}

/// The policy as bundle bytes; `None` if it has errors, which are on standard error now.
pub fn compiled(project: &Project, out: &mut Output) -> Result<Option<Vec<u8>>, Failure> {
    Ok(checked(project, out)?.map(|checked| compile(&checked, &project.analysis.sources, Budget::default()).to_bytes()))
}

/// What can be proved of the bundle that `clawc build` would write; `None` if the policy has errors.
pub fn certificate(project: &Project) -> Result<Option<Certificate>, Failure> {
    let analysis = &project.analysis;
    let Some(checked) = Checked::new(Arc::clone(&analysis.package), analysis.has_errors()) else { return Ok(None) };
    // Of the bytes as a gateway would read them.
    let bytes = compile(&checked, &analysis.sources, Budget::default()).to_bytes();
    let bundle = Bundle::from_bytes(&bytes)
        .map_err(|error| Failure::new(format!("the bundle of this policy can't be read back: {error}")))?;
    Ok(Some(certify(&lower(&checked), &bundle)))
}

/// Decides on a request that nothing was remembered before: as the first call of the session that it names. One that
/// names none is decided without any store.
pub fn decide_alone(policy: &Policy, bytes: &[u8]) -> Decision {
    match RequestInput::from_json(bytes, &Limits::default()) {
        Ok(input) if input.session.is_some() => match policy.prepare(&input) {
            Ok(request) => policy.preview(&request, &MemoryState::default()),
            Err(denial) => *denial,
        },
        _ => policy.decide_json(bytes, &NoState),
    }
}

fn load(bytes: &[u8], path: &Path) -> Result<Policy, Failure> {
    Policy::from_bytes(bytes).map_err(|error| {
        Failure::new(format!("cannot load `{}`: {error}", path.display()))
            .help("build it again with `clawc build`, with the same version of claw")
    })
}
