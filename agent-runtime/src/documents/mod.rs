//! The clinics' documents kept in step: what lies in the folder is in the database, and what is in
//! the database is known by its meaning, within seconds and while calls run.
//!
//! One task looks again and again; what fails is tried at the next look, and told once.

mod learner;
mod meaning;
mod shelf;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use frontdesk_retrieval::meaning::Meaning;
use frontdesk_tenants::Database;
use frontdesk_types::IdSource;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior};

use self::learner::Learner;
use self::meaning::meaning;
use self::shelf::Shelf;
use crate::config::DocumentsConfig;

/// From one look to the next. A file counts once two looks have found it unchanged, so within
/// seconds.
const PAUSE: Duration = Duration::from_secs(1);

/// Why the documents cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DocumentsError {
    /// The folder.
    #[error("FRONTDESK_DOCUMENTS {}: {reason}; make the folder, or name another one", path.display())]
    Folder {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The embedding model or its index.
    #[error("{setting} cannot be used: {reason}")]
    Meaning {
        /// The setting to change.
        setting: &'static str,
        /// What is wrong.
        reason: String,
    },
}

fn pause() -> Interval {
    let mut pause = tokio::time::interval(PAUSE);
    pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pause
}

/// Whether the folder of documents can be read now.
///
/// # Errors
/// [`DocumentsError::Folder`] if it cannot.
pub(crate) fn check(folder: Option<&Path>) -> Result<(), DocumentsError> {
    let Some(path) = folder else { return Ok(()) };
    let refused = |reason| DocumentsError::Folder { path: path.to_owned(), reason };
    std::fs::read_dir(path).map(|_| ()).map_err(refused)
}

/// The task that keeps documents in step; it ends with this.
#[derive(Debug)]
pub(crate) struct Documents(Option<JoinHandle<()>>);

impl Documents {
    /// Begins to look, if there is anything to look at; gives what finds documents by their meaning
    /// as well, if there is an embedding model.
    ///
    /// # Errors
    /// [`DocumentsError::Meaning`] if the model of the configuration cannot be asked.
    pub(crate) fn start(
        config: &DocumentsConfig,
        database: &Database,
        ids: &Arc<dyn IdSource>,
    ) -> Result<(Self, Option<Arc<Meaning>>), DocumentsError> {
        let meaning = meaning(config.embeddings.as_ref())?;
        let shelf =
            config.folder.clone().map(|path| Shelf::new(path, database.clone(), Arc::clone(ids)));
        let learner = meaning.clone().map(|meaning| Learner::new(meaning, database.clone()));
        Ok((Self::looking(shelf, learner), meaning))
    }

    fn looking(shelf: Option<Shelf>, learner: Option<Learner>) -> Self {
        if shelf.is_none() && learner.is_none() {
            return Self(None);
        }
        // Beside one another: files count while the embedding model keeps somebody waiting.
        let shelf = async move {
            let Some(mut shelf) = shelf else { return };
            let mut pause = pause();
            loop {
                pause.tick().await;
                shelf.look().await;
            }
        };
        let learner = async move {
            let Some(mut learner) = learner else { return };
            let mut pause = pause();
            loop {
                pause.tick().await;
                learner.look().await;
            }
        };
        Self(Some(tokio::spawn(async move {
            tokio::join!(shelf, learner);
        })))
    }

    /// Looks no more. What is under way is broken off: the database rolls it back.
    pub(crate) async fn stop(mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
            let _ = task.await;
        }
    }
}

impl Drop for Documents {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}
