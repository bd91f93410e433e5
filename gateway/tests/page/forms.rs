//! What a vote needs to count, and what the page says of it.

use axum::body::Body;
use axum::http::{StatusCode, header};

use crate::support::{Browser, ORIGIN, Shop, encoded};

const ARGS: &str = r#"{"order": "o-1", "memo": "broken"}"#;

#[tokio::test]
async fn approved_used_once() {
    let shop = Shop::open();
    let asking = shop.ask("refund", ARGS).await;
    let olga = shop.signed_in("olga").await;
    let list = olga.get("/approvals").await.text;
    assert!(list.contains("Waiting for you") && list.contains("refund") && list.contains("15 min 0 s left"), "{list}");
    assert!(list.contains("bot for ulla in prod") && list.contains("needs 1 of lead"), "{list}");
    assert!(list.contains("<span class=\"key\">memo</span> &quot;broken&quot;"), "{list}");
    let detail = olga.get(&format!("/approvals/{}", asking.id)).await.text;
    for shown in ["&quot;broken&quot;", "&quot;o-1&quot;", "Money leaves the shop.", "refunds_are_seen", "1 of lead"] {
        assert!(detail.contains(shown), "{shown}: {detail}");
    }
    let vote = olga.vote(&asking, "grant", "looks\r\nright").await;
    assert_eq!((vote.status, vote.header("location")), (StatusCode::SEE_OTHER, &*format!("/approvals/{}", asking.id)));
    let detail = olga.get(&format!("/approvals/{}", asking.id)).await.text;
    for shown in ["You approved this.", "<p>looks</p><p>right</p>", "Approved"] {
        assert!(detail.contains(shown), "{shown}: {detail}");
    }
    assert!(!shop.is_allowed("refund", r#"{"order": "o-2", "memo": "broken"}"#).await, "other arguments");
    assert!(shop.is_allowed("refund", ARGS).await);
    assert!(!shop.is_allowed("refund", ARGS).await, "used");
    assert!(olga.get("/approvals").await.text.contains("Used"));
}

#[tokio::test]
async fn refused_for_good() {
    let shop = Shop::open();
    let asking = shop.ask("refund", ARGS).await;
    let (olga, otto) = (shop.signed_in("olga").await, shop.signed_in("otto").await);
    assert_eq!(olga.vote(&asking, "refuse", "no").await.status, StatusCode::SEE_OTHER);
    let late = otto.vote(&asking, "grant", "").await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.text.contains("Someone refused already"), "{}", late.text);
    assert!(!shop.is_allowed("refund", ARGS).await);
}

#[tokio::test]
async fn who_must_agree_agrees() {
    let shop = Shop::open();
    let close = r#"{"shop": "berlin"}"#;
    let asking = shop.ask("close", close).await;
    let (olga, carl) = (shop.signed_in("olga").await, shop.signed_in("carl").await);
    let empty = olga.vote(&asking, "grant", "  \r\n ").await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.text.contains("Please say why"), "{}", empty.text);
    assert_eq!(olga.vote(&asking, "grant", "agreed").await.status, StatusCode::SEE_OTHER);
    let detail = olga.get(&format!("/approvals/{}", asking.id)).await.text;
    assert!(detail.contains("Still missing: 1 more of lead, chief."), "{detail}");
    assert!(!detail.contains("Your vote"));
    let again = olga.vote(&asking, "grant", "twice").await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.text.contains("You have voted already"));
    assert!(!shop.is_allowed("close", close).await);
    let list = carl.get("/approvals").await.text;
    assert!(list.contains("1 more of lead, chief"), "{list}");
    assert_eq!(carl.vote(&asking, "grant", "fine").await.status, StatusCode::SEE_OTHER);
    assert!(shop.is_allowed("close", close).await);
}

#[tokio::test]
async fn who_may_not_vote_is_told_why() {
    let shop = Shop::open();
    let asking = shop.ask("refund", ARGS).await;
    for (name, why, title) in [
        ("sue", "it is for people who are lead", "You can&#39;t vote on this"),
        ("ulla", "this is asked on your behalf", "You can&#39;t vote on your own request"),
    ] {
        let person = shop.signed_in(name).await;
        let detail = person.get(&format!("/approvals/{}", asking.id)).await.text;
        assert!(detail.contains(why) && !detail.contains("value=\"grant\""), "{detail}");
        assert!(person.get("/approvals").await.text.contains("Waiting for others"));
        let vote = person.vote(&asking, "grant", "").await;
        assert_eq!(vote.status, StatusCode::FORBIDDEN);
        assert!(vote.text.replace('\'', "&#39;").contains(title), "{}", vote.text);
    }
    assert!(!shop.is_allowed("refund", ARGS).await);
}

#[tokio::test]
async fn too_late() {
    let shop = Shop::open();
    let asking = shop.ask("refund", ARGS).await;
    let olga = shop.signed_in("olga").await;
    shop.advance("15m1ms");
    let vote = olga.vote(&asking, "grant", "").await;
    assert_eq!(vote.status, StatusCode::CONFLICT);
    assert!(vote.text.contains("It is too late") && vote.text.contains("Expired"), "{}", vote.text);
    assert!(!shop.is_allowed("refund", ARGS).await);
}

#[tokio::test]
async fn forms_from_elsewhere_do_not_count() {
    let shop = Shop::open();
    let asking = shop.ask("refund", ARGS).await;
    let (olga, otto) = (shop.signed_in("olga").await, shop.signed_in("otto").await);
    let (csrf, other) = (olga.csrf().await, otto.csrf().await);
    let path = format!("/approvals/{}/votes", asking.id);
    let fields = |csrf: &str| encoded(&[("csrf", csrf), ("verdict", "grant"), ("note", "")]);
    let status = async |request: axum::http::request::Builder, csrf: &str| {
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        olga.answer(request.body(Body::from(fields(csrf))).unwrap()).await.status
    };
    let post = || olga.request("POST", &path);
    for wrong in ["", "x", &other, &csrf[1..], &csrf.to_uppercase()] {
        assert_eq!(status(post().header(header::ORIGIN, ORIGIN), wrong).await, StatusCode::FORBIDDEN, "{wrong}");
    }
    for origin in
        ["null", "http://evil.example", "https://127.0.0.1:8787", "http://127.0.0.1", "http://127.0.0.1:8788", ""]
    {
        assert_eq!(status(post().header(header::ORIGIN, origin), &csrf).await, StatusCode::FORBIDDEN, "{origin}");
    }
    assert_eq!(status(post(), &csrf).await, StatusCode::FORBIDDEN, "a browser says where a form comes from");
    let two = post().header(header::ORIGIN, ORIGIN).header(header::ORIGIN, "http://evil.example");
    assert_eq!(status(two, &csrf).await, StatusCode::FORBIDDEN);
    for site in ["cross-site", "same-site", "none"] {
        let request = post().header(header::ORIGIN, ORIGIN).header("sec-fetch-site", site);
        assert_eq!(status(request, &csrf).await, StatusCode::FORBIDDEN, "{site}");
    }
    // The same from elsewhere, before anyone has signed in.
    let sign_in = olga.request("POST", "/sign-in").header(header::ORIGIN, "http://evil.example");
    assert_eq!(status(sign_in, &csrf).await, StatusCode::FORBIDDEN);

    assert!(!shop.is_allowed("refund", ARGS).await);
    let own = post().header(header::ORIGIN, ORIGIN).header("sec-fetch-site", "same-origin");
    assert_eq!(status(own, &csrf).await, StatusCode::SEE_OTHER);
    assert!(shop.is_allowed("refund", ARGS).await);
}

#[tokio::test]
async fn looking_never_votes() {
    let shop = Shop::open();
    let asking = shop.ask("refund", ARGS).await;
    let olga = shop.signed_in("olga").await;
    let csrf = olga.csrf().await;
    let query = format!("csrf={csrf}&verdict=grant");
    for path in [format!("/approvals/{}/votes?{query}", asking.id), format!("/approvals/{}?{query}", asking.id)] {
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
            olga.answer(olga.request(method, &path).body(Body::empty()).unwrap()).await;
        }
    }
    assert!(!shop.is_allowed("refund", ARGS).await);
}

#[tokio::test]
async fn a_vote_is_a_form_with_one_of_two_verdicts() {
    let shop = Shop::open();
    let asking = shop.ask("refund", ARGS).await;
    let olga = shop.signed_in("olga").await;
    let csrf = olga.csrf().await;
    let path = format!("/approvals/{}/votes", asking.id);
    for fields in [
        vec![("csrf", &*csrf)],
        vec![("csrf", &csrf), ("verdict", "")],
        vec![("csrf", &csrf), ("verdict", "Grant")],
        vec![("csrf", &csrf), ("verdict", "grant"), ("verdict", "refuse")],
        vec![("verdict", "grant")],
    ] {
        assert_eq!(olga.post(&path, &fields).await.status, StatusCode::BAD_REQUEST, "{fields:?}");
    }
    let json = olga.request("POST", &path).header(header::ORIGIN, ORIGIN).header(header::CONTENT_TYPE, "text/plain");
    let answer = olga.answer(json.body(encoded(&[("csrf", &csrf), ("verdict", "grant")]).into()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(!shop.is_allowed("refund", ARGS).await);
}

#[tokio::test]
async fn notes_are_kept_to_their_length() {
    let shop = Shop::open();
    let asking = shop.ask("refund", ARGS).await;
    let olga = shop.signed_in("olga").await;
    let long = "ä".repeat(2_049);
    let answer = olga.vote(&asking, "grant", &long).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.text.contains("Your note is too long") && answer.text.contains(&long),
        "it need not be written again"
    );
    let huge = "x".repeat(100_000);
    let answer = olga.vote(&asking, "grant", &huge).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(!shop.is_allowed("refund", ARGS).await);
    assert_eq!(olga.vote(&asking, "grant", &"ä".repeat(2_048)).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_in_leads_on_to_our_own_pages_only() {
    let shop = Shop::open();
    let asking = shop.ask("refund", ARGS).await;
    let own = format!("/approvals/{}", asking.id);
    let token = crate::support::token("olga");
    for (next, to) in [(&*own, &*own), ("https://evil.example/", "/approvals"), ("//evil.example", "/approvals")] {
        let browser: Browser = shop.browser();
        let page = browser.get(&format!("/sign-in?next={next}")).await.text;
        assert!(page.contains(&format!("name=\"next\" value=\"{to}\"")), "{page}");
        let answer = browser.post("/sign-in", &[("token", &token), ("next", next)]).await;
        assert_eq!(answer.header("location"), to);
    }
}
