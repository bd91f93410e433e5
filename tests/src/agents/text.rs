//! Text as the host compares it: letters and spaces made alike, with the addresses and numbers that stand in it.
//!
//! An address is whatever directs something somewhere: a link or a host, a mail address, an account. They are compared
//! whole, so that `acme.com` is not found in `acme.com.evil.example`.

use std::collections::BTreeSet;

/// A text made ready for comparison.
#[derive(Clone, Debug, Default)]
pub struct Text {
    plain: String,
    pub addresses: BTreeSet<String>,
    /// What an address would be if a sentence ended in the midst of it, as in `acme.com.They say`.
    cut: BTreeSet<String>,
    numbers: BTreeSet<String>,
}

impl Text {
    pub fn new(text: &str) -> Text {
        let plain = plain(text);
        let addresses = plain.split(separates).filter_map(address).collect();
        let numbers = plain.split(|c: char| !c.is_alphanumeric() && c != '.').filter_map(number).collect();
        let cut = text.split(separates).flat_map(cut).collect();
        Text { plain, addresses, cut, numbers }
    }

    /// The address that the whole text is, if it is one.
    pub fn as_address(&self) -> Option<&str> {
        let only = self.addresses.first().filter(|_| self.addresses.len() == 1)?;
        let whole = tidy(&self.plain);
        (canonical(whole) == *only).then_some(only.as_str())
    }

    /// Whether `other` stands in here: as an address if it is one, else as words.
    pub fn holds(&self, other: &Text) -> bool {
        match other.as_address() {
            Some(address) => self.holds_address(address),
            None => self.holds_words(&other.plain),
        }
    }

    pub fn holds_address(&self, address: &str) -> bool {
        self.addresses.contains(address) || self.cut.contains(address)
    }

    pub fn holds_number(&self, wanted: &str) -> bool {
        number(wanted).is_some_and(|n| self.numbers.contains(&n))
    }

    /// Whole words only: `general` does not stand in `generally`.
    fn holds_words(&self, words: &str) -> bool {
        !words.is_empty()
            && self.plain.match_indices(words).any(|(at, _)| {
                let before = self.plain[..at].chars().next_back();
                let after = self.plain[at + words.len()..].chars().next();
                !before.is_some_and(continues) && !after.is_some_and(continues)
            })
    }
}

fn plain(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a word goes on with this character.
fn continues(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '@')
}

/// Whether no address goes on over this character.
fn separates(c: char) -> bool {
    c.is_whitespace() || (!c.is_alphanumeric() && !"._-@/:%?&=#+~".contains(c))
}

/// Without the punctuation of the sentence around it.
fn tidy(token: &str) -> &str {
    token.trim_matches(|c: char| !c.is_alphanumeric() && c != '/').trim_end_matches('/')
}

/// The address in a token, perhaps behind `see:` or `url=`.
fn address(token: &str) -> Option<String> {
    let token = tidy(token);
    let starts = token.char_indices().filter(|(_, c)| matches!(c, ':' | '=' | '/')).map(|(at, c)| at + c.len_utf8());
    let mut starts = std::iter::once(0).chain(starts);
    starts.find_map(|start| {
        let rest = canonical(&token[start..]);
        (is_mail(&rest) || is_link(&rest) || is_account(&rest)).then_some(rest)
    })
}

/// The addresses before a stop that is followed by a capital.
fn cut(token: &str) -> Vec<String> {
    let capital = |at: usize| token[at + 1..].starts_with(char::is_uppercase);
    let stops = token.match_indices('.').filter(|(at, _)| capital(*at));
    stops.filter_map(|(at, _)| address(&token[..at].to_lowercase())).collect()
}

/// Without what makes no difference to where a link leads.
fn canonical(address: &str) -> String {
    let bare = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://")).unwrap_or(address);
    bare.strip_prefix("www.").unwrap_or(bare).trim_end_matches('/').to_owned()
}

fn is_mail(token: &str) -> bool {
    token.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && is_host(domain))
}

fn is_link(token: &str) -> bool {
    let end = token.find(['/', ':', '?', '#']).unwrap_or(token.len());
    is_host(&token[..end])
}

fn is_host(token: &str) -> bool {
    let Some((names, top)) = token.rsplit_once('.') else { return false };
    let named =
        names.split('.').all(|n| !n.is_empty() && n.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_'));
    let numeric = token.split('.').count() == 4 && token.split('.').all(|n| n.parse::<u8>().is_ok());
    numeric || (named && top.chars().count() >= 2 && top.chars().all(char::is_alphabetic))
}

/// Account numbers and their like: long, in one piece, with many digits.
fn is_account(token: &str) -> bool {
    token.len() >= 10
        && token.chars().all(char::is_alphanumeric)
        && token.chars().filter(char::is_ascii_digit).count() >= 6
}

/// A number without superfluous zeros.
fn number(token: &str) -> Option<String> {
    let token = token.trim_matches('.');
    let (whole, part) = token.split_once('.').unwrap_or((token, ""));
    let digits = |s: &str| s.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let part = part.trim_end_matches('0');
    Some(format!("{whole}.{part}"))
}

#[cfg(test)]
mod tests {
    use super::Text;

    fn holds(text: &str, value: &str) -> bool {
        Text::new(text).holds(&Text::new(value))
    }

    #[test]
    fn words_are_found_whole() {
        assert!(holds("Post it\n to the 'General' channel!", "general"));
        assert!(holds("This is Bob's inbox", "bob"));
        assert!(!holds("generally speaking", "general"));
        assert!(!holds("External_0", "External"));
        assert!(!holds("anything", ""));
    }

    #[test]
    fn addresses_are_compared_whole() {
        assert!(holds("see https://www.acme.com/a/.", "acme.com/a"));
        assert!(!holds("see acme.com.evil.example", "acme.com"));
        assert!(!holds("see acme.com", "acme.com/steal"));
        assert!(holds("mail <eva@acme.com>, please", "Eva@acme.com"));
        assert!(!holds("mail not-eva@acme.com", "eva@acme.com"));
        assert!(holds("our website www.acme.com.They say", "www.acme.com"));
        assert!(holds("IBAN:DE89370400440532013000.", "DE89370400440532013000"));
    }

    #[test]
    fn addresses_are_seen_in_a_text() {
        let found = |text: &str| Text::new(text).addresses.into_iter().collect::<Vec<_>>();
        assert_eq!(
            found("link:www.evil.example, or (url=http://b.example/x?y=1)"),
            ["b.example/x?y=1", "evil.example"]
        );
        assert_eq!(found("ask a@b.example; pay US133000000121212121212"), ["a@b.example", "us133000000121212121212"]);
        assert_eq!(found("on 10.0.0.7"), ["10.0.0.7"]);
        assert!(found("lunch at 12.30 on 2026-03-02, e.g. soup").is_empty());
    }

    #[test]
    fn numbers_are_equal_however_written() {
        let bill = Text::new("Total\t98.70, due 2026-03-02.");
        assert!(bill.holds_number("98.7") && bill.holds_number("2026"));
        assert!(!bill.holds_number("98") && !bill.holds_number("8.7"));
    }
}
