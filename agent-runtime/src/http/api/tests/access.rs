//! Every operation of the document, asked by whoever may not: nothing is told and nothing is changed.

use frontdesk_tenants::permissions::{Permission, scope};
use frontdesk_tenants::staff::Role;
use serde_json::{Value, json};

use super::rig::{HARBOR, NILE, Person, Rig};
use crate::http::api::document;

/// What may be asked without a token. It may only get shorter.
const PUBLIC: [&str; 3] = ["login", "refresh", "logout"];

/// An operation of the document.
pub(super) struct Operation {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) id: String,
    pub(super) permission: Option<Permission>,
    pub(super) described: Value,
}

/// All of them.
pub(super) fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(document::text()).expect("JSON");
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, described) in item.as_object().expect("operations") {
            let permission = described["x-permission"].as_str();
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                id: described["operationId"].as_str().expect("an id").to_owned(),
                permission: permission.map(|name| name.parse().expect("a permission")),
                described: described.clone(),
            });
        }
    }
    all
}

impl Operation {
    /// Its path at that clinic, with ids that name nothing.
    pub(super) fn at(&self, clinic: &str) -> String {
        let parts = self.path.split('/').map(|part| match part {
            "{clinic}" => clinic,
            part if part.starts_with('{') => "00000000-0000-7000-8000-000000000000",
            part => part,
        });
        parts.collect::<Vec<_>>().join("/")
    }

    async fn asked_by(&self, who: &Person<'_>, clinic: &str) -> (u16, Value) {
        let body = if self.method == "GET" { Value::Null } else { json!({}) };
        let headers = [("if-match", "*"), ("idempotency-key", "walk")];
        let answer = who.ask(&self.method, &self.at(clinic), body, &headers).await;
        (answer.status, answer.body)
    }
}

/// What a request that is refused must leave as it is.
async fn state(rig: &Rig) -> Vec<String> {
    rig.database
        .texts(
            "SELECT table_name || ' ' || (xpath('/row/c/text()', query_to_xml(
                 'SELECT count(*) AS c FROM ' || table_name, false, true, '')))[1]::text
               FROM information_schema.tables
              WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
              ORDER BY table_name",
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_gets_nothing_of_any_operation_and_changes_nothing() {
    let rig = Rig::start().await;
    let stranger = rig.member(HARBOR, Role::ClinicAdmin).await;
    let mut members = Vec::new();
    for role in Role::ALL {
        members.push((*role, rig.member(NILE, *role).await));
    }
    let before = state(&rig).await;
    let mut public = Vec::new();
    for operation in operations() {
        let path = operation.at(NILE);
        let none = rig.ask(&operation.method, &path, Value::Null, &[]).await;
        let forged = [("authorization", "Bearer a.b.c")];
        let forged = rig.ask(&operation.method, &path, Value::Null, &forged).await;
        if operation.described.get("security").is_some() {
            public.push(operation.id.clone());
            continue;
        }
        none.is_problem(401, "unauthorized");
        forged.is_problem(401, "unauthorized");
        // What is one's own needs no permission.
        let Some(permission) = operation.permission else { continue };
        if operation.path.contains("{clinic}") {
            let (status, body) = operation.asked_by(&stranger, NILE).await;
            assert_eq!(status, 403, "{} of another clinic: {body}", operation.id);
        }
        for (role, member) in &members {
            if scope(false, &[*role], permission).is_none() {
                let (status, body) = operation.asked_by(member, NILE).await;
                assert_eq!(status, 403, "{} by {role}: {body}", operation.id);
            }
        }
    }
    public.sort();
    let mut expected = PUBLIC.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(public, expected, "the list of what anybody may ask only gets shorter");
    assert_eq!(state(&rig).await, before, "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_is_let_in_to_every_operation() {
    let rig = Rig::start().await;
    let mut members = vec![(None, rig.super_admin().await)];
    for role in Role::ALL {
        members.push((Some(*role), rig.member(NILE, *role).await));
    }
    for operation in operations() {
        let Some(permission) = operation.permission else { continue };
        let mut let_in = 0;
        for (role, member) in &members {
            let roles: Vec<Role> = role.iter().copied().collect();
            if scope(role.is_none(), &roles, permission).is_none() {
                continue;
            }
            let (status, body) = operation.asked_by(member, NILE).await;
            let own = *role == Some(Role::Doctor) && body["code"] == "no_doctor";
            assert!(
                own || !matches!(status, 401 | 403 | 405 | 500..),
                "{} {status} {body}",
                operation.id
            );
            let_in += 1;
        }
        assert!(let_in > 0, "{} is for somebody", operation.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_is_told_with_each_answer_and_whoever_asks_too_often_waits() {
    let rig = Rig::start().await;
    let desk = rig.member(NILE, Role::Receptionist).await;
    let path = "/api/v1/clinics/nile-heart/doctors";
    let first = desk.ask("GET", path, Value::Null, &[("x-request-id", "find-me")]).await.is(200);
    assert_eq!(first.request_id, "find-me");
    assert!(first.left.contains("\"login\";r=599"), "{}", first.left);
    let mut last = first;
    for _ in 0..600 {
        last = desk.get(path).await;
        if last.status != 200 {
            break;
        }
    }
    last.is_problem(429, "too_many_requests");
    assert_ne!(last.request_id, "find-me", "an id of its own");
    rig.member(NILE, Role::Nurse).await.get(path).await.is(200);
    rig.clock.advance(std::time::Duration::from_secs(1));
    desk.get(path).await.is(200);
}
