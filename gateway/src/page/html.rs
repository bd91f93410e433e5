//! The pages' HTML. Every text is escaped by construction (`maud`); what comes from requests is harmless text besides,
//! as the ledger made it (`claw_engine::ledger::harmless`).
//!
//! Parts with `data-live` are the ones that the script replaces when something has changed. Styles and scripts are files
//! of their own, since the page's policy forbids them in it.

use maud::{DOCTYPE, Markup, html};

use super::session::Session;
use super::visit::Visit;

pub(super) mod detail;
pub(super) mod list;
mod value;

/// What surrounds every page. `mark` is the state of the list that the page shows.
fn frame(title: &str, session: Option<&Session>, mark: Option<&str>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " · claw" }
                link rel="icon" type="image/svg+xml" href="/assets/claw.svg";
                link rel="stylesheet" href="/assets/page.css";
                script src="/assets/page.js" defer {}
            }
            body data-mark=[mark] {
                a .skip href="#content" { "Skip to the content" }
                header .bar {
                    a .brand href="/approvals" { img src="/assets/claw.svg" alt="" width="22" height="22"; "Approvals" }
                    @if let Some(session) = session { (whose(session)) }
                }
                main #content tabindex="-1" { (body) }
                p #live .live role="status" {}
            }
        }
    }
}

/// Who has signed in, and the way out.
fn whose(session: &Session) -> Markup {
    html! {
        form .who method="post" action="/sign-out" {
            span .name { (session.person.name) }
            @if let Some(tenant) = &session.person.tenant { span .tenant title="tenant" { (tenant) } }
            input type="hidden" name="csrf" value=(session.csrf);
            button .quiet type="submit" { "Sign out" }
        }
    }
}

/// The sign-in page; `next` is where it leads.
pub(super) fn sign_in(next: &str, problem: Option<(&str, &str)>) -> Markup {
    let body = html! {
        section .sheet .narrow {
            h1 { "Sign in" }
            @if let Some((title, help)) = problem { (alert(title, help)) }
            form method="post" action="/sign-in" {
                label for="token" { "Your token" }
                input #token type="password" name="token" required maxlength="1024" autocomplete="current-password"
                    autocapitalize="off" spellcheck="false" autofocus;
                input type="hidden" name="next" value=(next);
                p .hint { "Whoever runs the gateway gave it to you. You stay signed in for 12 hours at most." }
                button .primary type="submit" { "Sign in" }
            }
        }
    };
    frame("Sign in", None, None, &body)
}

/// A page that says one thing.
pub(super) fn notice(title: &str, help: &str, link: Option<&str>) -> Markup {
    let body = html! {
        section .sheet .narrow {
            h1 { (title) }
            p { (help) }
            @if let Some(link) = link { p { a href=(link) { "Go on" } } }
        }
    };
    frame(title, None, None, &body)
}

/// Leads on to a page of ours by itself.
pub(super) fn onward(path: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="refresh" content="0";
                title { "Approvals · claw" }
            }
            body { p { a href=(path) { "Go on" } } }
        }
    }
}

/// A form that did not come from the session's own page.
pub(super) fn foreign_form() -> Markup {
    let help =
        "it did not come from a page that you opened since you signed in. Open the page again, and send it from there";
    notice("This form was not sent from here", help, Some("/approvals"))
}

/// No such asking.
pub(super) fn nothing_here(visit: &Visit) -> Markup {
    let body = html! {
        section .sheet .narrow {
            h1 { "There is nothing here" }
            p { "The request was replaced by a newer one, or forgotten, or it never was." }
            p { a href="/approvals" { "All requests" } }
        }
    };
    frame("Nothing here", Some(&visit.session), None, &body)
}

/// Something that went wrong, where it went wrong.
fn alert(title: &str, help: &str) -> Markup {
    html! {
        div .alert role="alert" {
            strong { (title) }
            span { (help) }
        }
    }
}
