//! Whether a value is as a schema of the document says: the part of JSON Schema that the document uses.

use serde_json::Value;

/// What is wrong with a value, by its place in it.
pub(super) fn wrong(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    look(document, schema, value, "", &mut found);
    found
}

fn look(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.strip_prefix('#').expect("a local reference");
        let schema = document.pointer(pointer).unwrap_or_else(|| panic!("{name} is nowhere"));
        return look(document, schema, value, at, found);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return look(document, &whole(document, parts), value, at, found);
    }
    for any in ["oneOf", "anyOf"] {
        let Some(ways) = schema[any].as_array() else { continue };
        let fits = ways.iter().filter(|way| wrong(document, way, value).is_empty()).count();
        if fits == 0 || (any == "oneOf" && fits > 1) {
            found.push(format!("{at}: {fits} of {any} fit {value}"));
        }
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !kinds.is_empty() && !kinds.contains(&kind) {
        found.push(format!("{at}: {kind} where {kinds:?} is said"));
    }
    if let Some(names) = schema["enum"].as_array()
        && !names.contains(value)
    {
        found.push(format!("{at}: {value} is none of {names:?}"));
    }
    if let (Some(format), Some(text)) = (schema["format"].as_str(), value.as_str()) {
        let right = match format {
            "uuid" => text.parse::<uuid::Uuid>().is_ok(),
            "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
            "date" => text.parse::<jiff::civil::Date>().is_ok(),
            _ => true,
        };
        if !right {
            found.push(format!("{at}: {text:?} is no {format}"));
        }
    }
    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
        look(document, &schema["items"], item, &format!("{at}/{n}"), found);
    }
    let Some(fields) = value.as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            found.push(format!("{at}/{name} is missing"));
        }
    }
    let Some(known) = schema["properties"].as_object() else {
        for (name, field) in fields {
            look(document, &schema["additionalProperties"], field, &format!("{at}/{name}"), found);
        }
        return;
    };
    for (name, field) in fields {
        match known.get(name) {
            Some(schema) => look(document, schema, field, &format!("{at}/{name}"), found),
            None => found.push(format!("{at}/{name} is not said")),
        }
    }
}

/// One schema of the parts that a value is to fit all of.
fn whole(document: &Value, parts: &[Value]) -> Value {
    let (mut properties, mut required) = (serde_json::Map::new(), Vec::new());
    for part in parts {
        let part = match part["$ref"].as_str() {
            Some(name) => document.pointer(name.trim_start_matches('#')).expect("a reference"),
            None => part,
        };
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    serde_json::json!({"type": "object", "properties": properties, "required": required})
}
