//! Documentation that repeats the code is compared with it.

/// [`part`] of `docs/configuration.md`.
pub(crate) fn check(name: &str, expected: &str) {
    part("configuration.md", name, expected);
}

/// Fails unless the part of that page of `docs` between the markers of `name` is `expected`.
/// With `FRONTDESK_BLESS` set, writes it.
pub(crate) fn part(page: &str, name: &str, expected: &str) {
    let path = format!("{}/../docs/{page}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the page");
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let start = text.find(&begin).expect("the begin marker") + begin.len();
    let stop = text.find(&end).expect("the end marker");
    if std::env::var_os("FRONTDESK_BLESS").is_some() {
        let blessed = format!("{}{expected}{}", &text[..start], &text[stop..]);
        std::fs::write(&path, blessed).expect("the page written");
    } else {
        assert!(
            text[start..stop] == *expected,
            "docs/{page} differs from the code; run \
             `FRONTDESK_BLESS=1 cargo test -p frontdesk --lib --bins` and commit the result"
        );
    }
}
