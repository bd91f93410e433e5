//! Binary decision diagrams over the digits of domains: the only place that knows their library.

use std::rc::Rc;

use biodivine_lib_bdd::{Bdd, BddNode, BddPointer, BddVariable, op_function};
use rustc_hash::FxHashMap;

use super::prove::TooLarge;
use super::space::{Branch, Domain};

/// A yes or no for all answers.
pub type Diagram = Rc<Bdd>;

/// Operands with more pairs of nodes than this are tried first without keeping what comes out.
const PAIRS: usize = 1 << 24;

#[derive(Clone, Copy, Debug)]
pub enum Join {
    And,
    Or,
    /// The first and not the second.
    Without,
    /// Exactly one of the two.
    Differ,
}

impl Join {
    fn function(self) -> fn(Option<bool>, Option<bool>) -> Option<bool> {
        match self {
            Join::And => op_function::and,
            Join::Or => op_function::or,
            Join::Without => op_function::and_not,
            Join::Differ => op_function::xor,
        }
    }
}

/// Makes diagrams of one number of digits, up to a size.
#[derive(Debug)]
pub struct Diagrams {
    digits: u16,
    nodes: usize,
}

impl Diagrams {
    pub fn new(digits: u16, nodes: usize) -> Diagrams {
        Diagrams { digits, nodes }
    }

    pub fn constant(&self, value: bool) -> Diagram {
        let mut builder = Builder::new(self.digits);
        builder.finish(u32::from(value))
    }

    /// Yes at those numbers of a domain.
    pub fn of(&self, branch: &Branch<bool>, domain: Domain) -> Diagram {
        let mut builder = Builder::new(self.digits);
        let cases: Vec<(u32, u32)> = branch.cases.iter().map(|(number, yes)| (*number, u32::from(*yes))).collect();
        let root = builder.branch(domain, &cases, u32::from(branch.otherwise));
        builder.finish(root)
    }

    pub fn join(&self, join: Join, left: &Bdd, right: &Bdd) -> Result<Diagram, TooLarge> {
        let function = join.function();
        if left.size().saturating_mul(right.size()) > PAIRS {
            let steps = self.nodes.saturating_mul(4);
            Bdd::check_binary_op(steps, left, right, function).ok_or(TooLarge::Nodes(self.nodes))?;
        }
        let joined = Bdd::binary_op_with_limit(self.nodes, left, right, function);
        joined.map(Rc::new).ok_or(TooLarge::Nodes(self.nodes))
    }

    /// Joins neighbours first, so that operands of like size meet.
    pub fn join_all(&self, join: Join, mut parts: Vec<Diagram>) -> Result<Diagram, TooLarge> {
        while parts.len() > 1 {
            let pairs = parts.chunks(2).map(|pair| match pair {
                [left, right] => self.join(join, left, right),
                rest => Ok(rest[0].clone()),
            });
            parts = pairs.collect::<Result<_, _>>()?;
        }
        Ok(parts.pop().unwrap_or_else(|| self.constant(matches!(join, Join::And))))
    }

    /// For each domain its number at some place where the diagram says yes; `None` where any number does.
    pub fn somewhere(diagram: &Bdd, domains: &[Domain]) -> Option<Vec<Option<u32>>> {
        let path = diagram.first_clause()?;
        let number = |domain: &Domain| {
            let digits = (domain.first..domain.first + domain.digits).map(|digit| path.get_value(variable(digit)));
            let digits: Vec<Option<bool>> = digits.collect();
            let fixed = digits.iter().any(Option::is_some);
            let number = digits.iter().fold(0, |number, digit| number << 1 | u32::from(digit.unwrap_or(false)));
            fixed.then_some(number.min(domain.size - 1))
        };
        Some(domains.iter().map(number).collect())
    }
}

fn variable(digit: u16) -> BddVariable {
    BddVariable::from_index(digit.into())
}

/// Writes a diagram node by node, branches first. Indices 0 and 1 are *no* and *yes*.
#[derive(Debug)]
pub struct Builder {
    nodes: Vec<BddNode>,
    index: FxHashMap<(u16, u32, u32), u32>,
}

impl Builder {
    pub fn new(digits: u16) -> Builder {
        Builder { nodes: vec![BddNode::mk_zero(digits), BddNode::mk_one(digits)], index: FxHashMap::default() }
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The node that branches on a domain; what it leads to must not ask about this domain or an earlier one.
    pub fn branch(&mut self, domain: Domain, cases: &[(u32, u32)], otherwise: u32) -> u32 {
        self.split(domain, domain.digits, 0, cases, otherwise)
    }

    /// The part of a branch for the numbers from `low` that the last `digits` digits tell apart.
    fn split(&mut self, domain: Domain, digits: u16, low: u32, cases: &[(u32, u32)], otherwise: u32) -> u32 {
        let last = domain.size - 1;
        if low >= last {
            // Numbers too large stand for the last one.
            return cases.last().filter(|case| case.0 == last).map_or(otherwise, |case| case.1);
        }
        let [(_, first), ..] = cases else { return otherwise };
        if digits == 0 {
            return *first;
        }
        let half = low + (1 << (digits - 1));
        let (lower, upper) = cases.split_at(cases.partition_point(|case| case.0 < half));
        let no = self.split(domain, digits - 1, low, lower, otherwise);
        let yes = self.split(domain, digits - 1, half, if half > last { lower } else { upper }, otherwise);
        self.node(domain.first + domain.digits - digits, no, yes)
    }

    fn node(&mut self, digit: u16, no: u32, yes: u32) -> u32 {
        if no == yes {
            return no;
        }
        let nodes = &mut self.nodes;
        *self.index.entry((digit, no, yes)).or_insert_with(|| {
            let pointer = |index: u32| BddPointer::from_index(index as usize);
            nodes.push(BddNode::mk_node(variable(digit), pointer(no), pointer(yes)));
            u32::try_from(nodes.len() - 1).expect("bounded")
        })
    }

    /// The diagram that begins at this node. Later nodes have no part in it.
    pub fn finish(&mut self, root: u32) -> Diagram {
        self.nodes.truncate(root as usize + 1);
        Rc::new(Bdd::from_nodes(&self.nodes).expect("branches come first and ask about later digits"))
    }
}
