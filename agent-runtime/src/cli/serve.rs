//! `frontdesk serve`, `run` and `demo`.

use super::{DemoArgs, Exit, Failure, Out};
use crate::config::Config;
use crate::runtime::Runtime;
use crate::signals::Signals;

/// Threads that do nothing but move packets.
const MEDIA_THREADS: usize = 2;

/// Runs `work` on the two Tokio runtimes of the program: one for everything, and one for the
/// rooms' sockets, so that nothing that computes can delay a packet.
pub(super) fn on_runtimes<F>(
    work: impl FnOnce(tokio::runtime::Handle) -> F,
) -> Result<Exit, Failure>
where
    F: Future<Output = Result<Exit, Failure>>,
{
    let build = |mut builder: tokio::runtime::Builder, name: &str| {
        builder
            .enable_all()
            .thread_name(name)
            .build()
            .map_err(|error| Failure::new(Exit::Unavailable, format!("no threads: {error}")))
    };
    let mut media = tokio::runtime::Builder::new_multi_thread();
    media.worker_threads(MEDIA_THREADS);
    let media = build(media, "media")?;
    let main = build(tokio::runtime::Builder::new_multi_thread(), "main")?;
    let result = main.block_on(work(media.handle().clone()));
    // A native thread that hangs (and was counted) does not keep the process alive.
    main.shutdown_background();
    media.shutdown_background();
    result
}

pub(super) fn serve(config: &Config, out: &mut Out) -> Result<Exit, Failure> {
    on_runtimes(async |media| {
        let (runtime, signals) = start(config, media, out).await?;
        runtime.serve(signals).await
    })
}

pub(super) fn run(config: &Config, args: &DemoArgs, out: &mut Out) -> Result<Exit, Failure> {
    on_runtimes(async |media| {
        let (runtime, signals) = start(config, media, out).await?;
        let demo = super::demo::call(config, &runtime, args, out);
        let mut stop = signals.clone();
        let result = tokio::select! {
            result = demo => Some(result),
            () = stop.wait_for(crate::signals::Asked::Drain) => None,
        };
        match result {
            Some(Ok(_)) => {
                out.line(format_args!("\nServing on http://{}/ until Ctrl-C.", runtime.address()));
            }
            // The runtime serves all the same: the newcomer can try by hand.
            Some(Err(failure)) => Out::error(&failure.message),
            None => {}
        }
        runtime.serve(signals).await
    })
}

pub(super) fn demo(config: &Config, args: &DemoArgs, out: &mut Out) -> Result<Exit, Failure> {
    on_runtimes(async |media| {
        let (runtime, signals) = start(config, media, out).await?;
        let mut stop = signals.clone();
        let result = tokio::select! {
            result = super::demo::call(config, &runtime, args, out) => result,
            () = stop.wait_for(crate::signals::Asked::Drain) => {
                Err(Failure::new(Exit::Failed, "the demo call was interrupted"))
            }
        };
        runtime.stop(signals, config.drain_timeout).await;
        result
    })
}

async fn start(
    config: &Config,
    media: tokio::runtime::Handle,
    out: &mut Out,
) -> Result<(Runtime, Signals), Failure> {
    let signals = Signals::of_process()
        .map_err(|error| Failure::new(Exit::Unavailable, format!("no signals: {error}")))?;
    let runtime = Runtime::start(config, media).await?;
    let address = runtime.address();
    if let Some(notice) = config.profile.notice() {
        out.line(notice);
    }
    if config.dev {
        out.line(format_args!("Frontdesk is listening. Open http://{address}/ to call it."));
    } else {
        out.line(format_args!("Frontdesk is listening on http://{address}/"));
    }
    Ok((runtime, signals))
}
