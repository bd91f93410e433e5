//! The tables that are taken over from the package as they are: vocabularies, tools, approvals, windows.

use claw_runtime::bundle::{
    ApprovalDef, Bundle, ConstraintDef, ExternDef, LiveDef, ModuleInfo, Range, RoleDef, ToolDef, WindowDef, ZoneDef,
};
use claw_runtime::{Days, Digest, Field, Json, Span, TimeOfDay, Window};

use super::next;
use crate::hir::{self, Package, Word};
use crate::zones;

/// Everything in a bundle that does not depend on clauses. Ids are the same as in the package.
pub(super) fn vocabulary(package: &Package) -> Bundle {
    let words = |words: &[Word]| words.iter().map(|w| w.decl.name.clone()).collect();
    let fields = |attrs: &[hir::Attr]| attrs.iter().map(|a| a.field.clone()).collect::<Vec<Field>>();
    let (zones, windows) = windows(package);
    let module = |m: &hir::Module| ModuleInfo { name: m.name.clone(), file: String::new(), digest: Digest([0; 32]) };
    Bundle {
        package: package.name.clone(),
        modules: package.modules.iter().map(module).collect(),
        environments: words(&package.environments),
        tiers: words(&package.tiers),
        roles: package.roles.iter().map(role).collect(),
        labels: words(&package.labels),
        tags: words(&package.tags),
        origins: words(&package.origins),
        schema: package.schema.clone(),
        agent: fields(&package.agent),
        user: fields(&package.user),
        context: fields(&package.context),
        tools: package.tools.iter().map(tool).collect(),
        lives: package.lives.iter().map(|l| LiveDef { name: l.decl.name.clone(), ty: l.ty.clone() }).collect(),
        externs: package.externs.iter().map(external).collect(),
        zones,
        windows,
        constraints: package.constraints.iter().map(constraint).collect(),
        approvals: package.approvals.iter().map(|a| approval(package, a)).collect(),
        ..Bundle::default()
    }
}

fn role(role: &hir::Role) -> RoleDef {
    let mut closure: Vec<u32> = role.closure.iter().map(|r| r.0).collect();
    closure.sort_unstable();
    RoleDef { name: role.decl.name.clone(), closure }
}

fn tool(tool: &hir::Tool) -> ToolDef {
    let mut tags: Vec<u32> = tool.tags.iter().map(|t| t.0).collect();
    tags.sort_unstable();
    tags.dedup();
    ToolDef {
        name: tool.decl.name.clone(),
        kind: tool.kind,
        wire: tool.wire.clone(),
        server: tool.server.clone(),
        params: tool.params.clone(),
        tags,
        pinned: tool.pinned.as_ref().map(|text| text.parse().expect("checked: a digest")),
        instances: Range::default(),
        roots: None,
        limits: Vec::new(),
        memo: 0,
        priors: Vec::new(),
        answers: Vec::new(),
    }
}

fn external(decl: &hir::Extern) -> ExternDef {
    ExternDef {
        name: decl.decl.name.clone(),
        params: decl.params.iter().map(|(_, ty)| ty.clone()).collect(),
        result: decl.result.clone(),
        timeout_ms: decl.timeout.as_millis(),
    }
}

fn constraint(decl: &hir::Constraint) -> ConstraintDef {
    ConstraintDef { name: decl.decl.name.clone(), ty: decl.ty.clone(), merge: decl.merge }
}

fn windows(package: &Package) -> (Vec<ZoneDef>, Vec<WindowDef>) {
    let mut zones: Vec<ZoneDef> = Vec::new();
    let mut windows = Vec::with_capacity(package.windows.len());
    for decl in &package.windows {
        let (name, tzif) = zones::lookup(&decl.zone).expect("checked: a known zone");
        let zone = zones.iter().position(|z| z.name == name).map_or(next(&zones), |at| next(&zones[..at]));
        if zone == next(&zones) {
            zones.push(ZoneDef { name: name.to_owned(), tzif: tzif.to_vec() });
        }
        windows.push(WindowDef { name: decl.decl.name.clone(), zone, window: window(decl, zone) });
    }
    (zones, windows)
}

fn window(decl: &hir::WindowDecl, zone: u32) -> Window {
    const WHOLE_DAY: &[(u16, u16)] = &[(0, 24 * 60)];
    let minutes = |m: u16| TimeOfDay::from_minutes(m).expect("checked: a time of day");
    let hours = if decl.hours.is_empty() { WHOLE_DAY } else { &decl.hours };
    let mut except = decl.except.clone();
    except.sort_unstable();
    except.dedup();
    Window {
        days: (0..7).filter(|day| decl.days & (1 << day) != 0).fold(Days::default(), Days::with),
        spans: hours.iter().map(|(from, to)| Span { from: minutes(*from), to: minutes(*to) }).collect(),
        zone,
        except,
    }
}

fn approval(package: &Package, decl: &hir::Approval) -> ApprovalDef {
    let mut by: Vec<(u32, Vec<u32>)> = Vec::with_capacity(decl.by.len());
    for quorum in &decl.by {
        let mut roles: Vec<u32> = quorum.roles.iter().map(|r| r.0).collect();
        roles.sort_unstable();
        roles.dedup();
        by.push((quorum.n, roles));
    }
    let mut def = ApprovalDef {
        id: format!("{}.{}", package.modules[decl.decl.module.index()].name, decl.decl.name),
        short: decl.decl.name.clone(),
        by,
        by_user: decl.by_user,
        expires_ms: decl.expires.as_millis(),
        reuse_ms: decl.reuse.map_or(0, |d| d.as_millis()),
        note_required: decl.note_required,
        digest: Digest([0; 32]),
    };
    def.digest = Digest::of_json(&approval_json(package, &def));
    def
}

/// The definition as evidence refers to it: with names for roles, and without the order in which lines are written.
fn approval_json(package: &Package, def: &ApprovalDef) -> Json {
    let line = |(n, roles): &(u32, Vec<u32>)| {
        let mut names: Vec<&str> = roles.iter().map(|r| package.roles[*r as usize].decl.name.as_str()).collect();
        names.sort_unstable();
        (*n, names)
    };
    let mut lines: Vec<(u32, Vec<&str>)> = def.by.iter().map(line).collect();
    lines.sort_unstable();
    let by = lines.into_iter().map(|(n, roles)| {
        let roles = roles.into_iter().map(Json::str).collect::<Vec<_>>();
        object([("n", Json::int(n.into())), ("roles", Json::Arr(roles))])
    });
    object([
        ("id", Json::str(def.id.as_str())),
        ("by", Json::Arr(by.collect())),
        ("by_user", Json::Bool(def.by_user)),
        ("expires_ms", Json::int(def.expires_ms)),
        ("reuse_ms", Json::int(def.reuse_ms)),
        ("note_required", Json::Bool(def.note_required)),
    ])
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Obj(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
}
