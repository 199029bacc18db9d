//! The description as a page that needs neither a network nor scripts: `GET /api/v1/docs`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::header;
use axum::response::{Html, IntoResponse as _, Response};
use serde_json::Value;

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let document = serde_json::from_str(super::document::text()).unwrap_or_default();
    page(&document)
});

pub(super) async fn serve() -> Response {
    ([(header::CONTENT_SECURITY_POLICY, "default-src 'none'")], Html(PAGE.as_str())).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// A schema in a few words, with links to those that have a name.
fn said(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        let name = escaped(name.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    for ways in ["oneOf", "anyOf", "allOf"] {
        if let Some(ways) = schema[ways].as_array() {
            return ways.iter().map(said).collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(names) = schema["enum"].as_array() {
        let names = names.iter().filter_map(Value::as_str).map(escaped);
        return names.map(|name| format!("<code>{name}</code>")).collect::<Vec<_>>().join(" ");
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect::<Vec<_>>(),
    };
    let one = |kind: &str| match kind {
        "array" => format!("list of {}", said(&schema["items"])),
        "string" => match schema["format"].as_str() {
            Some(format) => escaped(format),
            None => "text".to_owned(),
        },
        other => other.to_owned(),
    };
    kinds.into_iter().map(one).collect::<Vec<_>>().join(" or ")
}

fn row(page: &mut String, name: &str, needed: bool, schema: &Value, about: &str) {
    let (name, about) = (escaped(name), escaped(about));
    let needed = if needed { "" } else { "optional" };
    let kind = said(schema);
    // Writing to a text does not fail.
    let _ = writeln!(
        page,
        "<tr><td><code>{name}</code></td><td>{needed}</td><td>{kind}</td><td>{about}</td></tr>"
    );
}

fn operation(page: &mut String, method: &str, path: &str, described: &Value) {
    let id = escaped(described["operationId"].as_str().unwrap_or_default());
    let about = escaped(described["summary"].as_str().unwrap_or_default());
    let path = escaped(path);
    let _ = writeln!(page, "<h3 id=\"{id}\"><code>{method} {path}</code></h3>\n<p>{about}</p>");
    if let Some(permission) = described["x-permission"].as_str() {
        let _ = writeln!(page, "<p>Needs <code>{}</code>.</p>", escaped(permission));
    }
    let parameters = described["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        page.push_str("<table>\n");
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap_or_default();
            let about = parameter["description"].as_str().unwrap_or_default();
            row(page, name, parameter["required"] == true, &parameter["schema"], about);
        }
        page.push_str("</table>\n");
    }
    let body = &described["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        let _ = writeln!(page, "<p>Body: {}</p>", said(body));
    }
    for (status, response) in described["responses"].as_object().into_iter().flatten() {
        let content = response["content"].as_object().and_then(|content| content.values().next());
        let schema = content.map(|content| said(&content["schema"])).unwrap_or_default();
        let about = escaped(response["description"].as_str().unwrap_or_default());
        let _ = writeln!(page, "<p>{}: {schema} {about}</p>", escaped(status));
    }
}

fn page(document: &Value) -> String {
    let mut tags: BTreeMap<&str, Vec<(String, &str, &Value)>> = BTreeMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, described) in item.as_object().into_iter().flatten() {
            let tag = described["tags"][0].as_str().unwrap_or_default();
            tags.entry(tag).or_default().push((method.to_uppercase(), path, described));
        }
    }
    let about = escaped(document["info"]["description"].as_str().unwrap_or_default());
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>The API of Frontdesk</title>\n</head>\n<body>\n<h1>The API of Frontdesk</h1>\n\
         <p>{about} <a href=\"openapi.json\">openapi.json</a></p>\n"
    );
    for (tag, operations) in tags {
        let _ = writeln!(page, "<h2>{}</h2>", escaped(tag));
        for (method, path, described) in operations {
            operation(&mut page, &method, path, described);
        }
    }
    page.push_str("<h2>Schemas</h2>\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let about = escaped(schema["description"].as_str().unwrap_or_default());
        let name = escaped(name);
        let _ = writeln!(page, "<h3 id=\"{name}\">{name}</h3>\n<p>{about}</p>\n<table>");
        let needed = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (field, said) in schema["properties"].as_object().into_iter().flatten() {
            let about = said["description"].as_str().unwrap_or_default();
            row(&mut page, field, needed.iter().any(|name| name == field), said, about);
        }
        page.push_str("</table>\n");
    }
    page.push_str("</body>\n</html>\n");
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_operation_and_every_link_leads_somewhere() {
        let document: Value =
            serde_json::from_str(super::super::document::text()).expect("a document");
        for (path, item) in document["paths"].as_object().expect("paths") {
            for described in item.as_object().expect("operations").values() {
                let id = described["operationId"].as_str().expect("an id");
                assert!(PAGE.contains(&format!("<h3 id=\"{id}\">")), "{path}");
            }
        }
        for link in PAGE.split("href=\"#").skip(1) {
            let name = link.split('"').next().expect("a name");
            assert!(PAGE.contains(&format!("id=\"{name}\"")), "{name}");
        }
        assert!(!PAGE.contains("<script"));
    }
}
