//! `frontdesk audit`: whether the audit log is what it was, and the heads by which that is told.

use std::path::PathBuf;

use clap::Subcommand;
use frontdesk::config::Config;
use frontdesk::jobs::heads_file;
use frontdesk_actors::jobs::JobServices;
use frontdesk_tenants::audit::{self, Heads};

use super::{Exit, Failure, Out, jobs};

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Verify the chain of every clinic: 0 if nothing was changed, removed, added or cut off, else 1.
    Verify {
        /// Heads that were kept outside of the database, as `frontdesk audit heads` prints them
        /// (default: those that a runtime keeps in its data folder, if they are there).
        #[arg(long, value_name = "FILE")]
        heads: Option<PathBuf>,
    },
    /// Print the heads of all chains, to be kept outside of the database.
    Heads,
}

pub(super) fn audit(
    config: &Config,
    command: &AuditCommand,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let kept = match command {
        AuditCommand::Heads => None,
        AuditCommand::Verify { heads } => kept(config, heads.clone())?,
    };
    jobs::with_services(config, async |services: JobServices| {
        let worker = services.worker.as_ref().ok_or_else(|| {
            let message = "set FRONTDESK_WORKER_URL: frontdesk_worker alone sees the chains";
            Failure::new(Exit::Usage, message)
        })?;
        let unavailable = |error| Failure::new(Exit::Unavailable, error);
        if let AuditCommand::Heads = command {
            let heads = audit::heads(worker).await.map_err(unavailable)?;
            let text = serde_json::to_string_pretty(&heads)
                .map_err(|error| Failure::new(Exit::Failed, error))?;
            out.line(text);
            return Ok(Exit::Done);
        }
        let mut exit = Exit::Done;
        if kept.is_none() {
            out.line("no heads were kept: whether the end of a chain was cut off cannot be told");
        }
        let chains = audit::verify(worker, &kept.unwrap_or_default()).await.map_err(unavailable)?;
        for chain in chains {
            let (clinic, links, waiting) = (chain.clinic, chain.links, chain.waiting);
            let word = if chain.faults.is_empty() { "ok    " } else { "FAULT " };
            out.line(format_args!("{word} {clinic}  {links} rows sealed, {waiting} waiting"));
            for fault in chain.faults {
                exit = Exit::Failed;
                out.line(format_args!("       {fault}"));
            }
        }
        Ok(exit)
    })
}

fn kept(config: &Config, named: Option<PathBuf>) -> Result<Option<Heads>, Failure> {
    let must = named.is_some();
    let path = named.unwrap_or_else(|| heads_file(&config.data_dir));
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(
            Exit::Usage,
            format!("the heads in {} cannot be read: {error}", path.display()),
        )
    };
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| failed(&error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}
