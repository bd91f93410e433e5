//! From one call to the class that it stands for: what is not needed for the difference is left out.

use claw_runtime::Tri;
use rustc_hash::FxHashMap;

use crate::proof::answers::Answers;
use crate::proof::engine::Call;
use crate::proof::formula::{ChoiceId, F, TestId};
use crate::proof::prover::ToolProver;
use crate::proof::theory::Req;
use crate::proof::words;

/// Calls whose tests answer so, in these environments.
#[derive(Clone, Debug)]
pub struct Cube {
    pub reqs: Vec<Req>,
    /// By the space's numbers.
    pub envs: u64,
    pub choices: Vec<(ChoiceId, bool)>,
}

/// Works on the calls of one tool.
#[derive(Debug, Default)]
pub struct Generaliser {
    can_be_unknown: FxHashMap<TestId, bool>,
}

impl Generaliser {
    /// The largest class around a call, or one of them, all of whose calls are in `goal`.
    pub fn cube(&mut self, prover: &mut ToolProver<'_>, call: &Call, goal: F) -> Cube {
        let outside = prover.space().f.not(goal);
        let every = every(prover);
        let mut cube = Cube { reqs: call.because.clone(), envs: 1 << call.env, choices: call.choices.clone() };
        self.widen_environments(prover, &mut cube, outside, every);
        // What spans several parts of the request, and what is not certain, is left out first.
        let mut order: Vec<Req> = cube.reqs.clone();
        order.sort_by_key(|req| {
            let certain = matches!(req.allowed, Answers::TRUE | Answers::FALSE);
            (certain, std::cmp::Reverse(prover.engine.space.tests[req.test.0 as usize].text.len()))
        });
        leave_out(prover, &mut cube, &order, outside, false);
        for req in &mut cube.reqs {
            *req = possible(*req, self.can_be_unknown(prover, req.test));
        }
        for choice in cube.choices.clone() {
            let mut wider = cube.clone();
            wider.choices.retain(|other| *other != choice);
            if inside(prover, &wider, &cube, outside) {
                cube = wider;
            }
        }
        self.widen_answers(prover, &mut cube, outside);
        cube
    }

    fn widen_environments(&mut self, prover: &mut ToolProver<'_>, cube: &mut Cube, outside: F, every: u64) {
        let all = Cube { envs: every, ..cube.clone() };
        if inside(prover, &all, cube, outside) {
            *cube = all;
            return;
        }
        for env in 0..prover.space().environments.len() {
            let wider = Cube { envs: cube.envs | 1 << env, ..cube.clone() };
            if wider.envs != cube.envs && inside(prover, &wider, cube, outside) {
                *cube = wider;
            }
        }
    }

    fn widen_answers(&mut self, prover: &mut ToolProver<'_>, cube: &mut Cube, outside: F) {
        for at in 0..cube.reqs.len() {
            let req = cube.reqs[at];
            if req.allowed.has(Tri::Unknown) || !self.can_be_unknown(prover, req.test) {
                continue;
            }
            let mut wider = cube.clone();
            wider.reqs[at].allowed = req.allowed | Answers::UNKNOWN;
            if inside(prover, &wider, cube, outside) {
                *cube = wider;
            }
        }
    }

    fn can_be_unknown(&mut self, prover: &mut ToolProver<'_>, test: TestId) -> bool {
        if let Some(known) = self.can_be_unknown.get(&test) {
            return *known;
        }
        let unknown = prover.space().f.test(test, Answers::UNKNOWN);
        let can = !prover.possible(unknown).is_no();
        self.can_be_unknown.insert(test, can);
        can
    }

    /// The conditions in words.
    pub fn words(&mut self, prover: &mut ToolProver<'_>, cube: &Cube) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for req in &cube.reqs {
            let req = possible(*req, self.can_be_unknown(prover, req.test));
            out.push(words::req(prover.space(), req));
        }
        // Who calls, then what is called for, the simple before the long.
        out.sort_by_key(|text| (!text.contains(" in agent.roles"), !text.contains(" in user.roles"), text.len()));
        let choices = &prover.engine.space.choices;
        out.extend(cube.choices.iter().map(|(id, value)| choice(&choices[id.0 as usize], *value)));
        out
    }
}

/// Leaves out what is not needed of these requirements, the first first: as many at once as can be, since of hundreds a
/// few are needed. The result is that of trying them one by one. `needed`: one of them is, for certain.
fn leave_out(prover: &mut ToolProver<'_>, cube: &mut Cube, reqs: &[Req], outside: F, needed: bool) {
    if reqs.is_empty() {
        return;
    }
    if !needed {
        let mut wider = cube.clone();
        wider.reqs.retain(|req| !reqs.iter().any(|other| other.test == req.test));
        if inside(prover, &wider, cube, outside) {
            *cube = wider;
            return;
        }
    }
    if reqs.len() == 1 {
        return;
    }
    let (first, second) = reqs.split_at(reqs.len() / 2);
    let before = cube.reqs.len();
    leave_out(prover, cube, first, outside, false);
    let all_left_out = before - cube.reqs.len() == first.len();
    leave_out(prover, cube, second, outside, all_left_out);
}

/// What is left of the answers that a test may have after those that it never has.
fn possible(req: Req, can_be_unknown: bool) -> Req {
    let answers = if can_be_unknown { Answers::ALL } else { Answers::KNOWN };
    Req { allowed: req.allowed & answers, ..req }
}

/// All environments of a space.
pub fn every(prover: &ToolProver<'_>) -> u64 {
    let count = prover.engine.space.environments.len();
    if count >= 64 { u64::MAX } else { (1 << count) - 1 }
}

fn choice(text: &str, value: bool) -> String {
    let no = [
        (" is used up, or can't be checked", " has room"),
        (" is used up", " is not used up"),
        (" can't be checked", " can be checked"),
        (" is unknown", " is known"),
    ];
    let found = no.iter().find_map(|(yes, no)| Some(format!("{}{no}", text.strip_suffix(yes)?)));
    if value { text.to_owned() } else { found.unwrap_or_else(|| format!("not: {text}")) }
}

/// The calls of a class, as a formula.
pub fn formula(prover: &mut ToolProver<'_>, cube: &Cube) -> F {
    let parts = parts(prover, cube);
    prover.space().f.all(parts)
}

/// The formulas that hold for the calls of a class and, together, for no others.
fn parts(prover: &mut ToolProver<'_>, cube: &Cube) -> Vec<F> {
    let f = &mut prover.space().f;
    let mut parts = vec![f.env(cube.envs)];
    parts.extend(cube.reqs.iter().map(|req| f.test(req.test, req.allowed)));
    parts.extend(cube.choices.iter().map(|(id, value)| f.choice(*id, *value)));
    parts
}

/// Whether the class holds no call of `outside`, for certain, given that a narrower one holds none: only what is new
/// needs to be asked about.
fn inside(prover: &mut ToolProver<'_>, wider: &Cube, narrower: &Cube, outside: F) -> bool {
    let (wider, narrower) = (parts(prover, wider), parts(prover, narrower));
    let f = &mut prover.space().f;
    let given_up: Vec<F> = narrower.into_iter().filter(|part| !wider.contains(part)).collect();
    let new: Vec<F> = given_up.into_iter().map(|part| f.not(part)).collect();
    let new = f.any(new);
    let together: Vec<F> = [outside, new].into_iter().chain(wider).collect();
    prover.engine.find_together(&together).is_no()
}
