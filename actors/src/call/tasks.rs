//! Tasks of a call that talk to the database: nothing that ends a stage or the call stops them.
//!
//! A stage that waits for the database may be killed, and a caller hangs up; a transaction that is
//! given up half-way may or may not have been committed. So it runs in a task of its own, and the
//! stage waits for its answer, for a while. The call is over when its tasks are.

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::Instrument;

/// The answer of a task, for as many as wait for it; none yet, or none ever if the task panicked.
pub(crate) type Answer<T> = watch::Receiver<Option<T>>;

/// The tasks of one call.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Mutex<Vec<JoinHandle<()>>>);

impl Tasks {
    /// Starts a task; its answer can be waited for.
    pub(crate) fn start<T: Send + Sync + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Answer<T> {
        let (tell, answer) = watch::channel(None);
        self.spawn(async move {
            let result = work.await;
            // Nobody may be waiting any more.
            let _ = tell.send(Some(result));
        });
        answer
    }

    /// Starts a task whose end nobody but the call waits for.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.0.lock();
        tasks.retain(|task| !task.is_finished());
        tasks.push(tokio::spawn(work.in_current_span()));
    }

    /// Whether none is running.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.lock().iter().all(JoinHandle::is_finished)
    }

    /// Waits until every task has ended. The database's own limits bound each.
    pub(crate) async fn finish(&self) {
        loop {
            let tasks = std::mem::take(&mut *self.0.lock());
            if tasks.is_empty() {
                return;
            }
            for task in tasks {
                // A panic of a task was its stage's to report.
                let _ = task.await;
            }
        }
    }
}

/// The answer; `None` if the task panicked.
pub(crate) async fn told<T: Clone>(mut answer: Answer<T>) -> Option<T> {
    answer.wait_for(Option::is_some).await.ok().and_then(|told| told.clone())
}
