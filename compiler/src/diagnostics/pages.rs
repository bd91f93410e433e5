//! The pages of the diagnostics: what `clawc explain` shows. They lie in `docs/diagnostics/`, one for each code.

macro_rules! pages {
    ($($code:ident)*) => {
        &[$((stringify!($code), include_str!(concat!("../../docs/diagnostics/", stringify!($code), ".md")))),*]
    };
}

/// By code, ascending.
const PAGES: &[(&str, &str)] = pages! {
    E0001 E0002 E0003 E0004 E0005 E0006 E0007 E0008 E0009 E0010 E0011 E0012 E0013 E0014 E0015 E0016 E0017
    E0018 E0019 E0020 E0021 E0022 E0023 E0024 E0025 E0026 E0027 E0028 E0029 E0030 E0031 E0032 E0033 E0034
    E0035 E0036 E0037 E0038 E0101 E0102 E0103 E0104 E0105 E0106 E0107 E0108 E0109 E0110 E0111 E0112 E0113 E0114
    E0115 E0116 E0201 E0202 E0203 E0204 E0205 E0206 E0207 E0208 E0209 E0210 E0211 E0212 E0213 E0214 E0215
    E0216 E0217 E0218 E0219 E0221 E0222 E0301 E0302 E0303 E0304 E0305 E0306 E0307 E0401 E0402 E0403 E0404
    E0405 E0406 E0407 E0408 E0409 E0410 E0411 E0412 E0413 E0414 E0415 E0416 E0417 E0418 E0419 E0420 E0421
    E0422 E0423 E0424 E0425 E0426 E0427 E0428 E0429 E0501 E0502 E0503 E0504 E0505 E0506 E0601 W0101 W0102 W0103 W0104
    W0201 W0202 W0203 W0204 W0205 W0206 W0207 W0301 W0302 W0303 W0304 W0305 W0306
    W0401 W0402 W0403 W0404 W0408 W0501 W0601 W0602
};

/// The Markdown page of a code, if there is one.
pub fn page(code: &str) -> Option<&'static str> {
    let at = PAGES.binary_search_by_key(&code, |(code, _)| code).ok()?;
    PAGES.get(at).map(|(_, page)| *page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::codes;

    #[test]
    fn every_code_has_a_page_and_every_page_a_code() {
        for info in codes::all() {
            let page = page(info.code.as_str()).unwrap_or_else(|| panic!("{} has no page", info.code));
            assert!(page.starts_with(&format!("# {}", info.code)), "{}", info.code);
        }
        assert!(PAGES.iter().all(|(code, _)| codes::find(code).is_some()));
    }
}
