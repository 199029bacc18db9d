//! Developer tasks: `cargo xtask COMMAND`. Each check prints what breaks which rule and what to do.

#![expect(clippy::print_stdout, reason = "a command line tool")]

mod callers;
mod circles;
mod clippy_config;
mod decisions;
mod deps;
mod exceptions;
mod file_sizes;
mod languages;
mod logs;
mod semantics;
mod sources;
mod surface;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Developer tasks of Frontdesk")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Every check below, as CI runs them
    Check,
    /// Which crate uses what, against xtask/crates.toml
    Deps,
    /// Write the clippy.toml files from xtask/bans.toml
    ClippyConfig {
        /// Only compare
        #[arg(long)]
        check: bool,
    },
    /// Log lines: lowercase, no full stop, values as fields, nothing personal
    Logs,
    /// No code picks a language
    Languages,
    /// Write the index of docs/decisions
    Decisions {
        /// Only compare
        #[arg(long)]
        check: bool,
    },
    /// Files of code have at most 500 lines, of tests 600, lib.rs 60
    FileSizes,
    /// Every promise of docs/runtime-semantics.md names tests that exist
    Semantics,
    /// Write the public surface of frontdesk-agent
    Surface {
        /// Only compare
        #[arg(long)]
        check: bool,
    },
    /// Every public function of `tenants` has a caller outside tests
    Callers,
    /// No circle of imports between the files of a crate, except parent and child
    Circles,
}

/// What a check found; empty if all is well.
type Findings = Vec<String>;

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<bool> {
    let root = sources::root()?;
    let mut passed = true;
    let mut report = |name: &str, findings: Findings| {
        for finding in &findings {
            println!("{finding}");
        }
        if findings.is_empty() {
            println!("xtask {name}: ok");
        } else {
            println!("xtask {name}: {} to mend", findings.len());
            passed = false;
        }
    };
    let all = matches!(command, Command::Check);
    if all || matches!(command, Command::Deps) {
        report("deps", deps::check(&root)?);
    }
    match command {
        Command::ClippyConfig { check: false } => clippy_config::write(&root)?,
        Command::ClippyConfig { check: true } | Command::Check => {
            report("clippy-config", clippy_config::check(&root)?);
        }
        _ => {}
    }
    if all || matches!(command, Command::Logs) {
        report("logs", logs::check(&root)?);
    }
    if all || matches!(command, Command::Languages) {
        report("languages", languages::check(&root)?);
    }
    match command {
        Command::Decisions { check: false } => decisions::write(&root)?,
        Command::Decisions { check: true } | Command::Check => {
            report("decisions", decisions::check(&root)?);
        }
        _ => {}
    }
    match command {
        Command::Surface { check: false } => drop(surface::check(&root, false)?),
        Command::Surface { check: true } | Command::Check => {
            report("surface", surface::check(&root, true)?);
        }
        _ => {}
    }
    if all || matches!(command, Command::Semantics) {
        report("semantics", semantics::check(&root)?);
    }
    if all || matches!(command, Command::FileSizes) {
        report("file-sizes", file_sizes::check(&root, &exceptions::read(&root)?)?);
    }
    if all || matches!(command, Command::Callers) {
        report("callers", callers::check(&root, &exceptions::read(&root)?)?);
    }
    if all || matches!(command, Command::Circles) {
        report("circles", circles::check(&root, &exceptions::read(&root)?)?);
    }
    Ok(passed)
}
