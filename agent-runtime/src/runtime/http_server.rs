//! The HTTP listener of a runtime.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::descriptors;
use crate::http::{self, Service, connections};

/// How long the HTTP listener may take to answer what it has begun to answer.
const HTTP_PATIENCE: Duration = Duration::from_secs(2);

/// The HTTP listener while it serves.
pub(super) struct HttpServer {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl HttpServer {
    pub(super) fn start(
        listener: TcpListener,
        shared: Arc<impl Service + 'static>,
        options: http::Options,
        desk: http::Desk,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let router = http::router(shared, options, Some(desk));
        let limits = connections::Limits::of(descriptors::limit());
        let task = tokio::spawn(connections::serve(listener, router, limits, stopped));
        Self { stop, task }
    }

    pub(super) async fn stop(self) {
        self.stop.send_replace(true);
        let abort = self.task.abort_handle();
        if tokio::time::timeout(HTTP_PATIENCE, self.task).await.is_err() {
            // A client that keeps its connection open does not keep the process alive.
            abort.abort();
        }
    }
}
