//! Questions as formulas over tests, environments and choices: and, or, and what a test may answer.
//!
//! There is no node for `not`: negation is pushed to the leaves, where it is another set of answers. Equal formulas
//! are one. Knows nothing of what tests mean.

use rustc_hash::FxHashMap;

use super::answers::Answers;

/// A test of a [`super::space::Space`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TestId(pub u32);

/// A free choice that no request makes, such as whether a limit is exhausted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChoiceId(pub u32);

/// A formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct F(u32);

impl F {
    pub const FALSE: F = F(0);
    pub const TRUE: F = F(1);

    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    False,
    True,
    /// The test has one of these answers.
    Test(TestId, Answers),
    /// The environment is one of these (bit set by index).
    Env(u64),
    Choice(ChoiceId, bool),
    All(Box<[F]>),
    Any(Box<[F]>),
}

/// All formulas of one space.
#[derive(Debug)]
pub struct Formulas {
    nodes: Vec<Node>,
    index: FxHashMap<Node, F>,
    negations: FxHashMap<F, F>,
    /// How many leaves a formula has, about: small ones are looked at first.
    sizes: Vec<u32>,
    /// The bits of all environments.
    envs: u64,
}

impl Formulas {
    pub fn new(environments: usize) -> Formulas {
        let envs = if environments >= 64 { u64::MAX } else { (1 << environments) - 1 };
        let mut new = Formulas {
            nodes: Vec::new(),
            index: FxHashMap::default(),
            negations: FxHashMap::default(),
            sizes: Vec::new(),
            envs,
        };
        new.add(Node::False);
        new.add(Node::True);
        new
    }

    pub fn node(&self, f: F) -> &Node {
        &self.nodes[f.index()]
    }

    pub fn size(&self, f: F) -> u32 {
        self.sizes[f.index()]
    }

    fn add(&mut self, node: Node) -> F {
        if let Some(found) = self.index.get(&node) {
            return *found;
        }
        let f = F(u32::try_from(self.nodes.len()).expect("fewer than 4 billion formulas"));
        let size = match &node {
            Node::All(parts) | Node::Any(parts) => {
                parts.iter().fold(1u32, |sum, part| sum.saturating_add(self.size(*part)))
            }
            _ => 1,
        };
        self.sizes.push(size);
        self.nodes.push(node.clone());
        self.index.insert(node, f);
        f
    }

    pub fn truth(value: bool) -> F {
        if value { F::TRUE } else { F::FALSE }
    }

    pub fn test(&mut self, test: TestId, answers: Answers) -> F {
        match answers {
            Answers::NONE => F::FALSE,
            Answers::ALL => F::TRUE,
            _ => self.add(Node::Test(test, answers)),
        }
    }

    pub fn env(&mut self, envs: u64) -> F {
        match envs & self.envs {
            0 => F::FALSE,
            all if all == self.envs => F::TRUE,
            some => self.add(Node::Env(some)),
        }
    }

    pub fn choice(&mut self, choice: ChoiceId, value: bool) -> F {
        self.add(Node::Choice(choice, value))
    }

    pub fn and(&mut self, a: F, b: F) -> F {
        self.all([a, b])
    }

    pub fn or(&mut self, a: F, b: F) -> F {
        self.any([a, b])
    }

    pub fn all(&mut self, parts: impl IntoIterator<Item = F>) -> F {
        self.join(parts, true)
    }

    pub fn any(&mut self, parts: impl IntoIterator<Item = F>) -> F {
        self.join(parts, false)
    }

    fn join(&mut self, parts: impl IntoIterator<Item = F>, all: bool) -> F {
        let (neutral, winner) = (Formulas::truth(all), Formulas::truth(!all));
        let mut flat = Vec::new();
        for part in parts {
            match (self.node(part), all) {
                (Node::All(inner), true) | (Node::Any(inner), false) => flat.extend_from_slice(inner),
                _ => flat.push(part),
            }
        }
        flat.sort_unstable();
        flat.dedup();
        flat.retain(|part| *part != neutral);
        if flat.contains(&winner) || flat.iter().any(|part| self.negations.get(part).is_some_and(|n| flat.contains(n)))
        {
            return winner;
        }
        match flat[..] {
            [] => neutral,
            [only] => only,
            _ if all => self.add(Node::All(flat.into())),
            _ => self.add(Node::Any(flat.into())),
        }
    }

    pub fn not(&mut self, f: F) -> F {
        if let Some(found) = self.negations.get(&f) {
            return *found;
        }
        let negated = match self.node(f).clone() {
            Node::False => F::TRUE,
            Node::True => F::FALSE,
            Node::Test(test, answers) => self.test(test, !answers),
            Node::Env(envs) => self.env(!envs),
            Node::Choice(choice, value) => self.choice(choice, !value),
            Node::All(parts) => {
                let parts: Vec<F> = parts.iter().map(|part| self.not(*part)).collect();
                self.any(parts)
            }
            Node::Any(parts) => {
                let parts: Vec<F> = parts.iter().map(|part| self.not(*part)).collect();
                self.all(parts)
            }
        };
        self.negations.insert(f, negated);
        self.negations.insert(negated, f);
        negated
    }

    /// The formula where some leaves are known to be true or false.
    pub fn given(&mut self, f: F, known: &dyn Fn(&Node) -> Option<bool>) -> F {
        self.given_within(f, known, &mut FxHashMap::default())
    }

    fn given_within(&mut self, f: F, known: &dyn Fn(&Node) -> Option<bool>, done: &mut FxHashMap<F, F>) -> F {
        if let Some(found) = done.get(&f) {
            return *found;
        }
        let node = self.node(f).clone();
        let new = match &node {
            Node::All(parts) | Node::Any(parts) => {
                let all = matches!(node, Node::All(_));
                let parts: Vec<F> = parts.iter().map(|part| self.given_within(*part, known, done)).collect();
                if all { self.all(parts) } else { self.any(parts) }
            }
            leaf => known(leaf).map_or(f, Formulas::truth),
        };
        done.insert(f, new);
        new
    }
}
