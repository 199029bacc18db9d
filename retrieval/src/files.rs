//! A document's file: its name as it is cited, its text, and the passages that are searched and
//! quoted.

mod folder;
mod passages;
mod text;

use sha2::{Digest, Sha256};

pub use folder::{Folder, Seen, Stamp};
pub use passages::Passage;

/// Largest file that is read, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;

/// Passages of one file at most.
pub const MAX_PASSAGES: usize = 500;

/// Longest name of a file, in characters, without its ending.
const MAX_NAME: usize = 80;

/// Raised when the same file gives other passages than before, so that it is read again.
const READING: &[u8] = b"1";

/// Why a file is not answered from. One line for whoever put it there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Its ending is unknown.
    #[error("files that end in .md, .txt, .html or .htm are read: save it as one of these")]
    Kind,
    /// It is a PDF.
    #[error("PDF is not read: save it as text, Markdown or HTML")]
    Pdf,
    /// It is too large.
    #[error("it is larger than {} KiB: split it", MAX_BYTES / 1024)]
    TooLarge,
    /// It has too much text.
    #[error("it has more than {MAX_PASSAGES} passages: split it")]
    TooLong,
    /// Its bytes are no text.
    #[error("it is no text in UTF-8: save it in that encoding")]
    Encoding,
    /// It has no text.
    #[error("it has no text")]
    Empty,
    /// Its HTML cannot be read.
    #[error("its HTML cannot be read: {0}")]
    Html(String),
    /// Its name cannot be said.
    #[error("its name must have 1 to {MAX_NAME} characters before the ending")]
    Name,
    /// It cannot be opened.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name as it is cited: that of the file, without its ending.
    pub title: String,
    /// Tells it from one of other content.
    pub digest: Vec<u8>,
    /// Its passages, in their order; at least one.
    pub passages: Vec<Passage>,
}

/// Reads a file of that name.
///
/// # Errors
/// [`FileError`] if there is nothing to answer from.
pub fn read(name: &str, bytes: &[u8]) -> Result<Document, FileError> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(FileError::TooLarge);
    }
    let (stem, kind) = split(name)?;
    let title = title(stem)?;
    let passages = passages::passages(text::blocks(kind, bytes)?);
    if passages.is_empty() {
        return Err(FileError::Empty);
    }
    if passages.len() > MAX_PASSAGES {
        return Err(FileError::TooLong);
    }
    let digest = Sha256::new().chain_update(READING).chain_update(bytes).finalize().to_vec();
    Ok(Document { title, digest, passages })
}

/// The name before its ending, and what kind of file it is.
fn split(name: &str) -> Result<(&str, text::Kind), FileError> {
    let (stem, ending) = name.rsplit_once('.').ok_or(FileError::Kind)?;
    let kind = match ending.to_ascii_lowercase().as_str() {
        "md" | "markdown" => text::Kind::Markdown,
        "txt" => text::Kind::Plain,
        "html" | "htm" => text::Kind::Html,
        "pdf" => return Err(FileError::Pdf),
        _ => return Err(FileError::Kind),
    };
    Ok((stem, kind))
}

/// "opening-hours_2026" as it is spoken.
fn title(stem: &str) -> Result<String, FileError> {
    let words: Vec<&str> = stem
        .split(|c: char| c.is_whitespace() || c.is_control() || "-_\"{}".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let title = words.join(" ");
    if (1..=MAX_NAME).contains(&title.chars().count()) { Ok(title) } else { Err(FileError::Name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cited_by_its_name_and_known_by_its_content() {
        let parking = read("getting_here-by car.txt", b"Park behind the building.").expect("read");
        assert_eq!(parking.title, "getting here by car");
        assert_eq!(parking.passages.len(), 1);
        assert_eq!(parking.passages[0].text, "Park behind the building.");
        let same = read("another.txt", b"Park behind the building.").expect("read");
        assert_eq!(same.digest, parking.digest);
        let other = read("another.txt", b"Park in front of it.").expect("read");
        assert_ne!(other.digest, parking.digest);
    }

    #[test]
    fn what_cannot_be_answered_from_is_refused_with_what_to_do() {
        let large = vec![b'a'; 1 + usize::try_from(MAX_BYTES).expect("fits")];
        let many: String =
            (0..=MAX_PASSAGES).map(|n| format!("# Heading {n}\n\nText.\n\n")).collect();
        for (name, bytes, error) in [
            ("a.docx", &b"text"[..], FileError::Kind),
            ("README", b"text", FileError::Kind),
            ("a.pdf", b"%PDF-1.7", FileError::Pdf),
            ("a.txt", &large, FileError::TooLarge),
            ("a.md", many.as_bytes(), FileError::TooLong),
            ("a.txt", b"\xff\xfe", FileError::Encoding),
            ("a.txt", b" \n\n ", FileError::Empty),
            ("a.html", b"<script>alert(1)</script>", FileError::Empty),
            ("--.txt", b"text", FileError::Name),
        ] {
            assert_eq!(read(name, bytes), Err(error), "{name}");
        }
    }
}
