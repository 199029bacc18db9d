//! The description is the one that is committed, and answers are as it says.

use crate::http::api::document;

/// `docs/openapi.json`
const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");

#[test]
fn the_committed_description_is_that_of_the_handlers() {
    if std::env::var_os("FRONTDESK_BLESS").is_some() {
        std::fs::write(COMMITTED, document::text()).expect("docs/openapi.json written");
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(
        committed == document::text(),
        "docs/openapi.json differs from the handlers; run \
         `FRONTDESK_BLESS=1 cargo test -p frontdesk --lib` and commit the result"
    );
}

#[test]
fn the_page_of_the_api_has_the_table_of_permissions() {
    crate::docs::part("api.md", "permissions", &frontdesk_tenants::permissions::markdown());
}
