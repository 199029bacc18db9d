//! The runtime that is called, as the program's own configuration describes it.

use std::path::Path;

use frontdesk_tenants::crypt::KeyRing;
use tokio::process::Command;

use crate::line::Exchange;
use crate::outcome::Failure;

/// How the embedded database is reached by who looks at all clinics.
#[derive(Clone)]
pub struct EmbeddedUrls {
    /// As the superuser.
    pub superuser: String,
    /// As the worker.
    pub worker: String,
}

/// What this crate asks of the program that it is part of. What an embedded server makes at its
/// first start (keys, ports, the database) is asked for only once a runtime serves.
pub trait Deployment {
    /// The data folder that the runtime serves on, absolute.
    fn data_dir(&self) -> &Path;

    /// The command that serves on the data folder: on a free port, under an agent's name of its own,
    /// with calls' clocks free to be pinned, announcing itself in the folder.
    ///
    /// # Errors
    /// If the program does not know itself.
    fn serve(&self) -> std::io::Result<Command>;

    /// The LiveKit server, its key, and the agent to dispatch where no runtime tells its name.
    ///
    /// # Errors
    /// [`Failure`] if an embedded server has never run.
    fn exchange(&self) -> Result<Exchange, Failure>;

    /// URL of the clinics' database, as the application's role. It may hold a password.
    ///
    /// # Errors
    /// [`Failure`] if an embedded database has never run.
    fn database_url(&self) -> Result<String, Failure>;

    /// Keys of the sealed columns.
    ///
    /// # Errors
    /// [`Failure`] if there are none, or they cannot be read.
    fn keys(&self) -> Result<KeyRing, Failure>;

    /// Whether database and LiveKit are the runtime's own, which may be broken on purpose.
    fn is_embedded(&self) -> bool;

    /// URLs of the embedded database as its superuser and as the worker; `None` if it has never run.
    fn embedded_urls(&self) -> Option<EmbeddedUrls>;

    /// Whether the command that serves heeds `KILL_STAGES`: stages of each call die on purpose.
    fn kills_stages(&self) -> bool;

    /// The voice in which callers of a load speak.
    fn voice(&self) -> &str;
}
