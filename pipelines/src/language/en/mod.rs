//! English.

mod numbers;

use super::bundle::Bundle;

/// The folder of English.
pub(super) const BUNDLE: Bundle<'static> = Bundle {
    code: "en",
    files: &[
        ("understand.toml", include_str!("understand.toml")),
        ("danger.toml", include_str!("danger.toml")),
        ("phrases.toml", include_str!("phrases.toml")),
        ("speak.toml", include_str!("speak.toml")),
        ("listen.toml", include_str!("listen.toml")),
        ("turn.toml", include_str!("turn.toml")),
        ("common.txt", include_str!("common.txt")),
        ("names/first.txt", include_str!("names/first.txt")),
        ("names/last.txt", include_str!("names/last.txt")),
        ("names/arabic-first.txt", include_str!("names/arabic-first.txt")),
        ("names/arabic-last.txt", include_str!("names/arabic-last.txt")),
    ],
    numbers: &numbers::English,
};

/// What is written to people.
pub(super) const MAIL: &str = include_str!("mail.toml");
