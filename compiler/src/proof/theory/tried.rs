//! What was tried for a slot, and what its tests came to: sixty-four values at a time, as many questions are asked
//! about many values. A test is put to a value only if the tests before it left the value in the running.

use claw_runtime::Tri;
use rustc_hash::FxHashMap;

use super::Req;
use crate::proof::answers::Answers;
use crate::proof::formula::TestId;
use crate::proof::space::Fill;

const BLOCK: usize = 64;

/// Answers of one test to the values of one block; unknown is what is known and neither.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    known: u64,
    yes: u64,
    no: u64,
}

impl Block {
    fn among(self, allowed: Answers) -> u64 {
        let parts = [(Tri::True, self.yes), (Tri::False, self.no), (Tri::Unknown, self.known & !self.yes & !self.no)];
        parts.into_iter().filter(|(answer, _)| allowed.has(*answer)).fold(0, |all, (_, bits)| all | bits)
    }
}

/// What a test comes to for a value.
pub(super) type Ask<'t> = &'t mut dyn FnMut(TestId, &Fill) -> Tri;

/// The values that are tried for a slot.
#[derive(Debug, Default)]
pub(super) struct Tried {
    pub fills: Vec<Fill>,
    /// Between them they answer all simple tests in all ways.
    pub complete: bool,
    /// How many tests of the slot there were when they were made.
    pub of_tests: usize,
    /// By test and block.
    answers: FxHashMap<TestId, Vec<Block>>,
}

impl Tried {
    pub fn new(fills: Vec<Fill>, complete: bool, of_tests: usize) -> Tried {
        Tried { fills, complete, of_tests, answers: FxHashMap::default() }
    }

    /// The value's place, a new one if it was not tried yet.
    pub fn place(&mut self, fill: &Fill) -> usize {
        self.fills.iter().position(|known| known == fill).unwrap_or_else(|| {
            self.fills.push(fill.clone());
            self.fills.len() - 1
        })
    }

    /// The first values for which the tests answer so, at most so many.
    pub fn fitting(&mut self, reqs: &[Req], most: usize, ask: Ask<'_>) -> Vec<usize> {
        let mut found = Vec::new();
        for block in 0..self.fills.len().div_ceil(BLOCK) {
            let here = (self.fills.len() - block * BLOCK).min(BLOCK);
            // All of the block: `here` ones.
            let mut left = self.left(block, u64::MAX >> (BLOCK - here), reqs, ask);
            while left != 0 && found.len() < most {
                found.push(block * BLOCK + left.trailing_zeros() as usize);
                left &= left - 1;
            }
            if found.len() == most {
                break;
            }
        }
        found
    }

    pub fn fits(&mut self, at: usize, reqs: &[Req], ask: Ask<'_>) -> bool {
        self.left(at / BLOCK, 1 << (at % BLOCK), reqs, ask) != 0
    }

    /// Those of a block's values for which the tests answer so.
    fn left(&mut self, block: usize, mut left: u64, reqs: &[Req], ask: Ask<'_>) -> u64 {
        for req in reqs {
            if left == 0 {
                break;
            }
            let blocks = self.answers.entry(req.test).or_default();
            if blocks.len() <= block {
                blocks.resize(block + 1, Block::default());
            }
            let answers = &mut blocks[block];
            let mut unasked = left & !answers.known;
            while unasked != 0 {
                let bit = unasked & unasked.wrapping_neg();
                match ask(req.test, &self.fills[block * BLOCK + bit.trailing_zeros() as usize]) {
                    Tri::True => answers.yes |= bit,
                    Tri::False => answers.no |= bit,
                    Tri::Unknown => {}
                }
                answers.known |= bit;
                unasked &= unasked - 1;
            }
            left &= answers.among(req.allowed);
        }
        left
    }
}
