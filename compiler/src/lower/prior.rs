//! Lowers `prior tool(…) within D` into queries of history.

use claw_runtime::bundle::{Expr as Out, ExprId, PriorDef, PriorId, Range};
use claw_runtime::{Digest, Duration};

use super::expr::Site;
use super::text::Texts;
use super::{Lowerer, next};
use crate::hir::{Expr, ToolId};

impl<'p> Lowerer<'p> {
    /// The query and the values of its key at this call.
    pub(super) fn prior(
        &mut self,
        tool: ToolId,
        keys: &'p [(String, Expr)],
        tests: &'p [Expr],
        within: Duration,
        site: &mut Site,
    ) -> (PriorId, Range) {
        let mut keyed: Vec<(u32, ExprId)> = Vec::with_capacity(keys.len());
        for (name, value) in keys {
            let value = self.expr(value, site);
            keyed.push((self.param(tool, name), value.id));
        }
        keyed.sort_unstable();
        keyed.dedup();
        let (params, values): (Vec<u32>, Vec<ExprId>) = keyed.into_iter().unzip();
        let test = self.earlier(tool, tests);
        let query = self.query(tool, params, test, within);
        (query, self.interner.operands(&values))
    }

    /// The tests of the earlier call as one expression.
    fn earlier(&mut self, tool: ToolId, tests: &'p [Expr]) -> Option<ExprId> {
        let mut site = Site::new(tool);
        let mut tests: Vec<ExprId> = tests.iter().map(|e| self.expr(e, &mut site).id).collect();
        tests.sort_unstable();
        tests.dedup();
        match tests[..] {
            [] => None,
            [only] => Some(only),
            _ => {
                let tests = self.interner.operands(&tests);
                Some(self.interner.expr(Out::And(tests)))
            }
        }
    }

    /// The same question asked twice is one query; its records live as long as the longest window needs.
    fn query(&mut self, tool: ToolId, params: Vec<u32>, test: Option<ExprId>, within: Duration) -> PriorId {
        let key = (tool, params, test);
        if let Some(found) = self.priors.get(&key) {
            let query = &mut self.interner.tables.priors[found.index()];
            query.within_ms = query.within_ms.max(within.as_millis());
            return *found;
        }
        let id = PriorId(next(&self.interner.tables.priors));
        let (tool, params, test) = key.clone();
        let digest = self.query_digest(tool, &params, test);
        let tables = PriorDef {
            key: digest,
            tool: claw_runtime::bundle::ToolId(tool.0),
            params,
            test: test.map(|expr| self.interner.atom(expr, true)),
            within_ms: within.as_millis(),
        };
        self.interner.tables.priors.push(tables);
        self.priors.insert(key, id);
        id
    }

    /// A name that stays the same while the question does, whatever else changes in the policy.
    fn query_digest(&self, tool: ToolId, params: &[u32], test: Option<ExprId>) -> Digest {
        let decl = &self.package.tools[tool.index()];
        let module = &self.package.modules[decl.decl.module.index()].name;
        let names: Vec<&str> = params.iter().map(|i| decl.params[*i as usize].name.as_str()).collect();
        let test = test.map(|expr| self.texts().canonical(tool.0, expr));
        let question = (module, &decl.decl.name, names, test);
        Digest::of(serde_json::to_string(&question).expect("strings are JSON").as_bytes())
    }

    fn texts(&self) -> Texts<'_> {
        Texts { tables: &self.interner.tables, patterns: &self.interner.pattern_texts }
    }
}
