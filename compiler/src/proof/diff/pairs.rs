//! Which declarations of two policies are the same thing: by name, across packages, and by content where names changed.

use claw_runtime::bundle::{ApprovalDef, ApprovalId, Bundle, LimitDef, LimitId, ToolId};
use claw_runtime::{Decision, Schema, Type};

use crate::proof::side::Side;

/// Two policies with what corresponds in them.
#[derive(Debug)]
pub struct Pairs<'a> {
    pub old: &'a Side,
    pub new: &'a Side,
    /// Tools of one kind, server and wire name.
    pub tools: Vec<(ToolId, ToolId)>,
    pub removed_tools: Vec<ToolId>,
    pub added_tools: Vec<ToolId>,
    /// Approvals, either side of which may be missing.
    pub approvals: Vec<(Option<ApprovalId>, Option<ApprovalId>)>,
    pub limits: Vec<(LimitId, LimitId)>,
}

impl<'a> Pairs<'a> {
    pub fn of(old: &'a Side, new: &'a Side) -> Pairs<'a> {
        let (a, b) = (&old.lowered.tables, &new.lowered.tables);
        let key = |tables: &'a Bundle, id: u32| {
            let tool = &tables.tools[id as usize];
            (tool.kind, tool.server.as_deref(), tool.wire.as_str())
        };
        let found = |id: u32| (0..count(&b.tools)).find(|other| key(b, *other) == key(a, id));
        let (mut tools, mut removed_tools) = (Vec::new(), Vec::new());
        for id in 0..count(&a.tools) {
            match found(id) {
                Some(other) => tools.push((ToolId(id), ToolId(other))),
                None => removed_tools.push(ToolId(id)),
            }
        }
        let added = |id: &u32| tools.iter().all(|(_, known)| known.0 != *id);
        let added_tools = (0..count(&b.tools)).filter(added).map(ToolId).collect();
        let approvals = approvals(a, b);
        Pairs { old, new, tools, removed_tools, added_tools, approvals, limits: limits(a, b) }
    }

    pub fn sides(&self) -> [&'a Side; 2] {
        [self.old, self.new]
    }

    /// The approvals that a decision waits for, by index of `approvals`.
    pub fn required(&self, side: usize, decision: &Decision) -> Vec<usize> {
        let tables = &self.sides()[side].lowered.tables;
        let of = |pair: &(Option<ApprovalId>, Option<ApprovalId>)| if side == 0 { pair.0 } else { pair.1 };
        let is_asked =
            |id: ApprovalId| decision.approvals.iter().any(|asked| asked.digest == tables.approvals[id.index()].digest);
        (0..self.approvals.len()).filter(|at| of(&self.approvals[*at]).is_some_and(is_asked)).collect()
    }
}

fn count<T>(table: &[T]) -> u32 {
    u32::try_from(table.len()).expect("fewer than 4 billion entries")
}

/// Whether two entries are one, in some way.
type Same<'s, T> = &'s dyn Fn(&T, &T) -> bool;

/// Pairs entries of two tables: those that agree in the first way, then among the rest those that agree in the next.
fn paired<T>(old: &[T], new: &[T], ways: &[Same<'_, T>]) -> Vec<(Option<u32>, Option<u32>)> {
    let mut of_old: Vec<Option<u32>> = vec![None; old.len()];
    let mut taken = vec![false; new.len()];
    for same in ways {
        for (at, entry) in old.iter().enumerate().filter(|(at, _)| of_old[*at].is_none()).collect::<Vec<_>>() {
            let free = |other: &usize| !taken[*other] && same(entry, &new[*other]);
            if let Some(other) = (0..new.len()).find(free) {
                taken[other] = true;
                of_old[at] = u32::try_from(other).ok();
            }
        }
    }
    let mut pairs: Vec<_> = (0..).map(Some).zip(of_old).collect();
    pairs.extend((0..).zip(taken).filter(|(_, taken)| !taken).map(|(at, _)| (None, Some(at))));
    pairs
}

fn approvals(old: &Bundle, new: &Bundle) -> Vec<(Option<ApprovalId>, Option<ApprovalId>)> {
    let same_content = |a: &ApprovalDef, b: &ApprovalDef| {
        let terms = |def: &ApprovalDef| (def.by_user, def.expires_ms, def.reuse_ms, def.note_required);
        terms(a) == terms(b) && lines(old, a) == lines(new, b)
    };
    let pairs =
        paired(&old.approvals, &new.approvals, &[&|a, b| a.id == b.id, &|a, b| a.short == b.short, &same_content]);
    pairs.into_iter().map(|(a, b)| (a.map(ApprovalId), b.map(ApprovalId))).collect()
}

/// Who has to agree: how many, and the roles whose holders count, with those that include them.
pub fn lines(tables: &Bundle, approval: &ApprovalDef) -> Vec<(u32, Vec<String>)> {
    let mut lines: Vec<(u32, Vec<String>)> = Vec::new();
    for (n, roles) in &approval.by {
        let counts = |role: &&claw_runtime::bundle::RoleDef| role.closure.iter().any(|held| roles.contains(held));
        let mut names: Vec<String> = tables.roles.iter().filter(counts).map(|role| role.name.clone()).collect();
        names.sort_unstable();
        lines.push((*n, names));
    }
    lines.sort_unstable();
    lines
}

/// The name of a clause without its package.
pub fn local<'t>(tables: &Bundle, id: &'t str) -> &'t str {
    let own = tables.modules.iter().filter_map(|module| id.strip_prefix(&module.name)?.strip_prefix('.'));
    own.min_by_key(|rest| rest.len()).unwrap_or(id)
}

fn limits(old: &Bundle, new: &Bundle) -> Vec<(LimitId, LimitId)> {
    let id = |tables: &Bundle, limit: &LimitDef| tables.clauses[limit.clause.index()].id.clone();
    let whole = |a: &LimitDef, b: &LimitDef| id(old, a) == id(new, b);
    let short = |a: &LimitDef, b: &LimitDef| local(old, &id(old, a)) == local(new, &id(new, b));
    let same = |a: &LimitDef, b: &LimitDef| {
        (a.max, a.window_ms, &a.keys, a.sums) == (b.max, b.window_ms, &b.keys, b.sums)
            && a.beyond.len() == b.beyond.len()
    };
    let pairs = paired(&old.limits, &new.limits, &[&whole, &short, &same]);
    pairs.into_iter().filter_map(|(a, b)| Some((LimitId(a?), LimitId(b?)))).collect()
}

/// Gives limits that correspond the same name, and others their own.
pub fn name_limits(old: &mut Side, new: &mut Side) {
    let name = |tables: &Bundle, id: usize| {
        let id = &tables.clauses[tables.limits[id].clause.index()].id;
        format!("`{}`", local(tables, id).trim_start_matches("limit "))
    };
    let pairs = limits(&old.lowered.tables, &new.lowered.tables);
    let of = |side: &Side, note: &str| {
        let tables = &side.lowered.tables;
        (0..tables.limits.len()).map(|id| format!("{}{note}", name(tables, id))).collect::<Vec<_>>()
    };
    old.limit_names = of(old, "");
    new.limit_names = of(new, "");
    let unpaired: Vec<usize> =
        (0..new.limit_names.len()).filter(|at| pairs.iter().all(|(_, other)| other.index() != *at)).collect();
    for at in unpaired {
        if old.limit_names.contains(&new.limit_names[at]) {
            new.limit_names[at].push_str(" of the new policy");
        }
    }
    let denies = |side: &Side| side.lowered.tables.limits.iter().map(|limit| limit.beyond.is_empty()).collect();
    (old.plain_limits, new.plain_limits) = (denies(old), denies(new));
    for (a, b) in pairs {
        new.limit_names[b.index()] = old.limit_names[a.index()].clone();
        let plain = old.plain_limits[a.index()] && new.plain_limits[b.index()];
        (old.plain_limits[a.index()], new.plain_limits[b.index()]) = (plain, plain);
    }
}

/// A type with everything that it is made of: equal if values of one are values of the other.
pub fn shape(ty: &Type, schema: &Schema) -> String {
    match ty {
        Type::List(element) => format!("list<{}>", shape(element, schema)),
        Type::Set(element) => format!("set<{}>", shape(element, schema)),
        Type::Enum(id) => format!("{:?}", schema.enumeration(*id).map(|def| &def.variants)),
        Type::Record(id) => {
            let fields = schema.record(*id).map(|def| def.fields.as_slice()).unwrap_or_default();
            let field = |field: &claw_runtime::Field| {
                let optional = if field.optional { "?" } else { "" };
                format!("{}{optional}: {} = {:?}", field.name, shape(&field.ty, schema), field.default)
            };
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        other => other.display(schema),
    }
}
