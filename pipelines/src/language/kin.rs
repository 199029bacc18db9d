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
    pub(crate) relations: Vec<Relation>,
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
}
