//! What a line knows of its caller.

use std::collections::BTreeMap;

use frontdesk_types::Phi;
use serde::Serialize;

/// At what the caller sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallerKind {
    /// A browser or an app.
    #[default]
    App,
    /// A telephone.
    Phone,
}

/// What the line knows of its caller. Nothing of it is verified: a number can be forged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallerFacts {
    /// Who they are on the line: in a room, the identity of their token. `None` where a line has
    /// but one caller.
    pub identity: Option<Phi<String>>,
    /// At what the caller sits.
    pub kind: CallerKind,
    /// The number that calls, as the network gives it; `None` if it is withheld or there is none.
    pub number: Option<Phi<String>>,
    /// The number that was dialled, as the network gives it.
    pub dialled: Option<String>,
    /// Whatever else the line was told, by its own keys.
    pub attributes: Phi<BTreeMap<String, String>>,
}
