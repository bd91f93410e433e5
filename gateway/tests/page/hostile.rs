//! Texts and addresses that are meant to do harm.

use axum::body::Body;
use axum::http::StatusCode;

use crate::support::Shop;

/// Markup, quotes, links, entities, a comment, a change of direction, a line break.
const PAYLOADS: [&str; 8] = [
    "<script>alert(1)</script>",
    "</pre></dd><img src=x onerror=alert(1)>",
    "\"'><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;b&gt; &#60;i&#62;",
    "<!-- --><!DOCTYPE x>",
    "\u{202e}txt.exe\u{200b}",
    "line\r\nSet-Cookie: a=b",
];

/// The page has no markup but its own: no tag, attribute or entity came from the text.
fn harmless(page: &str) {
    for tag in ["<script>", "<img src=x", "<svg", "onerror=alert(1)>", "<!--", "<b>", "<i>", "</pre></dd><img"] {
        assert!(!page.contains(tag), "{tag}: {page}");
    }
    assert!(!page.contains("href=\"javascript") && !page.contains("action=\"javascript"));
    assert!(!page.contains('\u{202e}') && !page.contains('\u{200b}'));
    assert_eq!(page.matches("<script").count(), 1, "our own file");
    assert!(!page.contains(" style=") && !page.contains(" onclick="));
}

#[tokio::test]
async fn arguments_and_notes_are_text() {
    for payload in PAYLOADS {
        let shop = Shop::open();
        let args = serde_json::json!({ "order": payload, "memo": format!("{payload}{}", "y".repeat(3_000)) });
        let user = serde_json::to_string(payload).unwrap();
        let asking = shop.ask_as("acme", user.trim_matches('"'), "refund", &args.to_string()).await;
        let olga = shop.signed_in("olga").await;
        let detail = format!("/approvals/{}", asking.id);
        harmless(&olga.get("/approvals").await.text);
        let page = olga.get(&detail).await.text;
        harmless(&page);
        assert!(page.contains("Not all of it is shown: ") && page.contains("Read the whole call"), "{page}");
        let whole = olga.get(&format!("{detail}/whole")).await;
        assert_eq!((whole.status, whole.header("content-type")), (StatusCode::OK, "text/plain; charset=utf-8"));
        assert!(whole.text.contains(&"y".repeat(3_000)) && !whole.text.contains('\u{202e}'));
        let eve = shop.signed_in("eve").await;
        assert_eq!(eve.get(&format!("{detail}/whole")).await.status, StatusCode::NOT_FOUND);
        // A note that is too long comes back in the form; one that is not is shown to all.
        let long = format!("</textarea>{payload}{}", "z".repeat(5_000));
        let answer = olga.vote(&asking, "grant", &long).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.text.matches("</textarea>").count(), 1);
        assert_eq!(olga.vote(&asking, "grant", payload).await.status, StatusCode::SEE_OTHER);
        harmless(&olga.get(&detail).await.text);
        harmless(&olga.get("/approvals").await.text);
    }
}

#[tokio::test]
async fn every_page_keeps_to_itself() {
    let shop = Shop::open();
    let asking = shop.ask("refund", r#"{"order": "o-1", "memo": "m"}"#).await;
    let olga = shop.signed_in("olga").await;
    let detail = format!("/approvals/{}", asking.id);
    for path in ["/approvals", &detail, "/approvals/x", "/sign-in", "/assets/page.js", "/assets/page.css", "/assets/x"]
    {
        let page = olga.get(path).await;
        assert_eq!(
            page.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            "{path}"
        );
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("referrer-policy"), "same-origin");
        let kept = if page.status == StatusCode::OK && path.starts_with("/assets") {
            "public, max-age=300"
        } else {
            "no-store"
        };
        assert_eq!(page.header("cache-control"), kept, "{path}");
        assert_eq!(page.header("access-control-allow-origin"), "");
        assert!(!page.text.contains("http://") && !page.text.contains("https://") || path.ends_with("svg"), "{path}");
    }
}

#[tokio::test]
async fn strange_addresses_lead_nowhere() {
    let shop = Shop::open();
    let asking = shop.ask("refund", r#"{"order": "o-1", "memo": "m"}"#).await;
    let olga = shop.signed_in("olga").await;
    let id = asking.id.to_string();
    let long = format!("/approvals/{}", "a".repeat(8_000));
    for path in [
        "/approvals/",
        "/approvals/x",
        "/approvals/../approvals",
        "/approvals/%2e%2e%2f",
        "/approvals/..%2f..%2fetc%2fpasswd",
        "/approvals/%00",
        "/approvals/%ff",
        "/approvals/sha256:",
        "//approvals",
        "/assets/../page.rs",
        "/assets/%2e%2e%2fpage.rs",
        "/assets/",
        &long,
        &format!("/approvals/{id}/"),
        &format!("/approvals/{id}%20"),
        &format!("/approvals/{id}/votes/x"),
        &format!("/approvals/{id}/whole"),
        &format!("/approvals/{}", id.to_uppercase()),
    ] {
        let answer = olga.get(path).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
        assert!(!answer.text.contains("refund"), "{path}");
    }
    // What is encoded needlessly is the same address.
    assert_eq!(olga.get(&format!("/approvals/{}", id.replace(':', "%3A"))).await.status, StatusCode::OK);
    for query in ["?after=x", "?after=%00", "?after=9999999999999999999-sha256:0", "?next=//x", "?%ff"] {
        assert_eq!(olga.get(&format!("/approvals{query}")).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn other_hosts_and_huge_bodies_are_turned_away() {
    let shop = Shop::open();
    let olga = shop.signed_in("olga").await;
    let rebound = axum::http::Request::builder().uri("/approvals").header("host", "evil.example");
    let rebound = rebound.header("cookie", olga.cookie.as_deref().unwrap()).body(Body::empty()).unwrap();
    assert_eq!(olga.answer(rebound).await.status, StatusCode::MISDIRECTED_REQUEST);
    for path in ["/sign-in", "/sign-out"] {
        let answer = olga.post(path, &[("token", &"x".repeat(1_000_000)), ("csrf", "x")]).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
    }
}
