//! The consoles that are open. A call that was taken over goes back to the agent when the console is
//! gone for too long, so each tells when it comes and goes.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::HeaderMap;
use frontdesk_tenants::sign_in::SignedIn;
use frontdesk_types::ConsoleId;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

/// The header by which a page tells its requests from those of the same user's other pages.
const HEADER: &str = "frontdesk-console";

/// The console at that clinic that a request comes from. Made of whose it is and of what the page
/// calls itself, so that nobody can name another one's.
pub(super) fn console_of(who: SignedIn, clinic: &str, headers: &HeaderMap) -> ConsoleId {
    let name = headers.get(HEADER).map_or(&b""[..], |value| value.as_bytes());
    let made = Sha256::new()
        .chain_update(who.user.uuid())
        .chain_update(who.sign_in.uuid())
        .chain_update(clinic)
        // A slug has no slash.
        .chain_update("/")
        .chain_update(name)
        .finalize();
    // Hexadecimal of sixteen bytes is a UUID.
    let text: String = made.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    text.parse().unwrap_or_else(|_| ConsoleId::from_uuid(who.sign_in.uuid()))
}

/// Counts the feeds of each console: one that connects again may do so before the old connection is
/// known to be gone.
#[derive(Default)]
pub(super) struct Consoles(Mutex<HashMap<ConsoleId, usize>>);

/// A console while it reads the feed; gone when dropped.
pub(super) struct Open {
    consoles: Arc<Consoles>,
    id: ConsoleId,
    lost: Box<dyn Fn(ConsoleId) + Send + Sync>,
}

impl Consoles {
    /// It reads the feed, for the first time or once more; `lost` is told when no feed of it is left.
    pub(super) fn open(
        self: &Arc<Self>,
        id: ConsoleId,
        opened: impl FnOnce(),
        lost: impl Fn(ConsoleId) + Send + Sync + 'static,
    ) -> Open {
        // Told with the lock held, so that it is told in order.
        let mut all = self.0.lock();
        *all.entry(id).or_default() += 1;
        opened();
        Open { consoles: Arc::clone(self), id, lost: Box::new(lost) }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut all = self.consoles.0.lock();
        if let Some(feeds) = all.get_mut(&self.id) {
            *feeds -= 1;
            if *feeds == 0 {
                all.remove(&self.id);
                (self.lost)(self.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use frontdesk_types::{SeededIds, SignInId, UserId};

    use super::*;

    #[test]
    fn a_console_is_its_users_its_clinics_and_its_pages() {
        let ids = SeededIds::new(1);
        let who = || SignedIn { user: UserId::new(&ids), sign_in: SignInId::new(&ids) };
        let (one, other) = (who(), who());
        let named = |name| {
            HeaderMap::from_iter([(
                HEADER.parse().expect("a name"),
                HeaderValue::from_static(name),
            )])
        };
        let id = console_of(one, "nile", &named("a"));
        assert_eq!(console_of(one, "nile", &named("a")), id);
        for another in [
            console_of(one, "nile", &named("b")),
            console_of(one, "harbor", &named("a")),
            console_of(one, "nile", &HeaderMap::new()),
            console_of(other, "nile", &named("a")),
        ] {
            assert_ne!(another, id);
        }
    }

    #[test]
    fn a_console_is_gone_with_its_last_feed() {
        let told: Arc<Mutex<Vec<bool>>> = Arc::default();
        let consoles = Arc::new(Consoles::default());
        let id = ConsoleId::new(&SeededIds::new(1));
        let open = || {
            let lost = Arc::clone(&told);
            consoles.open(id, || told.lock().push(true), move |_| lost.lock().push(false))
        };
        let first = open();
        let second = open();
        drop(first);
        assert_eq!(*told.lock(), [true, true]);
        drop(second);
        assert_eq!(*told.lock(), [true, true, false]);
        assert!(consoles.0.lock().is_empty());
    }
}
