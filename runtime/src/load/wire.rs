//! How the tables of a bundle stand in its body: in three sections, each behind its length in bytes (32 bits,
//! little-endian) and each in postcard's encoding, so that they can be read at the same time.

use serde::de::DeserializeOwned;

use crate::bundle::*;
use crate::load::both;
use crate::{Field, LoadError, Schema, Value};

/// What requests and decisions name.
type Names = (
    String,
    Vec<ModuleInfo>,
    Vec<String>,
    Vec<String>,
    Vec<RoleDef>,
    Vec<String>,
    Vec<String>,
    Vec<String>,
    Schema,
    Vec<Field>,
    Vec<Field>,
    Vec<Field>,
    Vec<ToolDef>,
);
/// What clauses say, and what they say it with.
type Clauses = (
    Vec<Value>,
    Vec<PatternDef>,
    Vec<String>,
    Vec<LiveDef>,
    Vec<ExternDef>,
    Vec<ZoneDef>,
    Vec<WindowDef>,
    Vec<ConstraintDef>,
    Vec<ApprovalDef>,
    Vec<PriorDef>,
    Vec<LimitDef>,
    Vec<Template>,
    Vec<ClauseDef>,
    Vec<Cell>,
);
/// What is evaluated.
type Tests = (Vec<Expr>, Vec<ExprId>, Vec<Atom>, Vec<Cond>, Vec<CondId>, Vec<Instance>, Vec<Node>, Vec<Switch>);

/// The body of a bundle.
pub(super) fn body(bundle: &Bundle) -> Vec<u8> {
    // All tables by name, so that none can be forgotten here.
    let Bundle {
        package,
        modules,
        environments,
        tiers,
        roles,
        labels,
        tags,
        origins,
        schema,
        agent,
        user,
        context,
        tools,
        consts,
        patterns,
        builtins,
        lives,
        externs,
        zones,
        windows,
        constraints,
        approvals,
        priors,
        limits,
        exprs,
        operands,
        atoms,
        conds,
        cond_operands,
        templates,
        clauses,
        instances,
        matrix,
        nodes,
        switches,
    } = bundle;
    let names = postcard::to_stdvec(&(
        package,
        modules,
        environments,
        tiers,
        roles,
        labels,
        tags,
        origins,
        schema,
        agent,
        user,
        context,
        tools,
    ));
    let clauses = postcard::to_stdvec(&(
        consts,
        patterns,
        builtins,
        lives,
        externs,
        zones,
        windows,
        constraints,
        approvals,
        priors,
        limits,
        templates,
        clauses,
        matrix,
    ));
    let tests = postcard::to_stdvec(&(exprs, operands, atoms, conds, cond_operands, instances, nodes, switches));
    let mut out = Vec::new();
    for section in [names, clauses, tests] {
        // Postcard fails only where a length is not known beforehand, and all of ours are. What is too long for its
        // length to be written is refused when it is loaded.
        let section = section.unwrap_or_default();
        out.extend_from_slice(&u32::try_from(section.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(&section);
    }
    out
}

/// Reads a body; with the help of other threads if it is large.
pub(super) fn bundle(body: &[u8], large: bool) -> Result<Bundle, LoadError> {
    let (names, rest) = section(body)?;
    let (clauses, rest) = section(rest)?;
    let (tests, rest) = section(rest)?;
    if !rest.is_empty() {
        return Err(after_the_end());
    }
    let (names, (clauses, tests)) =
        both(large, || read::<Names>(names), || both(large, || read::<Clauses>(clauses), || read::<Tests>(tests)));
    let (package, modules, environments, tiers, roles, labels, tags, origins, schema, agent, user, context, tools) =
        names?;
    let (
        consts,
        patterns,
        builtins,
        lives,
        externs,
        zones,
        windows,
        constraints,
        approvals,
        priors,
        limits,
        templates,
        clauses,
        matrix,
    ) = clauses?;
    let (exprs, operands, atoms, conds, cond_operands, instances, nodes, switches) = tests?;
    Ok(Bundle {
        package,
        modules,
        environments,
        tiers,
        roles,
        labels,
        tags,
        origins,
        schema,
        agent,
        user,
        context,
        tools,
        consts,
        patterns,
        builtins,
        lives,
        externs,
        zones,
        windows,
        constraints,
        approvals,
        priors,
        limits,
        exprs,
        operands,
        atoms,
        conds,
        cond_operands,
        templates,
        clauses,
        instances,
        matrix,
        nodes,
        switches,
    })
}

/// The first section, and what follows it.
fn section(bytes: &[u8]) -> Result<(&[u8], &[u8]), LoadError> {
    let cut = || LoadError::Malformed("a section is cut off".to_owned());
    let (len, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
    rest.split_at_checked(u32::from_le_bytes(*len) as usize).ok_or_else(cut)
}

fn read<T: DeserializeOwned>(section: &[u8]) -> Result<T, LoadError> {
    let (tables, rest) = postcard::take_from_bytes(section).map_err(|e| LoadError::Malformed(e.to_string()))?;
    if rest.is_empty() { Ok(tables) } else { Err(after_the_end()) }
}

fn after_the_end() -> LoadError {
    LoadError::Malformed("bytes after the end".to_owned())
}
