//! Many policies in one process, as a gateway for many tenants holds them, beside one.

use std::collections::HashMap;
use std::time::Duration;

use claw_runtime::{NoState, Policy, Request};

use crate::measure::{Seat, contest};
use crate::report::Row;

/// Each tenant's policy has so many rules.
const RULES: usize = 40;

/// One row: a thousand tenants.
pub fn rows(quick: bool, turn: Duration) -> Result<Vec<Row>, String> {
    let tenants = if quick { 5 } else { 1_000 };
    let source = claw_benches::source(RULES);
    let policies: Vec<Policy> = (0..tenants)
        .map(|i| claw_benches::policy(&source.replace("package bench", &format!("package tenant_{i}"))))
        .collect();
    let tool = |i: usize| i * 7 % (RULES / 2);
    let request = |policy: &Policy, i: usize| claw_benches::request(policy, tool(i));
    let one: Vec<Request> = (0..tenants).map(|i| request(&policies[0], i)).collect();
    let each: Vec<Request> = policies.iter().enumerate().map(|(i, policy)| request(policy, i)).collect();
    let facts: Vec<(String, String)> =
        (0..tenants).map(|i| (format!("tool_{}", tool(i)), format!("item-{}-7", tool(i)))).collect();
    let tables: Vec<HashMap<String, String>> =
        (0..tenants).map(|_| (0..RULES / 2).map(|i| (format!("tool_{i}"), format!("item-{i}-"))).collect()).collect();
    let by_hand = |table: &HashMap<String, String>, i: usize| {
        let (tool, name) = &facts[i];
        table.get(tool).is_some_and(|prefix| name.starts_with(prefix.as_str()))
    };
    let seats = vec![
        Seat::new("one policy", |i| policies[0].decide(&one[i], &NoState).is_allowed()),
        Seat::new("a policy each", |i| policies[i].decide(&each[i], &NoState).is_allowed()),
        Seat::new("one look-up by hand", |i| by_hand(&tables[0], i)),
        Seat::new("one for each by hand", |i| by_hand(&tables[i], i)),
    ];
    Ok(vec![Row {
        group: "Many tenants",
        name: "tenants".to_owned(),
        size: tenants,
        about: format!(
            "as many different requests as tenants, in turn; a policy has {RULES} rules. By hand only the tool is looked up \
             and one prefix compared, to show what memory alone costs"
        ),
        cells: contest(seats, &vec![true; tenants], turn)?,
    }])
}
