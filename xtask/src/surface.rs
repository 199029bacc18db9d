//! The public surface of frontdesk-agent, committed so that a change of it is seen: what `lib.rs`
//! names, and what can be called on it, line by line as it stands in the sources.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use crate::{Findings, sources};

const SURFACE: &str = "agent/surface.txt";

/// The crate's face first, then the files of what it names.
const FILES: [&str; 9] = [
    "agent/src/lib.rs",
    "agent/src/agent.rs",
    "agent/src/command.rs",
    "agent/src/sim.rs",
    "agent/src/clinic.rs",
    "pipelines/src/dialogue/script/turn.rs",
    "pipelines/src/dialogue/expectation.rs",
    "actors/src/tools/cx.rs",
    "macros/src/lib.rs",
];

pub(crate) fn check(root: &Path, compare: bool) -> Result<Findings> {
    let mut surface = String::from(
        "# The public surface of frontdesk-agent. `cargo xtask surface` writes it; a change here is a\n\
         # change for whoever writes agents, and belongs into CHANGELOG.md.\n",
    );
    for file in FILES {
        writeln!(surface, "\n## {file}")?;
        for item in items(&sources::read(root, file)?) {
            writeln!(surface, "{item}")?;
        }
    }
    if !compare {
        std::fs::write(root.join(SURFACE), surface)?;
        return Ok(Findings::new());
    }
    let committed = sources::read(root, SURFACE).unwrap_or_default();
    let changed = committed != surface;
    Ok(changed
        .then(|| format!("{SURFACE} is not the surface: run `cargo xtask surface` and look at it"))
        .into_iter()
        .collect())
}

/// The public items of a file, each on one line; those of a trait without `pub`.
fn items(source: &str) -> Vec<String> {
    let (mut items, mut open) = (Vec::new(), None::<String>);
    let mut in_trait = false;
    for line in source.lines().take_while(|line| *line != "#[cfg(test)]") {
        let text = line.trim();
        if in_trait && line == "}" {
            in_trait = false;
        }
        let begins = text.starts_with("pub ")
            || (in_trait && (text.starts_with("fn ") || text.starts_with("const ")));
        if open.is_none() && begins {
            in_trait |= text.starts_with("pub trait ");
            open = Some(String::new());
        }
        let Some(item) = &mut open else { continue };
        if !item.is_empty() {
            item.push(' ');
        }
        item.push_str(text);
        if text.ends_with(['{', ';', ',']) || text.ends_with('}') {
            let whole = text.ends_with(';') || text.ends_with('{') || item.starts_with("pub use ");
            let is_field = !item.contains('(') && text.ends_with(',');
            if whole || is_field || text.ends_with('}') {
                items.push(item.trim_end_matches(['{', ' ']).to_owned());
                open = None;
            }
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_one_line_whatever_its_length_and_what_is_private_is_none() {
        let source = "\
pub trait Agent: Send {
    /// Doc.
    fn begin(
        &mut self,
        turn: u8,
    ) -> Next {
        let x = 1;
    }
}
struct Hidden { x: u8 }
impl Hidden {
    pub fn call(&self) -> u8 {
        fn inner() {}
    }
    pub(crate) fn own(&self) {}
}
";
        let all = items(source);
        let begin = "fn begin( &mut self, turn: u8, ) -> Next";
        assert_eq!(all, ["pub trait Agent: Send", begin, "pub fn call(&self) -> u8"]);
    }
}
