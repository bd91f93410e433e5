//! What a policy declares for its clauses to speak of: vocabularies, tools, constants, and what the host supplies.

use claw_runtime::{Date, Digest, value_to_json};

use super::access::grant_ref;
use super::anchors::Thing;
use super::clauses::{invariant_ref, limit_ref, rule_ref};
use super::context::Context;
use super::model::*;
use crate::analysis::Symbol;
use crate::hir::{
    self, AttrRoot, ConstraintId, Decl, EffectKind, EnvId, ExternId, LabelId, LetId, LiveId, Merge, ModuleId, OriginId,
    Package, PredicateId, RoleId, TagId, TierId, ToolId, ToolKind, WindowId,
};
use crate::ide::{self, facts};

pub(super) fn modules(cx: &Context<'_>) -> Vec<Module> {
    let module = |(at, module): (u32, &hir::Module)| {
        let source = cx.analysis.sources.get(module.file);
        Module {
            id: cx.id(Thing::Named(Symbol::Module(ModuleId(at)))),
            name: module.name.clone(),
            file: source.path.clone(),
            digest: Digest::of(source.text.as_bytes()).to_string(),
            doc: module.doc.clone(),
            standard: module.is_std,
            may_grant: module.may_grant,
        }
    };
    (0..).zip(&cx.package.modules).map(module).collect()
}

fn word(cx: &Context<'_>, symbol: Symbol) -> Word {
    let Ref { id, name } = cx.named(symbol);
    let doc = ide::decl(cx.package, symbol).map(|decl| decl.doc.clone()).unwrap_or_default();
    Word { id, name, doc }
}

fn words(cx: &Context<'_>, count: usize, symbol: impl Fn(u32) -> Symbol) -> Vec<Word> {
    (0..count as u32).map(|at| word(cx, symbol(at))).collect()
}

pub(super) fn tiers(cx: &Context<'_>) -> Vec<Word> {
    words(cx, cx.package.tiers.len(), |at| Symbol::Tier(TierId(at)))
}

pub(super) fn environments(cx: &Context<'_>) -> Vec<Word> {
    words(cx, cx.package.environments.len(), |at| Symbol::Env(EnvId(at)))
}

pub(super) fn origins(cx: &Context<'_>) -> Vec<Word> {
    words(cx, cx.package.origins.len(), |at| Symbol::Origin(OriginId(at)))
}

pub(super) fn roles(cx: &Context<'_>) -> Vec<Role> {
    let role = |(at, role): (u32, &hir::Role)| Role {
        word: word(cx, Symbol::Role(RoleId(at))),
        includes: role.includes.iter().map(|(id, _)| cx.named(Symbol::Role(*id))).collect(),
    };
    (0..).zip(&cx.package.roles).map(role).collect()
}

/// The rules with an effect of some kind.
fn rules_with(cx: &Context<'_>, has: impl Fn(&EffectKind) -> bool) -> Vec<Ref> {
    let rules = (0..).zip(&cx.package.rules).filter(|(_, rule)| rule.effects.iter().any(|effect| has(&effect.kind)));
    rules.map(|(at, _)| rule_ref(cx, at)).collect()
}

pub(super) fn labels(cx: &Context<'_>) -> Vec<Label> {
    let label = |id: LabelId| Label {
        word: word(cx, Symbol::Label(id)),
        marked_by: rules_with(cx, |effect| matches!(effect, EffectKind::Mark(label) if *label == id)),
    };
    (0..cx.package.labels.len() as u32).map(|at| label(LabelId(at))).collect()
}

pub(super) fn tags(cx: &Context<'_>) -> Vec<Tag> {
    let tag = |id: TagId| {
        let tools = (0..).map(ToolId).zip(&cx.package.tools).filter(|(_, tool)| tool.tags.contains(&id));
        let tools: Vec<ToolId> = tools.map(|(tool, _)| tool).collect();
        Tag { word: word(cx, Symbol::Tag(id)), tools: cx.tools(&tools) }
    };
    (0..cx.package.tags.len() as u32).map(|at| tag(TagId(at))).collect()
}

pub(super) fn tools(cx: &Context<'_>) -> Vec<Tool> {
    (0..).map(ToolId).zip(&cx.package.tools).map(|(id, declared)| tool(cx, id, declared)).collect()
}

fn tool(cx: &Context<'_>, id: ToolId, tool: &hir::Tool) -> Tool {
    let package = cx.package;
    let covers = |target: &hir::Target| target.tools.contains(&id);
    let indices = |found: Vec<bool>| (0..).zip(found).filter(|(_, covers)| *covers).map(|(at, _): (u32, bool)| at);
    let rules = indices(package.rules.iter().map(|rule| covers(&rule.target)).collect());
    let limits = indices(package.limits.iter().map(|l| l.arms.iter().any(|arm| covers(&arm.target))).collect());
    let grants = package.grants.iter().enumerate().filter(|(_, grant)| covers(&grant.target));
    let arms = package.classify.iter().enumerate().filter(|(_, arm)| covers(&arm.target));
    let invariants = package.invariants.iter().enumerate().filter(|(_, invariant)| covers(&invariant.target));
    let tier = |(tier, always)| ToolTier { tier: cx.named(Symbol::Tier(tier)), always };
    Tool {
        heading: cx.heading(Thing::Named(Symbol::Tool(id)), &tool.decl),
        kind: match tool.kind {
            ToolKind::Tool => "tool",
            ToolKind::Resource => "resource",
            ToolKind::Prompt => "prompt",
        },
        code: cx.code(tool.decl.loc),
        wire: (tool.wire != tool.decl.name).then(|| tool.wire.clone()),
        server: tool.server.clone(),
        tags: tool.tags.iter().map(|tag| cx.named(Symbol::Tag(*tag))).collect(),
        pinned: tool.pinned.clone(),
        tiers: facts::tiers(package, id).into_iter().map(tier).collect(),
        classify: arms.map(|(at, arm)| Ref { id: cx.id(Thing::Classify(at)), name: arm.decl.name.clone() }).collect(),
        grants: grants.map(|(at, _)| grant_ref(cx, at)).collect(),
        rules: rules.map(|at| rule_ref(cx, at)).collect(),
        limits: limits.map(|at| limit_ref(cx, at)).collect(),
        invariants: invariants.map(|(at, _)| invariant_ref(cx, at)).collect(),
    }
}

pub(super) fn windows(cx: &Context<'_>) -> Vec<Window> {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let windows = (0..).map(|at| Symbol::Window(WindowId(at))).zip(&cx.package.windows);
    windows
        .filter(|(symbol, _)| cx.shows(*symbol))
        .map(|(symbol, window)| Window {
            heading: cx.heading(Thing::Named(symbol), &window.decl),
            days: (0..).zip(DAYS).filter(|(bit, _)| window.days >> bit & 1 == 1).map(|(_, day)| day).collect(),
            hours: window.hours.iter().map(|(from, to)| format!("{}–{}", clock(*from), clock(*to))).collect(),
            zone: window.zone.clone(),
            except: window.except.iter().map(Date::to_string).collect(),
            code: cx.code(window.decl.loc),
        })
        .collect()
}

pub(super) fn constants(cx: &Context<'_>) -> Vec<Constant> {
    let schema = &cx.package.schema;
    let constants =
        (0..).map(|at| Symbol::Let(LetId(at))).zip(&cx.package.lets).filter(|(symbol, _)| cx.shows(*symbol));
    constants
        .map(|(symbol, constant)| {
            let json = |value, ty| value_to_json(value, ty, schema).to_string();
            let elements = constant.value.elements().zip(constant.ty.element());
            Constant {
                heading: cx.heading(Thing::Named(symbol), &constant.decl),
                ty: constant.ty.display(schema),
                values: match elements {
                    Some((items, ty)) => items.iter().map(|item| json(item, ty)).collect(),
                    None => vec![json(&constant.value, &constant.ty)],
                },
                collection: elements.is_some(),
                code: cx.code(constant.decl.loc),
            }
        })
        .collect()
}

fn declared(cx: &Context<'_>, symbol: Symbol, decl: &Decl) -> Option<Declared> {
    let shown = || Declared { heading: cx.heading(Thing::Named(symbol), decl), code: cx.code(decl.loc) };
    cx.shows(symbol).then(shown)
}

pub(super) fn predicates(cx: &Context<'_>) -> Vec<Declared> {
    let predicates = (0..).map(|at| Symbol::Predicate(PredicateId(at))).zip(&cx.package.predicates);
    predicates.filter_map(|(symbol, predicate)| declared(cx, symbol, &predicate.decl)).collect()
}

pub(super) fn types(cx: &Context<'_>) -> Vec<Declared> {
    let enums = (0..).map(|at| Symbol::Enum(claw_runtime::EnumId(at))).zip(&cx.package.enum_decls);
    let records = (0..).map(|at| Symbol::Record(claw_runtime::RecordId(at))).zip(&cx.package.record_decls);
    enums.chain(records).filter_map(|(symbol, decl)| declared(cx, symbol, decl)).collect()
}

/// The blocks of attributes, with the words by which conditions speak of them.
pub(super) fn roots(package: &Package) -> [(AttrRoot, &'static str, &[hir::Attr]); 3] {
    [
        (AttrRoot::Agent, "agent", &package.agent),
        (AttrRoot::User, "user", &package.user),
        (AttrRoot::Context, "context", &package.context),
    ]
}

pub(super) fn host(cx: &Context<'_>) -> Host {
    let package = cx.package;
    let mut attributes = Vec::new();
    for (root, of, attrs) in roots(package) {
        attributes.extend((0..).zip(attrs).map(|(at, attr)| HostAttribute {
            id: cx.id(Thing::Named(Symbol::Attr(root, at))),
            of,
            name: attr.field.name.clone(),
            ty: attr.field.ty.display(&package.schema),
            optional: attr.field.optional,
            doc: attr.field.doc.clone(),
        }));
    }
    let lives = (0..).map(|at| Symbol::Live(LiveId(at))).zip(&package.lives);
    let externs = (0..).map(|at| Symbol::Extern(ExternId(at))).zip(&package.externs);
    Host {
        attributes,
        live: lives.filter_map(|(symbol, live)| declared(cx, symbol, &live.decl)).collect(),
        externs: externs
            .map(|(symbol, function)| Extern {
                heading: cx.heading(Thing::Named(symbol), &function.decl),
                timeout: function.timeout.to_string(),
                code: cx.code(function.decl.loc),
            })
            .collect(),
        constraints: (0..).map(ConstraintId).zip(&package.constraints).map(|(id, c)| constraint(cx, id, c)).collect(),
    }
}

fn constraint(cx: &Context<'_>, id: ConstraintId, constraint: &hir::Constraint) -> Constraint {
    Constraint {
        heading: cx.heading(Thing::Named(Symbol::Constraint(id)), &constraint.decl),
        ty: constraint.ty.display(&cx.package.schema),
        merge: match constraint.merge {
            Merge::Min => "min",
            Merge::Max => "max",
            Merge::Intersect => "intersect",
            Merge::Union => "union",
        },
        set_by: rules_with(cx, |effect| matches!(effect, EffectKind::Constrain(set, _) if *set == id)),
    }
}
