//! Classes of words: `<visit>` in a pattern stands for all that is listed as `visit` under
//! `[classes]`, so that one rule is written once for all words that it holds for.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

const TABLE: &str = "[classes]";

/// Why classes cannot be written out.
#[derive(Debug)]
pub(super) enum ClassError {
    /// The file is no TOML, or a class is no list of patterns.
    File(toml::de::Error),
    /// A class is named that is not there; classes may name those that stand before them.
    Unknown {
        /// The name of the entry.
        key: String,
        /// The name of the class.
        class: String,
    },
}

#[derive(Deserialize)]
struct Source {
    /// In the order of their names.
    #[serde(default)]
    classes: BTreeMap<String, Vec<String>>,
}

/// The text of a file with each class in its place, and without the table of classes. Its lines stay
/// where they are.
pub(super) fn written_out(text: &str) -> Result<Cow<'_, str>, ClassError> {
    let begins = text.lines().position(|line| line.trim_end() == TABLE);
    let Some(begins) = begins else { return Ok(Cow::Borrowed(text)) };
    let Source { classes } = toml::from_str(text).map_err(ClassError::File)?;
    let mut whole = String::with_capacity(text.len() * 2);
    let mut known: BTreeMap<&str, String> = BTreeMap::new();
    let (mut inside, mut key) = (false, "");
    for (number, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            inside = number == begins;
        }
        if let Some((name, _)) = line.split_once(" = ") {
            key = name;
        }
        let comment = line.starts_with('#');
        if !inside && !comment {
            let unknown = |class| ClassError::Unknown { key: key.to_owned(), class };
            whole.push_str(&with_classes(line, &known).map_err(unknown)?);
        } else if let Some((name, words)) = classes.get_key_value(key).filter(|_| !comment)
            && inside
            && !known.contains_key(name.as_str())
        {
            let all = format!("({})", words.join("|"));
            let unknown = |class| ClassError::Unknown { key: key.to_owned(), class };
            let all = with_classes(&all, &known).map_err(unknown)?;
            known.insert(name, all.into_owned());
        }
        whole.push('\n');
    }
    Ok(Cow::Owned(whole))
}

/// A line with each class in its place; the name of one that is not known is the error.
fn with_classes<'a>(line: &'a str, known: &BTreeMap<&str, String>) -> Result<Cow<'a, str>, String> {
    if !line.contains('<') {
        return Ok(Cow::Borrowed(line));
    }
    let mut whole = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('<') {
        let (name, after) = after.split_once('>').unwrap_or((after, ""));
        whole.push_str(before);
        whole.push_str(known.get(name).ok_or_else(|| name.to_owned())?);
        rest = after;
    }
    whole.push_str(rest);
    Ok(Cow::Owned(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "a = 1\n[classes]\n# Of a day.\nday = [\"today\", \"now\"]\n\
                        when = [\"at <day>\", \"soon\"]\n\n[b]\nsay = [\"come <when>\"]\n";

    #[test]
    fn a_class_stands_for_its_words_and_for_those_of_classes_before_it() {
        let whole = written_out(FILE).expect("good classes");
        assert!(whole.contains("say = [\"come (at (today|now)|soon)\"]"), "{whole}");
        assert!(!whole.contains("[classes]") && !whole.contains("day ="), "{whole}");
        assert_eq!(whole.lines().count(), FILE.lines().count(), "lines stay where they are");
    }

    #[test]
    fn a_class_that_is_not_there_is_named_with_its_entry() {
        let error = written_out(&FILE.replace("<when>", "<where>")).expect_err("no such class");
        assert!(
            matches!(&error, ClassError::Unknown { key, class } if key == "say" && class == "where"),
            "{error:?}"
        );
    }

    #[test]
    fn a_file_without_classes_is_as_it_was() {
        let plain = "a = \"b < c\"\n";
        assert!(matches!(written_out(plain), Ok(Cow::Borrowed(text)) if text == plain));
    }
}
