//! The little language of sentence templates.

use super::LmError;

/// A parsed template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Word(String),
    Slot(String),
    Sequence(Vec<Node>),
    /// One of these, with equal chances; an empty sequence says nothing.
    Choice(Vec<Node>),
}

pub(super) fn parse(template: &str) -> Result<Node, LmError> {
    let mut parser = Parser { template, rest: template, depth: 0 };
    let node = parser.choice()?;
    if parser.rest.is_empty() { Ok(node) } else { Err(parser.error("a bracket closes nothing")) }
}

struct Parser<'a> {
    template: &'a str,
    rest: &'a str,
    depth: u32,
}

impl Parser<'_> {
    fn error(&self, what: &'static str) -> LmError {
        LmError::Syntax { what, template: self.template.to_owned() }
    }

    fn take(&mut self, expected: char) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Alternatives up to a closing bracket or the end.
    fn choice(&mut self) -> Result<Node, LmError> {
        let mut options = vec![self.sequence()?];
        while self.take('|') {
            options.push(self.sequence()?);
        }
        Ok(if options.len() == 1 { options.swap_remove(0) } else { Node::Choice(options) })
    }

    fn bracket(&mut self, close: char) -> Result<Node, LmError> {
        // Deeper nesting is a mistake, and would end in a stack overflow.
        self.depth += 1;
        if self.depth > 32 {
            return Err(self.error("more than 32 brackets inside each other"));
        }
        let node = self.choice()?;
        self.depth -= 1;
        if self.take(close) { Ok(node) } else { Err(self.error("a bracket is not closed")) }
    }

    fn sequence(&mut self) -> Result<Node, LmError> {
        let mut items = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if self.take('(') {
                items.push(self.bracket(')')?);
            } else if self.take('[') {
                let inner = self.bracket(']')?;
                items.push(Node::Choice(vec![inner, Node::Sequence(Vec::new())]));
            } else if self.take('{') {
                let Some((name, rest)) = self.rest.split_once('}') else {
                    return Err(self.error("a slot is not closed"));
                };
                self.rest = rest;
                items.push(Node::Slot(name.trim().to_owned()));
            } else {
                let end = self
                    .rest
                    .find(|c: char| c.is_whitespace() || "()[]{}|".contains(c))
                    .unwrap_or(self.rest.len());
                if end == 0 {
                    if self.rest.starts_with('}') {
                        return Err(self.error("a bracket closes nothing"));
                    }
                    return Ok(Node::Sequence(items));
                }
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                items.push(Node::Word(word_of(word)?));
            }
        }
    }
}

/// The word in lower case, if it can have a pronunciation: letters, with apostrophes, hyphens and
/// full stops inside or behind (`o'clock`, `a.m.`).
fn word_of(word: &str) -> Result<String, LmError> {
    let lower = word.to_lowercase();
    let letters = lower.chars().any(char::is_alphabetic);
    let clean = lower.chars().all(|c| c.is_alphabetic() || "'-.".contains(c));
    if letters && clean { Ok(lower) } else { Err(LmError::NotAWord { word: word.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(word: &str) -> Node {
        Node::Word(word.to_owned())
    }

    #[test]
    fn brackets_choices_and_slots_are_read() {
        let parsed = parse("I (want|need) {what} [please]").unwrap();
        let expected = Node::Sequence(vec![
            word("i"),
            Node::Choice(vec![
                Node::Sequence(vec![word("want")]),
                Node::Sequence(vec![word("need")]),
            ]),
            Node::Slot("what".to_owned()),
            Node::Choice(vec![Node::Sequence(vec![word("please")]), Node::Sequence(vec![])]),
        ]);
        assert_eq!(parsed, expected);
    }

    #[test]
    fn what_is_no_template_is_named_in_the_error() {
        for bad in ["(a", "a)", "[a", "a]", "{a", "a}", "(a]", "at 9", "a_b", "-"] {
            let message = parse(bad).unwrap_err().to_string();
            assert!(message.contains('"'), "{message}");
        }
        assert!(parse(&"(".repeat(1000)).is_err());
        assert!(parse("naïve").is_ok(), "letters of any script are a word");
    }
}
