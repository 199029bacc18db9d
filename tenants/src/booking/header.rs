//! What a write tells its SQL function besides itself: for which clinic, when, and who asks.

use frontdesk_types::CallId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::QueryScalar;

use crate::{By, Tenant};

/// One call of a SQL function, with what is bound so far.
pub(crate) type Scalar<'q, O> = QueryScalar<'q, Postgres, O, PgArguments>;

/// The parameters that all writes have in common. They come first, so that a statement counts only
/// its own; the function's own order is the statement's affair.
pub(crate) struct Header<'a> {
    tenant: &'a Tenant,
    by: &'a By,
    now: Timestamp,
    principal: String,
}

impl<'a> Header<'a> {
    pub(crate) fn new(tenant: &'a Tenant, by: &'a By, now: Timestamp) -> Self {
        Self { tenant, by, now, principal: by.principal.to_string() }
    }

    /// `$1` clinic, `$2` now, `$3` principal, `$4` call, `$5` whether it is simulated; the write's
    /// own parameters begin at `$6`.
    pub(crate) fn bind<'q, O>(&self, sql: &'static str) -> Scalar<'q, O>
    where
        (O,): for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
    {
        sqlx::query_scalar(sql)
            .bind(self.tenant.clinic().uuid())
            .bind(self.now.to_sqlx())
            .bind(self.principal.clone())
            .bind(self.by.call_id().map(CallId::uuid))
            .bind(self.by.simulated)
    }

    /// As [`Header::bind`], then `$6` idempotency key, `$7` hash of the request; the write's own
    /// parameters begin at `$8`.
    pub(crate) fn bind_keyed<'q, O>(&self, sql: &'static str, request: &[u8]) -> Scalar<'q, O>
    where
        (O,): for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
    {
        self.bind(sql).bind(self.by.key.clone()).bind(request.to_vec())
    }
}
