//! `/api/v1/clinics/…`: what a clinic's staff and its systems do, over one documented interface.
//!
//! Handlers are thin: they read a request ([`input`]), ask who may do it ([`access`]), call a service of
//! `tenants` or the slot actors, and write the answer ([`answer`]). Each is described where it stands
//! (`utoipa`), and its route comes from there, so that document and routes are one; `docs/openapi.json`
//! is the document, and tests walk it.

/// Declares the schema of an enum that is known by name.
macro_rules! names {
    ($name:ident, $type:ty) => {
        fn $name() -> ::utoipa::openapi::Object {
            let names = <$type>::ALL.iter().map(|value| value.as_str());
            ::utoipa::openapi::ObjectBuilder::new()
                .schema_type(::utoipa::openapi::Type::String)
                .enum_values(Some(names))
                .build()
        }
    };
}

mod access;
mod answer;
mod appointments;
mod around;
mod availability;
mod browse;
mod callbacks;
mod calls;
mod clinics;
mod cursor;
mod doctors;
mod document;
mod fault;
mod input;
mod pages;
mod patients;
mod schedule;
mod slots;
mod staff;
mod values;
mod waitlist;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use frontdesk_actors::booking::SlotRegistry;
use frontdesk_tenants::Principal;
use frontdesk_tenants::crypt::KeyRing;
use frontdesk_types::ClinicId;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::cursor::Cursors;
use super::auth::{self, Auth};
use super::limits::Limiter;

/// Requests of one address within a minute; as many at once.
const PER_ADDRESS: u32 = 1200;
/// Requests of one login within a minute.
const PER_PRINCIPAL: u32 = 600;
/// Requests of all logins of one clinic within a minute.
const PER_CLINIC: u32 = 6000;

/// Who may hold an idempotency key on a connection of its own at once.
const KEYED: usize = 2;

/// What the API needs beside who is signed in.
pub(crate) struct Options {
    /// The actors through which every reservation goes.
    pub slots: SlotRegistry,
    /// What seals the texts of patients and calls; without it they cannot be read.
    pub records: Option<Arc<KeyRing>>,
}

/// What its handlers share.
pub(super) struct Api {
    auth: Arc<Auth>,
    options: Options,
    cursors: Cursors,
    per_address: Limiter<u128>,
    per_principal: Limiter<Principal>,
    per_clinic: Limiter<ClinicId>,
    /// Places of those who hold an idempotency key on a connection of its own.
    keyed: Semaphore,
}

impl Api {
    fn new(auth: Arc<Auth>, options: Options) -> Self {
        let minute = Duration::from_secs(60);
        let keys = auth.options.keys.as_ref().map(|keys| keys.derived("frontdesk: cursors"));
        Self {
            auth,
            options,
            cursors: Cursors::new(keys.unwrap_or_default()),
            per_address: Limiter::new(PER_ADDRESS, minute),
            per_principal: Limiter::new(PER_PRINCIPAL, minute),
            per_clinic: Limiter::new(PER_CLINIC, minute),
            keyed: Semaphore::new(KEYED),
        }
    }

    /// Database, time and ids.
    fn shared(&self) -> &auth::Options {
        &self.auth.options
    }
}

/// Every operation of the API with its description.
fn operations() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(appointments::list, appointments::book))
        .routes(routes!(appointments::assign))
        .routes(routes!(appointments::one, appointments::change, appointments::delete))
        .routes(routes!(appointments::cancel))
        .routes(routes!(appointments::confirm))
        .routes(routes!(appointments::check_in))
        .routes(routes!(appointments::complete))
        .routes(routes!(appointments::no_show))
        .routes(routes!(availability::list))
        .routes(routes!(callbacks::list, callbacks::add))
        .routes(routes!(callbacks::one, callbacks::change))
        .routes(routes!(calls::list))
        .routes(routes!(calls::one))
        .routes(routes!(calls::transcript))
        .routes(routes!(clinics::list, clinics::add))
        .routes(routes!(clinics::one, clinics::change, clinics::delete))
        .routes(routes!(doctors::list, doctors::add))
        .routes(routes!(doctors::one, doctors::change, doctors::delete))
        .routes(routes!(patients::list, patients::register))
        .routes(routes!(patients::search))
        .routes(routes!(patients::one, patients::change, patients::erase))
        .routes(routes!(patients::record, patients::change_record))
        .routes(routes!(schedule::absences, schedule::add_absence))
        .routes(routes!(schedule::preview_absence))
        .routes(routes!(schedule::revoke_absence))
        .routes(routes!(schedule::templates, schedule::replace_templates))
        .routes(routes!(schedule::preview_templates))
        .routes(routes!(schedule::time_slots, schedule::add_time_slot))
        .routes(routes!(slots::list, slots::generate))
        .routes(routes!(slots::one, slots::change, slots::delete))
        .routes(routes!(slots::preview))
        .routes(routes!(slots::hold))
        .routes(routes!(staff::list, staff::invite))
        .routes(routes!(staff::end))
        .routes(routes!(staff::keys, staff::make_key))
        .routes(routes!(staff::revoke_key))
        .routes(routes!(waitlist::list, waitlist::join))
        .routes(routes!(waitlist::one, waitlist::leave))
        .routes(routes!(waitlist::accept))
}

/// The routes, those of signing in among them.
pub(super) fn router(auth: Arc<Auth>, options: Options) -> Router {
    let api = Arc::new(Api::new(Arc::clone(&auth), options));
    let (operations, _) = operations().with_state(Arc::clone(&api)).split_for_parts();
    let operations = operations.layer(from_fn_with_state(api, around::around));
    let (sign_in, _) = auth::routes::operations().with_state(auth).split_for_parts();
    let sign_in = sign_in.layer(DefaultBodyLimit::max(super::request::MAX_BODY));
    let documents = Router::new()
        .route("/api/v1/openapi.json", get(document::serve))
        .route("/api/v1/docs", get(browse::serve));
    operations.layer(DefaultBodyLimit::max(input::MAX_BODY)).merge(sign_in).merge(documents)
}

#[cfg(test)]
mod tests;
