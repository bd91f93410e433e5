//! From the text of a policy to a bundle, with findings as Python objects.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use claw_compiler::fetch::{self, Fetched, tidy};
use claw_compiler::graph::Budget;
use claw_compiler::{Analysis, Checked, MissingKind, diagnostics, draw};
use claw_runtime as rt;
use claw_runtime::LoadError;
use pyo3::exceptions::{PyFileNotFoundError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString};

use crate::errors;

/// Larger policies are refused: nobody wrote them, and nobody could read them.
const MAX_SOURCE: u64 = 8 << 20;
/// Larger data and bundles are refused.
const MAX_DATA: u64 = 256 << 20;

/// Files that a policy uses, by name.
pub type Files = BTreeMap<String, Content>;

/// A file's content: text, or bytes of data.
#[derive(FromPyObject)]
pub enum Content {
    Text(String),
    Bytes(Vec<u8>),
}

/// A compiled policy: bytes that any gateway loads. `bytes(bundle)` are what `clawc build` writes.
#[pyclass(frozen, module = "claw")]
pub struct Bundle {
    bytes: Arc<[u8]>,
    package: String,
    digest: String,
    warnings: Vec<Diagnostic>,
}

/// What the compiler found in a policy.
#[pyclass(frozen, get_all, module = "claw", from_py_object)]
#[derive(Clone)]
pub struct Diagnostic {
    /// Its stable code, such as `"E0101"`.
    code: String,
    /// `"error"` or `"warning"`.
    severity: String,
    /// What is wrong.
    message: String,
    /// In which file.
    file: String,
    /// From 1.
    line: u32,
    /// From 1, in characters.
    column: u32,
    /// How to go on.
    help: Option<String>,
    /// Background: why this is so.
    notes: Vec<String>,
    /// All of it with the lines that it is about.
    rendered: String,
}

#[pymethods]
impl Diagnostic {
    fn __str__(&self) -> &str {
        &self.rendered
    }

    fn __repr__(&self) -> String {
        format!("<claw.Diagnostic {} {}:{}:{} {}>", self.code, self.file, self.line, self.column, self.message)
    }
}

#[pymethods]
impl Bundle {
    #[new]
    fn new(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Bundle> {
        let bytes = bundle_bytes(data)?;
        Bundle::of(py, bytes, Vec::new())
    }

    /// Writes the bundle to a file, which is replaced at once.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
            let written = std::fs::write(&temporary, &self.bytes).and_then(|()| std::fs::rename(&temporary, &path));
            if written.is_err() {
                // Perhaps it was never made.
                let _ = std::fs::remove_file(&temporary);
            }
            written.map_err(PyErr::from)
        })
    }

    /// The package of the root module.
    #[getter]
    fn package(&self) -> &str {
        &self.package
    }

    /// Names exactly this policy.
    #[getter]
    fn digest(&self) -> &str {
        &self.digest
    }

    /// What in the policy is probably not meant; empty for a bundle that was not compiled here.
    #[getter]
    fn warnings(&self) -> Vec<Diagnostic> {
        self.warnings.clone()
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.bytes)
    }

    fn __len__(&self) -> usize {
        self.bytes.len()
    }

    fn __repr__(&self) -> String {
        format!("<claw.Bundle {} {}>", self.package, self.digest)
    }
}

impl Bundle {
    fn of(py: Python<'_>, bytes: Arc<[u8]>, warnings: Vec<Diagnostic>) -> PyResult<Bundle> {
        let policy = py
            .detach(|| rt::Policy::from_bytes(&bytes))
            .map_err(|error| errors::load(py, &claw_engine::policies::LoadFailure::Bundle(error)))?;
        Ok(Bundle { package: policy.package().to_owned(), digest: policy.digest().to_string(), bytes, warnings })
    }

    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }
}

/// The bytes of a `Bundle`, or bytes.
pub fn bundle_bytes(bundle: &Bound<'_, PyAny>) -> PyResult<Arc<[u8]>> {
    if let Ok(bundle) = bundle.cast::<Bundle>() {
        return Ok(Arc::clone(bundle.get().bytes()));
    }
    if let Ok(bytes) = bundle.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().into());
    }
    if let Ok(bytes) = bundle.cast::<PyByteArray>() {
        return Ok(bytes.to_vec().into());
    }
    let class = bundle.get_type().qualname()?;
    Err(PyTypeError::new_err(format!("a compiled policy is a Bundle or bytes, not a `{class}`")))
}

/// Compiles a policy. A str is its text; a path names a policy file, a folder with one, or a bundle.
///
/// `files` are those that a text uses, by name. `name` is what the text is called in findings and decisions. Without
/// `prove`, what takes a look at all requests (such as invariants) is not checked.
#[pyfunction]
#[pyo3(signature = (source, *, files=None, name="main.claw", prove=true))]
pub fn compile(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    files: Option<Files>,
    name: &str,
    prove: bool,
) -> PyResult<Bundle> {
    if let Ok(text) = source.cast::<PyString>() {
        return from_text(py, text.to_str()?, files.unwrap_or_default(), name, prove);
    }
    let Ok(path) = source.extract::<PathBuf>() else {
        let class = source.get_type().qualname()?;
        return Err(PyTypeError::new_err(format!(
            "a policy is a text (str) or a path (pathlib.Path), not a `{class}`"
        )));
    };
    if files.is_some() {
        return Err(PyValueError::new_err("`files` are for a policy that is given as text"));
    }
    from_path(py, &path, prove)
}

/// Compiles a text.
pub fn from_text(py: Python<'_>, text: &str, files: Files, name: &str, prove: bool) -> PyResult<Bundle> {
    if !text.contains('\n') && (text.ends_with(".claw") || text.ends_with(".clawb")) {
        let message = format!("`{text}` is the name of a file, not a policy: pass `pathlib.Path({text:?})`");
        return Err(PyValueError::new_err(message));
    }
    let fetch = |wanted: &str| -> PyResult<Option<Vec<u8>>> {
        Ok(files.iter().find(|(name, _)| tidy(Path::new(name)) == Path::new(wanted)).map(
            |(_, content)| match content {
                Content::Text(text) => text.as_bytes().to_vec(),
                Content::Bytes(bytes) => bytes.clone(),
            },
        ))
    };
    let analysis = py.detach(|| analyse(name, text.to_owned(), &|wanted, _| fetch(wanted), prove))?;
    finish(py, &analysis, &|path| path.to_owned())
}

/// Compiles what a path stands for, or reads the bundle there.
pub fn from_path(py: Python<'_>, path: &Path, prove: bool) -> PyResult<Bundle> {
    let (path, bytes) = py.detach(|| {
        let path = root(path)?;
        read(&path, MAX_DATA).map(|bytes| (path, bytes))
    })?;
    if is_bundle(&path, &bytes) {
        return Bundle::of(py, bytes.into(), Vec::new());
    }
    let base = path.parent().unwrap_or(Path::new("")).to_owned();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fetch = |wanted: &str, kind: MissingKind| {
        let path = tidy(&base.join(wanted));
        let limit = if kind == MissingKind::Source { MAX_SOURCE } else { MAX_DATA };
        path.is_file().then(|| read(&path, limit)).transpose()
    };
    let analysis = py.detach(|| analyse(&name, text_of(bytes, &path)?, &fetch, prove))?;
    finish(py, &analysis, &|path| if path.starts_with("std.") { path.to_owned() } else { shown(&base, path) })
}

/// Whether a file is a bundle, be it a good one or not.
pub fn is_bundle(path: &Path, bytes: &[u8]) -> bool {
    let named = path.extension().is_some_and(|extension| extension == "clawb");
    named || !matches!(rt::Bundle::from_bytes(bytes), Err(LoadError::NotABundle))
}

type Fetch<'f> = &'f (dyn Fn(&str, MissingKind) -> PyResult<Option<Vec<u8>>> + Sync);

/// Analyses a text with all that it uses.
fn analyse(name: &str, text: String, fetch: Fetch<'_>, prove: bool) -> PyResult<Analysis> {
    let mut analysis = fetch::analyze(name, text, |wanted| {
        let Some(bytes) = fetch(&wanted.path, wanted.kind)? else { return Ok(None) };
        Ok::<_, PyErr>(Some(match wanted.kind {
            MissingKind::Source => Fetched::Source(text_of(bytes, Path::new(&wanted.path))?.into()),
            MissingKind::Data => Fetched::Data(bytes.into()),
        }))
    })?;
    if prove {
        analysis.prove();
    }
    Ok(analysis)
}

/// The bundle, or the exception that says what is wrong.
fn finish(py: Python<'_>, analysis: &Analysis, show: &(dyn Fn(&str) -> String + Sync)) -> PyResult<Bundle> {
    let (errors, warnings): (Vec<_>, Vec<_>) = analysis.diagnostics.iter().partition(|found| found.is_error());
    let convert = |found: Vec<&diagnostics::Diagnostic>| -> Vec<Diagnostic> {
        found.into_iter().map(|found| convert(found, analysis, show)).collect()
    };
    let Some(checked) = Checked::new(Arc::clone(&analysis.package), analysis.has_errors()) else {
        let errors = convert(errors);
        let message = match errors.as_slice() {
            [] => "this policy can't be compiled, although no error was found in it".to_owned(),
            found => found.iter().map(|found| found.rendered.as_str()).collect::<Vec<_>>().join("\n\n"),
        };
        return Err(errors::compile(py, message, errors));
    };
    let bytes = py.detach(|| claw_compiler::compile(&checked, &analysis.sources, Budget::default()).to_bytes());
    Bundle::of(py, bytes.into(), convert(warnings))
}

fn convert(found: &diagnostics::Diagnostic, analysis: &Analysis, show: &dyn Fn(&str) -> String) -> Diagnostic {
    let (path, at) = analysis.sources.position(found.primary.loc);
    Diagnostic {
        code: found.code.to_string(),
        severity: found.severity.word().to_owned(),
        message: found.message.clone(),
        file: show(path),
        line: at.line,
        column: at.column,
        help: found.help.clone(),
        notes: found.notes.clone(),
        rendered: draw::diagnostics(std::slice::from_ref(found), &analysis.sources, show, false).trim_end().to_owned(),
    }
}

/// The root file that a path stands for: a file, or in a folder `main.claw` or the only policy.
fn root(path: &Path) -> PyResult<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let main = path.join("main.claw");
    if main.is_file() {
        return Ok(main);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "claw") {
            found.push(file);
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(PyFileNotFoundError::new_err(format!("no `.claw` file in `{}`", path.display()))),
        (Some(_), false) => Err(PyValueError::new_err(format!(
            "`{}` holds several policies: name one file, or call the root `main.claw`",
            path.display()
        ))),
    }
}

fn read(path: &Path, limit: u64) -> PyResult<Vec<u8>> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            PyFileNotFoundError::new_err(format!("no such file or directory: `{}`", path.display()))
        }
        _ => PyErr::from(error),
    })?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(PyValueError::new_err(format!("`{}` is larger than {} MiB", path.display(), limit >> 20)));
    }
    Ok(bytes)
}

fn text_of(bytes: Vec<u8>, path: &Path) -> PyResult<String> {
    String::from_utf8(bytes).map_err(|_| PyValueError::new_err(format!("`{}` is not UTF-8", path.display())))
}

fn shown(base: &Path, path: &str) -> String {
    tidy(&base.join(path)).display().to_string()
}
