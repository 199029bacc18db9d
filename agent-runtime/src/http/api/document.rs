//! The description of the API: OpenAPI 3.1, made of the handlers.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Info, OpenApi, Ref, Required, ResponseBuilder};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::http::Problem;

/// The document as it is committed: `docs/openapi.json`.
static TEXT: LazyLock<String> = LazyLock::new(|| {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
});

/// The document as text.
pub(super) fn text() -> &'static str {
    &TEXT
}

/// `GET /api/v1/openapi.json`
pub(super) async fn serve() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text()).into_response()
}

/// What parts of paths are.
const PARTS: [(&str, &str); 12] = [
    ("clinic", "Slug of the clinic"),
    ("appointment", "Id of the appointment"),
    ("doctor", "Id of the doctor"),
    ("slot", "Id of the booking slot"),
    ("absence", "Id of the absence"),
    ("patient", "Id of the patient"),
    ("entry", "Id of the waitlist entry"),
    ("call", "Id of the call"),
    ("callback", "Id of the callback"),
    ("user", "Id of the login"),
    ("role", "What they are there"),
    ("key", "Id of the key"),
];

fn document() -> OpenApi {
    let mut document = super::operations().into_openapi();
    document.merge(super::auth::routes::operations().into_openapi());
    let mut info = Info::new("Frontdesk", "1");
    info.description = Some(format!(
        "What a clinic's staff and its systems do. How to sign in, to page and to retry is in \
         docs/api.md. `x-permission` of an operation names the permission that it needs; who has \
         which:\n\n{}",
        frontdesk_tenants::permissions::markdown()
    ));
    document.info = info;
    for (path, item) in &mut document.paths.paths {
        let writes = [&mut item.patch, &mut item.put, &mut item.delete];
        for operation in writes.into_iter().flatten() {
            usual(path, operation);
            let text = "ETag of the version that is to be changed; `*` for any";
            operation.parameters.get_or_insert_default().push(head("If-Match", text, true).into());
        }
        if let Some(operation) = &mut item.post {
            usual(path, operation);
            if path.starts_with("/api/v1/clinics") {
                let text = "The same answer to the same request for a day";
                let parameters = operation.parameters.get_or_insert_default();
                parameters.push(head("Idempotency-Key", text, false).into());
            }
        }
        if let Some(operation) = &mut item.get {
            usual(path, operation);
        }
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = document.components.get_or_insert_default();
    components.security_schemes.insert("bearer".to_owned(), SecurityScheme::Http(bearer).into());
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    let mut parts = Vec::new();
    Problem::schemas(&mut parts);
    components.schemas.extend(parts);
    document.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    document
}

/// What all operations have: the parts of their path, and a problem where they are not done.
fn usual(path: &str, operation: &mut Operation) {
    let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    for name in named {
        let text = PARTS.iter().find(|(part, _)| *part == name).map_or("Its id", |(_, text)| text);
        let kind = match name {
            "clinic" | "role" => ObjectBuilder::new().schema_type(Type::String),
            _ => ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))),
        };
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(text))
            .schema(Some(kind));
        operation.parameters.get_or_insert_default().push(parameter.build().into());
    }
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name())));
    let response = ResponseBuilder::new()
        .description("Why it was not done; nothing was changed")
        .content("application/problem+json", problem.build());
    operation.responses.responses.insert("default".to_owned(), response.build().into());
}

fn head(name: &str, text: &str, required: bool) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(if required { Required::True } else { Required::False })
        .description(Some(text))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}
