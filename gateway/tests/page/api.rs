//! The same for programs.

use axum::body::Body;
use axum::http::StatusCode;
use serde_json::Value;

use crate::support::{Answer, Browser, Shop, token};

const ARGS: &str = r#"{"order": "o-1", "memo": "m"}"#;

async fn call(browser: &Browser, method: &str, path: &str, token: Option<&str>, body: &str) -> (StatusCode, Value) {
    let mut request = browser.request(method, path).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let Answer { status, text, .. } = browser.answer(request.body(Body::from(body.to_owned())).unwrap()).await;
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("JSON: {text}")))
}

#[tokio::test]
async fn listed_looked_at_voted() {
    let shop = Shop::open();
    let asking = shop.ask("refund", ARGS).await;
    let (browser, olga) = (shop.browser(), token("olga"));
    let (status, list) = call(&browser, "GET", "/v1/approvals", Some(&olga), "").await;
    assert_eq!((status, list["waiting"][0]["id"].as_str()), (StatusCode::OK, Some(&*asking.id.to_string())));
    assert_eq!((&list["next"], list["recent"].as_array().map(Vec::len)), (&Value::Null, Some(0)));
    let path = format!("/v1/approvals/{}", asking.id);
    let (status, one) = call(&browser, "GET", &path, Some(&olga), "").await;
    assert_eq!((status, one["state"].as_str()), (StatusCode::OK, Some("open")));
    let vote = r#"{"verdict": "grant", "note": "fine"}"#;
    let (status, one) = call(&browser, "POST", &format!("{path}/votes"), Some(&olga), vote).await;
    assert_eq!((status, one["state"].as_str()), (StatusCode::OK, Some("granted")));
    assert_eq!(one["votes"][0]["note"], "fine");
    let (status, again) = call(&browser, "POST", &format!("{path}/votes"), Some(&olga), vote).await;
    assert_eq!((status, again["error"]["code"].as_str()), (StatusCode::CONFLICT, Some("already_voted")));
    assert!(shop.is_allowed("refund", ARGS).await);
}

#[tokio::test]
async fn only_people_of_the_tenant_get_in() {
    let shop = Shop::open();
    let asking = shop.ask("refund", ARGS).await;
    let browser = shop.signed_in("olga").await;
    let path = format!("/v1/approvals/{}", asking.id);
    let (votes, vote) = (format!("{path}/votes"), r#"{"verdict": "grant"}"#);
    for (method, path) in [("GET", "/v1/approvals"), ("GET", &*path), ("POST", &*votes)] {
        // A cookie is no token: no other page can have a browser send this.
        for wrong in [None, Some("wrong"), Some(&*token("bot")), Some("")] {
            let (status, answer) = call(&browser, method, path, wrong, vote).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} {wrong:?}: {answer}");
        }
    }
    let eve = token("eve");
    assert_eq!(call(&browser, "GET", &path, Some(&eve), "").await.0, StatusCode::NOT_FOUND);
    let (status, answer) = call(&browser, "POST", &votes, Some(&eve), vote).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (StatusCode::NOT_FOUND, Some("not_found")));
    assert_eq!(call(&browser, "GET", "/v1/approvals", Some(&eve), "").await.1["waiting"], serde_json::json!([]));
    let (status, answer) = call(&browser, "POST", &votes, Some(&token("sue")), vote).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (StatusCode::FORBIDDEN, Some("wrong_role")));
    shop.advance("1h");
    assert_eq!(call(&browser, "GET", &path, Some(&token("tim")), "").await.0, StatusCode::UNAUTHORIZED, "expired");
    assert!(!shop.is_allowed("refund", ARGS).await);
}

#[tokio::test]
async fn votes_that_can_not_be_read() {
    let shop = Shop::open();
    let asking = shop.ask("refund", ARGS).await;
    let (browser, olga) = (shop.browser(), token("olga"));
    let path = format!("/v1/approvals/{}/votes", asking.id);
    let huge = format!(r#"{{"verdict": "grant", "note": "{}"}}"#, "x".repeat(100_000));
    for body in ["", "{}", "[]", r#"{"verdict": "yes"}"#, r#"{"verdict": "grant", "person": "otto"}"#, &huge] {
        let (status, answer) = call(&browser, "POST", &path, Some(&olga), body).await;
        assert!(status.is_client_error() && answer["error"]["code"] == "bad_request", "{status} {answer}");
    }
    let form = browser.request("POST", &path).header("authorization", format!("Bearer {olga}"));
    let form = form.header("content-type", "application/x-www-form-urlencoded").body("verdict=grant".into()).unwrap();
    assert_eq!(browser.answer(form).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for path in ["/v1/approvals/x", "/v1/approvals/%2e%2e", "/v1/approvals/sha256:0/votes"] {
        let method = if path.ends_with("votes") { "POST" } else { "GET" };
        let (status, _) = call(&browser, method, path, Some(&olga), r#"{"verdict": "grant"}"#).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(call(&browser, "GET", "/v1/approvals?after=x", Some(&olga), "").await.0, StatusCode::BAD_REQUEST);
    assert!(!shop.is_allowed("refund", ARGS).await);
}
