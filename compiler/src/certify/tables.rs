//! Whether a bundle's tables are those of the lowered policy, the graph and the places of clauses aside.
//!
//! What a test means is its expression; were that another in the bundle, equal graphs would prove nothing.

use claw_runtime::bundle::{Bundle, ClauseDef, ModuleInfo, Roots, ToolDef};

/// What differs, or is not as any tool's roots may be.
pub fn faults(lowered: &Bundle, bundle: &Bundle) -> Vec<String> {
    // Taken apart, so that a table that is added here later can't be forgotten.
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
        // These are what is to be proved.
        nodes: _,
        switches: _,
    } = bundle;
    let l = lowered;
    let tables = [
        ("package", l.package == *package),
        ("modules", equal(&l.modules, modules, same_module)),
        ("environments", l.environments == *environments),
        ("tiers", l.tiers == *tiers),
        ("roles", l.roles == *roles),
        ("labels", l.labels == *labels),
        ("tags", l.tags == *tags),
        ("origins", l.origins == *origins),
        ("schema", l.schema == *schema),
        ("agent attributes", l.agent == *agent),
        ("user attributes", l.user == *user),
        ("context attributes", l.context == *context),
        ("tools", equal(&l.tools, tools, same_tool)),
        // Switches may have constants of their own, behind those of the expressions.
        ("constants", consts.starts_with(&l.consts)),
        ("patterns", l.patterns == *patterns),
        ("builtins", l.builtins == *builtins),
        ("live data", l.lives == *lives),
        ("functions of the host", l.externs == *externs),
        ("time zones", l.zones == *zones),
        ("windows", l.windows == *windows),
        ("constraints", l.constraints == *constraints),
        ("approvals", l.approvals == *approvals),
        ("history queries", l.priors == *priors),
        ("limits", l.limits == *limits),
        ("expressions", l.exprs == *exprs),
        ("operands", l.operands == *operands),
        ("tests", l.atoms == *atoms),
        ("conditions", l.conds == *conds),
        ("operands of conditions", l.cond_operands == *cond_operands),
        ("messages", l.templates == *templates),
        ("clauses", equal(&l.clauses, clauses, same_clause)),
        ("instances", l.instances == *instances),
        ("matrix", l.matrix == *matrix),
    ];
    let mut faults: Vec<String> = tables
        .iter()
        .filter(|(_, same)| !same)
        .map(|(table, _)| format!("the bundle's {table} are not those of the policy"))
        .collect();
    faults.extend(tools.iter().filter_map(summed_twice));
    faults
}

fn equal<T>(left: &[T], right: &[T], same: fn(&T, &T) -> bool) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
}

/// The file and its digest are known to the emitter only.
fn same_module(left: &ModuleInfo, right: &ModuleInfo) -> bool {
    left.name == right.name
}

fn same_tool(left: &ToolDef, right: &ToolDef) -> bool {
    let bare = |tool: &ToolDef| ToolDef { roots: None, memo: 0, ..tool.clone() };
    bare(left) == bare(right)
}

/// Where a clause stands is known to the emitter only, and with it the id of one whose name is not unique.
fn same_clause(left: &ClauseDef, right: &ClauseDef) -> bool {
    let bare = |clause: &ClauseDef| ClauseDef { id: String::new(), line: 0, column: 0, ..clause.clone() };
    right.id.starts_with(&left.id) && bare(left) == bare(right)
}

/// What an arm adds to a limit is added once for each root; for all other roots, a second one changes nothing.
fn summed_twice(tool: &ToolDef) -> Option<String> {
    let Roots { limits, .. } = tool.roots.as_ref()?;
    let mut arms: Vec<u32> = limits.iter().map(|(arm, _)| *arm).collect();
    arms.sort_unstable();
    let twice = arms.windows(2).any(|pair| pair[0] == pair[1]);
    twice.then(|| format!("`{}` adds one arm of a limit twice", tool.name))
}
