//! The demo clinic's supervisor: a login to try the console with, whose password is drawn at the
//! first start and kept in the data folder.

use std::path::Path;

use frontdesk_tenants::passwords::Passwords;
use frontdesk_tenants::staff::{NewMember, Role, add_member};
use frontdesk_tenants::{By, Principal, TenantTx, directory, sign_in};
use frontdesk_types::{IdSource, Phi};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clinics::Clinics;
use crate::data_keys::write_private;

/// Where the login is kept.
const FILE: &str = "demo-supervisor.json";
/// Where it is until the database has it.
const DRAFT: &str = "demo-supervisor.json.new";

/// The clinic whose supervisor it is.
pub(crate) const CLINIC: &str = "nile-heart";
const EMAIL: &str = "supervisor@example.com";
const NAME: &str = "Demo Supervisor";
/// Letters of the password: 96 random bits.
const LETTERS: usize = 16;

/// Why there is no demo supervisor; one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct DemoError(String);

impl DemoError {
    fn new(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// What to sign in with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DemoSupervisor {
    /// Address.
    pub email: String,
    /// Password.
    pub password: Phi<String>,
}

/// The demo clinic's supervisor. Without one calls are taken all the same, and the log says why there
/// is none.
pub(crate) async fn demo_supervisor(
    data_dir: &Path,
    clinics: &Clinics,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Option<DemoSupervisor> {
    let made = kept(data_dir, clinics, now, ids).await;
    made.inspect_err(|error| tracing::warn!(%error, "no demo supervisor")).ok()
}

/// The login of the data folder; made, with its password in the database, if it is not there.
async fn kept(
    data_dir: &Path,
    clinics: &Clinics,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<DemoSupervisor, DemoError> {
    let (file, draft) = (data_dir.join(FILE), data_dir.join(DRAFT));
    if let Some(known) = read(&file)? {
        return Ok(known);
    }
    let supervisor = match read(&draft)? {
        Some(begun) => begun,
        None => {
            let mut password = sign_in::random_token().into_exposed();
            password.truncate(LETTERS);
            let supervisor =
                DemoSupervisor { email: EMAIL.to_owned(), password: Phi::new(password) };
            let text = serde_json::to_vec(&supervisor).map_err(DemoError::new)?;
            write_private(&draft, &text).map_err(DemoError::new)?;
            supervisor
        }
    };
    enter(&supervisor, clinics, now, ids).await?;
    std::fs::rename(&draft, &file).map_err(DemoError::new)?;
    Ok(supervisor)
}

fn read(path: &Path) -> Result<Option<DemoSupervisor>, DemoError> {
    match std::fs::read(path) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| DemoError(format!("{}: {error}", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DemoError(format!("{}: {error}", path.display()))),
    }
}

async fn enter(
    supervisor: &DemoSupervisor,
    clinics: &Clinics,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<(), DemoError> {
    let database = clinics.database();
    let clinic = directory::clinic_by_slug(database, CLINIC).await.map_err(DemoError::new)?;
    let tenant = clinic.and_then(|clinic| clinic.tenant());
    let tenant = tenant.ok_or_else(|| DemoError(format!("there is no clinic {CLINIC}")))?;
    let hash = Passwords::default().hash(supervisor.password.clone()).await;
    let hash = hash.map_err(DemoError::new)?;
    let member = NewMember {
        email: supervisor.email.clone().into(),
        name: NAME.to_owned().into(),
        role: Role::Supervisor,
    };
    let by = By::principal(Principal::Job("demo"));
    let mut tx = TenantTx::begin(database, &tenant).await.map_err(DemoError::new)?;
    let joined = add_member(&mut tx, &member, &by, now, ids).await.map_err(DemoError::new)?;
    // False if it has one: then the folder's file is gone, and the password with it.
    let given = sign_in::give_password(&mut tx, joined.user(), &hash, &by, now).await;
    if !given.map_err(DemoError::new)? {
        let why = format!("{EMAIL} has a password that is not in {FILE} any more");
        return Err(DemoError(why));
    }
    tx.commit().await.map_err(DemoError::new)
}
