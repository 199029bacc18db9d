//! `frontdesk models`: weights that are too large to be shipped.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use clap::Subcommand;
use frontdesk::config::Config;
use frontdesk::weights::{self, FetchError, From as Origin, Weights};

use super::{Exit, Failure, Out};

#[derive(Debug, Subcommand)]
pub(super) enum ModelsCommand {
    /// Which weights there are, and whether they are here.
    List,
    /// Fetch weights into the data folder, or all of them; again, it goes on where it was.
    Get {
        /// Its name; `frontdesk models list` has them.
        name: Option<String>,
        /// Only from there, instead of from one after the other.
        #[arg(long, value_enum, value_name = "WHERE")]
        from: Option<Origin>,
    },
    /// Read the weights that are here from end to end: 0 if all are what they should be, else 1.
    Check,
}

pub(super) fn models(
    config: &Config,
    command: ModelsCommand,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let folder = weights::folder(&config.data_dir);
    match command {
        ModelsCommand::List => {
            list(&folder, out);
            Ok(Exit::Done)
        }
        ModelsCommand::Check => Ok(check(&folder, out)),
        ModelsCommand::Get { name, from } => {
            let wanted: Vec<&Weights> = match &name {
                None => weights::ALL.iter().collect(),
                Some(name) => vec![weights::named(name).ok_or_else(|| {
                    let all: Vec<_> = weights::ALL.iter().map(|weights| weights.name).collect();
                    let all = all.join(", ");
                    Failure::new(Exit::Usage, format!("there are no weights {name}, but {all}"))
                })?],
            };
            get(config, &wanted, from, &folder, out)
        }
    }
}

fn list(folder: &Path, out: &mut Out) {
    for weights in weights::ALL {
        let there = if weights.is_there(folder) { "here" } else { "not here" };
        let megabytes = weights.bytes() / 1_000_000;
        out.line(format_args!("{}  {megabytes} MB  {there}", weights.name));
        out.line(format_args!("    {}; licence {}", weights.what, weights.licence));
        out.line(format_args!("    file     {}", weights.path(folder).display()));
        let hashes: Vec<_> = weights.hashes().collect();
        out.line(format_args!("    SHA-256  {}", hashes.join(" or ")));
        out.line(format_args!("    from     {}", weights.origins()));
    }
    for weights in weights::ALL.iter().filter(|weights| !weights.is_usable()) {
        let name = weights.name;
        out.line(format_args!("This program was built without what uses {name} (docs/models.md)."));
    }
}

fn check(folder: &Path, out: &mut Out) -> Exit {
    let mut end = Exit::Done;
    for weights in weights::ALL {
        match weights.check(folder) {
            Ok(path) => out.line(format_args!("ok        {}  {}", weights.name, path.display())),
            Err(error @ FetchError::Absent { .. }) => {
                out.line(format_args!("not here  {}  {error}", weights.name));
            }
            Err(error) => {
                end = Exit::Failed;
                out.line(format_args!("FAULT     {}  {error}", weights.name));
            }
        }
    }
    end
}

fn get(
    config: &Config,
    wanted: &[&Weights],
    from: Option<Origin>,
    folder: &Path,
    out: &mut Out,
) -> Result<Exit, Failure> {
    super::serve::on_runtimes(async |_| {
        let calls = live_calls(super::health::reached(config.listen)).await;
        if calls > 0 {
            let reason = format!(
                "{calls} calls are held by the runtime on {}: fetching would take the network and \
                 the disk from them; run it again when there are none",
                config.listen
            );
            return Err(Failure::new(Exit::Unavailable, reason));
        }
        for weights in wanted {
            let got = weights.get(folder, from, &mut |line| out.line(line)).await;
            let path = got.map_err(|error| Failure::new(Exit::Unavailable, error))?;
            out.line(format_args!("{}: {}", weights.name, path.display()));
        }
        Ok(Exit::Done)
    })
}

/// Calls that the runtime of this configuration holds; none if there is no runtime.
async fn live_calls(listen: SocketAddr) -> u64 {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build();
    let Ok(client) = client else { return 0 };
    let Ok(answer) = client.get(format!("http://{listen}/metrics")).send().await else { return 0 };
    let text = answer.text().await.unwrap_or_default();
    text.lines().find_map(counted).unwrap_or_default()
}

fn counted(line: &str) -> Option<u64> {
    line.strip_prefix("frontdesk_live_calls ")?.trim().parse::<f64>().ok().map(|n| n as u64)
}

/// Asks once, on a terminal, whether the weights that this program can use and lacks are to be
/// fetched; elsewhere, and if it was asked before, goes on without them.
#[cfg(feature = "tools")]
pub(super) fn offer(config: &Config, out: &mut Out) {
    use std::io::IsTerminal as _;

    let folder = weights::folder(&config.data_dir);
    let asked = folder.join(".asked");
    let wanted = |weights: &&Weights| weights.is_usable() && !weights.is_there(&folder);
    let missing: Vec<&Weights> = weights::ALL.iter().filter(wanted).collect();
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if missing.is_empty() || !is_terminal || asked.exists() {
        return;
    }
    let megabytes: u64 = missing.iter().map(|weights| weights.bytes() / 1_000_000).sum();
    let names: Vec<_> = missing.iter().map(|weights| weights.what).collect();
    let names = names.join("; ");
    out.line(format_args!(
        "Weights that this program can use are not here ({megabytes} MB): {names}. Fetch them now? \
         [y/N] (asked once; later: frontdesk models get)"
    ));
    let mut answer = String::new();
    let is_yes = std::io::stdin().read_line(&mut answer).is_ok()
        && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
    // Asked again where it cannot be noted, which is better than not to start.
    let _ = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&asked, b""));
    if is_yes && let Err(failure) = get(config, &missing, None, &folder, out) {
        out.line(format_args!("Going on without them: {}", failure.message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_are_held_are_read_from_the_metrics() {
        let metrics = "# TYPE frontdesk_live_calls gauge\nfrontdesk_live_calls 2\n# EOF";
        assert_eq!(metrics.lines().find_map(counted), Some(2));
        assert_eq!("frontdesk_max_calls 40".lines().find_map(counted), None);
    }

    #[tokio::test]
    async fn where_no_runtime_listens_no_calls_are_held() {
        frontdesk::tls::install_provider();
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address");
        drop(free);
        assert_eq!(live_calls(address).await, 0);
    }
}
