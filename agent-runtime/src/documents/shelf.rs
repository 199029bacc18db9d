//! From the folder into the database: each clinic's files as its documents.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use frontdesk_retrieval::files::{self, Document, FileError, Folder, Seen, Stamp};
use frontdesk_tenants::{Database, Error, Tenant, TenantTx, directory, documents};
use frontdesk_types::IdSource;

/// A folder that is no clinic's is looked up again after so many looks: the clinic may come.
const STRANGERS: u32 = 15;

/// What is known of one clinic's files.
struct Shelved {
    tenant: Tenant,
    /// Those that were dealt with, as they were then.
    done: BTreeMap<String, Stamp>,
    /// Those that rows are from.
    sources: BTreeSet<String>,
}

/// See the module's documentation.
pub(super) struct Shelf {
    folder: Folder,
    database: Database,
    ids: Arc<dyn IdSource>,
    /// What the last look has found: a file that is still being written differs.
    last: Seen,
    clinics: BTreeMap<String, Shelved>,
    /// Folders that are no clinic's, and looks until they are looked up again.
    strangers: BTreeMap<String, u32>,
    /// Whether clinics that had files before this process were looked up.
    begun: bool,
    /// What was wrong at the last look; told once.
    trouble: Option<String>,
}

impl Shelf {
    pub(super) fn new(root: PathBuf, database: Database, ids: Arc<dyn IdSource>) -> Self {
        Self {
            folder: Folder::new(root),
            database,
            ids,
            last: Seen::new(),
            clinics: BTreeMap::new(),
            strangers: BTreeMap::new(),
            begun: false,
            trouble: None,
        }
    }

    /// Brings the database in step with the folder.
    pub(super) async fn look(&mut self) {
        let folder = self.folder.clone();
        let seen = tokio::task::spawn_blocking(move || folder.look()).await;
        let trouble = match seen {
            Ok(Ok(seen)) => {
                let done = self.keep_in_step(&seen).await;
                self.last = seen;
                done.err().map(|error| error.to_string())
            }
            // Not as if it were empty: a volume that is away comes back.
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(error) = trouble.as_ref().filter(|error| self.trouble.as_ref() != Some(*error))
        {
            tracing::warn!(
                folder = %self.folder.root().display(), error,
                "documents are not in step with their folder; trying again"
            );
        } else if trouble.is_none() && self.trouble.is_some() {
            tracing::info!("documents are in step with their folder again");
        }
        self.trouble = trouble;
    }

    async fn keep_in_step(&mut self, seen: &Seen) -> Result<(), Error> {
        if !self.begun {
            // What was removed while no process looked.
            for clinic in directory::active_clinics(&self.database).await? {
                if let Some(tenant) = clinic.tenant() {
                    self.open(clinic.slug, tenant).await?;
                }
            }
            self.begun = true;
        }
        for slug in seen.keys() {
            self.find_clinic(slug).await?;
        }
        let nothing = BTreeMap::new();
        let slugs: Vec<String> = self.clinics.keys().cloned().collect();
        for slug in slugs {
            let files = seen.get(&slug).unwrap_or(&nothing);
            self.remove_missing(&slug, files).await?;
            for (name, stamp) in files {
                let settled = self.last.get(&slug).and_then(|last| last.get(name)) == Some(stamp);
                let done = self.clinics.get(&slug).and_then(|known| known.done.get(name));
                if settled && done != Some(stamp) {
                    self.take(&slug, name, *stamp).await?;
                }
            }
        }
        Ok(())
    }

    async fn open(&mut self, slug: String, tenant: Tenant) -> Result<(), Error> {
        let mut tx = TenantTx::begin(&self.database, &tenant).await?;
        let sources = documents::sources(&mut tx).await?.into_iter().collect();
        let shelved = Shelved { tenant, done: BTreeMap::new(), sources };
        self.clinics.insert(slug, shelved);
        Ok(())
    }

    /// Looks up whose folder that is, unless that is known.
    async fn find_clinic(&mut self, slug: &str) -> Result<(), Error> {
        if self.clinics.contains_key(slug) {
            return Ok(());
        }
        if let Some(looks) = self.strangers.get_mut(slug)
            && *looks > 0
        {
            *looks -= 1;
            return Ok(());
        }
        let clinic = directory::clinic_by_slug(&self.database, slug).await?;
        if let Some(tenant) = clinic.and_then(|clinic| clinic.tenant()) {
            self.strangers.remove(slug);
            return self.open(slug.to_owned(), tenant).await;
        }
        if self.strangers.insert(slug.to_owned(), STRANGERS).is_none() {
            tracing::warn!(
                folder = slug,
                "no active clinic has this slug: its files are not used; name the folder as a clinic"
            );
        }
        Ok(())
    }

    /// What is no longer in the folder is no longer answered from.
    async fn remove_missing(
        &mut self,
        slug: &str,
        files: &BTreeMap<String, Stamp>,
    ) -> Result<(), Error> {
        let Some(shelved) = self.clinics.get_mut(slug) else { return Ok(()) };
        shelved.done.retain(|name, _| files.contains_key(name));
        let missing: Vec<String> =
            shelved.sources.iter().filter(|name| !files.contains_key(*name)).cloned().collect();
        for name in missing {
            remove(&self.database, shelved, &name).await?;
            tracing::info!(clinic = slug, file = name, "document removed");
        }
        Ok(())
    }

    /// Answers from the file as it is now, or no longer if there is nothing in it to answer from.
    async fn take(&mut self, slug: &str, name: &str, stamp: Stamp) -> Result<(), Error> {
        let Some(shelved) = self.clinics.get_mut(slug) else { return Ok(()) };
        let (folder, own_slug, own_name) = (self.folder.clone(), slug.to_owned(), name.to_owned());
        let read = move || {
            let bytes = folder.content(&own_slug, &own_name)?;
            files::read(&own_name, &bytes)
        };
        let read = tokio::task::spawn_blocking(read).await;
        let read = read.unwrap_or_else(|_| Err(FileError::Unreadable("its reader failed".into())));
        match read {
            Ok(document) => {
                let changed = put(&self.database, shelved, name, &document, &*self.ids).await?;
                if changed {
                    let passages = document.passages.len();
                    tracing::info!(
                        clinic = slug,
                        file = name,
                        passages,
                        "document is answered from"
                    );
                }
                shelved.sources.insert(name.to_owned());
            }
            Err(error) => {
                tracing::warn!(clinic = slug, file = name, %error, "document is not used");
                remove(&self.database, shelved, name).await?;
            }
        }
        shelved.done.insert(name.to_owned(), stamp);
        Ok(())
    }
}

async fn put(
    database: &Database,
    shelved: &Shelved,
    name: &str,
    document: &Document,
    ids: &dyn IdSource,
) -> Result<bool, Error> {
    let passages: Vec<(Option<&str>, &str)> = document
        .passages
        .iter()
        .map(|passage| (passage.heading.as_deref(), passage.text.as_str()))
        .collect();
    let file = documents::File {
        source: name,
        title: &document.title,
        digest: &document.digest,
        passages: &passages,
    };
    let mut tx = TenantTx::begin(database, &shelved.tenant).await?;
    let changed = documents::put(&mut tx, &file, ids).await?;
    tx.commit().await?;
    Ok(changed)
}

async fn remove(database: &Database, shelved: &mut Shelved, name: &str) -> Result<(), Error> {
    if shelved.sources.contains(name) {
        let mut tx = TenantTx::begin(database, &shelved.tenant).await?;
        documents::remove(&mut tx, name).await?;
        tx.commit().await?;
        shelved.sources.remove(name);
    }
    Ok(())
}
