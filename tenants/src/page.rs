//! Lists, a page at a time: each page begins after the last row of the one before (keyset), so that
//! what is written meanwhile moves nothing.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The row after which a page begins: what the list is sorted by, as text, and the row's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// What the list is sorted by.
    pub sort: String,
    /// The row.
    pub id: Uuid,
}

/// Where a page begins, and how many rows it has at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The last row of the page before.
    pub after: Option<After>,
    /// At least one.
    pub limit: u32,
}

impl Ask {
    pub(crate) fn sort(&self) -> Option<&str> {
        self.after.as_ref().map(|after| after.sort.as_str())
    }

    pub(crate) fn id(&self) -> Option<Uuid> {
        self.after.as_ref().map(|after| after.id)
    }

    /// One row more than the page has tells whether there is another page.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit.max(1)) + 1
    }

    /// The page of those rows; `key` says by what the list is sorted, and the id.
    pub(crate) fn page<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> (String, Uuid)) -> Page<T> {
        let limit = usize::try_from(self.limit.max(1)).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more).map(key);
        Page { items: rows, next: last.map(|(sort, id)| After { sort, id }) }
    }
}

/// Some rows of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// After which row the next page begins; `None` if there is none.
    pub next: Option<After>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_says_that_it_is() {
        let id = Uuid::nil();
        let key = |row: &i32| (row.to_string(), id);
        let ask = Ask { after: None, limit: 2 };
        let page = ask.page(vec![1, 2, 3], key);
        assert_eq!((page.items, page.next), (vec![1, 2], Some(After { sort: "2".to_owned(), id })));
        assert_eq!(ask.page(vec![1, 2], key).next, None);
        assert_eq!(ask.page(Vec::new(), key).next, None);
    }
}
