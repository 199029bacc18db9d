//! Where the next page of a list begins, sealed: a cursor is good for the list, the clinic and the
//! filter that it was given for, and nobody can make one.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use frontdesk_tenants::page::After;
use frontdesk_types::ClinicId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;

use crate::http::Problem;

/// Bytes of the seal.
const SEAL: usize = 16;

/// Seals and opens cursors; the first key seals, all open.
pub(super) struct Cursors(Vec<[u8; 32]>);

/// Which list a cursor belongs to.
pub(super) struct List<'a, F> {
    pub(super) name: &'static str,
    pub(super) clinic: ClinicId,
    /// What the list was narrowed by.
    pub(super) filter: &'a F,
}

impl Cursors {
    pub(super) const fn new(keys: Vec<[u8; 32]>) -> Self {
        Self(keys)
    }

    fn seal_of<F: Serialize>(key: &[u8; 32], list: &List<'_, F>, payload: &[u8]) -> Hmac<Sha256> {
        // Any length is a key of HMAC's.
        let filter = serde_json::to_vec(list.filter).unwrap_or_default();
        let mut seal = match Hmac::<Sha256>::new_from_slice(key) {
            Ok(seal) => seal,
            Err(never) => unreachable!("{never}"),
        };
        for part in [list.name.as_bytes(), list.clinic.uuid().as_bytes(), &filter, payload] {
            seal.update(&(part.len() as u64).to_be_bytes());
            seal.update(part);
        }
        seal
    }

    pub(super) fn seal<F: Serialize>(&self, list: &List<'_, F>, after: &After) -> Option<String> {
        let payload = serde_json::to_vec(after).ok()?;
        let seal = Self::seal_of(self.0.first()?, list, &payload).finalize().into_bytes();
        let mut cursor = seal.get(..SEAL)?.to_vec();
        cursor.extend(payload);
        Some(URL_SAFE_NO_PAD.encode(cursor))
    }

    pub(super) fn open<F: Serialize>(
        &self,
        list: &List<'_, F>,
        cursor: &str,
    ) -> Result<After, Problem> {
        self.opened(list, cursor).ok_or_else(|| {
            let detail = "the cursor is not one of this list with this filter; begin again without";
            Problem::new(StatusCode::BAD_REQUEST, detail).code("cursor_invalid")
        })
    }

    fn opened<F: Serialize>(&self, list: &List<'_, F>, cursor: &str) -> Option<After> {
        let cursor = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (seal, payload) = cursor.split_at_checked(SEAL)?;
        let ours = self
            .0
            .iter()
            .any(|key| Self::seal_of(key, list, payload).verify_truncated_left(seal).is_ok());
        if ours { serde_json::from_slice(payload).ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn list(name: &'static str, filter: &'static str) -> List<'static, &'static str> {
        // 'static, as tests want it.
        let filter: &'static &'static str = Box::leak(Box::new(filter));
        List { name, clinic: ClinicId::from_uuid(Uuid::nil()), filter }
    }

    #[test]
    fn a_cursor_opens_its_own_list_with_its_own_filter_and_none_can_be_made() {
        let after = After { sort: "2026-11-22T06:00:00Z".to_owned(), id: Uuid::nil() };
        let ours = Cursors::new(vec![[1; 32]]);
        let cursor = ours.seal(&list("appointments", "a"), &after).expect("sealed");
        let open = |cursors: &Cursors, list, cursor: &str| cursors.open(&list, cursor).ok();
        assert_eq!(open(&ours, list("appointments", "a"), &cursor), Some(after.clone()));
        assert_eq!(open(&ours, list("appointments", "b"), &cursor), None, "another filter");
        assert_eq!(open(&ours, list("calls", "a"), &cursor), None, "another list");
        let renewed = Cursors::new(vec![[2; 32], [1; 32]]);
        assert_eq!(open(&renewed, list("appointments", "a"), &cursor), Some(after));
        let others = Cursors::new(vec![[2; 32]]);
        assert_eq!(open(&others, list("appointments", "a"), &cursor), None, "another key");
        for forged in ["", "a", "!", &cursor[1..], &format!("{cursor}AA")] {
            assert_eq!(open(&ours, list("appointments", "a"), forged), None, "{forged}");
        }
    }
}
