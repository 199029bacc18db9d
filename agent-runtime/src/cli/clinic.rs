//! `frontdesk clinic create` and `frontdesk user invite`: a clinic is set up without SQL.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use frontdesk::config::Config;
use frontdesk_tenants::clinic::{self, ClinicDetails};
use frontdesk_tenants::directory::{self, BookingPolicy, ClinicKind};
use frontdesk_tenants::passwords::Passwords;
use frontdesk_tenants::sign_in::{give_password, random_token};
use frontdesk_tenants::staff::{Joined, NewMember, Role, add_member};
use frontdesk_tenants::{By, Error, Principal, TenantTx, zones};

use super::{Exit, Failure, Out, jobs};

/// Letters of a first password: 96 random bits.
const LETTERS: usize = 16;

/// What can be done with clinics.
#[derive(Debug, Subcommand)]
pub(super) enum ClinicCommand {
    /// Add a clinic, with nobody in it yet.
    Create(CreateArgs),
}

/// Options of `clinic create`.
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// Its name in addresses, such as nile-heart.
    slug: String,
    /// Its name, as it is spoken.
    #[arg(long)]
    name: String,
    /// ISO 3166, two capital letters.
    #[arg(long)]
    country: String,
    /// Of IANA, such as Africa/Cairo.
    #[arg(long)]
    time_zone: String,
    /// Languages that it serves, the main one first.
    #[arg(long = "language", required = true)]
    languages: Vec<String>,
    /// Telephone, E.164.
    #[arg(long)]
    phone: String,
    /// Emergency number of its country.
    #[arg(long)]
    emergency_number: String,
    /// Postal address.
    #[arg(long)]
    address: String,
    /// Opening hours by days, such as sun-thu=09:00-17:00; again for others.
    #[arg(long = "open", value_name = "DAYS=HOURS")]
    open: Vec<String>,
    /// It is a pharmacy, which may have neither doctors nor slots.
    #[arg(long)]
    pharmacy: bool,
}

/// What can be done with logins.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Make somebody a member of a clinic; a new login's first password is printed once.
    Invite(InviteArgs),
}

/// Options of `user invite`.
#[derive(Debug, Args)]
pub(super) struct InviteArgs {
    /// The clinic.
    #[arg(long, value_name = "SLUG")]
    clinic: String,
    /// Name, if the login is new.
    #[arg(long)]
    name: String,
    /// What they are there: clinic_admin, supervisor, doctor, nurse, pharmacist, lab_staff or receptionist.
    #[arg(long)]
    role: String,
    /// The address that they sign in with.
    email: String,
}

fn unavailable(error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Unavailable, error)
}

/// What the database refuses is a matter of what was typed.
fn failed(error: Error) -> Failure {
    match error {
        Error::Refused(refusal) => Failure::new(Exit::Failed, refusal),
        Error::Invalid(_) | Error::TimeZone(_) => Failure::new(Exit::Usage, error),
        error if error.constraint().is_some() => Failure::new(Exit::Failed, error),
        error => unavailable(error),
    }
}

pub(super) fn clinic(
    config: &Config,
    command: ClinicCommand,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let ClinicCommand::Create(args) = command;
    if !directory::is_slug(&args.slug) {
        let detail =
            format!("{:?} is no slug: lowercase letters, digits, inner hyphens", args.slug);
        return Err(Failure::new(Exit::Usage, detail));
    }
    let hours = hours(&args.open)?;
    jobs::with_services(config, async |services| {
        let (db, now) = (&services.database, services.clock.wall());
        zones::align(db, &args.time_zone, now).await.map_err(failed)?;
        let details = ClinicDetails {
            name: args.name,
            country: args.country,
            time_zone: args.time_zone,
            languages: args.languages,
            emergency_number: args.emergency_number,
            phone: args.phone,
            address: args.address,
            opening_hours: hours,
            policy: BookingPolicy {
                min_lead_minutes: 30,
                window_days: 90,
                cancel_notice_minutes: 1440,
                prepayment: false,
            },
        };
        let kind = if args.pharmacy { ClinicKind::Pharmacy } else { ClinicKind::Clinic };
        let by = By::principal(Principal::Job("operator"));
        let ids = services.ids.as_ref();
        let made = clinic::add(db, &args.slug, kind, &details, &by, now, ids).await;
        let id = made.map_err(failed)?.clinic();
        out.line(format_args!("clinic {} is there: {id}", args.slug));
        out.line("next: frontdesk user invite --clinic SLUG --role clinic_admin --name NAME EMAIL");
        Ok(Exit::Done)
    })
}

fn hours(open: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let read = |text: &String| {
        let (days, hours) = text.split_once('=')?;
        Some((days.to_owned(), hours.to_owned()))
    };
    let hours: Option<BTreeMap<_, _>> = open.iter().map(read).collect();
    hours.filter(frontdesk::clinics::hours_are_readable).ok_or_else(|| {
        Failure::new(Exit::Usage, "opening hours are DAYS=HOURS, such as sun-thu=09:00-17:00")
    })
}

pub(super) fn user(config: &Config, command: UserCommand, out: &mut Out) -> Result<Exit, Failure> {
    let UserCommand::Invite(args) = command;
    let role: Role = args.role.parse().map_err(|error| Failure::new(Exit::Usage, error))?;
    jobs::with_services(config, async |services| {
        let (db, now) = (&services.database, services.clock.wall());
        let clinic = directory::clinic_by_slug(db, &args.clinic).await.map_err(unavailable)?;
        let tenant = clinic.and_then(|clinic| clinic.tenant()).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("there is no active clinic {:?}", args.clinic))
        })?;
        let mut password = random_token().into_exposed();
        password.truncate(LETTERS);
        let hash = Passwords::default().hash(password.clone().into()).await.map_err(unavailable)?;
        let by = By::principal(Principal::Job("operator"));
        let member = NewMember { email: args.email.into(), name: args.name.into(), role };
        let mut tx = TenantTx::begin(db, &tenant).await.map_err(failed)?;
        let ids = services.ids.as_ref();
        let joined = add_member(&mut tx, &member, &by, now, ids).await.map_err(failed)?;
        let given = match joined {
            Joined::Member(user) => {
                give_password(&mut tx, user, &hash, &by, now).await.map_err(failed)?
            }
            Joined::Invited(_) => false,
        };
        tx.commit().await.map_err(failed)?;
        match joined {
            Joined::Member(user) => out.line(format_args!("{user} is a {role} of {}", args.clinic)),
            Joined::Invited(user) => out.line(format_args!(
                "{user} belongs to another clinic as well: they are invited, and accept by themselves"
            )),
        }
        if given {
            out.line(format_args!("first password, shown once: {password}"));
        } else {
            out.line("their password stays as it is");
        }
        Ok(Exit::Done)
    })
}
