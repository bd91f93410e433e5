//! The policy of these tests, put together by hand: the runtime knows no syntax. In claw it would read
//!
//! ```claw
//! environments prod
//! roles        support, sre
//! labels       untrusted, secret
//! tool send_email(to: string)   tool get_order(id: string)   tool refund(order_id: string, amount: decimal)
//! tool web_fetch(url: string)   tool exec(command: string)   tool probe(x: string)
//! grant any to support
//! approval on_call { by 1 of sre  expires 15m }
//! rule web_is_untrusted      { on web_fetch  mark untrusted }
//! rule after_untrusted_input { on exec  when untrusted in session.labels  require on_call }
//! rule refund_needs_lookup   { on refund  unless prior get_order(prior.id == args.order_id, prior.id != "void") within 10m  deny "look it up" }
//! limit mail_rate  { on send_email  max 5 per 1m  each agent }
//! limit refund_pot { on refund sum args.amount  max 1000 per 24h  each user  beyond require on_call }
//! @status(hint) rule probes_are_secret { on probe  mark secret }
//! @status(hint) rule no_more_probes    { on probe  when secret in session.labels  deny "enough" }
//! @status(hint) limit probe_rate       { on probe  max 1 per 1m  each session }
//! rule no_secret_shells                { on exec  when secret in session.labels  deny "secret" }
//! ```

use claw_runtime::bundle::*;
use claw_runtime::{Decimal, Digest, Field, Policy, Type, Value};

#[derive(Default)]
struct Build {
    bundle: Bundle,
}

const SUPPORT: u32 = 0;
const SRE: u32 = 1;
const UNTRUSTED: u32 = 0;
const SECRET: u32 = 1;
const ON_CALL: ApprovalId = ApprovalId(0);
const MINUTE: i64 = 60_000;

impl Build {
    fn tool(&mut self, name: &str, params: &[(&str, Type)]) -> ToolId {
        let field = |(name, ty): &(&str, Type)| Field {
            name: (*name).to_owned(),
            ty: ty.clone(),
            optional: false,
            default: None,
            doc: String::new(),
        };
        self.bundle.tools.push(ToolDef {
            name: name.to_owned(),
            kind: Kind::Tool,
            wire: name.to_owned(),
            server: None,
            params: params.iter().map(field).collect(),
            tags: Vec::new(),
            pinned: None,
            instances: Range::default(),
            roots: None,
            limits: Vec::new(),
            memo: 0,
            priors: Vec::new(),
            answers: Vec::new(),
        });
        ToolId(id(self.bundle.tools.len()))
    }

    fn expr(&mut self, expr: Expr) -> ExprId {
        self.bundle.exprs.push(expr);
        ExprId(id(self.bundle.exprs.len()))
    }

    fn operands(&mut self, operands: &[ExprId]) -> Range {
        let start = self.bundle.operands.len() as u32;
        self.bundle.operands.extend(operands);
        Range { start, len: operands.len() as u32 }
    }

    fn atom(&mut self, expr: Expr) -> AtomId {
        let expr = self.expr(expr);
        self.bundle.atoms.push(Atom { expr, partial: true });
        AtomId(id(self.bundle.atoms.len()))
    }

    fn cond(&mut self, cond: Cond) -> CondId {
        self.bundle.conds.push(cond);
        CondId(id(self.bundle.conds.len()))
    }

    /// A condition that one test is asked.
    fn ask(&mut self, expr: Expr, ask: Ask) -> CondId {
        let atom = self.atom(expr);
        self.cond(Cond::Ask(atom, ask))
    }

    fn clause(&mut self, name: &str, kind: ClauseKind, shadow: bool) -> ClauseId {
        self.bundle.clauses.push(ClauseDef {
            id: format!("acme.{name}"),
            kind,
            module: 0,
            line: 1,
            column: 1,
            doc: String::new(),
            attributes: Vec::new(),
            shadow,
        });
        ClauseId(id(self.bundle.clauses.len()))
    }

    fn text(&mut self, text: &str) -> TemplateId {
        self.bundle.templates.push(Template { parts: vec![TemplatePart::Text(text.to_owned())] });
        TemplateId(id(self.bundle.templates.len()))
    }

    fn rule(&mut self, name: &str, tool: ToolId, cond: CondId, effect: RuleEffect, shadow: bool) {
        let clause = self.clause(name, ClauseKind::Rule, shadow);
        let effect = InstanceEffect::Rule { effects: vec![effect], suggest: None };
        self.bundle.instances.push(Instance { clause, tool, cond, effect });
    }

    fn limit(&mut self, name: &str, (tool, cond): (ToolId, CondId), addend: Option<ExprId>, def: LimitDef) {
        let clause = self.clause(name, ClauseKind::Limit, name == "probe_rate");
        let limit = LimitId(self.bundle.limits.len() as u32);
        self.bundle.limits.push(LimitDef { clause, ..def });
        self.bundle.tools[tool.index()].limits.push(limit);
        self.bundle.instances.push(Instance { clause, tool, cond, effect: InstanceEffect::Limit { limit, addend } });
    }

    fn finish(mut self) -> Policy {
        self.bundle.instances.sort_by_key(|instance| instance.tool);
        for (tool, i) in self.bundle.tools.iter_mut().zip(0..) {
            let of_tool = |instance: &&Instance| instance.tool == ToolId(i);
            let start = self.bundle.instances.iter().take_while(|instance| instance.tool < ToolId(i)).count();
            tool.instances =
                Range { start: start as u32, len: self.bundle.instances.iter().filter(of_tool).count() as u32 };
        }
        Policy::from_bundle(self.bundle).unwrap()
    }
}

/// The id of the entry that was pushed last.
fn id(len: usize) -> u32 {
    u32::try_from(len).unwrap() - 1
}

fn limit(max: i64, window_ms: i64, keys: &[LimitKey]) -> LimitDef {
    LimitDef {
        clause: ClauseId(0),
        max: Decimal::from(max),
        window_ms,
        keys: keys.to_vec(),
        sums: false,
        beyond: Vec::new(),
        message: None,
    }
}

fn vocabulary() -> Build {
    let mut b = Build::default();
    b.bundle.package = "acme".to_owned();
    b.bundle.modules =
        vec![ModuleInfo { name: "acme".to_owned(), file: "acme.claw".to_owned(), digest: Digest::of(b"acme") }];
    b.bundle.environments = vec!["prod".to_owned()];
    b.bundle.labels = vec!["untrusted".to_owned(), "secret".to_owned()];
    b.bundle.roles = vec![
        RoleDef { name: "support".to_owned(), closure: vec![SUPPORT] },
        RoleDef { name: "sre".to_owned(), closure: vec![SRE] },
    ];
    b.bundle.approvals = vec![ApprovalDef {
        id: "acme.on_call".to_owned(),
        short: "on_call".to_owned(),
        by: vec![(1, vec![SRE])],
        by_user: false,
        expires_ms: 15 * MINUTE,
        reuse_ms: 0,
        note_required: false,
        digest: Digest::of(b"on_call"),
    }];
    b
}

pub fn policy() -> Policy {
    let mut b = vocabulary();
    let send_email = b.tool("send_email", &[("to", Type::Str)]);
    let get_order = b.tool("get_order", &[("id", Type::Str)]);
    let refund = b.tool("refund", &[("order_id", Type::Str), ("amount", Type::Decimal)]);
    let web_fetch = b.tool("web_fetch", &[("url", Type::Str)]);
    let exec = b.tool("exec", &[("command", Type::Str)]);
    let probe = b.tool("probe", &[("x", Type::Str)]);
    let always = b.cond(Cond::True);

    let grant = b.clause("grant any to support", ClauseKind::Grant, false);
    let holds = b.ask(Expr::AgentHasRole(SUPPORT), Ask::IsTrue);
    for tool in [send_email, get_order, refund, web_fetch, exec, probe] {
        b.bundle.instances.push(Instance { clause: grant, tool, cond: holds, effect: InstanceEffect::Grant });
    }
    b.rule("web_is_untrusted", web_fetch, always, RuleEffect::Mark { label: UNTRUSTED }, false);
    let untrusted = b.ask(Expr::HasLabel(UNTRUSTED), Ask::NotFalse);
    b.rule("after_untrusted_input", exec, untrusted, RuleEffect::Require(vec![ON_CALL]), false);
    let looked_up = lookup(&mut b, get_order, refund);
    let deny = RuleEffect::Deny(b.text("look it up"));
    b.rule("refund_needs_lookup", refund, looked_up, deny, false);

    b.limit("mail_rate", (send_email, always), None, limit(5, MINUTE, &[LimitKey::Agent]));
    let amount = b.expr(Expr::Arg(1));
    let pot = LimitDef { sums: true, beyond: vec![ON_CALL], ..limit(1000, 24 * 60 * MINUTE, &[LimitKey::User]) };
    b.limit("refund_pot", (refund, always), Some(amount), pot);

    b.rule("probes_are_secret", probe, always, RuleEffect::Mark { label: SECRET }, true);
    let secret = b.ask(Expr::HasLabel(SECRET), Ask::NotFalse);
    let deny = RuleEffect::Deny(b.text("enough"));
    b.rule("no_more_probes", probe, secret, deny, true);
    b.limit("probe_rate", (probe, always), None, limit(1, MINUTE, &[LimitKey::Session]));
    let deny = RuleEffect::Deny(b.text("secret"));
    b.rule("no_secret_shells", exec, secret, deny, false);
    b.finish()
}

/// `unless prior get_order(prior.id == args.order_id, prior.id != "void") within 10m`
fn lookup(b: &mut Build, get_order: ToolId, refund: ToolId) -> CondId {
    b.bundle.consts.push(Value::str("void"));
    let (id, void) = (b.expr(Expr::Arg(0)), b.expr(Expr::Const(ConstId(0))));
    let is_void = b.expr(Expr::Eq(id, void));
    let test = b.atom(Expr::Not(is_void));
    b.bundle.priors.push(PriorDef {
        key: Digest::of(b"get_order by id"),
        tool: get_order,
        params: vec![0],
        test: Some(test),
        within_ms: 10 * MINUTE,
    });
    b.bundle.tools[get_order.index()].answers.push(PriorId(0));
    b.bundle.tools[refund.index()].priors.push(PriorId(0));
    let order_id = b.expr(Expr::Arg(0));
    let key = b.operands(&[order_id]);
    b.ask(Expr::Prior(PriorId(0), key, 10 * MINUTE), Ask::NotTrue)
}
