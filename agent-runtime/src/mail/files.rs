//! Letters as files, for their owner alone: what would be sent if there were a server.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use frontdesk_actors::jobs::{Letter, SendError, Sender, Sent};

use crate::data_keys::write_private;

/// A folder of letters.
#[derive(Debug)]
pub(super) struct Files(PathBuf);

impl Files {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    fn write(&self, letter: &Letter) -> std::io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let text = format!(
            "From: {}\nTo: {}\nSubject: {}\n\n{}",
            letter.from_name,
            letter.to.expose(),
            letter.subject.expose(),
            letter.text.expose()
        );
        match write_private(&self.0.join(format!("{}.txt", letter.id)), text.as_bytes()) {
            // Written before, and not noted.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            written => written,
        }
    }
}

impl Sender for Files {
    fn is_real(&self) -> bool {
        false
    }

    fn send<'a>(&'a self, letter: &'a Letter) -> Sent<'a> {
        // A few hundred bytes on the local disk.
        let written = self.write(letter).map_err(|error| {
            SendError::Later(format!("{} cannot be written: {error}", self.0.display()))
        });
        Box::pin(std::future::ready(written))
    }
}
