//! Decides again and again, for profilers: `hot RULES ROUNDS`.

use claw_runtime::NoState;

fn main() {
    let mut args = std::env::args().skip(1).filter_map(|arg| arg.parse().ok());
    let (rules, rounds) = (args.next().unwrap_or(200), args.next().unwrap_or(1_000));
    let policy = claw_benches::policy(&claw_benches::source(rules));
    let requests: Vec<_> = (0..64).map(|i| claw_benches::request(&policy, i * 7919 % (rules / 2))).collect();
    let mut allowed = 0usize;
    for _ in 0..rounds {
        for request in &requests {
            allowed += usize::from(policy.decide(std::hint::black_box(request), &NoState).is_allowed());
        }
    }
    println!("{allowed}");
}
