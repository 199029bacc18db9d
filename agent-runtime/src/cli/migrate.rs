//! `frontdesk migrate` and `frontdesk seed-demo`, for somebody else's database.

use frontdesk_types::{Clock, SystemClock, SystemIds};

use frontdesk::clinics::Clinics;
use frontdesk::config::{Config, DatabaseConfig};
use frontdesk::data_keys::data_keys;
use frontdesk::servers::DatabaseAccess;

use super::{Exit, Failure, Out};

pub(super) fn migrate(config: &Config, out: &mut Out) -> Result<Exit, Failure> {
    let DatabaseConfig::External { migrate_url: Some(url), .. } = &config.database else {
        return Err(Failure::new(
            Exit::Usage,
            "nothing to migrate: set DATABASE_URL and FRONTDESK_MIGRATE_URL; the embedded \
             database is migrated by `frontdesk serve`",
        ));
    };
    super::serve::on_runtimes(async |_| {
        frontdesk_tenants::migrate(url.reveal())
            .await
            .map_err(|error| Failure::new(Exit::Unavailable, error))?;
        out.line("the database has this program's schema");
        Ok(Exit::Done)
    })
}

pub(super) fn seed_demo(config: &Config, out: &mut Out) -> Result<Exit, Failure> {
    let DatabaseConfig::External { url, .. } = &config.database else {
        return Err(Failure::new(
            Exit::Usage,
            "nothing to do: `frontdesk serve` seeds the embedded database; set DATABASE_URL to \
             seed another one",
        ));
    };
    if config.data_keys.is_none() {
        let message = "set FRONTDESK_DATA_KEYS: the demo patients' records are sealed with it";
        return Err(Failure::new(Exit::Usage, message));
    }
    let access = DatabaseAccess::External { app: url.clone(), owner: None, worker: None };
    super::serve::on_runtimes(async |_| {
        let unavailable = |error| Failure::new(Exit::Unavailable, error);
        let clinics = Clinics::open(&access).await.map_err(unavailable)?;
        let now = SystemClock::new().wall();
        let keys = data_keys(config, clinics.database()).await;
        let keys = keys.map_err(|error| Failure::new(Exit::Unavailable, error))?;
        let Some(keys) = keys else { return Err(Failure::new(Exit::Usage, "no key ring")) };
        let seeded = clinics.seed_demo(&keys, now, &SystemIds).await;
        clinics.close().await;
        out.line(format_args!("{} demo clinics are there", seeded.map_err(unavailable)?));
        Ok(Exit::Done)
    })
}
