//! Notifications: queued when an event says so, sent outside of what it tells of. A sender that fails
//! delays them and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use frontdesk_pipelines::language::{MailTemplates, mail_templates};
use frontdesk_tenants::directory::{self, Clinic};
use frontdesk_tenants::due::Look;
use frontdesk_tenants::notifications::{self, Due, Kind, New, Recipient};
use frontdesk_tenants::outbox::Event;
use frontdesk_tenants::staff::Role;
use frontdesk_tenants::{Database, Error, Tenant, TenantTx};
use frontdesk_types::{IdSource, PatientId, Phi};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use minijinja::Environment;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::relay::{Consumer, Taken};
use super::{JobError, Needs, Run};

/// Notifications of a clinic that are sent at the same time.
const AT_ONCE: usize = 8;
/// How long a message that was taken is news.
const NEWS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Notifications of a clinic in one run; the next run has the next ones.
const BATCH: i64 = 200;

/// A letter that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Id of its notification: the same when it is sent again.
    pub id: Uuid,
    /// The clinic, as sender.
    pub from_name: String,
    /// Whom it goes to.
    pub to: Phi<String>,
    /// Subject.
    pub subject: Phi<String>,
    /// Plain text.
    pub text: Phi<String>,
}

/// Why a letter was not sent. Without address and text: it is kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may work later.
    #[error("{0}")]
    Later(String),
    /// It never will.
    #[error("{0}")]
    Never(String),
}

/// A future of a sender.
pub type Sent<'a> = std::pin::Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>>;

/// What carries letters out of the process.
pub trait Sender: Send + Sync {
    /// Whether what it is given reaches people: then nothing of a demo clinic may.
    fn is_real(&self) -> bool;
    /// Sends one.
    fn send<'a>(&'a self, letter: &'a Letter) -> Sent<'a>;
}

/// Queues what events ask for.
pub struct Notifier {
    /// The clinics' database.
    pub database: Database,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

impl Consumer for Notifier {
    fn name(&self) -> &'static str {
        "notifications"
    }

    fn wants(&self, event: &Event) -> bool {
        matches!(event.event.as_str(), "call.message_taken" | "waitlist.offered")
    }

    fn take<'a>(&'a self, event: &'a Event, now: Timestamp) -> Taken<'a> {
        Box::pin(self.queue(event, now))
    }
}

impl Notifier {
    async fn queue(&self, event: &Event, now: Timestamp) -> Result<(), Error> {
        let id = |name: &str| event.payload.get(name)?.as_str()?.parse::<Uuid>().ok();
        let missing = |what| Error::Answer(format!("an event {} without {what}", event.event));
        let mut tx = TenantTx::begin(&self.database, &event.tenant()).await?;
        let new = |kind, subject, facts, void_at| New {
            kind,
            subject,
            facts,
            void_at,
            simulated: event.simulated,
        };
        if event.event == "call.message_taken" {
            let callback = id("callback").ok_or_else(|| missing("callback"))?;
            let facts = json!({ "at": event.occurred_at });
            // Somebody has seen it long since, where no letters were sent for a while.
            let void_at = event.occurred_at.saturating_add(NEWS).ok();
            let new = new(Kind::MessageTaken, callback, facts, void_at);
            let roles = [Role::Receptionist, Role::ClinicAdmin, Role::Supervisor];
            notifications::tell_staff(&mut tx, &new, &roles, now, self.ids.as_ref()).await?;
        } else {
            let patient = id("patient").ok_or_else(|| missing("patient"))?;
            let until = event.payload.get("until").and_then(Value::as_str);
            let until = until.and_then(|text| text.parse::<Timestamp>().ok());
            let until = until.ok_or_else(|| missing("deadline"))?;
            // An offer is its event: the same entry may be offered another slot later.
            let facts = json!({ "until": until });
            let new = new(Kind::WaitlistOffer, event.id.uuid(), facts, Some(until));
            let to = Recipient::Patient(PatientId::from_uuid(patient));
            notifications::tell(&mut tx, &new, to, now, self.ids.as_ref()).await?;
        }
        tx.commit().await
    }
}

/// Sends what is due, clinic by clinic.
pub(super) async fn send(run: Run) -> Result<u64, JobError> {
    let sender = run.services().sender.clone().ok_or(JobError::Missing(Needs::Sender))?;
    let mut tally = run.tally();
    for tenant in run.clinics_with(Look::Notifications).await? {
        tally.add(&tenant, send_for(&run, &tenant, sender.as_ref()).await);
    }
    tally.end()
}

async fn send_for(run: &Run, tenant: &Tenant, sender: &dyn Sender) -> Result<u64, Error> {
    let db = run.database();
    let due = notifications::due(db, tenant, BATCH, run.now()).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let clinic = directory::clinic_by_id(db, tenant.clinic()).await?;
    let clinic = clinic.ok_or_else(|| Error::Answer("a clinic vanished".to_owned()))?;
    let (mut sent, mut failed) = (0, None);
    for some in due.chunks(AT_ONCE) {
        let each = some.iter().map(|due| async {
            let went = match letter(due, &clinic, sender.is_real()) {
                Ok(letter) => sender.send(&letter).await,
                Err(reason) => Err(SendError::Never(reason)),
            };
            match went {
                Ok(()) => notifications::sent(db, tenant, due.id, run.now()).await.map(|()| 1),
                Err(error) => {
                    let (notification, kind) = (due.id, due.kind.as_str());
                    tracing::warn!(%notification, kind, %error, "notification not sent");
                    let hopeless = matches!(error, SendError::Never(_));
                    let (text, now) = (error.to_string(), run.now());
                    notifications::not_sent(db, tenant, due.id, &text, hopeless, now).await?;
                    Ok(0)
                }
            }
        });
        for went in join_all(each).await {
            match went {
                Ok(count) => sent += count,
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
    }
    failed.map_or(Ok(sent), Err)
}

#[derive(Deserialize)]
struct Template {
    subject: String,
    text: String,
}

/// The letter, in the recipient's language if the clinic has it, else in the clinic's first.
fn letter(due: &Due, clinic: &Clinic, real: bool) -> Result<Letter, String> {
    if real && clinic.demo {
        return Err("a demo clinic writes to nobody".to_owned());
    }
    let to = due.email.clone().ok_or("there is no e-mail address")?;
    let theirs = due.language.iter().filter(|tag| {
        let code = |tag: &str| tag.split('-').next().unwrap_or_default().to_owned();
        clinic.languages.iter().any(|language| code(language) == code(tag))
    });
    let templates = mail_templates(theirs.chain(&clinic.languages).map(String::as_str));
    let (subject, text) = fill(templates, due, clinic)?;
    Ok(Letter {
        id: due.id,
        from_name: clinic.name.clone(),
        to,
        // One line, whatever a name holds.
        subject: Phi::new(subject.split_whitespace().collect::<Vec<_>>().join(" ")),
        text: Phi::new(text),
    })
}

fn fill(templates: MailTemplates, due: &Due, clinic: &Clinic) -> Result<(String, String), String> {
    let wrong = |error: &dyn std::fmt::Display| {
        // Where in the template, and not with what.
        format!(
            "the template {} of {} cannot be filled: {error}",
            due.kind.as_str(),
            templates.code
        )
    };
    let kinds: BTreeMap<String, Template> =
        toml::from_str(templates.toml).map_err(|error| wrong(&error))?;
    let template = kinds.get(due.kind.as_str()).ok_or_else(|| wrong(&"it is not there"))?;
    let zone = clinic.zone().map_err(|error| wrong(&error))?;
    let local = |name: &str| {
        let at = due.facts.get(name)?.as_str()?.parse::<Timestamp>().ok()?;
        Some(at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string())
    };
    let mut values = BTreeMap::from([
        ("clinic", clinic.name.clone()),
        ("phone", clinic.phone.clone()),
        ("name", due.name.as_ref().map_or_else(String::new, |name| name.expose().clone())),
    ]);
    // What is not known is not there: a template that asks for it is not filled.
    values.extend(["until", "at"].iter().filter_map(|name| Some((*name, local(name)?))));
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    let render = |template: &str| {
        environment.render_str(template, &values).map_err(|error| wrong(&error.kind()))
    };
    Ok((render(&template.subject)?, render(&template.text)?))
}

#[cfg(test)]
mod tests {
    use frontdesk_pipelines::language::MAIL;

    use super::*;

    #[test]
    fn every_language_has_every_kind_of_letter_and_each_can_be_filled() {
        let clinic = Clinic {
            id: frontdesk_types::ClinicId::new(&frontdesk_types::SeededIds::new(1)),
            slug: "nile".to_owned(),
            kind: directory::ClinicKind::Clinic,
            active: true,
            demo: false,
            name: "Nile\nHeart".to_owned(),
            country: "EG".to_owned(),
            time_zone: "Africa/Cairo".to_owned(),
            languages: vec!["ar-EG".to_owned(), "en".to_owned()],
            emergency_number: "123".to_owned(),
            phone: "+20222222222".to_owned(),
            address: String::new(),
            opening_hours: BTreeMap::new(),
            policy: directory::BookingPolicy {
                min_lead_minutes: 0,
                window_days: 1,
                cancel_notice_minutes: 0,
                prepayment: false,
            },
            facts_version: 1,
            call_settings: Value::Null,
        };
        let mut due = Due {
            id: Uuid::nil(),
            kind: Kind::Password,
            facts: json!({ "until": "2026-11-22T06:00:00Z", "at": "2026-11-22T06:00:00Z" }),
            name: Some(Phi::new("Mona".to_owned())),
            email: Some(Phi::new("mona@example.org".to_owned())),
            language: None,
        };
        let all = [Kind::Invitation, Kind::Password, Kind::WaitlistOffer, Kind::MessageTaken];
        for templates in MAIL {
            for kind in all {
                due.kind = kind;
                let (subject, text) = fill(templates, &due, &clinic).expect("filled");
                assert!(subject.contains("Nile") && text.contains("Mona"), "{subject} {text}");
            }
        }
        due.kind = Kind::WaitlistOffer;
        let arabic = letter(&due, &clinic, true).expect("a letter");
        assert!(arabic.text.expose().contains("2026-11-22 08:00"), "in the clinic's zone");
        assert!(!arabic.subject.expose().contains('\n'));
        due.language = Some("en-GB".to_owned());
        let english = letter(&due, &clinic, true).expect("a letter");
        assert!(english.text.expose().contains("is kept for you until 2026-11-22 08:00"));
        due.facts = json!({});
        assert!(letter(&due, &clinic, true).is_err(), "half a letter is none");
        due.email = None;
        assert!(letter(&due, &clinic, true).is_err());
    }
}
