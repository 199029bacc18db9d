//! Classes of words in the patterns of a file: `<name>` in a pattern, or in another class, stands for
//! any phrase of that class.

use std::collections::BTreeMap;

use serde::Deserialize;

/// How deep classes may lie in one another.
const DEEPEST: usize = 5;

/// The table `classes` of a file; its other tables are not read.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Classes {
    #[serde(default)]
    classes: BTreeMap<String, Vec<String>>,
}

impl Classes {
    /// The text with each class where it is named.
    ///
    /// # Errors
    /// The name of a class that is not there or that holds itself, and what is wrong.
    pub(super) fn put_into(&self, text: &str) -> Result<String, (String, &'static str)> {
        self.expanded(text, 0)
    }

    fn expanded(&self, text: &str, depth: usize) -> Result<String, (String, &'static str)> {
        let mut whole = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, name, behind)) = next(rest) {
            let error = |reason| (name.to_owned(), reason);
            if depth == DEEPEST {
                return Err(error("it holds itself, or lies too deep in others"));
            }
            let phrases = self.classes.get(name);
            let phrases = phrases.ok_or_else(|| error("there is no such class; add it"))?;
            let any = self.expanded(&phrases.join("|"), depth + 1)?;
            whole.push_str(before);
            whole.extend(["(", &any, ")"]);
            rest = behind;
        }
        whole.push_str(rest);
        Ok(whole)
    }
}

/// The next class that is named: the text before, its name, the text behind.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + text.get(from..)?.find('<')?;
        let behind = &text[open + 1..];
        let length = behind.find(|c: char| !c.is_ascii_lowercase() && c != '_')?;
        if length > 0 && behind[length..].starts_with('>') {
            return Some((&text[..open], &behind[..length], &behind[length + 1..]));
        }
        from = open + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(classes: &[(&str, &[&str])], text: &str) -> Result<String, (String, &'static str)> {
        let of = |phrases: &[&str]| phrases.iter().map(|p| (*p).to_owned()).collect();
        let classes = classes.iter().map(|(name, phrases)| ((*name).to_owned(), of(phrases)));
        Classes { classes: classes.collect() }.put_into(text)
    }

    #[test]
    fn a_class_stands_for_any_of_its_phrases_also_in_another_class() {
        let classes: &[(&str, &[&str])] =
            &[("move", &["push", "shift <it>"]), ("it", &["it", "my visit"])];
        assert_eq!(
            put(classes, "say = [\"<move> back\"]").as_deref(),
            Ok("say = [\"(push|shift (it|my visit)) back\"]")
        );
        assert_eq!(put(classes, "a < b, c > d").as_deref(), Ok("a < b, c > d"));
    }

    #[test]
    fn a_class_that_is_not_there_or_holds_itself_is_refused_by_its_name() {
        assert_eq!(put(&[], "<verb> it").map_err(|(name, _)| name), Err("verb".to_owned()));
        let circle: &[(&str, &[&str])] = &[("one", &["<two>"]), ("two", &["<one>"])];
        assert!(put(circle, "<one>").is_err());
    }
}
