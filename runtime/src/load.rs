//! From bytes to a bundle that is known to be well-formed.
//!
//! After this, every index in the bundle leads somewhere, arenas are acyclic and bounded in depth and cost, and
//! every automaton, time zone and builtin is there. One pass over each table; nothing here is quadratic. Large bundles
//! are read by several threads, which are gone when loading is done.

use std::collections::hash_map::Entry;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::bases::Bases;
use crate::bitset::BITS;
use crate::builtins::{Builtin, BuiltinId};
use crate::bundle::{Bundle, ConstId, Expr, FORMAT, Fact, Range, ToolDef, ToolId};
use crate::pattern_table::PatternWalk;
use crate::policy::{Index, Named, Names, SwitchTable, UNDER_ANY};
use crate::{Digest, Field, LoadError, Pattern, Type, Value, builtins, ready, shape};

mod clauses;
mod exprs;
mod graph;
mod wire;

const MAGIC: &[u8; 8] = b"clawb\r\n\x1a";
/// Magic bytes, format version, digest of the body.
const HEADER: usize = 8 + 4 + 32;
/// Far more than any policy needs.
const MAX_BYTES: usize = 256 << 20;
/// How deep expressions and conditions may nest; recursion goes no deeper.
pub(crate) const MAX_DEPTH: u32 = 128;
/// How much one expression or condition may cost, with shared parts counted as often as they are evaluated.
const MAX_WEIGHT: u32 = 1 << 20;
/// Environments stand in 64-bit sets.
const MAX_ENVIRONMENTS: usize = 64;
/// A smaller bundle is read before a second thread has started.
const LARGE_BYTES: usize = 1 << 20;
/// The same, for the number of entries that are to be checked.
const LARGE_ENTRIES: usize = 1 << 15;

type Check = Result<(), LoadError>;

impl Bundle {
    /// The bundle as it is stored: magic bytes, format version, digest, body.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = self.body();
        let mut out = Vec::with_capacity(HEADER.saturating_add(body.len()));
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&Digest::of(&body).0);
        out.extend_from_slice(&body);
        out
    }

    /// Reads a bundle without checking more than its digest and encoding: for looking at it, not for deciding.
    pub fn from_bytes(bytes: &[u8]) -> Result<Bundle, LoadError> {
        read(bytes).map(|(bundle, _)| bundle)
    }

    /// The digest that [`Bundle::to_bytes`] states, which names the policy.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.body())
    }

    fn body(&self) -> Vec<u8> {
        wire::body(self)
    }
}

/// Splits off the header, compares the digest, decodes.
pub(crate) fn read(bytes: &[u8]) -> Result<(Bundle, Digest), LoadError> {
    if bytes.len() > MAX_BYTES {
        return Err(LoadError::TooLarge);
    }
    let (magic, rest) = bytes.split_first_chunk::<8>().ok_or(LoadError::NotABundle)?;
    if magic != MAGIC {
        return Err(LoadError::NotABundle);
    }
    let (format, rest) = rest.split_first_chunk::<4>().ok_or(LoadError::NotABundle)?;
    let format = u32::from_le_bytes(*format);
    if format != FORMAT {
        return Err(LoadError::Format(format));
    }
    let (digest, body) = rest.split_first_chunk::<32>().ok_or(LoadError::NotABundle)?;
    let digest = Digest(*digest);
    let large = body.len() >= LARGE_BYTES;
    let (found, bundle) = both(large, || Digest::of(body), || wire::bundle(body, large));
    if found == digest { Ok((bundle?, digest)) } else { Err(LoadError::Digest) }
}

/// Does two pieces of work, at the same time if they are large.
fn both<A: Send, B>(large: bool, left: impl Fn() -> A + Sync, right: impl FnOnce() -> B) -> (A, B) {
    if !large {
        return (left(), right());
    }
    std::thread::scope(|scope| {
        let other = std::thread::Builder::new().spawn_scoped(scope, &left);
        let right = right();
        let left = match other {
            Ok(other) => other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // No thread to be had: it takes longer, then.
            Err(_) => left(),
        };
        (left, right)
    })
}

/// Checks everything, and makes the lookup tables.
pub(crate) fn validate(bundle: &Bundle) -> Result<Index, LoadError> {
    let index = Index {
        tools: FxHashMap::default(),
        envs: names("environments", bundle.environments.iter())?,
        roles: names("roles", bundle.roles.iter().map(|role| &role.name))?,
        labels: names("labels", bundle.labels.iter())?,
        patterns: bundle
            .patterns
            .iter()
            .map(|pattern| Pattern::load(pattern).map_err(LoadError::Malformed))
            .collect::<Result<_, _>>()?,
        zones: bundle.zones.iter().map(zone).collect::<Result<_, _>>()?,
        builtins: bundle.builtins.iter().map(builtin).collect::<Result<_, _>>()?,
        switches: Vec::new(),
        steps: Vec::new(),
        bases: bases(bundle),
        names: Names::default(),
        env_values: bundle.environments.iter().map(|name| Value::str(name.as_str())).collect(),
        tool_values: tool_values(bundle),
    };
    let check = Checker { bundle, index: &index };
    check.vocabularies()?;
    check.schema()?;
    check.declarations()?;
    let large = bundle.exprs.len().saturating_add(bundle.instances.len()) >= LARGE_ENTRIES;
    let (named, tested) = both(large, || check.named(), || check.tested());
    let (tools, names) = named?;
    let (switches, steps) = tested?;
    Ok(Index { tools, names, switches, steps, ..index })
}

impl Checker<'_> {
    /// What tools and clauses are called, after checking both.
    fn named(&self) -> Result<(FxHashMap<Box<str>, Named>, Names), LoadError> {
        let tools = tools_by_name(self.bundle)?;
        self.templates()?;
        self.clauses()?;
        self.tools()?;
        Ok((tools, Names::of(self.bundle)))
    }

    /// The tables of the switches and the tests made ready, after checking all that is evaluated.
    fn tested(&self) -> Result<(Vec<SwitchTable>, Vec<ready::Step>), LoadError> {
        self.exprs()?;
        self.conds()?;
        self.graph()?;
        let switches = self.bundle.switches.iter().map(|switch| switch_table(self.bundle, switch));
        Ok((switches.collect::<Result<_, _>>()?, ready::steps(self.bundle, self.index)))
    }
}

fn zone(zone: &crate::bundle::ZoneDef) -> Result<jiff::tz::TimeZone, LoadError> {
    let rules = crate::Zone { name: zone.name.clone(), tzif: zone.tzif.clone() };
    rules.load().map_err(LoadError::Malformed)
}

fn builtin(name: &String) -> Result<&'static Builtin, LoadError> {
    builtins::by_name(name)
        .and_then(BuiltinId::get)
        .ok_or_else(|| LoadError::Malformed(format!("this runtime has no builtin `{name}`")))
}

/// A table of unique names.
fn names<'a>(what: &str, all: impl Iterator<Item = &'a String>) -> Result<FxHashMap<Box<str>, u32>, LoadError> {
    let mut out = FxHashMap::default();
    for (name, i) in all.zip(0u32..) {
        if out.insert(name.as_str().into(), i).is_some() {
            return Err(LoadError::Malformed(format!("{what}: `{name}` twice")));
        }
    }
    Ok(out)
}

/// Tools by wire name; (kind, server, name) is unique.
fn tools_by_name(bundle: &Bundle) -> Result<FxHashMap<Box<str>, Named>, LoadError> {
    let mut out: FxHashMap<Box<str>, Named> = FxHashMap::default();
    out.reserve(bundle.tools.len());
    // Of those that share a name: few, as a rule.
    let mut seen = FxHashSet::default();
    let full_name = |tool: &ToolDef| (tool.kind, tool.server.clone(), tool.wire.clone());
    for (tool, i) in bundle.tools.iter().zip(0u32..) {
        match out.entry(tool.wire.as_str().into()) {
            Entry::Vacant(place) => drop(place.insert(Named { first: ToolId(i), others: Vec::new() })),
            Entry::Occupied(mut entry) => {
                let named = entry.get_mut();
                if let Some(first) = bundle.tools.get(named.first.index()).filter(|_| named.others.is_empty()) {
                    seen.insert(full_name(first));
                }
                if !seen.insert(full_name(tool)) {
                    return Err(LoadError::Malformed(format!("tools: `{}` twice", tool.wire)));
                }
                named.others.push(ToolId(i));
            }
        }
    }
    Ok(out)
}

/// The tools' names as values, if any expression asks for them.
fn tool_values(bundle: &Bundle) -> Vec<(Value, Option<Value>)> {
    if !bundle.exprs.iter().any(|expr| matches!(expr, Expr::Fact(Fact::ToolName | Fact::ToolServer))) {
        return Vec::new();
    }
    bundle.tools.iter().map(|tool| (Value::str(tool.name.as_str()), tool.server.as_deref().map(Value::str))).collect()
}

/// The hash table of a switch. Its constants were checked to exist.
fn switch_table(bundle: &Bundle, switch: &crate::bundle::Switch) -> Result<SwitchTable, LoadError> {
    let patterns = switch.patterns.as_ref().map(|table| PatternWalk::new(table, bundle.patterns.len()));
    let patterns = patterns.transpose().map_err(LoadError::Malformed)?;
    if patterns.is_some() && !switch.classes.is_empty() {
        return Err(LoadError::Malformed("switches: both constants and patterns".to_owned()));
    }
    let mut table = SwitchTable { patterns, ..SwitchTable::default() };
    for (id, class) in &switch.classes {
        let value = bundle.consts.get(id.index());
        let new = match value {
            Some(Value::Path(path)) => match table.paths.entry(path.as_str().into()) {
                Entry::Occupied(entry) => *entry.get() == *class,
                Entry::Vacant(place) => *place.insert(*class) == *class,
            },
            Some(value) => match shape::key(value) {
                Some(key) => *table.classes.entry(key).or_insert(*class) == *class,
                None => false,
            },
            None => false,
        };
        if !new {
            return Err(LoadError::Malformed("switches: a constant that can't select a case".to_owned()));
        }
    }
    Ok(table)
}

/// The constant lists that `under` is asked about, as sets.
fn bases(bundle: &Bundle) -> FxHashMap<ConstId, Bases> {
    let mut out = FxHashMap::default();
    let under: Vec<bool> = bundle.builtins.iter().map(|name| name.ends_with(UNDER_ANY)).collect();
    if !under.contains(&true) {
        return out;
    }
    for expr in &bundle.exprs {
        let Expr::Builtin(builtin, range) = expr else { continue };
        if under.get(*builtin as usize) == Some(&true)
            && let Ok([_, list]) = slice(&bundle.operands, *range, "exprs", 0)
            && let Some(Expr::Const(id)) = bundle.exprs.get(list.index())
            && let Entry::Vacant(place) = out.entry(*id)
            && let Some(bases) = bundle.consts.get(id.index()).and_then(Bases::of)
        {
            place.insert(bases);
        }
    }
    out
}

/// The checks; each method is one family of tables.
struct Checker<'a> {
    bundle: &'a Bundle,
    index: &'a Index,
}

/// An error that names the table and the entry.
fn bad(table: &str, entry: usize, what: &str) -> LoadError {
    LoadError::Malformed(format!("{table}[{entry}]: {what}"))
}

/// `index` must be one of a table of `len` entries.
fn within(index: u32, len: usize, table: &str, entry: usize, what: &str) -> Check {
    if (index as usize) < len { Ok(()) } else { Err(bad(table, entry, &format!("{what} {index} does not exist"))) }
}

/// The entries of a range, which must lie in its table.
fn slice<'a, T>(table: &'a [T], range: Range, name: &str, entry: usize) -> Result<&'a [T], LoadError> {
    let start = range.start as usize;
    table.get(start..start.saturating_add(range.len as usize)).ok_or_else(|| bad(name, entry, "operands out of range"))
}

impl Checker<'_> {
    fn vocabularies(&self) -> Check {
        let b = self.bundle;
        for (what, len, max) in [
            ("environments", b.environments.len(), MAX_ENVIRONMENTS),
            ("labels", b.labels.len(), BITS),
            ("approvals", b.approvals.len(), BITS),
        ] {
            if len > max {
                return Err(LoadError::Malformed(format!("{what}: more than {max}")));
            }
        }
        for (i, role) in b.roles.iter().enumerate() {
            for included in &role.closure {
                within(*included, b.roles.len(), "roles", i, "role")?;
            }
            if !role.closure.iter().any(|r| *r as usize == i) {
                return Err(bad("roles", i, "does not include itself"));
            }
        }
        Ok(())
    }

    fn schema(&self) -> Check {
        for (i, record) in self.bundle.schema.records.iter().enumerate() {
            self.fields(&record.fields, "schema.records", i)?;
        }
        self.fields(&self.bundle.agent, "agent", 0)?;
        self.fields(&self.bundle.user, "user", 0)?;
        self.fields(&self.bundle.context, "context", 0)
    }

    fn fields(&self, fields: &[Field], table: &str, entry: usize) -> Check {
        for (i, field) in fields.iter().enumerate() {
            self.ty(&field.ty, table, entry)?;
            let twice = if fields.len() < 16 {
                fields.iter().take(i).any(|other| other.name == field.name)
            } else {
                // Sorted copies only for the rare wide record.
                i == 0 && fields.iter().map(|f| f.name.as_str()).collect::<FxHashSet<_>>().len() < fields.len()
            };
            if twice {
                return Err(bad(table, entry, "a field twice"));
            }
            if let Some(default) = &field.default
                && !shape::has_type(default, &field.ty, &self.bundle.schema)
            {
                return Err(bad(table, entry, &format!("the default of `{}` has another type", field.name)));
            }
        }
        Ok(())
    }

    fn ty(&self, ty: &Type, table: &str, entry: usize) -> Check {
        let schema = &self.bundle.schema;
        match ty {
            Type::List(element) | Type::Set(element) => self.ty(element, table, entry),
            Type::Enum(id) => within(id.0, schema.enums.len(), table, entry, "enum"),
            Type::Record(id) => within(id.0, schema.records.len(), table, entry, "record"),
            Type::Error => Err(bad(table, entry, "a type that failed to check")),
            _ => Ok(()),
        }
    }

    fn declarations(&self) -> Check {
        let b = self.bundle;
        for (i, live) in b.lives.iter().enumerate() {
            self.ty(&live.ty, "lives", i)?;
        }
        for (i, function) in b.externs.iter().enumerate() {
            self.ty(&function.result, "externs", i)?;
            function.params.iter().try_for_each(|ty| self.ty(ty, "externs", i))?;
        }
        for (i, window) in b.windows.iter().enumerate() {
            within(window.zone, b.zones.len(), "windows", i, "zone")?;
        }
        for (i, constraint) in b.constraints.iter().enumerate() {
            self.ty(&constraint.ty, "constraints", i)?;
        }
        for (i, approval) in b.approvals.iter().enumerate() {
            for (n, roles) in &approval.by {
                if *n == 0 {
                    return Err(bad("approvals", i, "an empty quorum"));
                }
                roles.iter().try_for_each(|role| within(*role, b.roles.len(), "approvals", i, "role"))?;
            }
            if approval.by.is_empty() && !approval.by_user {
                return Err(bad("approvals", i, "nobody to ask"));
            }
        }
        for (i, prior) in b.priors.iter().enumerate() {
            within(prior.tool.0, b.tools.len(), "priors", i, "tool")?;
            let params = b.tools.get(prior.tool.index()).map_or(0, |tool| tool.params.len());
            prior.params.iter().try_for_each(|param| within(*param, params, "priors", i, "parameter"))?;
            prior.test.map_or(Ok(()), |atom| within(atom.0, b.atoms.len(), "priors", i, "atom"))?;
        }
        Ok(())
    }
}
