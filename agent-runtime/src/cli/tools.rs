//! What calls a runtime: `run`, `demo`, `call`, `replay`, `chat`, `load`, `soak`. Only with the feature
//! `tools`; a server does without.

use std::path::PathBuf;
use std::pin::pin;

use clap::Subcommand;
use frontdesk::config::Config;
use frontdesk::profile::Profile;
use frontdesk::signals::Asked;
use frontdesk_scenarios::chat::{ChatArgs, chat};
use frontdesk_scenarios::load::{self, LoadArgs, load};
use frontdesk_scenarios::replay::{ReplayArgs, replay};
use frontdesk_scenarios::soak::{SoakArgs, soak};
use frontdesk_scenarios::{CallArgs, call};
use tokio_util::sync::CancellationToken;

use super::demo::{self, DemoArgs};
use super::deployment::Configured;
use super::serve::{on_runtimes, signals};
use super::{Exit, Failure, Out};

/// A subcommand.
#[derive(Debug, Subcommand)]
pub(super) enum Tool {
    /// Serve, place a demo call that books an appointment, print it, and keep serving.
    Run(DemoArgs),
    /// Serve, place the demo call, and exit with its result.
    Demo(DemoArgs),
    /// Place calls by scenario and compare what comes of them with what was expected.
    Call(CallArgs),
    /// Explain the decisions of turn taking in a call, and try others without audio.
    Replay(ReplayArgs),
    /// Hold a call by typing.
    Chat(ChatArgs),
    /// Place many calls at once and measure them and the agent.
    Load(LoadArgs),
    /// Place calls for minutes or hours while everything that they need is broken in turn, and judge
    /// what is left.
    Soak(SoakArgs),
}

impl Tool {
    /// Changes what the command line changes of the configuration. `log_is_set` says whether
    /// somebody asked for log lines.
    pub(super) fn prepare(&self, config: &mut Config, log_is_set: bool) {
        if let Self::Load(args) = self {
            config.profile = match args.profile {
                load::Profile::Production => Profile::Production,
                load::Profile::Bench => Profile::Bench,
            };
        }
        let talks = !matches!(self, Self::Run(_) | Self::Demo(_));
        if talks && !log_is_set && config.log.filter == "info" {
            // What these print is a conversation; the log of the runtime is the runtime's.
            "warn".clone_into(&mut config.log.filter);
        }
    }

    /// Where log lines go that would stand between those of the call; `None` for standard error.
    pub(super) fn log_file(&self, config: &Config) -> Option<PathBuf> {
        let shows_a_call = matches!(self, Self::Run(_) | Self::Demo(_));
        shows_a_call.then(|| config.data_dir.join("log/frontdesk.log"))
    }

    pub(super) fn run(self, config: &Config, out: &mut Out) -> Result<Exit, Failure> {
        if let Some(log) = self.log_file(config) {
            out.line(format_args!("Starting. Log lines go to {}", log.display()));
        }
        match self {
            Self::Run(args) => {
                super::models::offer(config, out);
                demo::run(config, &args, out)
            }
            Self::Demo(args) => demo::demo(config, &args, out),
            Self::Call(args) => {
                interruptible(async |stop| call(&Configured(config), &args, stop, out).await)
            }
            Self::Replay(args) => {
                interruptible(async |stop| replay(&Configured(config), &args, stop, out).await)
            }
            Self::Chat(args) => {
                interruptible(async |stop| chat(&Configured(config), &args, stop, out).await)
            }
            Self::Load(args) => {
                interruptible(async |stop| load(&Configured(config), &args, stop, out).await)
            }
            Self::Soak(args) => {
                interruptible(async |stop| soak(&Configured(config), &args, stop, out).await)
            }
        }
    }
}

/// Runs `work` with a token that the first signal cancels.
fn interruptible<F>(work: impl FnOnce(CancellationToken) -> F) -> Result<Exit, Failure>
where
    F: Future<Output = Result<frontdesk_scenarios::Exit, frontdesk_scenarios::Failure>>,
{
    on_runtimes(async |_| {
        let mut signals = signals()?;
        let stop = CancellationToken::new();
        let mut work = pin!(work(stop.clone()));
        let end = tokio::select! {
            end = &mut work => end,
            () = signals.wait_for(Asked::Drain) => {
                stop.cancel();
                work.await
            }
        };
        Ok(end?.into())
    })
}

impl From<frontdesk_scenarios::Exit> for Exit {
    fn from(exit: frontdesk_scenarios::Exit) -> Self {
        use frontdesk_scenarios::Exit as Other;
        match exit {
            Other::Done => Self::Done,
            Other::Failed => Self::Failed,
            Other::Usage => Self::Usage,
            Other::Unavailable => Self::Unavailable,
        }
    }
}

impl From<frontdesk_scenarios::Failure> for Failure {
    fn from(failure: frontdesk_scenarios::Failure) -> Self {
        Self::new(failure.exit.into(), failure.message)
    }
}
