//! Deciding a prepared request allocates nothing: a check that fails, not a measurement.

use std::alloc::System;

use claw_benches::{SIZES, policy, request, source};
use claw_runtime::NoState;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOC: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    println!("{:>8}  allocations in 1,000 allowed decisions", "rules");
    for rules in SIZES {
        let policy = policy(&source(rules));
        let request = request(&policy, rules / 4);
        assert!(policy.decide(&request, &NoState).is_allowed());
        let region = Region::new(ALLOC);
        for _ in 0..1_000 {
            std::hint::black_box(policy.decide(std::hint::black_box(&request), &NoState));
        }
        let allocations = region.change().allocations;
        println!("{rules:>8}  {allocations}");
        assert_eq!(allocations, 0, "deciding allocates");
    }
}
