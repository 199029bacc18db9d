//! A whole database looked at from above, all clinics at once: whether every rule of the catalogue holds,
//! and whether what calls leave behind has settled. For tools that test a runtime, never for what serves:
//! it needs the superuser, whom row-level security does not bind.

use std::str::FromStr as _;
use std::time::Duration;

use serde::Serialize;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::catalogue::{INVARIANTS, Invariant, SETTLED};
use crate::{Result, SetupError};

/// How long a look may wait for a database that is away.
const PATIENCE: Duration = Duration::from_secs(10);

/// Rows of one rule that are named; a rule that is broken everywhere need not be told a thousand times.
const ROWS: usize = 20;

/// A rule that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Id of the rule, as in `docs/invariants.md`.
    pub rule: &'static str,
    /// What breaks it: an id, or a few words. Nothing personal.
    pub row: String,
}

/// A connection that sees everything.
#[derive(Debug)]
pub struct Inspector {
    pool: PgPool,
}

impl Inspector {
    /// Connects as the superuser.
    ///
    /// # Errors
    /// If the URL is wrong or the server unreachable.
    pub async fn connect(superuser_url: &str) -> std::result::Result<Self, SetupError> {
        let options = PgConnectOptions::from_str(superuser_url).map_err(SetupError::Url)?;
        let options = options.application_name("frontdesk-inspection").disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .connect_with(options)
            .await
            .map_err(SetupError::Connect)?;
        Ok(Self { pool })
    }

    /// What breaks one of [`INVARIANTS`], which hold at any moment.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn broken(&self) -> Result<Vec<Violation>> {
        self.found(INVARIANTS).await
    }

    /// What breaks one of [`SETTLED`], which hold once no call goes on and the jobs have run.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unsettled(&self) -> Result<Vec<Violation>> {
        self.found(SETTLED).await
    }

    async fn found(&self, rules: &'static [Invariant]) -> Result<Vec<Violation>> {
        let mut found = Vec::new();
        for rule in rules {
            let rows: Vec<String> =
                sqlx::query_scalar(rule.violations).fetch_all(&self.pool).await?;
            let more = rows.len().saturating_sub(ROWS);
            let rows = rows.into_iter().take(ROWS);
            let told = rows.chain((more > 0).then(|| format!("and {more} more")));
            found.extend(told.map(|row| Violation { rule: rule.id, row }));
        }
        Ok(found)
    }

    /// Closes the connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
