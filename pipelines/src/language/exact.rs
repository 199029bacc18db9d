//! Lists of a fixed length.

use serde::{Deserialize, Deserializer, de::Error as _};

/// A list of exactly `N` names: serde's own arrays let more of them pass in TOML.
pub(super) fn exactly<'de, D, const N: usize>(names: D) -> Result<[String; N], D::Error>
where
    D: Deserializer<'de>,
{
    let names = Vec::<String>::deserialize(names)?;
    let count = names.len();
    names.try_into().map_err(|_| D::Error::custom(format!("it has {count} entries and needs {N}")))
}
