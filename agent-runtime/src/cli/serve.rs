//! `frontdesk serve`, and how a runtime is started.

use std::path::Path;

use frontdesk::config::Config;
use frontdesk::runtime::Runtime;
use frontdesk::signals::Signals;
use frontdesk_retrieval::files::Folder;

use super::{Exit, Failure, Out};

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
    frontdesk::descriptors::raise_limit();
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
        Ok(runtime.serve(signals).await?.into())
    })
}

/// What the operator asks for from now on.
pub(super) fn signals() -> Result<Signals, Failure> {
    Signals::of_process()
        .map_err(|error| Failure::new(Exit::Unavailable, format!("no signals: {error}")))
}

/// Starts the runtime and says where it listens.
pub(super) async fn start(
    config: &Config,
    media: tokio::runtime::Handle,
    out: &mut Out,
) -> Result<(Runtime, Signals), Failure> {
    let signals = signals()?;
    let runtime = Runtime::start(config, media).await?;
    let address = runtime.address();
    if let Some(notice) = config.profile.notice() {
        out.line(notice);
    }
    match &config.default_clinic {
        Some(clinic) => out.line(format_args!(
            "Frontdesk is listening. Open http://{address}/call/{clinic} to call it."
        )),
        None => out.line(format_args!("Frontdesk is listening on http://{address}/")),
    }
    if let Some(supervisor) = runtime.demo_supervisor() {
        let (email, password) = (&supervisor.email, supervisor.password.expose());
        out.line(format_args!(
            "Supervisors: http://{address}/console, as {email} with the password {password}"
        ));
    }
    if let Some(telephone) = runtime.telephone() {
        let number = runtime.number().await;
        let number = number.map_or_else(String::new, |number| format!("{number}@"));
        let address = format!("sip:{number}{}", telephone.address());
        out.line(format_args!("By telephone: {address} (baresip -e \"/dial {address}\")"));
    }
    if let Some(folder) = &config.documents.folder {
        let there = files(folder, config.default_clinic.as_deref());
        let clinic = config.default_clinic.as_deref().unwrap_or("<clinic>");
        let folder = folder.join(clinic);
        out.line(format_args!("Documents are answered from: {} ({there})", folder.display()));
    }
    Ok((runtime, signals))
}

/// What lies in the clinic's folder, by name.
fn files(folder: &Path, clinic: Option<&str>) -> String {
    let seen = Folder::new(folder.to_owned()).look().unwrap_or_default();
    let files = clinic.and_then(|clinic| seen.get(clinic));
    let names: Vec<&str> =
        files.into_iter().flat_map(|files| files.keys().map(String::as_str)).collect();
    if names.is_empty() { "nothing is there yet".to_owned() } else { names.join(", ") }
}
