//! A loaded policy: the bundle, the lookup tables made from it, and what the host registered.

use std::fmt;
use std::sync::{Arc, OnceLock};

use jiff::tz::TimeZone;
use rustc_hash::FxHashMap;

use crate::bases::Bases;
use crate::builtins::Builtin;
use crate::bundle::{Bundle, ConstId, Kind, ModuleInfo, ToolDef, ToolId};
use crate::externs::Externs;
use crate::pattern_table::PatternWalk;
use crate::reads::Reads;
use crate::ready::Step;
use crate::state::{NoState, StateView};
use crate::{
    AgentInput, Decision, Digest, Invalid, Json, Limits, LoadError, Pattern, Request, RequestInput, UserInput, Value,
    shape,
};

/// A function that the host registers for an `extern`. It gets the arguments in order; `None`, also for a timeout that it
/// must enforce itself, is unknown.
pub type ExternFn = Box<dyn Fn(&[Value]) -> Option<Value> + Send + Sync>;

/// A compiled policy, ready to decide. Share it between threads; it never changes.
pub struct Policy {
    pub(crate) bundle: Bundle,
    pub(crate) digest: Digest,
    pub(crate) index: Index,
    pub(crate) limits: Limits,
    /// By index of `Bundle::externs`.
    pub(crate) externs: Vec<Option<ExternFn>>,
    /// Answers for the other externs that it has.
    pub(crate) host: Option<Arc<dyn Externs>>,
    /// By index of `Bundle::constraints`: the host enforces it.
    pub(crate) enforced: Vec<bool>,
    /// By tool: what of a request its clauses read.
    pub(crate) reads: Vec<OnceLock<Box<Reads>>>,
}

/// Lookup tables; made when the policy is loaded.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Tools by their name on the wire.
    pub(crate) tools: FxHashMap<Box<str>, Named>,
    pub(crate) envs: FxHashMap<Box<str>, u32>,
    pub(crate) roles: FxHashMap<Box<str>, u32>,
    pub(crate) labels: FxHashMap<Box<str>, u32>,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) zones: Vec<TimeZone>,
    pub(crate) builtins: Vec<&'static Builtin>,
    pub(crate) switches: Vec<SwitchTable>,
    /// By node.
    pub(crate) steps: Vec<Step>,
    /// Sets for `under`, by the constant that is a list.
    pub(crate) bases: FxHashMap<ConstId, Bases>,
    pub(crate) names: Names,
    /// The environments' names as values.
    pub(crate) env_values: Vec<Value>,
    /// The tools' declared names and servers as values; empty if no expression reads them.
    pub(crate) tool_values: Vec<(Value, Option<Value>)>,
}

impl Index {
    /// The set of a constant list, where the builtin asks what is above a value.
    pub(crate) fn bases(&self, row: &Builtin, list: ConstId) -> Option<&Bases> {
        self.bases.get(&list).filter(|_| row.name.ends_with(UNDER_ANY))
    }
}

/// How builtins are called that ask whether a value is below one of several.
pub(crate) const UNDER_ANY: &str = ".under_any";

/// Names that decisions repeat, to be shared with each instead of copied.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) package: Arc<str>,
    pub(crate) environments: Vec<Arc<str>>,
    pub(crate) tiers: Vec<Arc<str>>,
    /// The clauses' ids.
    pub(crate) clauses: Vec<Arc<str>>,
    /// The modules' files.
    pub(crate) files: Vec<Arc<str>>,
}

impl Names {
    pub(crate) fn of(bundle: &Bundle) -> Names {
        let shared = |names: &[String]| names.iter().map(|name| Arc::from(name.as_str())).collect();
        Names {
            package: bundle.package.as_str().into(),
            environments: shared(&bundle.environments),
            tiers: shared(&bundle.tiers),
            clauses: bundle.clauses.iter().map(|clause| clause.id.as_str().into()).collect(),
            files: bundle.modules.iter().map(|module| module.file.as_str().into()).collect(),
        }
    }
}

/// The tools of one name on the wire; they differ in server or kind.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) first: ToolId,
    pub(crate) others: Vec<ToolId>,
}

impl Named {
    pub(crate) fn iter(&self) -> impl Iterator<Item = ToolId> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

/// From a slot's value to the class of constants that it is in.
#[derive(Debug, Default)]
pub(crate) struct SwitchTable {
    pub(crate) classes: FxHashMap<Value, u32>,
    /// Constant paths by their text; what a path leads to is looked up, too.
    pub(crate) paths: FxHashMap<Box<str>, u32>,
    /// Asked instead of both where patterns are what tells values apart.
    pub(crate) patterns: Option<PatternWalk>,
}

impl SwitchTable {
    /// Which class of constants, or of patterns, a value is in: `None` is unknown, `Some(None)` is none of them.
    pub(crate) fn class(&self, value: &Value) -> Option<Option<u32>> {
        if let Some(patterns) = &self.patterns {
            return Some(match value {
                Value::Str(text) => patterns.class(text),
                Value::Url(url) => patterns.class(url.as_str()),
                _ => return None,
            });
        }
        match value {
            Value::Path(path) => {
                // As for `==`: the path and what it leads to must be the same constant, or both be none.
                let target = path.resolved()?;
                let lexical = self.paths.get(path.as_str());
                if path.as_str() == &**target {
                    return Some(lexical.copied());
                }
                (lexical.is_none() && !self.paths.contains_key(&**target)).then_some(None)
            }
            value @ Value::Decimal(_) => Some(self.classes.get(&shape::key(value)?).copied()),
            value => Some(self.classes.get(value).copied()),
        }
    }
}

impl Policy {
    /// Loads a compiled policy. Refuses whatever it can't prove well-formed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Policy, LoadError> {
        let (bundle, digest) = crate::load::read(bytes)?;
        Policy::new(bundle, digest)
    }

    /// A policy from a bundle that was just compiled; the same checks are made as for bytes.
    pub fn from_bundle(bundle: Bundle) -> Result<Policy, LoadError> {
        let digest = bundle.digest();
        Policy::new(bundle, digest)
    }

    fn new(bundle: Bundle, digest: Digest) -> Result<Policy, LoadError> {
        let index = crate::load::validate(&bundle)?;
        let externs = bundle.externs.iter().map(|_| None).collect();
        let enforced = vec![false; bundle.constraints.len()];
        let mut reads = Vec::new();
        reads.resize_with(bundle.tools.len(), OnceLock::new);
        Ok(Policy { reads, bundle, digest, index, limits: Limits::default(), externs, host: None, enforced })
    }

    /// Sets the bounds on requests.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Policy {
        self.limits = limits;
        self
    }

    /// Declares constraints that the host enforces. A call to which another one applies is denied. Names that the policy
    /// does not declare are ignored.
    #[must_use]
    pub fn with_enforced_constraints<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Policy {
        for name in names {
            if let Some(i) = self.bundle.constraints.iter().position(|c| c.name == name)
                && let Some(enforced) = self.enforced.get_mut(i)
            {
                *enforced = true;
            }
        }
        self
    }

    /// Registers a function for the policy's `extern` of this name; ignored if it has none. Functions that are not
    /// registered, fail, or return a value of another type are unknown.
    #[must_use]
    pub fn with_extern(
        mut self,
        name: &str,
        function: impl Fn(&[Value]) -> Option<Value> + Send + Sync + 'static,
    ) -> Policy {
        if let Some(i) = self.bundle.externs.iter().position(|e| e.name == name)
            && let Some(place) = self.externs.get_mut(i)
        {
            *place = Some(Box::new(function));
        }
        self
    }

    /// Registers whoever answers for all externs that no [`Policy::with_extern`] did: asked for all that a decision needs at
    /// a time, and never while a store's transaction is open.
    #[must_use]
    pub fn with_externs(mut self, host: Arc<dyn Externs>) -> Policy {
        self.host = Some(host);
        self
    }

    /// Is anybody registered for this extern?
    pub(crate) fn has_extern(&self, function: u32) -> bool {
        let own = self.externs.get(function as usize).is_some_and(Option::is_some);
        own || match (&self.host, self.bundle.externs.get(function as usize)) {
            (Some(host), Some(def)) => host.has(&def.name),
            _ => false,
        }
    }

    /// SHA-256 of the bundle's body: names exactly this policy.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The tables as the compiler wrote them.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The root module's package.
    #[must_use]
    pub fn package(&self) -> &str {
        &self.bundle.package
    }

    /// All modules with the digests of their sources.
    #[must_use]
    pub fn modules(&self) -> &[ModuleInfo] {
        &self.bundle.modules
    }

    /// The limits that requests are read with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Externs that no function was registered for.
    pub fn missing_externs(&self) -> impl Iterator<Item = &str> {
        let missing = (0u32..).zip(&self.bundle.externs).filter(|(i, _)| !self.has_extern(*i));
        missing.map(|(_, def)| def.name.as_str())
    }

    /// Checks a request against the policy's declarations; see the language reference on what is invalid. The error is the
    /// denial to answer with.
    pub fn prepare(&self, input: &RequestInput) -> Result<Request, Box<Decision>> {
        self.understand(input).map_err(|invalid| Box::new(self.deny_invalid(input, &invalid)))
    }

    /// Reads a request from its wire form and checks it.
    pub fn prepare_json(&self, bytes: &[u8]) -> Result<Request, Box<Decision>> {
        if let Some(request) = self.understand_json(bytes) {
            return Ok(request);
        }
        let input = RequestInput::from_json(bytes, &self.limits).map_err(|invalid| {
            // Name the call in the answer if that much can be read.
            let json = Json::parse(bytes, &self.limits).ok();
            let text = |key: &str| json.as_ref()?.get(key)?.as_str().map(str::to_owned);
            let known = RequestInput {
                call_id: text("call_id"),
                environment: text("environment").unwrap_or_default(),
                ..RequestInput::default()
            };
            Box::new(self.deny_invalid(&known, &invalid))
        })?;
        self.prepare(&input)
    }

    /// Decides a request in its wire form and explains. Never fails: what can't be read is denied.
    #[must_use]
    pub fn decide_json(&self, bytes: &[u8], view: &dyn StateView) -> Decision {
        match self.prepare_json(bytes) {
            Ok(request) => self.explain(&request, view),
            Err(denial) => *denial,
        }
    }

    /// As [`Policy::decide_json`], without any knowledge of earlier calls.
    #[must_use]
    pub fn decide_json_pure(&self, bytes: &[u8]) -> Decision {
        self.decide_json(bytes, &NoState)
    }

    /// The tools that some grant could cover for such arguments and in such a situation as may be: for leaving the others
    /// out of a tool list. May name too many, never too few.
    pub fn callable(
        &self,
        agent: &AgentInput,
        user: Option<&UserInput>,
        environment: &str,
    ) -> Result<Vec<&ToolDef>, Invalid> {
        let request = self.understand_caller(agent, user, environment)?;
        Ok(self.could_be_granted(request).into_iter().filter_map(|id| self.bundle.tools.get(id.index())).collect())
    }

    /// The tool that calls of this kind, server and wire name are calls of.
    #[must_use]
    pub fn tool(&self, kind: Kind, server: Option<&str>, wire: &str) -> Option<&ToolDef> {
        self.bundle.tools.get(self.find(kind, server, wire)?.index())
    }

    pub(crate) fn find(&self, kind: Kind, server: Option<&str>, wire: &str) -> Option<ToolId> {
        self.index.tools.get(wire)?.iter().find(|id| {
            let tool = self.bundle.tools.get(id.index());
            tool.is_some_and(|tool| tool.kind == kind && tool.server.as_deref() == server)
        })
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("package", &self.bundle.package)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}
