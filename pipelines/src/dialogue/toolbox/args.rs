//! From arguments in JSON to a call of a tool.

use std::str::FromStr;

use frontdesk_types::{Phi, TransferReason};
use jiff::civil::{Date, Time};
use serde_json::{Map, Value};

use super::{ToolError, ToolSpec};
use crate::dialogue::ClinicFacts;
use crate::dialogue::tools::{Identity, Message, ToolCall};

fn bad(tool: &str, field: &str, problem: impl Into<String>) -> ToolError {
    ToolError::BadArgs { tool: tool.to_owned(), field: field.to_owned(), problem: problem.into() }
}

/// What JSON calls the type of a value.
const fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn has_type(value: &Value, wanted: &str) -> bool {
    match wanted {
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        other => type_of(value) == other,
    }
}

/// The arguments, if they fit the tool's schema as far as it is checked.
pub(super) fn checked<'a>(
    spec: &ToolSpec,
    args: &'a Value,
) -> Result<&'a Map<String, Value>, ToolError> {
    let tool = spec.name.as_str();
    let Some(object) = args.as_object() else {
        let problem = format!("expected an object with named arguments, not {}", type_of(args));
        return Err(bad(tool, "arguments", problem));
    };
    let empty = Map::new();
    let properties = spec.schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let closed = spec.schema.get("additionalProperties") == Some(&Value::Bool(false));
    if closed && object.keys().any(|field| !properties.contains_key(field)) {
        let known: Vec<_> = properties.keys().map(String::as_str).collect();
        let problem = match known.as_slice() {
            [] => "there is an unknown one; this tool takes none".to_owned(),
            known => format!("there is an unknown one; this tool takes {}", known.join(", ")),
        };
        return Err(bad(tool, "arguments", problem));
    }
    let required = spec.schema.get("required").and_then(Value::as_array);
    for field in required.into_iter().flatten().filter_map(Value::as_str) {
        if object.get(field).is_none_or(Value::is_null) {
            return Err(bad(tool, field, "is missing; give it, or ask the caller for it"));
        }
    }
    for (field, schema) in properties {
        if let Some(value) = object.get(field).filter(|value| !value.is_null()) {
            check_value(schema, value).map_err(|problem| bad(tool, field, problem))?;
        }
    }
    Ok(object)
}

fn check_value(schema: &Value, value: &Value) -> Result<(), String> {
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|wanted| has_type(value, wanted)) {
        return Err(format!("expected {}, not {}", types.join(" or "), type_of(value)));
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array)
        && !choices.contains(value)
    {
        let choices: Vec<String> = choices.iter().map(Value::to_string).collect();
        return Err(format!("is none of {}", choices.join(", ")));
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        for value in values {
            check_value(items, value).map_err(|problem| format!("one of them: {problem}"))?;
        }
    }
    let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
    if let Some(number) = value.as_f64() {
        if let Some(least) = limit("minimum").filter(|least| number < *least) {
            return Err(format!("is below {least}"));
        }
        if let Some(most) = limit("maximum").filter(|most| number > *most) {
            return Err(format!("is above {most}"));
        }
    }
    Ok(())
}

/// Arguments of a built-in tool that fit its schema.
pub(super) struct Args<'a> {
    pub(super) tool: &'a str,
    pub(super) object: &'a Map<String, Value>,
    pub(super) clinic: &'a ClinicFacts,
}

impl Args<'_> {
    /// The call with these arguments.
    pub(super) fn call(&self) -> Result<ToolCall, ToolError> {
        Ok(match self.tool {
            "identify_patient" => ToolCall::IdentifyPatient(self.identity()?),
            "register_patient" => ToolCall::RegisterPatient(self.identity()?),
            "find_slots" => ToolCall::FindSlots(self.slot_wish()?),
            "hold" => ToolCall::Hold { offer: self.id("offer", "find_slots")? },
            "release" => ToolCall::Release { offer: self.id("offer", "find_slots")? },
            "list_appointments" => ToolCall::ListAppointments,
            "book" => ToolCall::Book { offer: self.id("offer", "find_slots")? },
            "reschedule" => ToolCall::Reschedule {
                appointment: self.id("appointment", "list_appointments")?,
                offer: self.id("offer", "find_slots")?,
            },
            "cancel" => {
                ToolCall::Cancel { appointment: self.id("appointment", "list_appointments")? }
            }
            "join_waitlist" => ToolCall::JoinWaitlist(self.waitlist_wish()?),
            "list_waitlist" => ToolCall::ListWaitlist,
            "leave_waitlist" => {
                ToolCall::LeaveWaitlist { entry: self.id("entry", "list_waitlist")? }
            }
            "accept_waitlist" => {
                ToolCall::AcceptWaitlist { entry: self.id("entry", "list_waitlist")? }
            }
            "ask_clinic" => ToolCall::AskClinic { question: self.required("question")?.into() },
            "take_message" => ToolCall::TakeMessage(self.message()?),
            "transfer" => ToolCall::Transfer { reason: self.reason()?, phone: self.phone()? },
            name => return Err(ToolError::Unknown { name: name.to_owned(), known: Vec::new() }),
        })
    }

    pub(super) fn bad(&self, field: &str, problem: impl Into<String>) -> ToolError {
        bad(self.tool, field, problem)
    }

    /// An argument that is there and not empty.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        let text = self.object.get(field).and_then(Value::as_str).map(str::trim);
        text.filter(|text| !text.is_empty())
    }

    fn required(&self, field: &str) -> Result<String, ToolError> {
        let text = self.text(field).map(str::to_owned);
        text.ok_or_else(|| self.bad(field, "is empty; give it, or ask the caller for it"))
    }

    fn parsed<T: FromStr>(&self, field: &str, form: &str) -> Result<Option<T>, ToolError> {
        let parse = |text: &str| text.parse().map_err(|_| self.bad(field, form));
        self.text(field).map(parse).transpose()
    }

    fn id<T: FromStr>(&self, field: &str, from: &str) -> Result<T, ToolError> {
        let form = format!("is no id; give one that {from} returned in this call, unchanged");
        self.required(field)?.parse().map_err(|_| self.bad(field, form))
    }

    pub(super) fn date(&self, field: &str) -> Result<Option<Date>, ToolError> {
        self.parsed(field, "is no date; give it as YYYY-MM-DD")
    }

    pub(super) fn time(&self, field: &str) -> Result<Option<Time>, ToolError> {
        self.parsed(field, "is no local time; give it as HH:MM, from 00:00 to 23:59")
    }

    fn phone(&self) -> Result<Option<Phi<String>>, ToolError> {
        let Some(text) = self.text("phone") else { return Ok(None) };
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if digits.is_empty() {
            return Err(self.bad("phone", "has no digits; give it as digits"));
        }
        let plus = if text.starts_with('+') { "+" } else { "" };
        Ok(Some(Phi::new(format!("{plus}{digits}"))))
    }

    fn identity(&self) -> Result<Identity, ToolError> {
        let missing = || self.bad("date_of_birth", "is empty; ask the caller for it");
        Ok(Identity {
            full_name: self.required("full_name")?.into(),
            date_of_birth: self.date("date_of_birth")?.ok_or_else(missing)?.into(),
            phone: self.phone()?,
        })
    }

    fn message(&self) -> Result<Message, ToolError> {
        let subject = self.required("subject")?.parse();
        let optional = |field| self.text(field).map(|text| Phi::new(text.to_owned()));
        Ok(Message {
            subject: subject.map_err(|_| self.bad("subject", "is no subject of a message"))?,
            words: self.required("words")?.into(),
            about: optional("about"),
            call_when: optional("call_when"),
            phone: self.phone()?,
        })
    }

    fn reason(&self) -> Result<TransferReason, ToolError> {
        let reason = self.required("reason")?;
        reason.parse().map_err(|_| self.bad("reason", "is no reason of a transfer"))
    }
}
