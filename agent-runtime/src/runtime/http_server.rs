//! The HTTP listener of a runtime.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::http::{self, Service};

/// How long the HTTP listener may take to answer what it has begun to answer.
const HTTP_PATIENCE: Duration = Duration::from_secs(2);

/// The HTTP listener while it serves.
pub(super) struct HttpServer {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl HttpServer {
    pub(super) fn start(
        listener: TcpListener,
        shared: Arc<impl Service + 'static>,
        options: http::Options,
        desk: http::console::Options,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let router = http::router(shared, options, Some(desk));
        let router = router.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            let serve = axum::serve(listener, router).with_graceful_shutdown(async {
                // A sender that is gone means the same.
                let _ = stopped.await;
            });
            if let Err(error) = serve.await {
                tracing::error!(%error, "http listener failed");
            }
        });
        Self { stop, task }
    }

    pub(super) async fn stop(self) {
        let _ = self.stop.send(());
        let abort = self.task.abort_handle();
        if tokio::time::timeout(HTTP_PATIENCE, self.task).await.is_err() {
            // A client that keeps its connection open does not keep the process alive.
            abort.abort();
        }
    }
}
