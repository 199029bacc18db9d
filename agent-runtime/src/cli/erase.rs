//! `frontdesk erase`: a patient is erased from a clinic, at once or when no appointment is to come.

use frontdesk::config::Config;
use frontdesk_tenants::{By, Principal, TenantTx, directory, patient};

use super::{EraseArgs, Exit, Failure, Out, jobs};

pub(super) fn erase(config: &Config, args: &EraseArgs, out: &mut Out) -> Result<Exit, Failure> {
    let patient = args.patient.parse().map_err(|_| {
        Failure::new(Exit::Usage, format!("{:?} is not the id of a patient", args.patient))
    })?;
    jobs::with_services(config, async |services| {
        let unavailable = |error| Failure::new(Exit::Unavailable, error);
        let (db, now) = (&services.database, services.clock.wall());
        let clinic = directory::clinic_by_slug(db, &args.clinic).await.map_err(unavailable)?;
        let tenant = clinic.and_then(|clinic| clinic.tenant()).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("there is no active clinic {:?}", args.clinic))
        })?;
        let by = By::principal(Principal::Job("operator"));
        let asked = async {
            let mut tx = TenantTx::begin(db, &tenant).await?;
            patient::ask_erasure(&mut tx, patient, &by, now).await?;
            tx.commit().await?;
            patient::erase_asked(db, &tenant, &by, now).await?;
            let mut tx = TenantTx::begin(db, &tenant).await?;
            patient::without_record(&mut tx, &[patient]).await
        };
        let gone = asked.await.map_err(|error| match error.refusal() {
            Some(refusal) => Failure::new(Exit::Failed, refusal),
            None => unavailable(error),
        })?;
        out.line(if gone.is_empty() {
            "noted: the patient is erased when no appointment of theirs is to come"
        } else {
            "erased"
        });
        Ok(Exit::Done)
    })
}
