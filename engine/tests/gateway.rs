//! The example gateway, run against SQLite files and its own audit log.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod bundles;
#[path = "../examples/gateway.rs"]
mod gateway;

use std::fs;

use bundles::build;
use claw_engine::audit::{Expected, read, verify};
use claw_runtime::{Json, Limits, Time, Vote};

const POLICY: &str = r#"
package ops
tiers        low < high
environments prod
roles        agent, sre
approval on_call { by 1 of sre  expires 15m }
tool ls(dir: string)
tool restart(host: string)
grant any to agent
classify { low on ls  high on restart }
matrix {
  tier | prod
  low  | allow
  high | on_call
}
limit restarts { on restart  max 2 per 1h  each agent }
"#;

fn request(id: &str, tool: &str, args: &str) -> String {
    format!(
        r#"{{"call_id":"{id}","session":"s","environment":"prod","agent":{{"id":"bot","roles":["agent"]}},"tool":"{tool}","args":{args}}}"#
    )
}

#[test]
fn a_gateway_in_forty_lines_serves_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ops.clawb");
    fs::write(&bundle, build(&[("main.claw", POLICY)]).bytes).unwrap();
    let executed = std::cell::RefCell::new(Vec::new());
    let serve = |requests: &[String], person: &str| {
        // Each time a gateway that was started anew.
        let engine = gateway::open(&bundle, folder.path()).unwrap();
        let people = |asking: &claw_engine::ledger::Asking| {
            assert!(asking.shown.to_text().contains("restart"), "{}", asking.shown.to_text());
            vec![Vote::grant(person, Time::from_millis(0).unwrap()).role("sre")]
        };
        let execute = |tool: &str, args: &Json| {
            executed.borrow_mut().push(format!("{tool} {args}"));
            if tool == "ls" { Ok(b"a b c".to_vec()) } else { Err("no such host".to_owned()) }
        };
        gateway::serve(&engine, requests.iter().map(String::as_bytes), people, execute).map_err(|e| e.to_string())
    };
    let ls = request("c-1", "ls", r#"{"dir":"/"}"#);
    let restart = |id: &str, host: &str| request(id, "restart", &format!(r#"{{"host":"{host}"}}"#));
    serve(&[ls.clone(), restart("c-2", "a")], "olga").unwrap();
    assert_eq!(*executed.borrow(), [r#"ls {"dir":"/"}"#, r#"restart {"host":"a"}"#]);
    // Settled calls stay settled, votes have to count, and the limit is used up after two restarts.
    serve(&[ls, restart("c-2", "a")], "olga").unwrap();
    assert!(serve(&[restart("c-3", "b")], "bot").unwrap_err().contains("agents do not vote"));
    serve(&[restart("c-3", "b"), restart("c-4", "c")], "olga").unwrap();
    assert_eq!(executed.borrow().len(), 3, "{:?}", executed.borrow());

    let log = folder.path().join("audit");
    let report = verify(std::slice::from_ref(&log), &Expected::default()).unwrap();
    assert!(report.is_whole(), "{report:?}");
    let names: Vec<_> = read(&log).unwrap().map(|record| record.unwrap().1.event.name()).collect();
    let count = |name: &str| names.iter().filter(|known| **known == name).count();
    assert_eq!((count("reload"), count("result"), count("ask")), (4, 3, 2), "{names:?}");
    assert!(Json::parse(restart("c", "d").as_bytes(), &Limits::default()).is_ok());
}
