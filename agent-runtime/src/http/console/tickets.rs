//! Tickets for the feed: a WebSocket of a browser carries no header of ours, and what opens it stands
//! in its address, where proxies may write it down. So it counts once, for half a minute.

use std::collections::HashMap;
use std::time::Duration;

use frontdesk_tenants::sign_in::{SignedIn, random_token};
use frontdesk_types::{ConsoleId, Mono};
use parking_lot::Mutex;

/// How long a ticket counts.
pub(super) const LASTING: Duration = Duration::from_secs(30);

/// Tickets that may be out at once.
const MAX: usize = 1024;

/// Whom a ticket lets in, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) who: SignedIn,
    pub(super) clinic: String,
    pub(super) console: ConsoleId,
}

/// The tickets that are out.
#[derive(Default)]
pub(super) struct Tickets(Mutex<HashMap<String, (Ticket, Mono)>>);

impl Tickets {
    /// A new one; `None` if too many are out.
    pub(super) fn issue(&self, ticket: Ticket, now: Mono) -> Option<String> {
        let mut all = self.0.lock();
        all.retain(|_, (_, until)| *until > now);
        if all.len() >= MAX {
            return None;
        }
        let token = random_token().into_exposed();
        all.insert(token.clone(), (ticket, now + LASTING));
        Some(token)
    }

    /// What it is for, if it counts for that clinic. It does not count again, nor elsewhere.
    pub(super) fn redeem(&self, token: &str, clinic: &str, now: Mono) -> Option<Ticket> {
        let (ticket, until) = self.0.lock().remove(token)?;
        (until > now && ticket.clinic == clinic).then_some(ticket)
    }
}

#[cfg(test)]
mod tests {
    use frontdesk_types::{SeededIds, SignInId, UserId};

    use super::*;

    fn ticket(seed: u64) -> Ticket {
        let ids = SeededIds::new(seed);
        let who = SignedIn { user: UserId::new(&ids), sign_in: SignInId::new(&ids) };
        Ticket { who, clinic: "nile-heart".to_owned(), console: ConsoleId::new(&ids) }
    }

    fn at(seconds: u64) -> Mono {
        Mono::from_millis(1_000_000 + seconds * 1000)
    }

    #[test]
    fn a_ticket_counts_once_for_half_a_minute_at_its_clinic() {
        let tickets = Tickets::default();
        let issue = || tickets.issue(ticket(1), at(0)).expect("one");
        let good = issue();
        assert_eq!(tickets.redeem(&good, "nile-heart", at(29)), Some(ticket(1)));
        assert_eq!(tickets.redeem(&good, "nile-heart", at(29)), None, "used");
        assert_eq!(tickets.redeem(&issue(), "nile-heart", at(30)), None, "too late");
        let elsewhere = issue();
        assert_eq!(tickets.redeem(&elsewhere, "harbor-family", at(0)), None);
        assert_eq!(tickets.redeem(&elsewhere, "nile-heart", at(0)), None, "tried elsewhere");
        assert_eq!(tickets.redeem("made up", "nile-heart", at(0)), None);
    }

    #[test]
    fn as_many_as_there_is_room_for_and_old_ones_make_room() {
        let tickets = Tickets::default();
        for _ in 0..MAX {
            assert!(tickets.issue(ticket(1), at(0)).is_some());
        }
        assert_eq!(tickets.issue(ticket(1), at(0)), None);
        assert!(tickets.issue(ticket(1), at(30)).is_some());
    }
}
