//! Builds the graph: tool by tool, conditions become diagrams and diagrams become nodes.

use claw_runtime::bundle::{Ask, AtomId, Cond, CondId, Expr, Target, TargetKind};
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::FxHashMap;

use super::diagram::{Diagrams, Join, OverBudget};
use super::patterns::PatternTables;
use super::plan::Plan;
use super::vars::{self, ENV, Order, SwitchTable, TIER, Var, Vars, operands};
use super::{Budget, DecisionGraph, GraphEdge, GraphNode, Root};
use crate::lower::Lowered;

/// Work per node of the budget before a tool is given up.
const STEPS_PER_NODE: usize = 16;
/// Joining recurses once per variable on a path; a tool with more tests is judged clause by clause, which costs as
/// much as asking all of them.
const MAX_VARS: usize = 1000;
/// A diagram this small is not worth a second try with another order.
const SMALL: usize = 64;

/// Builds the decision graph of a policy. Linear in the size of the policy but for what the budget bounds per tool.
pub fn build(lowered: &Lowered, budget: Budget) -> DecisionGraph {
    let mut builder = Builder::new(lowered, budget);
    for tool in 0..lowered.tables.tools.len() {
        builder.tool(tool);
    }
    builder.done
}

struct Builder<'l> {
    lowered: &'l Lowered,
    budget: Budget,
    tables: PatternTables<'l>,
    leaves: FxHashMap<u32, NodeIndex>,
    switch_index: FxHashMap<SwitchTable, u32>,
    /// What was built for a plan; `None`: too large.
    plans: FxHashMap<Plan, Option<Built>>,
    done: DecisionGraph,
}

/// A tool's diagrams as nodes of the graph.
#[derive(Clone, Debug)]
struct Built {
    roots: Vec<(Root, NodeIndex)>,
    memo: u32,
}

/// A tool's diagrams on their own.
struct Draft {
    vars: Vec<Var>,
    diagrams: Diagrams,
    roots: Vec<(Root, Target)>,
    /// Nodes in use, ascending.
    live: Vec<u32>,
}

/// How much of the budget a try may use.
#[derive(Clone, Copy)]
enum Steps {
    /// Some times what a small diagram takes.
    Few,
    All,
}

/// As many nodes as nobody minds who asks so many tests.
fn small(vars: usize) -> usize {
    SMALL.max(4 * vars)
}

impl Draft {
    fn is_small(&self) -> bool {
        self.live.len() <= small(self.vars.len())
    }
}

impl<'l> Builder<'l> {
    fn new(lowered: &'l Lowered, budget: Budget) -> Builder<'l> {
        let mut graph = DiGraph::new();
        let dispatch = graph.add_node(GraphNode::Dispatch);
        let done = DecisionGraph { graph, dispatch, switches: Vec::new(), tools: Vec::new(), memo: Vec::new() };
        let (leaves, switch_index, plans) = Default::default();
        Builder { lowered, budget, tables: PatternTables::new(lowered), leaves, switch_index, plans, done }
    }

    fn tool(&mut self, tool: usize) {
        let plan = Plan::new(self.lowered, tool);
        let built = match self.plans.get(&plan) {
            Some(found) => found.clone(),
            None => {
                let built = self.draft(&plan).map(|draft| self.add(&draft));
                self.plans.insert(plan, built.clone());
                built
            }
        };
        let index = u32::try_from(tool).expect("fewer than 4 billion tools");
        let node = self.done.graph.add_node(GraphNode::Tool(index));
        self.done.graph.add_edge(self.done.dispatch, node, GraphEdge::Enter);
        self.done.tools.push(node);
        self.done.memo.push(built.as_ref().map(|b| b.memo));
        for (root, start) in built.map(|b| b.roots).unwrap_or_default() {
            let root = self.done.graph.add_node(GraphNode::Root(root));
            self.done.graph.add_edge(node, root, GraphEdge::Enter);
            self.done.graph.add_edge(root, start, GraphEdge::Enter);
        }
    }

    /// The diagrams of a plan, in the better of two orders of tests; `None` if neither fits the budget.
    fn draft(&self, plan: &Plan) -> Option<Draft> {
        // Patterns that share a variable take more room where each of them means something else for other tests.
        let apart = || if self.tables.is_empty() { None } else { self.draft_with(plan, None) };
        self.draft_with(plan, Some(&self.tables)).or_else(apart)
    }

    fn draft_with(&self, plan: &Plan, tables: Option<&PatternTables<'_>>) -> Option<Draft> {
        // An order that suits a plan badly eats its whole budget. Most plans are done before the first one is let have it.
        let mut first = self.draft_in(plan, Order::ByCost, Steps::Few, tables).ok();
        if first.as_ref().is_some_and(Draft::is_small) {
            return first;
        }
        let second = self.draft_in(plan, Order::ByClause, Steps::All, tables).ok();
        if first.is_none() {
            if second.as_ref().is_some_and(Draft::is_small) {
                return second;
            }
            first = self.draft_in(plan, Order::ByCost, Steps::All, tables).ok();
        }
        [first, second].into_iter().flatten().min_by_key(|d| d.live.len())
    }

    fn draft_in(
        &self,
        plan: &Plan,
        order: Order,
        steps: Steps,
        tables: Option<&PatternTables<'_>>,
    ) -> Result<Draft, OverBudget> {
        let vars = Vars::new(self.lowered, plan, order, tables);
        if vars.vars.len() > MAX_VARS {
            return Err(OverBudget);
        }
        let nodes = match steps {
            Steps::All => self.budget.nodes,
            Steps::Few => self.budget.nodes.min(4 * small(vars.vars.len())),
        };
        let steps = nodes.saturating_mul(STEPS_PER_NODE);
        let mut drafter =
            Drafter { lowered: self.lowered, vars: &vars, diagrams: Diagrams::new(steps), conds: FxHashMap::default() };
        let roots = drafter.roots(plan)?;
        let diagrams = drafter.diagrams;
        let live = diagrams.reachable(roots.iter().map(|(_, target)| *target));
        if live.len() > self.budget.nodes {
            return Err(OverBudget);
        }
        Ok(Draft { vars: vars.vars, diagrams, roots, live })
    }

    /// Adds a draft's nodes to the graph, branches first.
    fn add(&mut self, draft: &Draft) -> Built {
        let mut placed: FxHashMap<u32, NodeIndex> = FxHashMap::default();
        let mut memos: FxHashMap<AtomId, u32> = FxHashMap::default();
        for index in &draft.live {
            let node = &draft.diagrams.nodes[*index as usize];
            let var = &draft.vars[node.var as usize];
            let label = match var {
                Var::Env => GraphNode::Env,
                Var::Tier => GraphNode::Tier,
                Var::Test(atom) => {
                    let new = u32::try_from(memos.len()).expect("bounded by the budget");
                    GraphNode::Test { atom: *atom, memo: *memos.entry(*atom).or_insert(new) }
                }
                Var::Switch(table) => GraphNode::Switch(self.switch(table)),
            };
            let from = self.done.graph.add_node(label);
            placed.insert(*index, from);
            for (edge, target) in self.branches(var, node) {
                let to = self.place(target, &placed);
                self.done.graph.add_edge(from, to, edge);
            }
        }
        let roots = draft.roots.iter().map(|(root, target)| (*root, self.place(*target, &placed))).collect();
        Built { roots, memo: u32::try_from(memos.len()).expect("bounded by the budget") }
    }

    fn branches(&self, var: &Var, node: &super::diagram::Node) -> Vec<(GraphEdge, Target)> {
        let case = |value: u32| node.cases.iter().find(|c| c.0 == value).map_or(node.otherwise, |c| c.1);
        let count = |len: usize| u32::try_from(len).expect("few words");
        match var {
            Var::Env => {
                let envs = count(self.lowered.tables.environments.len());
                (0..envs).map(|env| (GraphEdge::Env(env), case(env))).collect()
            }
            Var::Tier => {
                let tiers = count(self.lowered.tables.tiers.len());
                (0..tiers).map(|tier| (GraphEdge::Tier(tier), case(tier))).collect()
            }
            Var::Test(_) => {
                vec![(GraphEdge::False, node.otherwise), (GraphEdge::Unknown, node.unknown), (GraphEdge::True, case(1))]
            }
            Var::Switch(_) => {
                let mut edges = vec![(GraphEdge::Otherwise, node.otherwise), (GraphEdge::Unknown, node.unknown)];
                edges.extend(node.cases.iter().map(|(class, target)| (GraphEdge::Class(*class), *target)));
                edges
            }
        }
    }

    fn place(&mut self, target: Target, placed: &FxHashMap<u32, NodeIndex>) -> NodeIndex {
        match target.get() {
            TargetKind::Node(index) => placed[&index],
            TargetKind::Leaf(value) => {
                *self.leaves.entry(value).or_insert_with(|| self.done.graph.add_node(GraphNode::Leaf(value)))
            }
        }
    }

    fn switch(&mut self, table: &SwitchTable) -> u32 {
        if let Some(found) = self.switch_index.get(table) {
            return *found;
        }
        let index = u32::try_from(self.done.switches.len()).expect("fewer than 4 billion switches");
        self.done.switches.push(table.clone());
        self.switch_index.insert(table.clone(), index);
        index
    }
}

/// Turns the conditions of one plan into diagrams.
struct Drafter<'a> {
    lowered: &'a Lowered,
    vars: &'a Vars,
    diagrams: Diagrams,
    conds: FxHashMap<CondId, Target>,
}

impl Drafter<'_> {
    fn roots(&mut self, plan: &Plan) -> Result<Vec<(Root, Target)>, OverBudget> {
        let mut roots = vec![(Root::Grant, self.any(&plan.grant)?), (Root::Tier, self.tier(&plan.tier)?)];
        roots.push((Root::Deny, self.any(&plan.deny)?));
        for (approval, conds) in &plan.approvals {
            roots.push((Root::Approval(*approval), self.any(conds)?));
        }
        for (label, conds) in &plan.marks {
            roots.push((Root::Mark(*label), self.any(conds)?));
        }
        for (at, cond) in &plan.constrains {
            roots.push((Root::Constrain(*at), self.cond(*cond)?));
        }
        for (at, cond) in &plan.limits {
            roots.push((Root::Limit(*at), self.cond(*cond)?));
        }
        Ok(roots)
    }

    /// The highest tier of all arms that apply.
    fn tier(&mut self, arms: &[(u32, CondId)]) -> Result<Target, OverBudget> {
        let mut leaves: Vec<u32> = arms.iter().map(|(leaf, _)| *leaf).collect();
        leaves.sort_unstable();
        leaves.dedup();
        let mut tiers = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            let conds: Vec<CondId> = arms.iter().filter(|(l, _)| *l == leaf).map(|(_, cond)| *cond).collect();
            let any = self.any(&conds)?;
            tiers.push(self.diagrams.scale(any, leaf)?);
        }
        self.diagrams.join_all(Join::Max, tiers)
    }

    fn any(&mut self, conds: &[CondId]) -> Result<Target, OverBudget> {
        self.joined(Join::Or, conds)
    }

    fn joined(&mut self, join: Join, conds: &[CondId]) -> Result<Target, OverBudget> {
        let parts = conds.iter().map(|cond| self.cond(*cond)).collect::<Result<Vec<_>, _>>()?;
        self.diagrams.join_all(join, parts)
    }

    fn cond(&mut self, cond: CondId) -> Result<Target, OverBudget> {
        if let Some(found) = self.conds.get(&cond) {
            return Ok(*found);
        }
        let lowered = self.lowered;
        let diagram = match &lowered.tables.conds[cond.index()] {
            Cond::True => Target::TRUE,
            Cond::False => Target::FALSE,
            Cond::Envs(envs) => {
                let values = (0..self.vars_of(ENV)).map(|env| envs & (1 << env) != 0);
                self.always_known(ENV, values.collect())?
            }
            Cond::TierAtLeast(least) => self.tier_test(*least, true)?,
            Cond::Ask(atom, ask) => self.ask(*atom, *ask)?,
            Cond::All(parts) => self.joined(Join::And, operands(lowered, parts))?,
            Cond::Any(parts) => self.joined(Join::Or, operands(lowered, parts))?,
        };
        self.conds.insert(cond, diagram);
        Ok(diagram)
    }

    /// How many values the environment or the tier has.
    fn vars_of(&self, var: u32) -> u32 {
        let tables = &self.lowered.tables;
        let words = if var == vars::ENV { &tables.environments } else { &tables.tiers };
        u32::try_from(words.len()).expect("few words")
    }

    /// A question to a variable that is never unknown; its first value doubles as "otherwise".
    fn always_known(&mut self, var: u32, answers: Vec<bool>) -> Result<Target, OverBudget> {
        let leaf = |answer: bool| Target::leaf(answer.into());
        let otherwise = leaf(answers.first().copied().unwrap_or(false));
        let cases = (0..).zip(answers).map(|(value, answer)| (value, leaf(answer))).collect();
        self.diagrams.node(var, otherwise, otherwise, cases)
    }

    fn tier_test(&mut self, least: u32, wanted: bool) -> Result<Target, OverBudget> {
        let values = (0..self.vars_of(TIER)).map(|tier| (tier >= least) == wanted).collect();
        self.always_known(TIER, values)
    }

    fn ask(&mut self, atom: AtomId, ask: Ask) -> Result<Target, OverBudget> {
        // That an atom is known always (`Atom::partial`) is not relied upon here: should it be unknown after all,
        // the clause's own question decides what that means.
        let (on_false, on_unknown, on_true) = match ask {
            Ask::IsTrue => (0, 0, 1),
            Ask::IsFalse => (1, 0, 0),
            Ask::NotTrue => (1, 1, 0),
            Ask::NotFalse => (0, 1, 1),
        };
        if let Expr::TierAtLeast(least) = self.lowered.atom(atom) {
            return self.tier_test(*least, on_true == 1);
        }
        let question = &self.vars.questions[&atom];
        let cases = question.yes.iter().map(|value| (*value, Target::leaf(on_true))).collect();
        self.diagrams.node(question.var, Target::leaf(on_false), Target::leaf(on_unknown), cases)
    }
}
