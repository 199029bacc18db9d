//! The text of a file, in blocks: paragraphs, items of lists, rows of tables, each under its heading.

use html2text::config;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::FileError;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Markdown,
    Html,
}

/// A piece of text that belongs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) heading: Option<String>,
    pub(super) text: String,
}

/// Wider than any line: lines are broken by nobody.
const WIDTH: usize = 1 << 20;

pub(super) fn blocks(kind: Kind, bytes: &[u8]) -> Result<Vec<Block>, FileError> {
    let text = std::str::from_utf8(bytes).map_err(|_| FileError::Encoding)?;
    let text = text.trim_start_matches('\u{feff}');
    Ok(match kind {
        Kind::Plain => plain(text),
        Kind::Markdown => markdown(text),
        Kind::Html => {
            let html = config::plain_no_decorate().no_table_borders().raw_mode(true);
            let read = html.string_from_read(text.as_bytes(), WIDTH);
            // It marks headings and lists as Markdown does.
            markdown(&read.map_err(|error| FileError::Html(error.to_string()))?)
        }
    })
}

/// Words with one space between them, without what cannot be said.
fn words(text: &str) -> String {
    let kept = text.replace(|c: char| c.is_control() && !c.is_whitespace(), "");
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Paragraphs, as empty lines part them.
fn plain(text: &str) -> Vec<Block> {
    let mut all = Blocks::default();
    for line in text.lines() {
        if line.trim().is_empty() {
            all.end();
        } else {
            all.add(line);
            all.add(" ");
        }
    }
    all.end();
    all.done
}

fn markdown(text: &str) -> Vec<Block> {
    let mut all = Blocks::default();
    let mut heading = false;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                all.end();
                heading = true;
            }
            Event::End(TagEnd::Heading(_)) => {
                let text = words(&std::mem::take(&mut all.text));
                all.heading = (!text.is_empty()).then_some(text);
                heading = false;
            }
            Event::Start(Tag::Item) if !heading => all.end(),
            Event::End(
                TagEnd::Paragraph
                | TagEnd::Item
                | TagEnd::CodeBlock
                | TagEnd::TableRow
                | TagEnd::TableHead,
            ) => all.end(),
            Event::End(TagEnd::TableCell) => all.add(" "),
            Event::Text(text) | Event::Code(text) => all.add(&text),
            Event::SoftBreak | Event::HardBreak => all.add(" "),
            _ => {}
        }
    }
    all.end();
    all.done
}

/// Blocks as they come.
#[derive(Default)]
struct Blocks {
    done: Vec<Block>,
    heading: Option<String>,
    text: String,
}

impl Blocks {
    fn add(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn end(&mut self) {
        let text = words(&std::mem::take(&mut self.text));
        if !text.is_empty() {
            self.done.push(Block { heading: self.heading.clone(), text });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind, text: &str) -> Vec<(Option<String>, String)> {
        let blocks = blocks(kind, text.as_bytes()).expect("read");
        blocks.into_iter().map(|block| (block.heading, block.text)).collect()
    }

    #[test]
    fn paragraphs_of_a_text_are_parted_by_empty_lines() {
        let text = "\u{feff}One\n line.\n\n\nAnother\u{7}.\n";
        assert_eq!(of(Kind::Plain, text), [(None, "One line.".into()), (None, "Another.".into())]);
    }

    #[test]
    fn markdown_is_read_without_its_marks_each_part_under_its_heading() {
        let text = "Before.\n\n## Guide *dogs*\n\nAre **welcome**, see\n[the page](http://a.b).\n\n\
                    - one\n- two\n\n| a | b |\n|---|---|\n| c | d |\n\n<script>alert()</script>\n";
        let dogs = || Some("Guide dogs".to_owned());
        let expected = [
            (None, "Before.".to_owned()),
            (dogs(), "Are welcome, see the page.".to_owned()),
            (dogs(), "one".to_owned()),
            (dogs(), "two".to_owned()),
            (dogs(), "a b".to_owned()),
            (dogs(), "c d".to_owned()),
        ];
        assert_eq!(of(Kind::Markdown, text), expected);
    }

    #[test]
    fn html_is_read_as_a_browser_shows_it() {
        let text = "<html><head><title>x</title><style>p{color:red}</style></head><body>\
                    <h1>Lifts &amp; ramps</h1><p>There is a <b>lift</b>.</p>\
                    <script>steal()</script><p>Doors are wide.</body>";
        let heading = || Some("Lifts & ramps".to_owned());
        let expected =
            [(heading(), "There is a lift.".to_owned()), (heading(), "Doors are wide.".to_owned())];
        assert_eq!(of(Kind::Html, text), expected);
    }
}
