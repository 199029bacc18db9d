//! What a function becomes a tool with.

use frontdesk_actors::ToolFailure;
use frontdesk_pipelines::dialogue::toolbox::ReadBack;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// A type that a tool may take as an argument.
#[diagnostic::on_unimplemented(
    message = "a tool cannot take `{Self}` as an argument",
    label = "not a type of a tool's argument",
    note = "there are `String`, `bool`, numbers, and `Vec` and `Option` of them"
)]
pub trait Argument: DeserializeOwned {
    /// Its JSON schema.
    fn schema() -> Value;

    /// Whether it may be left out.
    const OPTIONAL: bool = false;
}

macro_rules! arguments {
    ($($kind:literal: $($of:ty)*;)*) => {
        $($(impl Argument for $of {
            fn schema() -> Value {
                json!({ "type": $kind })
            }
        })*)*
    };
}

arguments! {
    "string": String;
    "boolean": bool;
    "integer": i8 i16 i32 i64 u8 u16 u32 u64;
    "number": f32 f64;
}

impl<T: Argument> Argument for Vec<T> {
    fn schema() -> Value {
        json!({ "type": "array", "items": T::schema() })
    }
}

impl<T: Argument> Argument for Option<T> {
    const OPTIONAL: bool = true;

    fn schema() -> Value {
        T::schema()
    }
}

/// The schema of a tool's arguments: name, schema, whether it may be left out.
#[must_use]
pub fn schema(arguments: &[(&str, Value, bool)]) -> Value {
    let required: Vec<&str> =
        arguments.iter().filter(|(_, _, optional)| !optional).map(|(name, ..)| *name).collect();
    let properties: Map<String, Value> =
        arguments.iter().map(|(name, schema, _)| ((*name).to_owned(), schema.clone())).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// The arguments as the function takes them.
///
/// # Errors
/// If they do not fit, which the schema has checked before.
pub fn arguments<T: DeserializeOwned>(args: Value) -> Result<T, ToolFailure> {
    serde_json::from_value(args).map_err(|_| ToolFailure::Refused("bad_arguments".to_owned()))
}

/// What the function returned, for whoever called the tool.
///
/// # Errors
/// What the function failed with, or that its answer cannot be written as JSON.
pub fn answer<T: Serialize>(answer: Result<T, ToolFailure>) -> Result<Value, ToolFailure> {
    serde_json::to_value(answer?).map_err(|error| ToolFailure::Unavailable(error.to_string()))
}

/// The read-back of a write: `confirm` with the arguments in the places of `{argument}`. `None`
/// refuses the write: an argument that is read back is missing.
#[must_use]
pub fn read_back(confirm: &str, args: &Value) -> Option<ReadBack> {
    let (mut text, mut facts, mut rest) = (String::new(), Vec::new(), confirm);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        let value = match args.get(name)? {
            Value::String(text) => text.clone(),
            Value::Null => return None,
            other => other.to_string(),
        };
        text.push_str(before);
        text.push_str(&value);
        facts.push(value);
        rest = after;
    }
    text.push_str(rest);
    let question = confirm.rfind(['.', '!']).map_or(confirm, |at| &confirm[at + 1..]);
    let question = if question.contains('{') { text.clone() } else { question.trim().to_owned() };
    Some(ReadBack { text, facts, question })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_back_names_what_is_written_and_ends_with_its_question() {
        let args = json!({ "medicine": "aspirin", "boxes": 2 });
        let back = read_back("{boxes} boxes of {medicine}. Shall I order them?", &args);
        let back = back.expect("all is there");
        assert_eq!(back.text, "2 boxes of aspirin. Shall I order them?");
        assert_eq!(back.question, "Shall I order them?");
        assert_eq!(back.facts, ["2", "aspirin"]);
    }

    #[test]
    fn what_cannot_be_read_back_is_not_written() {
        assert_eq!(read_back("{medicine}. Shall I order it?", &json!({})), None);
        assert_eq!(read_back("{medicine}. Shall I?", &json!({ "medicine": null })), None);
    }

    #[test]
    fn what_may_be_left_out_is_not_required() {
        let text = (String::schema(), String::OPTIONAL);
        let number = (Option::<u8>::schema(), Option::<u8>::OPTIONAL);
        let schema = schema(&[("name", text.0, text.1), ("count", number.0, number.1)]);
        assert_eq!(schema["required"], json!(["name"]));
        assert_eq!(schema["properties"]["count"], json!({ "type": "integer" }));
    }
}
