//! The command line: what can be typed, and how it ends.

mod demo;
mod doctor;
mod migrate;
mod output;
mod serve;
mod token;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

pub use output::Out;

use crate::chat::ChatArgs;
use crate::config::{CONFIG_FILE, Config, ConfigError, Environment};
use crate::load::LoadArgs;
use crate::profile::Profile;
use crate::replay::ReplayArgs;
use crate::scenario::CallArgs;
use crate::telemetry;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked to.
    Done,
    /// It ran, and the result is bad.
    Failed,
    /// The command line or the configuration is wrong; nothing was started.
    Usage,
    /// Something that it needs is not there or refuses; everything started was stopped again.
    Unavailable,
    /// A second signal ended it before its calls had ended.
    Forced,
}

impl Exit {
    const ALL: [Self; 5] = [Self::Done, Self::Failed, Self::Usage, Self::Unavailable, Self::Forced];

    /// The process's exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unavailable => 3,
            Self::Forced => 4,
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => {
                "it ran and the result is bad: `demo` without a booking, `doctor` found a fault"
            }
            Self::Usage => "wrong command line or configuration; nothing was started",
            Self::Unavailable => {
                "something needed is missing or refuses (port taken, database too old, wrong \
                 credentials); what had been started was stopped"
            }
            Self::Forced => "a second signal ended it before its calls had ended",
        }
    }

    /// The table of `docs/configuration.md`.
    #[must_use]
    pub fn markdown() -> String {
        let rows = Self::ALL.map(|exit| format!("| {} | {} |\n", exit.code(), exit.meaning()));
        format!("| code | meaning |\n|---|---|\n{}", rows.concat())
    }
}

/// Why a command ended otherwise than [`Exit::Done`]: one line for the user.
#[derive(Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What happened, to what, what to do.
    pub message: String,
}

impl Failure {
    /// A failure of that kind.
    pub fn new(exit: Exit, message: impl std::fmt::Display) -> Self {
        // One line, whatever a library wrote.
        let message = message.to_string().split('\n').map(str::trim).collect::<Vec<_>>().join(", ");
        Self { exit, message }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Usage, error)
    }
}

/// Frontdesk answers a clinic's calls and books appointments.
#[derive(Debug, Parser)]
#[command(name = "frontdesk", version, about, arg_required_else_help = true)]
struct Cli {
    /// TOML file with the configuration (else FRONTDESK_CONFIG, ./frontdesk.toml).
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve calls until SIGTERM or Ctrl-C.
    Serve(ServeArgs),
    /// Serve, place a demo call that books an appointment, print it, and keep serving.
    Run(DemoArgs),
    /// Serve, place the demo call, and exit with its result.
    Demo(DemoArgs),
    /// Bring the database of FRONTDESK_MIGRATE_URL to this program's schema.
    Migrate,
    /// Make the demo clinics in the database of DATABASE_URL.
    SeedDemo,
    /// Check what is needed and say how to mend what is wrong.
    Doctor,
    /// Print the URL and a join token for one call.
    Token(TokenArgs),
    /// Place calls by scenario and compare what comes of them with what was expected.
    Call(CallArgs),
    /// Explain the decisions of turn taking in a call, and try others without audio.
    Replay(ReplayArgs),
    /// Hold a call by typing.
    Chat(ChatArgs),
    /// Place many calls at once and measure them and the agent.
    Load(LoadArgs),
}

/// Options of `serve`.
#[derive(Debug, Clone, Args)]
struct ServeArgs {
    /// What the runtime is made of.
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
}

/// Options of the demo call.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Record the call to this WAV file: caller left, agent right.
    #[arg(long, value_name = "FILE")]
    pub record: Option<std::path::PathBuf>,
    /// The clinic that is called.
    #[arg(long, value_name = "SLUG", default_value = "nile-heart")]
    pub clinic: String,
}

/// Options of `token`.
#[derive(Debug, Args)]
struct TokenArgs {
    /// The clinic that is called.
    #[arg(long, value_name = "SLUG")]
    clinic: String,
    /// Identity of the caller (default: a new one).
    #[arg(long)]
    identity: Option<String>,
    /// Room of the call (default: a new one).
    #[arg(long)]
    room: Option<String>,
    /// Language of the caller, such as en.
    #[arg(long)]
    language: Option<String>,
    /// Moment at which the call is pinned, such as 2026-03-02T09:00:00+02:00; counts only where
    /// the worker has FRONTDESK_ALLOW_CALL_CLOCK.
    #[arg(long)]
    now: Option<String>,
    /// Seconds for which the token is valid.
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    ttl: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command line and says how the process ends.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not errors; clap knows which stream is right.
            let usage = error.use_stderr();
            let _ = error.print();
            return exit(if usage { Exit::Usage } else { Exit::Done });
        }
    };
    match run(cli) {
        Ok(end) => exit(end),
        Err(failure) => {
            Out::error(&failure.message);
            exit(failure.exit)
        }
    }
}

fn exit(exit: Exit) -> ExitCode {
    ExitCode::from(exit.code())
}

fn run(cli: Cli) -> Result<Exit, Failure> {
    let mut environment = Environment::of_process();
    if let Some(file) = cli.config {
        environment.vars.insert(CONFIG_FILE.to_owned(), file);
    }
    let mut config = Config::load(&environment)?;
    let spoken_to = matches!(
        cli.command,
        Command::Call(_) | Command::Chat(_) | Command::Load(_) | Command::Replay(_)
    );
    let silent =
        !["FRONTDESK_LOG", "RUST_LOG"].iter().any(|name| environment.vars.contains_key(*name));
    if spoken_to && silent && config.log.filter == "info" {
        // What these print is a conversation; the log of the runtime is the runtime's.
        "warn".clone_into(&mut config.log.filter);
    }
    telemetry::init(&config.log).map_err(|error| Failure::new(Exit::Usage, error))?;
    for name in &config.ignored_env {
        tracing::warn!(name, "environment variable is not a setting and is ignored");
    }
    let mut out = Out::stdout();
    match cli.command {
        Command::Token(args) => token::token(&config, args, &mut out),
        Command::Serve(args) => {
            config.profile = args.profile;
            serve::serve(&config, &mut out)
        }
        Command::Run(args) => serve::run(&config, &args, &mut out),
        Command::Demo(args) => serve::demo(&config, &args, &mut out),
        Command::Doctor => doctor::doctor(&config, &mut out),
        Command::Migrate => migrate::migrate(&config, &mut out),
        Command::SeedDemo => migrate::seed_demo(&config, &mut out),
        Command::Call(args) => {
            serve::on_runtimes(async |_| crate::scenario::call(&config, &args, &mut out).await)
        }
        Command::Chat(args) => {
            serve::on_runtimes(async |_| crate::chat::chat(&config, &args, &mut out).await)
        }
        Command::Replay(args) => {
            serve::on_runtimes(async |_| crate::replay::replay(&config, &args, &mut out).await)
        }
        Command::Load(args) => {
            config.profile = args.profile;
            serve::on_runtimes(async |_| crate::load::load(&config, &args, &mut out).await)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_documentation_repeats_the_exit_codes() {
        crate::docs::check("exit-codes", &Exit::markdown());
    }

    #[test]
    fn a_failure_is_one_line() {
        let failure = Failure::new(Exit::Failed, "first\n  second");
        assert_eq!(failure.message, "first, second");
    }
}
