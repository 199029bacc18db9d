//! For whom people call: members of the family, and others.

use serde::Deserialize;

use super::pattern::List;

/// The table of a language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kin {
    /// What may stand before one: "little", "six year old".
    pub(crate) described: List,
    /// What tells one from another: "other".
    pub(crate) another: List,
    /// Those whom people call so without saying whose they are: "Mum".
    #[serde(default)]
    pub(crate) called: Vec<String>,
    /// What is said to be so without saying whose they are, with the words before and behind it.
    #[serde(default)]
    pub(crate) bare: Bare,
    pub(crate) relations: Vec<Relation>,
}

/// "Mum needs to see a doctor", "daughter has fever": where the caller's own are meant.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bare {
    /// The word that is left out: "my".
    pub(crate) owner: String,
    /// Words that say whose somebody is, or that nobody in particular is meant.
    pub(crate) owners: Vec<String>,
    /// Words that may stand between: "poor old".
    pub(crate) between: Vec<String>,
    /// Words behind which a clause begins without a comma: "sir".
    pub(crate) behind: Vec<String>,
    /// Words with which something is said of somebody: "has".
    pub(crate) says: Vec<String>,
}

/// How somebody is related to who calls.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Relation {
    /// As it is spoken of: "your daughter".
    pub(crate) name: String,
    /// The relation that this one is a kind of: a daughter is a child.
    pub(crate) group: Option<String>,
    /// Whether of the family.
    #[serde(default = "family")]
    pub(crate) family: bool,
    /// Whether an age alone tells one: "my six year old".
    #[serde(default)]
    pub(crate) aged: bool,
    /// Words for one or several, without what may stand before.
    pub(crate) say: Vec<String>,
}

const fn family() -> bool {
    true
}

impl Kin {
    /// Whether somebody who was called the one may now be called the other: a son is a child.
    pub(crate) fn may_be(&self, one: &str, other: &str) -> bool {
        let group = |name: &str| {
            let relation = self.relations.iter().find(|relation| relation.name == name);
            relation.and_then(|relation| relation.group.as_deref())
        };
        one == other || group(one) == Some(other) || group(other) == Some(one)
    }

    /// Whether people are called so without saying whose they are.
    pub(crate) fn is_called(&self, word: &str) -> bool {
        self.called.iter().any(|own| own == word)
    }

    /// Whether a word is one for a grown member of the family or a grown child.
    pub(crate) fn is_relative(&self, word: &str) -> bool {
        let mut own = self.relations.iter().filter(|relation| relation.family && !relation.aged);
        own.any(|relation| relation.say.iter().any(|say| say == word))
    }
}
