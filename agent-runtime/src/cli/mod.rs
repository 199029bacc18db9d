//! The command line: what can be typed, and how it ends.

mod audit;
mod clinic;
#[cfg(feature = "tools")]
mod demo;
#[cfg(feature = "tools")]
mod deployment;
mod doctor;
mod erase;
mod health;
mod jobs;
mod migrate;
mod models;
mod output;
mod serve;
mod token;
#[cfg(feature = "tools")]
mod tools;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use frontdesk::config::{CONFIG_FILE, Config, ConfigError, Environment};
use frontdesk::profile::Profile;
use frontdesk::runtime::{Ended, ServerDied, StartError};
use frontdesk::telemetry::{self, TelemetryError};

use output::Out;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
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
    /// Its calls had not ended when the time for it was over.
    CutShort,
    /// Too many native threads of its engines hung.
    WornOut,
}

impl Exit {
    #[cfg(test)]
    const ALL: [Self; 7] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Unavailable,
        Self::Forced,
        Self::CutShort,
        Self::WornOut,
    ];

    /// The process's exit code.
    const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unavailable => 3,
            Self::Forced => 4,
            Self::CutShort => 5,
            Self::WornOut => 6,
        }
    }

    #[cfg(test)]
    const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => {
                "it ran and the result is bad: `demo` without a booking, `doctor` found a fault, `health` \
                 found no runtime that takes calls"
            }
            Self::Usage => "wrong command line or configuration; nothing was started",
            Self::Unavailable => {
                "something needed is missing or refuses (port taken, database too old, wrong \
                 credentials); what had been started was stopped"
            }
            Self::Forced => "a second signal ended it before its calls had ended",
            Self::CutShort => {
                "calls had not ended within FRONTDESK_DRAIN_SECONDS: their callers were told so, and \
                 called back where the clinic knows how"
            }
            Self::WornOut => {
                "three native threads of its engines hung within ten minutes: it took no more calls, \
                 let those under way end for 20 s at most, told the rest, and is to be started again"
            }
        }
    }

    /// The table of `docs/configuration.md`.
    #[cfg(test)]
    fn markdown() -> String {
        let rows = Self::ALL.map(|exit| format!("| {} | {} |\n", exit.code(), exit.meaning()));
        format!("| code | meaning |\n|---|---|\n{}", rows.concat())
    }
}

/// Why a command ended otherwise than [`Exit::Done`]: one line for the user.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the program ends.
    exit: Exit,
    /// What happened, to what, what to do.
    message: String,
}

impl Failure {
    /// A failure of that kind.
    fn new(exit: Exit, message: impl std::fmt::Display) -> Self {
        // One line, whatever a library wrote.
        let message = message.to_string().split('\n').map(str::trim).collect::<Vec<_>>().join(", ");
        Self { exit, message }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::new(Exit::Unavailable, error)
    }
}

impl From<ServerDied> for Failure {
    fn from(error: ServerDied) -> Self {
        Self::new(Exit::Unavailable, error)
    }
}

impl From<Ended> for Exit {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Drained => Self::Done,
            Ended::CutShort => Self::CutShort,
            Ended::Forced => Self::Forced,
            Ended::WornOut => Self::WornOut,
        }
    }
}

impl From<TelemetryError> for Failure {
    fn from(error: TelemetryError) -> Self {
        let exit = match error {
            TelemetryError::Setup(_) => Exit::Usage,
            TelemetryError::File { .. } => Exit::Unavailable,
        };
        Self::new(exit, error)
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
    /// Bring the database of FRONTDESK_MIGRATE_URL to this program's schema.
    Migrate,
    /// Make the demo clinics in the database of DATABASE_URL.
    SeedDemo,
    /// Check what is needed and say how to mend what is wrong.
    Doctor,
    /// Ask the runtime of this configuration whether it takes calls: 0 if it does, else 1.
    Health,
    /// Erase a patient from a clinic, at once or when no appointment of theirs is to come.
    Erase(EraseArgs),
    /// Set up a clinic.
    #[command(subcommand)]
    Clinic(clinic::ClinicCommand),
    /// Logins of a clinic's staff.
    #[command(subcommand)]
    User(clinic::UserCommand),
    /// Verify the audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// What runs beside the calls: what each job did, or run one now.
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// Weights of models that are too large to be shipped: list, fetch or check them.
    #[command(subcommand)]
    Models(models::ModelsCommand),
    /// Print the URL and a join token for one call.
    Token(TokenArgs),
    /// What calls a runtime.
    #[cfg(feature = "tools")]
    #[command(flatten)]
    Tool(tools::Tool),
}

/// Options of `serve`.
#[derive(Debug, Clone, Args)]
struct ServeArgs {
    /// What the runtime is made of.
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
}

/// Options of `erase`.
#[derive(Debug, Args)]
struct EraseArgs {
    /// The clinic.
    #[arg(long, value_name = "SLUG")]
    clinic: String,
    /// Id of the patient.
    patient: String,
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
pub(crate) fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
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
    let log_file: Option<PathBuf> = None;
    #[cfg(feature = "tools")]
    let log_file = match &cli.command {
        Command::Tool(tool) => {
            let configured = |name: &str| environment.vars.contains_key(name);
            tool.prepare(&mut config, configured("FRONTDESK_LOG") || configured("RUST_LOG"));
            tool.log_file(&config)
        }
        _ => log_file,
    };
    telemetry::init(&config.log, log_file.as_deref())?;
    #[cfg(feature = "fault-injection")]
    if let Ok(text) = std::env::var("PANIC_WITH") {
        // Whether it is told is looked at from outside.
        let fault = std::thread::Builder::new().name("fault".to_owned());
        let _ = fault.spawn(move || panic!("{text}")).map(std::thread::JoinHandle::join);
    }
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
        Command::Doctor => doctor::doctor(&config, &mut out),
        Command::Health => health::health(&config, &mut out),
        Command::Erase(args) => erase::erase(&config, &args, &mut out),
        Command::Clinic(command) => clinic::clinic(&config, command, &mut out),
        Command::User(command) => clinic::user(&config, command, &mut out),
        Command::Audit(command) => audit::audit(&config, &command, &mut out),
        Command::Jobs(command) => jobs::jobs(&config, &command, &mut out),
        Command::Models(command) => models::models(&config, command, &mut out),
        Command::Migrate => migrate::migrate(&config, &mut out),
        Command::SeedDemo => migrate::seed_demo(&config, &mut out),
        #[cfg(feature = "tools")]
        Command::Tool(tool) => tool.run(&config, &mut out),
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
