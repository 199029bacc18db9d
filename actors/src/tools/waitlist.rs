//! The waiting list: joined, listed, left, and what is kept for who waits.

use frontdesk_pipelines::dialogue::tools::{
    Refusal, ToolCall, ToolResult, WaitlistFacts, WaitlistWish,
};
use frontdesk_tenants::waitlist::{self, Hours, Offered, Wish};
use frontdesk_types::{Offer, OfferId};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::visits::booked;
use super::{BuiltIn, Ran, ToolCx, refused};

/// How far ahead somebody waits who names no day, in days.
const AHEAD: i64 = 90;

pub(super) struct JoinWaitlist;
pub(super) struct ListWaitlist;
pub(super) struct LeaveWaitlist;
pub(super) struct AcceptWaitlist;

impl BuiltIn for JoinWaitlist {
    fn name(&self) -> &'static str {
        "join_waitlist"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let ToolCall::JoinWaitlist(wish) = call else { return Ok(ToolResult::Unavailable) };
            let Some(who) = cx.proof() else { return Ok(refused(Refusal::NotIdentified)) };
            let Some(wish) = in_time(cx, wish) else {
                return Ok(refused(Refusal::OutsideBookingWindow));
            };
            let (by, now, ids) = (cx.by(), cx.now(), cx.ids.as_ref());
            let joined =
                waitlist::join(&cx.database, &cx.tenant, &who, &wish, &by, now, ids).await?;
            Ok(ToolResult::WaitlistJoined { known: joined.known })
        })
    }
}

impl BuiltIn for ListWaitlist {
    fn name(&self) -> &'static str {
        "list_waitlist"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, _call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let Some(who) = cx.proof() else { return Ok(refused(Refusal::NotIdentified)) };
            let mut tx = cx.tx().await?;
            let all = waitlist::entries_of(&mut tx, &who, cx.now()).await?;
            tx.commit().await?;
            let entries = all.into_iter().map(|entry| WaitlistFacts {
                id: entry.id,
                doctor: entry.doctor,
                specialty: entry.specialty,
                offered: entry.offered.map(|offered| kept(cx, &offered)),
            });
            Ok(ToolResult::Waitlist { entries: entries.collect() })
        })
    }
}

impl BuiltIn for LeaveWaitlist {
    fn name(&self) -> &'static str {
        "leave_waitlist"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let ToolCall::LeaveWaitlist { entry } = call else {
                return Ok(ToolResult::Unavailable);
            };
            let Some(who) = cx.proof() else { return Ok(refused(Refusal::NotIdentified)) };
            // Who was off already is off: asked again, the answer is the same.
            waitlist::leave(&cx.database, &cx.tenant, *entry, &who, &cx.by(), cx.now()).await?;
            Ok(ToolResult::WaitlistLeft)
        })
    }
}

impl BuiltIn for AcceptWaitlist {
    fn name(&self) -> &'static str {
        "accept_waitlist"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let ToolCall::AcceptWaitlist { entry } = call else {
                return Ok(ToolResult::Unavailable);
            };
            let Some(who) = cx.proof() else { return Ok(refused(Refusal::NotIdentified)) };
            let (by, now, ids) = (cx.by(), cx.now(), cx.ids.as_ref());
            let taken =
                waitlist::accept(&cx.database, &cx.tenant, *entry, &who, &by, now, ids).await?;
            Ok(booked(cx, &taken))
        })
    }
}

/// What is waited for, in instants and by the clinic's clock; `None` if it is over.
fn in_time(cx: &ToolCx, wish: &WaitlistWish) -> Option<Wish> {
    let (zone, now) = (cx.facts.clinic.zone(), cx.now());
    let frame = wish.when.frame();
    let midnight =
        |day: Date| -> Option<Timestamp> { Some(day.to_zoned(zone.clone()).ok()?.timestamp()) };
    let today = now.to_zoned(zone.clone()).date();
    let from = frame.days.from.and_then(midnight).map_or(now, |from| from.max(now));
    let last = match frame.days.to {
        Some(to) => to,
        None => today.checked_add(AHEAD.days()).ok()?,
    };
    let until = last.tomorrow().ok().and_then(midnight)?;
    let (weekdays, clock) = (frame.days.weekdays.bits(), frame.clock);
    let hours = Hours { weekdays, from: clock.from, until: clock.until };
    let (doctor, specialty) = (wish.doctor, wish.specialty.clone());
    (from < until && !clock.is_empty()).then_some(Wish { doctor, specialty, from, until, hours })
}

fn kept(cx: &ToolCx, offered: &Offered) -> Offer {
    let clinic = cx.clinic();
    let doctor = clinic.doctors.iter().find(|doctor| doctor.id == offered.doctor);
    Offer {
        id: OfferId::new(cx.ids.as_ref()),
        second: None,
        slot: offered.slot,
        doctor: offered.doctor,
        doctor_name: doctor.map(|d| d.name.clone()).unwrap_or_default(),
        specialty: doctor.and_then(|d| d.specialties.first().cloned()).unwrap_or_default(),
        starts_at: offered.starts_at,
        ends_at: offered.ends_at,
        time_zone: clinic.time_zone.clone(),
    }
}
