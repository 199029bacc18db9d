//! What is written to people, by language: templates, filled in by who sends them.

/// The templates of one language: a TOML file with a table for each kind, with `subject` and `text`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailTemplates {
    /// ISO 639-1 code.
    pub code: &'static str,
    /// The file.
    pub toml: &'static str,
}

/// All of them; the first is for languages that have none.
pub const MAIL: [MailTemplates; 2] = [
    MailTemplates { code: super::en::BUNDLE.code, toml: super::en::MAIL },
    MailTemplates { code: super::ar::CODE, toml: super::ar::MAIL },
];

/// The templates of the first of these language tags that has some.
#[must_use]
pub fn mail_templates<'a>(tags: impl IntoIterator<Item = &'a str>) -> MailTemplates {
    let mut codes = tags.into_iter().map(|tag| tag.split('-').next().unwrap_or_default());
    let found = codes.find_map(|code| MAIL.iter().find(|templates| templates.code == code));
    found.copied().unwrap_or(MAIL[0])
}
