//! Documentation that repeats the code is compared with it.

/// Fails unless the part of `docs/configuration.md` between the markers of `name` is `expected`.
/// With `FRONTDESK_BLESS` set, writes it.
pub(crate) fn check(name: &str, expected: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let text = std::fs::read_to_string(path).expect("docs/configuration.md");
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let start = text.find(&begin).expect("the begin marker") + begin.len();
    let stop = text.find(&end).expect("the end marker");
    if std::env::var_os("FRONTDESK_BLESS").is_some() {
        let blessed = format!("{}{expected}{}", &text[..start], &text[stop..]);
        std::fs::write(path, blessed).expect("docs/configuration.md written");
    } else {
        assert!(
            text[start..stop] == *expected,
            "docs/configuration.md differs from the code; run \
             `FRONTDESK_BLESS=1 cargo test -p frontdesk --lib --bins` and commit the result"
        );
    }
}
