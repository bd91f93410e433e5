//! Reading SQL: what a policy pays that asks about a statement, and what one pays that does not.

use claw_benches::policy;
use claw_runtime::{NoState, Sql, SqlDialect};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

const QUERY: &str = "select u.id, u.name, count(*) as orders, sum(o.total) from public.users u \
    join public.orders o on o.user_id = u.id where u.country = $1 and o.at > now() - interval '30 days' \
    group by u.id, u.name order by orders desc limit 20";

const POLICY: &str = "package bench\nenvironments prod\nroles agent\ntool query(q: sql(postgres))\n\
    grant query to agent\n\
    rule reads { on query unless args.q.read_only deny \"only reads\" }\n\
    rule tables { on query unless all(t in args.q.tables: t in [\"public.users\", \"public.orders\"]) deny \"not that table\" }";

/// All facts about one query.
#[divan::bench]
fn read(bencher: Bencher) {
    bencher.bench_local(|| Sql::new(SqlDialect::Postgres, black_box(QUERY)).read_only());
}

/// From JSON to the decision, the query read once.
#[divan::bench]
fn decide(bencher: Bencher) {
    let policy = policy(POLICY);
    let json = serde_json::json!({
        "call_id": "c-1", "time": "2026-03-02T09:00:00Z", "session": "s", "environment": "prod",
        "agent": { "id": "bot", "roles": ["agent"] }, "tool": "query", "args": { "q": QUERY },
    })
    .to_string();
    let decide = || policy.prepare_json(json.as_bytes()).is_ok_and(|r| policy.decide(&r, &NoState).is_allowed());
    assert!(decide());
    bencher.bench_local(decide);
}
