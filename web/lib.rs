//! The pages that browsers get, as `npm run build` made them of `src/`.
//!
//! The built files are committed in `dist/` and are part of the program, so that neither building
//! nor running it needs Node. It knows nobody; whoever serves them adds headers and what the page
//! is to know ([`CALL_PAGE`]).

use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "dist/"]
struct Built;

/// The patient's page. Before it is served, `{{clinic}}` and `{{title}}` in it are to be replaced,
/// each by text that is escaped for HTML.
pub const CALL_PAGE: &str = "call.html";

/// The supervisors' console; it is served as it is.
pub const CONSOLE_PAGE: &str = "console.html";

/// Whose code is in the pages, and on what terms.
pub const LICENCES: &str = "licences.md";

/// Folder of the files that pages load. Their names hold a hash of what is in them, so a name never
/// stands for something else.
pub const ASSETS: &str = "assets";

/// A built file.
pub struct File(EmbeddedFile);

impl File {
    /// What is in it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.data
    }

    /// The same, owned or borrowed for the life of the program.
    #[must_use]
    pub fn into_bytes(self) -> std::borrow::Cow<'static, [u8]> {
        self.0.data
    }

    /// SHA-256 of it.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        self.0.metadata.sha256_hash()
    }
}

/// The built file of that path in `dist/`; with `.br` added, the same as brotli.
#[must_use]
pub fn file(path: &str) -> Option<File> {
    Built::get(path).map(File)
}

/// The paths of all built files.
pub fn paths() -> impl Iterator<Item = String> {
    Built::iter().map(std::borrow::Cow::into_owned)
}

/// What a file of that path is, for `Content-Type`.
#[must_use]
pub fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "md" => "text/markdown; charset=utf-8",
        _ => "application/octet-stream",
    }
}
