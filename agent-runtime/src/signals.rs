//! SIGTERM and SIGINT: the first asks to drain, the second to be quick about it.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// What the operator has asked for so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// Nothing: run.
    Run,
    /// End once the calls have ended.
    Drain,
    /// End now.
    Stop,
}

/// Tells what the operator has asked for; cheap to clone.
#[derive(Debug, Clone)]
pub struct Signals(watch::Receiver<Asked>);

impl Signals {
    /// Listens to the process's signals from now on.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn of_process() -> std::io::Result<Self> {
        let mut term = signal(SignalKind::terminate())?;
        let mut int = signal(SignalKind::interrupt())?;
        let (tell, asked) = watch::channel(Asked::Run);
        tokio::spawn(async move {
            for next in [Asked::Drain, Asked::Stop] {
                tokio::select! {
                    _ = term.recv() => {}
                    _ = int.recv() => {}
                    () = tell.closed() => return,
                }
                tell.send_replace(next);
                tracing::info!(next = ?next, "signal received");
            }
            tell.closed().await;
        });
        Ok(Self(asked))
    }

    /// Of an operator who never asks for anything.
    #[must_use]
    pub fn silent() -> Self {
        Self(watch::channel(Asked::Run).1)
    }

    /// What has been asked for so far.
    #[must_use]
    pub fn asked(&self) -> Asked {
        *self.0.borrow()
    }

    /// Comes back when at least `what` has been asked for.
    pub async fn wait_for(&mut self, what: Asked) {
        if self.0.wait_for(|asked| *asked >= what).await.is_err() {
            // Nobody can ask any more.
            std::future::pending::<()>().await;
        }
    }
}
