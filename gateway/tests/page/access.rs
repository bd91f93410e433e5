//! Who gets in, for how long, and to what.

use axum::body::Body;
use axum::http::StatusCode;

use crate::support::{Browser, Shop, token};

#[tokio::test]
async fn strangers_see_the_sign_in_page_only() {
    let shop = Shop::open();
    let asking = shop.ask("refund", r#"{"order": "o-1", "memo": "broken"}"#).await;
    let browser = shop.browser();
    let detail = format!("/approvals/{}", asking.id);
    for path in ["/approvals", &detail] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let next = url::form_urlencoded::byte_serialize(path.as_bytes()).collect::<String>();
        assert_eq!(answer.header("location"), format!("/sign-in?next={next}"));
        assert!(!answer.text.contains("refund"), "{}", answer.text);
    }
    assert_eq!(browser.get("/approvals/events").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.get("/sign-in").await.status, StatusCode::OK);
    let posted = browser.post(&format!("{detail}/votes"), &[("csrf", ""), ("verdict", "grant")]).await;
    assert_eq!(posted.status, StatusCode::UNAUTHORIZED);
    assert!(!shop.is_allowed("refund", r#"{"order": "o-1", "memo": "broken"}"#).await);
}

#[tokio::test]
async fn wrong_tokens_open_nothing() {
    let shop = Shop::open();
    let mut browser = shop.browser();
    let long = "x".repeat(5_000);
    // A caller's token is not a person's.
    for wrong in
        ["", "x", &token("nobody"), &long, &token("olga").to_uppercase(), &token("bot"), "olga", "\0", "' or 1=1"]
    {
        let answer = browser.sign_in(wrong).await;
        assert_eq!((answer.status, &browser.cookie), (StatusCode::UNAUTHORIZED, &None), "{wrong}");
    }
    assert_eq!(browser.sign_in(&token("olga")).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/approvals").await.status, StatusCode::OK);
}

#[tokio::test]
async fn only_so_many_wrong_tokens_are_tried() {
    let shop = Shop::open();
    let mut browser = shop.browser();
    for _ in 0..20 {
        assert_eq!(browser.sign_in("wrong").await.status, StatusCode::UNAUTHORIZED);
    }
    let answer = browser.sign_in(&token("olga")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "3"));
    shop.advance("3s");
    assert_eq!(browser.sign_in(&token("olga")).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_token_that_expires_ends_its_session() {
    let shop = Shop::open();
    let tim = shop.signed_in("tim").await;
    shop.advance("59m");
    assert_eq!(tim.get("/approvals").await.status, StatusCode::OK);
    shop.advance("1m");
    assert_eq!(tim.get("/approvals").await.status, StatusCode::SEE_OTHER);
    let again = shop.browser().sign_in(&token("tim")).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn sessions_end_by_the_clock_and_by_signing_out() {
    let shop = Shop::open();
    let olga = shop.signed_in("olga").await;
    shop.advance("11h59m");
    assert_eq!(olga.get("/approvals").await.status, StatusCode::OK);
    shop.advance("1m");
    assert_eq!(olga.get("/approvals").await.status, StatusCode::SEE_OTHER);

    let olga = shop.signed_in("olga").await;
    let csrf = olga.csrf().await;
    assert_eq!(olga.post("/sign-out", &[("csrf", "wrong")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(olga.get("/sign-out").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(olga.get("/approvals").await.status, StatusCode::OK);
    let out = olga.post("/sign-out", &[("csrf", &csrf)]).await;
    assert_eq!((out.status, out.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(olga.get("/approvals").await.status, StatusCode::SEE_OTHER, "the cookie alone is worth nothing");
}

#[tokio::test]
async fn cookies_are_kept_close() {
    let shop = Shop::open();
    let cookie = shop.browser().sign_in(&token("olga")).await.header("set-cookie").to_owned();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Strict; Max-Age=43200");
    assert_eq!(pair.len(), "claw-session=".len() + 64, "256 bits");

    let shop = Shop::at("https://claw.example");
    let mut browser = Browser { origin: "https://claw.example".to_owned(), ..shop.browser() };
    let cookie = browser.sign_in(&token("olga")).await.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-claw-session=") && cookie.ends_with("; Secure"), "{cookie}");
    assert_eq!(browser.get("/approvals").await.status, StatusCode::OK);
    // Without the prefix it may have come from elsewhere.
    browser.cookie = browser.cookie.map(|cookie| cookie.replace("__Host-", ""));
    assert_eq!(browser.get("/approvals").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn forged_cookies_are_nobodys() {
    let shop = Shop::open();
    let olga = shop.signed_in("olga").await;
    let cookie = olga.cookie.clone().unwrap();
    for forged in [
        "claw-session=".to_owned(),
        format!("claw-session={}", "0".repeat(64)),
        format!("claw-session={}", "a".repeat(7_000)),
        format!("{cookie}; claw-session={}", "0".repeat(64)),
        cookie.to_uppercase(),
        cookie[..cookie.len() - 1].to_owned(),
    ] {
        let browser = Browser { cookie: Some(forged.clone()), ..olga.clone() };
        assert_eq!(browser.get("/approvals").await.status, StatusCode::SEE_OTHER, "{forged}");
    }
    let fine = Browser { cookie: Some(format!("a=b; {cookie}; c")), ..olga.clone() };
    assert_eq!(fine.get("/approvals").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_person_has_so_many_sessions() {
    let shop = Shop::open();
    let first = shop.signed_in("olga").await;
    shop.advance("1s");
    let otto = shop.signed_in("otto").await;
    for _ in 0..16 {
        assert_eq!(first.get("/approvals").await.status, StatusCode::OK);
        shop.advance("1s");
        shop.signed_in("olga").await;
    }
    assert_eq!(first.get("/approvals").await.status, StatusCode::SEE_OTHER, "the oldest gave way");
    assert_eq!(otto.get("/approvals").await.status, StatusCode::OK);
}

#[tokio::test]
async fn another_tenants_askings_do_not_exist() {
    let shop = Shop::open();
    let args = r#"{"order": "o-1", "memo": "secret of acme"}"#;
    let asking = shop.ask("refund", args).await;
    let eve = shop.signed_in("eve").await;
    let csrf = eve.csrf().await;
    let nothing = eve.get(&format!("/approvals/sha256:{}", "0".repeat(64))).await;
    let detail = eve.get(&format!("/approvals/{}", asking.id)).await;
    assert_eq!((detail.status, &detail.text), (StatusCode::NOT_FOUND, &nothing.text));
    let list = eve.get("/approvals").await;
    assert!(!list.text.contains("refund") && !list.text.contains(&asking.id.to_string()));
    for verdict in ["grant", "refuse"] {
        let vote = eve
            .post(&format!("/approvals/{}/votes", asking.id), &[("csrf", &csrf), ("verdict", verdict), ("note", "n")])
            .await;
        assert_eq!((vote.status, &vote.text), (StatusCode::NOT_FOUND, &nothing.text));
    }
    assert!(!shop.is_allowed("refund", args).await);
    let olga = shop.signed_in("olga").await;
    assert_eq!(olga.vote(&asking, "grant", "").await.status, StatusCode::SEE_OTHER, "nobody refused");
    assert!(shop.is_allowed("refund", args).await);
}

#[tokio::test]
async fn links_from_elsewhere_find_the_session() {
    let shop = Shop::open();
    let olga = shop.signed_in("olga").await;
    let stranger = Browser { cookie: None, ..olga.clone() };
    let click = |browser: &Browser, site: &str| {
        browser.request("GET", "/approvals").header("sec-fetch-site", site).body(Body::empty()).unwrap()
    };
    // A strict cookie does not come along: one step on our own page, and it does.
    let bounce = stranger.answer(click(&stranger, "cross-site")).await;
    assert_eq!(bounce.status, StatusCode::OK);
    assert!(bounce.text.contains("http-equiv=\"refresh\"") && bounce.text.contains("href=\"/approvals\""));
    assert_eq!(stranger.answer(click(&stranger, "same-origin")).await.status, StatusCode::SEE_OTHER, "no circle");
    assert_eq!(olga.answer(click(&olga, "same-origin")).await.status, StatusCode::OK);
}
