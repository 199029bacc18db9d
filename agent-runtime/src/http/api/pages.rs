//! Lists of one clinic, a page at a time, each asked for with the cursor of the one before.

use axum::http::StatusCode;
use axum::response::Response;
use frontdesk_tenants::page::{self, Page};
use serde::Serialize;

use super::access::At;
use super::answer::{Listed, json};
use super::cursor::List;
use super::values::{Limit, limit};
use crate::http::Problem;

/// A list of one clinic, asked for with a cursor.
pub(super) struct Pages<'a, F> {
    list: List<'a, F>,
    at: &'a At<'a>,
}

impl<'a, F: Serialize> Pages<'a, F> {
    pub(super) const fn of(at: &'a At<'a>, name: &'static str, filter: &'a F) -> Self {
        Self { list: List { name, clinic: at.tenant.clinic(), filter }, at }
    }

    /// Where the page that is asked for begins.
    pub(super) fn ask(&self, cursor: Option<&String>, rows: Limit) -> Result<page::Ask, Problem> {
        let open = |cursor: &String| self.at.api.cursors.open(&self.list, cursor);
        let after = cursor.map(open).transpose()?;
        Ok(page::Ask { after, limit: limit(rows) })
    }

    /// The page.
    pub(super) fn answer<T, S: Serialize>(&self, page: Page<T>, show: impl Fn(T) -> S) -> Response {
        let next = page.next.and_then(|after| self.at.api.cursors.seal(&self.list, &after));
        let items = page.items.into_iter().map(show).collect();
        json(StatusCode::OK, Listed { items, next })
    }
}
