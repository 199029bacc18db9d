//! Copies the sources to check into modules of this crate: as they are, and once per mutant with
//! the change that a check must find. A mutant whose text is not in the source any more stops the
//! build, so that nobody believes in a check that checks nothing.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

/// A piece under check: its files, in the order of their use, and what is known to break it.
struct Subject {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    /// Smaller bounds, so that a check reaches them; in the original and in each mutant.
    smaller: &'static [(&'static str, &'static str)],
    mutants: &'static [Mutant],
}

struct Mutant {
    name: &'static str,
    /// What stands in one of the files, once.
    from: &'static str,
    to: &'static str,
}

include!("src/subjects.rs");

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/subjects.rs");
    let mut out = String::new();
    for subject in SUBJECTS {
        let mut sources = Vec::new();
        for (module, path) in subject.files {
            println!("cargo::rerun-if-changed={}", root.join(path).display());
            let mut text = code(&std::fs::read_to_string(root.join(path))?);
            for (from, to) in subject.smaller {
                text = text.replace(from, to);
            }
            sources.push((*module, text));
        }
        writeln!(out, "pub(crate) mod {} {{", subject.name)?;
        write_variant(&mut out, subject, "original", &sources)?;
        for mutant in subject.mutants {
            let found: usize =
                sources.iter().map(|(_, text)| text.matches(mutant.from).count()).sum();
            if found != 1 {
                return Err(format!(
                    "mutant {} of {} changes a text that the source has {found} times: {:?}",
                    mutant.name, subject.name, mutant.from
                )
                .into());
            }
            let mutated: Vec<_> = sources
                .iter()
                .map(|(module, text)| (*module, text.replace(mutant.from, mutant.to)))
                .collect();
            write_variant(&mut out, subject, mutant.name, &mutated)?;
        }
        writeln!(out, "}}")?;
    }
    #[expect(clippy::disallowed_methods, reason = "how cargo tells a build script its folder")]
    let folder = std::env::var("OUT_DIR")?;
    std::fs::write(Path::new(&folder).join("subjects.rs"), out)?;
    Ok(())
}

fn write_variant(
    out: &mut String,
    subject: &Subject,
    name: &str,
    sources: &[(&str, String)],
) -> std::fmt::Result {
    writeln!(out, "pub(crate) mod {name} {{")?;
    for (module, text) in sources {
        writeln!(out, "pub(crate) mod {module} {{\n{text}\n}}")?;
    }
    let checks = format!("{}/src/checks/{}.rs", env!("CARGO_MANIFEST_DIR"), subject.name);
    writeln!(out, "pub(crate) mod checks {{ include!({checks:?}); }}\n}}")
}

/// The source without its module documentation, which only fits at the top of a file, and without
/// its tests.
fn code(source: &str) -> String {
    let until_tests = source.split("#[cfg(test)]").next().unwrap_or(source);
    let lines = until_tests.lines().filter(|line| !line.starts_with("//!"));
    lines.collect::<Vec<_>>().join("\n")
}
