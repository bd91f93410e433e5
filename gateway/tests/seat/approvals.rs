//! Calls that wait for people, in the page or in the client.

use std::sync::Arc;
use std::time::Duration;

use crate::world::{self, Choices, Tool, User, World, reason, refund, said, text, tool, until};
use claw_engine::ledger::State;
use claw_gateway::mcp::seat::{Answer, Asks, PENDING, Question, Seat, Subject};
use claw_runtime::{Kind, Vote};
use futures_util::future::BoxFuture;
use rmcp::ErrorData;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// A call on its way, in a task.
fn start(
    seat: &Seat,
    subject: Subject,
    client: Option<Arc<dyn Asks>>,
    tool: &Tool,
) -> JoinHandle<Result<Value, ErrorData>> {
    let (seat, execute) = (seat.clone(), tool.says("done"));
    tokio::spawn(async move { seat.run(subject, client, execute).await })
}

#[tokio::test]
async fn a_call_waits_until_people_agree_and_is_executed_once() {
    let world = World::standard();
    let (seat, shop) = (world.seat("shop"), Tool::default());
    let user = User::who(Answer::Cancel);
    let running = start(&seat, refund(500.0), Some(user.clone()), &shop);
    let askings = world.askings(1).await;
    assert!(askings[0].shown.to_text().contains("args.amount: 500"), "{}", askings[0].shown.to_text());
    assert_eq!(shop.count(), 0);
    // The client is told where people find it.
    let told = until(async || user.told.lock().unwrap().pop()).await;
    assert!(told.contains(&format!("http://gate.example/approvals/{}", askings[0].id)), "{told}");
    world.grant(&askings[0]).await;
    assert_eq!(running.await.unwrap().unwrap(), said("done"));
    assert_eq!(shop.count(), 1);
    // It was not the user's own to confirm.
    assert!(user.asked.lock().unwrap().is_empty());
    // It is used up: the same call asks anew.
    let again = start(&seat, refund(500.0), None, &shop);
    let askings = world.askings(1).await;
    assert!(askings[0].votes.is_empty());
    again.abort();
    assert_eq!(shop.count(), 1);
}

#[tokio::test]
async fn without_waiting_a_call_comes_again_with_the_same_arguments_and_no_others() {
    let world = World::new(Choices { wait: Duration::ZERO, ..Choices::default() });
    let (seat, shop) = (world.seat("shop"), Tool::default());
    let run = async |amount: f64| seat.run(refund(amount), None, shop.says("done")).await;
    let pending = run(500.0).await;
    let shown = text(&pending);
    assert!(shown.contains("waiting for `boss` by 1 of sre: http://gate.example/approvals/sha256:"), "{shown}");
    assert!(shown.contains("call again with the same arguments"), "{shown}");
    let decision = &pending.unwrap()["_meta"]["claw/decision"];
    assert_eq!(decision["decision"], "require_approval");
    let asking = world.askings(1).await.remove(0);
    assert_eq!(decision["askings"][0]["id"], asking.id.to_string());
    world.grant(&asking).await;
    assert!(text(&run(501.0).await).contains("waiting for"), "other arguments are another request");
    assert!(
        text(&world.seat_in("shop", "s-2").run(refund(500.0), None, shop.says("done")).await).contains("waiting for")
    );
    assert_eq!(shop.count(), 0);
    assert_eq!(run(500.0).await.unwrap(), said("done"));
    assert!(text(&run(500.0).await).contains("waiting for"), "used up");
    assert_eq!(shop.count(), 1);
}

#[tokio::test]
async fn of_two_calls_that_wait_for_the_same_one_is_executed() {
    let world = World::standard();
    let (seat, shop) = (world.seat("shop"), Tool::default());
    let running = [(); 2].map(|()| start(&seat, refund(500.0), None, &shop));
    let asking = world.askings(1).await.remove(0);
    world.clock.advance(claw_runtime::Duration::parse("1s").unwrap());
    world.grant(&asking).await;
    // The other one asks anew.
    let next = until(async || world.askings(1).await.pop().filter(|next| next.id != asking.id)).await;
    until(async || (shop.count() == 1).then_some(())).await;
    until(async || (running.iter().filter(|running| running.is_finished()).count() == 1).then_some(())).await;
    world.clock.advance(claw_runtime::Duration::parse("1s").unwrap());
    world.grant(&next).await;
    for running in running {
        assert_eq!(running.await.unwrap().unwrap(), said("done"));
    }
    assert_eq!(shop.count(), 2);
}

#[tokio::test]
async fn a_refusal_denies_and_stays() {
    let world = World::standard();
    let (seat, shop) = (world.seat("shop"), Tool::default());
    let running = start(&seat, refund(500.0), None, &shop);
    let asking = world.askings(1).await.remove(0);
    let vote = Vote::refuse("olga", asking.opened_at).role("sre");
    world.app.guard.vote(None, asking.id, vote).await.unwrap();
    let answer = running.await.unwrap();
    assert_eq!(reason(&answer), "approval_refused");
    assert_eq!(reason(&seat.run(refund(500.0), None, shop.says("done")).await), "approval_refused");
    assert_eq!(shop.count(), 0);
}

#[tokio::test]
async fn what_was_granted_too_long_ago_is_asked_anew() {
    let world = World::new(Choices { wait: Duration::ZERO, ..Choices::default() });
    let (seat, shop) = (world.seat("shop"), Tool::default());
    assert!(text(&seat.run(refund(500.0), None, shop.says("done")).await).contains("waiting for"));
    let asking = world.askings(1).await.remove(0);
    world.grant(&asking).await;
    world.clock.advance(claw_runtime::Duration::parse("16m").unwrap());
    let answer = seat.run(refund(500.0), None, shop.says("done")).await;
    assert!(text(&answer).contains("waiting for"), "{}", text(&answer));
    assert_ne!(world.askings(1).await[0].id, asking.id);
    assert_eq!(shop.count(), 0);
}

#[tokio::test]
async fn who_asks_can_not_agree() {
    let world = World::new(Choices { wait: Duration::ZERO, ..Choices::default() });
    let (seat, shop) = (world.seat("shop"), Tool::default());
    assert!(text(&seat.run(refund(500.0), None, shop.says("done")).await).contains("waiting for"));
    let asking = world.askings(1).await.remove(0);
    let vote = Vote::grant("emma", asking.opened_at).role("sre");
    assert!(world.app.guard.vote(None, asking.id, vote).await.is_err());
}

#[tokio::test]
async fn nobody_votes_for_another_tenant() {
    let world = World::standard();
    world.engine().load(Some("other"), &world::bundle(world::POLICY), None).unwrap();
    let shop = Tool::default();
    let running = start(&world.seat_elsewhere("shop"), refund(500.0), None, &shop);
    let asking = until(async || {
        let now = world.engine().time().unwrap();
        world.engine().ledger().unwrap().open_askings(Some("other"), now, None).unwrap().askings.pop()
    })
    .await;
    let vote = || Vote::grant("olga", asking.opened_at).role("sre");
    assert!(world.app.guard.vote(None, asking.id, vote()).await.is_err());
    assert!(world.app.guard.vote(Some("third".to_owned()), asking.id, vote()).await.is_err());
    assert!(!running.is_finished());
    world.app.guard.vote(Some("other".to_owned()), asking.id, vote()).await.unwrap();
    assert_eq!(running.await.unwrap().unwrap(), said("done"));
}

#[tokio::test]
async fn a_note_that_is_demanded_is_asked_for() {
    let policy = world::POLICY.replace("by user  expires 10m", "by user  expires 10m  note required");
    let world = World::new(Choices { policy, wait: Duration::from_millis(300), ..Choices::default() });
    let (seat, shop) = (world.seat("shop"), Tool::default());
    let wipe = || tool("wipe", json!({ "id": "x" }));
    let silent = User::who(Answer::Accept(json!({ "note": "  " })));
    assert!(text(&seat.run(wipe(), Some(silent.clone()), shop.says("done")).await).contains("waiting for `me`"));
    assert_eq!(silent.asked.lock().unwrap()[0].schema["required"], json!(["note"]));
    let says_why = User::who(Answer::Accept(json!({ "note": "it is broken" })));
    assert_eq!(seat.run(wipe(), Some(says_why), shop.says("done")).await.unwrap(), said("done"));
}

#[tokio::test]
async fn a_client_that_goes_away_executes_nothing_and_finds_its_asking_again() {
    let world = World::standard();
    let (seat, shop) = (world.seat("shop"), Tool::default());
    let running = start(&seat, refund(500.0), None, &shop);
    let asking = world.askings(1).await.remove(0);
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert!(settled(&world).await);
    world.grant(&asking).await;
    assert_eq!(shop.count(), 0);
    let world = again(world);
    // It comes back: the approval is there, and is used.
    assert_eq!(world.seat("shop").run(refund(500.0), None, shop.says("done")).await.unwrap(), said("done"));
    assert_eq!(shop.count(), 1);
}

/// Waits until nothing is under way.
async fn settled(world: &World) -> bool {
    world.seats.settled(world::LONG).await
}

/// The same world with fresh seats, as after a reconnect.
fn again(world: World) -> World {
    let seats = claw_gateway::mcp::seat::Seats::open(world.app.clone()).unwrap();
    World { seats, ..world }
}

#[tokio::test]
async fn a_gateway_that_ends_lets_waiting_calls_go() {
    let world = World::standard();
    let (seat, shop) = (world.seat("shop"), Tool::default());
    let running = start(&seat, refund(500.0), None, &shop);
    world.askings(1).await;
    world.app.stop.cancel();
    assert!(text(&running.await.unwrap()).contains("shutting down"));
    assert!(settled(&world).await);
    assert_eq!(shop.count(), 0);
}

#[tokio::test]
async fn more_than_may_wait_are_told_to_come_again() {
    let world = World::new(Choices { waiting: 1, ..Choices::default() });
    let (seat, shop) = (world.seat("shop"), Tool::default());
    let first = start(&seat, refund(500.0), None, &shop);
    world.askings(1).await;
    let second = seat.run(refund(501.0), None, shop.says("done")).await;
    assert!(text(&second).contains("waiting for `boss`"));
    assert!(!first.is_finished());
    first.abort();
}

#[tokio::test]
async fn a_policy_that_forbids_it_meanwhile_wins() {
    let world = World::standard();
    let (seat, shop) = (world.seat("shop"), Tool::default());
    let running = start(&seat, refund(500.0), None, &shop);
    let asking = world.askings(1).await.remove(0);
    let policy = world::POLICY.replace("> 1000.00", "> 400.00");
    world.engine().load(None, &world::bundle(&policy), None).unwrap();
    world.grant(&asking).await;
    assert_eq!(reason(&running.await.unwrap()), "rule");
    assert_eq!(shop.count(), 0);
}

#[tokio::test]
async fn the_user_confirms_in_the_client() {
    let world = World::standard();
    let (seat, shop) = (world.seat("shop"), Tool::default());
    let wipe = |id: &str| tool("wipe", json!({ "id": id }));
    let agrees = User::who(Answer::Accept(json!({ "note": "go" })));
    assert_eq!(seat.run(wipe("a<b>"), Some(agrees.clone()), shop.says("done")).await.unwrap(), said("done"));
    let Question { message, schema } = agrees.asked.lock().unwrap().pop().unwrap();
    assert!(message.contains("args.id: ") && !message.contains("<b>"), "{message}");
    assert_eq!(schema["type"], "object");
    let declines = User::who(Answer::Decline);
    let answer = seat.run(wipe("b"), Some(declines.clone()), shop.says("done")).await;
    assert_eq!(reason(&answer), "approval_refused");
    // The refusal stays: nobody is asked again.
    assert_eq!(reason(&seat.run(wipe("b"), Some(agrees.clone()), shop.says("done")).await), "approval_refused");
    assert_eq!(declines.asked.lock().unwrap().len(), 1);
    assert!(agrees.asked.lock().unwrap().is_empty());
    assert_eq!(shop.count(), 1);
}

#[tokio::test]
async fn one_who_closes_the_question_has_not_agreed() {
    let world = World::new(Choices { wait: Duration::from_millis(300), ..Choices::default() });
    let (seat, shop) = (world.seat("shop"), Tool::default());
    let closes = User::who(Answer::Cancel);
    let answer = seat.run(tool("wipe", json!({ "id": "x" })), Some(closes.clone()), shop.says("done")).await;
    assert!(text(&answer).contains("waiting for `me`"), "{}", text(&answer));
    assert_eq!(closes.asked.lock().unwrap().len(), 1);
    assert_eq!(shop.count(), 0);
}

#[tokio::test]
async fn no_client_is_asked_where_the_configuration_does_not_believe_it() {
    let world = World::new(Choices { elicitation: false, wait: Duration::from_millis(300), ..Choices::default() });
    let (seat, shop) = (world.seat("shop"), Tool::default());
    let agrees = User::who(Answer::Accept(json!({})));
    let answer = seat.run(tool("wipe", json!({ "id": "x" })), Some(agrees.clone()), shop.says("done")).await;
    assert!(text(&answer).contains("waiting for `me`"));
    assert!(agrees.asked.lock().unwrap().is_empty());
    assert_eq!(shop.count(), 0);
}

#[tokio::test]
async fn the_users_word_is_not_the_others() {
    let world = World::standard();
    let (seat, shop) = (world.seat("shop"), Tool::default());
    let agrees = User::who(Answer::Accept(json!({})));
    let running = start(&seat, tool("both", json!({ "id": "x" })), Some(agrees.clone()), &shop);
    let open = until(async || {
        let now = world.engine().time().unwrap();
        let open = world.engine().ledger().unwrap().open_askings(None, now, None).unwrap().askings;
        (open.len() == 1 && !agrees.asked.lock().unwrap().is_empty()).then_some(open)
    })
    .await;
    assert_eq!(open[0].ballot.name, "boss");
    assert_eq!(open[0].state(open[0].seen_at), State::Open);
    assert!(!running.is_finished());
    world.grant(&open[0]).await;
    assert_eq!(running.await.unwrap().unwrap(), said("done"));
    assert_eq!(agrees.asked.lock().unwrap().len(), 1);
}

/// A client whose user never answers.
struct Silent;

impl Asks for Silent {
    fn can_elicit(&self) -> bool {
        true
    }

    fn elicit(&self, _: Question) -> BoxFuture<'_, Answer> {
        Box::pin(std::future::pending())
    }

    fn progress(&self, _: String) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_client_that_does_not_listen_holds_up_nothing() {
    let world = World::standard();
    let (seat, shop) = (world.seat("shop"), Tool::default());
    let running = start(&seat, tool("both", json!({ "id": "x" })), Some(Arc::new(Silent)), &shop);
    for asking in world.askings(2).await {
        // The user confirms in the page instead.
        let vote = match asking.ballot.by_user {
            true => Vote::grant("emma", asking.opened_at),
            false => Vote::grant("olga", asking.opened_at).role("sre"),
        };
        world.app.guard.vote(None, asking.id, vote).await.unwrap();
    }
    assert_eq!(running.await.unwrap().unwrap(), said("done"));
}

#[tokio::test]
async fn votes_that_another_gateway_took_are_found() {
    let world = World::standard();
    let (seat, shop) = (world.seat("shop"), Tool::default());
    let running = start(&seat, refund(500.0), None, &shop);
    let asking = world.askings(1).await.remove(0);
    // Behind the guard's back: no news.
    world.engine().vote(None, &asking.id, Vote::grant("olga", asking.opened_at).role("sre")).unwrap();
    assert_eq!(running.await.unwrap().unwrap(), said("done"));
}

#[tokio::test]
async fn a_prompt_that_waits_answers_with_the_code_for_it() {
    let policy = format!("{}\nrule asked {{ on hello require boss }}\n", world::POLICY);
    let world = World::new(Choices { policy, wait: Duration::ZERO, ..Choices::default() });
    let hello = Subject { kind: Kind::Prompt, name: "hello".into(), args: json!({ "name": "Eva" }), definition: None };
    let error = world.seat("shop").run(hello, None, Tool::default().says("hi")).await.unwrap_err();
    assert_eq!(error.code, PENDING);
}
