//! Names that two recognizers heard: whether it is the same one, and whether another that is common
//! sounds so much like it that neither of them can tell.

use super::super::spelling::is_near;
use crate::language::listen::{Names, Templates};

/// Whether both heard the same name. The free recognizer does not know how a rare name is written:
/// a part that is no common name counts as the templates' part that sounds like it.
pub(super) fn is_same(templates: &str, free: &str, language: &Templates) -> bool {
    let (known, heard) = (parts(templates), parts(free));
    known.len() == heard.len()
        && known.iter().zip(&heard).all(|(known, heard)| {
            let common = |names: &Names| names.iter().any(|(name, _)| name == heard);
            let is_common = common(&language.first_names) || common(&language.last_names);
            known == heard || (!is_common && is_near(heard, known, &language.spelling))
        })
}

/// Whether another common name sounds like this one: it differs in vowels only, which is what both
/// recognizers hear worst ("Marie Johnson" and "Mary Jensen" are Mary Johnson to them).
pub(super) fn has_double(name: &str, language: &Templates) -> bool {
    let parts = parts(name);
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return false };
    let double = |part: &String, names: &Names| {
        let sound = sound(part, language);
        names.iter().any(|(other, _)| other != part && self::sound(other, language) == sound)
    };
    double(first, &language.first_names) || parts.len() > 1 && double(last, &language.last_names)
}

fn parts(name: &str) -> Vec<String> {
    name.split_whitespace().map(str::to_lowercase).collect()
}

/// What is left of a name where all vowels are one: "johnson" and "jensen" are the same.
fn sound(name: &str, language: &Templates) -> String {
    let is_vowel = |c: char| language.spelling.names_have.contains(c);
    let letters: Vec<char> = name.chars().filter(|c| c.is_alphabetic()).collect();
    let mut sound = String::with_capacity(name.len());
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at)).copied();
        let is_last = at + 1 == letters.len();
        let heard = match letter {
            // At the end of a name with another vowel it is silent ("anne").
            'e' if is_last && at > 1 && before.is_some_and(|before| !is_vowel(before)) => None,
            // After a vowel it only lengthens it ("johnson", "sarah").
            'h' if before.is_some_and(is_vowel) => None,
            _ if is_vowel(letter) => Some('a'),
            _ => Some(letter),
        };
        if let Some(heard) = heard
            && !sound.ends_with(heard)
        {
            sound.push(heard);
        }
    }
    sound
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::tests::english;

    #[test]
    fn a_name_with_a_double_is_one_that_differs_in_its_vowels_only() {
        let language = english();
        let templates = language.listen();
        for name in ["Mary Johnson", "Marie Johnson", "Mary Jensen", "Ann Khalil"] {
            assert!(has_double(name, templates), "{name}");
        }
        for name in ["Samuel Wright", "James Wilson", "Omar Khalil"] {
            assert!(!has_double(name, templates), "{name}");
        }
    }

    #[test]
    fn a_rare_name_that_is_written_another_way_is_the_same_and_a_common_one_is_another() {
        let language = english();
        let same = |a, b| is_same(a, b, language.listen());
        assert!(same("Mona Shalaby", "mona shallaby"));
        assert!(!same("Mary Johnson", "mary jensen"), "both are common");
        assert!(!same("Mary Johnson", "johnson"));
        assert!(!same("Omar Khalil", "omar benson"));
    }
}
