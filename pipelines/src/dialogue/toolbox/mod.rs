//! Which tools a call has: what each is for, what it takes, and what must be before it runs.
//!
//! A [`Toolbox`] holds the specifications of the built-in tools and of those that others add. A
//! language model is shown them as they are ([`ToolSpec`]), its calls go through
//! [`Toolbox::parse`], and the guard looks up here what a call needs and how it is confirmed.
//! `serde_json::Value` is met only here, at the edge: behind it the built-in tools are typed
//! ([`ToolCall`]).

mod args;
mod builtin;
mod schema;
mod told;
mod wish;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::{Map, Value};

use super::ClinicFacts;
use super::ledger::Ledger;
use super::tools::{OtherCall, ToolCall};
use crate::language::Language;

/// Longest a tool is waited for unless its specification says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(8);

/// How a write comes to be confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirm {
    /// It is read back to the caller and runs on a plain yes.
    ReadBack,
    /// It takes somebody who can be called back and no yes: handing the call to a person.
    Reachable,
    /// It takes somebody who can be called back, is read back and runs on a yes: a message.
    ReadBackReachable,
    /// It takes nothing: what it changes is undone or ends by itself, as a hold.
    Nothing,
}

/// What a tool does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It only looks: it may run beside others, and be given up.
    Read,
    /// It changes something: it runs in the order in which it was called, and to its end.
    Write(Confirm),
}

impl Effect {
    /// Whether the guard gives each write a number, under which it is done once.
    #[must_use]
    pub const fn is_numbered(self) -> bool {
        !matches!(self, Self::Read | Self::Write(Confirm::Nothing))
    }
}

/// What must be established before a tool runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// An identified patient.
    pub patient: bool,
}

/// What a tool is.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// Its name: lowercase letters, digits and underscores.
    pub name: String,
    /// What it does and when to use it, for a language model.
    pub description: String,
    /// JSON schema of its arguments, an object. Of it the types, `items`, `required`, `enum`,
    /// `minimum`, `maximum` and `additionalProperties: false` are checked before a call.
    pub schema: Value,
    /// What it does to the world.
    pub effect: Effect,
    /// What must be established before.
    pub needs: Needs,
    /// Longest that its answer is waited for.
    pub patience: Duration,
    /// Said while it takes long, instead of the language's own words.
    pub filler: Option<String>,
}

impl ToolSpec {
    /// A tool that only looks, with the usual patience; the other fields are set by whoever needs
    /// them.
    #[must_use]
    pub fn read(name: &str, description: &str, schema: Value) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            schema,
            effect: Effect::Read,
            needs: Needs::default(),
            patience: PATIENCE,
            filler: None,
        }
    }

    /// A tool that changes something once the caller has said yes to its read-back.
    #[must_use]
    pub fn write(name: &str, description: &str, schema: Value) -> Self {
        let effect = Effect::Write(Confirm::ReadBack);
        Self { effect, ..Self::read(name, description, schema) }
    }

    /// The same, only for an identified patient.
    #[must_use]
    pub const fn for_patient(mut self) -> Self {
        self.needs.patient = true;
        self
    }
}

/// How a write is read back to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadBack {
    /// All of it, which ends with the question.
    pub text: String,
    /// Parts of the text that the caller must have heard before a yes counts; none stands for all
    /// of it.
    pub facts: Vec<String>,
    /// The question alone, which a yes or a no answers: "Shall I order it?"
    pub question: String,
}

/// The pure part of a tool that is not built in: what the guard must know of it.
pub trait Contract: Send + Sync {
    /// What the tool is.
    fn spec(&self) -> &ToolSpec;

    /// How a write with these arguments is read back. `None` refuses it: nothing is written that
    /// the caller has not heard.
    fn read_back(&self, args: &Value, ledger: &Ledger, language: &Language) -> Option<ReadBack> {
        let _ = (args, ledger, language);
        None
    }
}

/// Why a tool cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolboxError {
    /// The name cannot be used.
    #[error("tool {0:?}: a name has 1 to 64 lowercase letters, digits and underscores")]
    BadName(String),
    /// Another tool has the name.
    #[error("tool {0:?}: there is a tool of this name already; give it another one")]
    NameTaken(String),
    /// The schema is none of an object.
    #[error("tool {0:?}: its schema must be of an object: {{\"type\": \"object\", …}}")]
    BadSchema(String),
    /// A write that would run without a yes.
    #[error("tool {0:?}: a write needs `Confirm::ReadBack`: it runs only on the caller's yes")]
    NotConfirmed(String),
}

/// Why a call of a tool cannot be made. The text tells whoever called it what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// There is no such tool.
    #[error("there is no tool of this name; the tools are {}", known.join(", "))]
    Unknown {
        /// The name that was given; not in the text, which may be logged.
        name: String,
        /// The tools that there are.
        known: Vec<String>,
    },
    /// The arguments do not fit.
    #[error("{tool}: {field}: {problem}")]
    BadArgs {
        /// The tool.
        tool: String,
        /// The argument; `arguments` if it is about all of them.
        field: String,
        /// What is wrong with it and what to give instead.
        problem: String,
    },
}

/// The tools of a call. Immutable; shared by all calls of a clinic.
#[derive(Clone)]
pub struct Toolbox {
    built_in: Arc<BTreeMap<String, ToolSpec>>,
    others: BTreeMap<String, Arc<dyn Contract>>,
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Toolbox").field(&self.names()).finish()
    }
}

impl Default for Toolbox {
    fn default() -> Self {
        Self::built_in()
    }
}

impl Toolbox {
    /// The built-in tools.
    #[must_use]
    pub fn built_in() -> Self {
        static BUILT_IN: LazyLock<Arc<BTreeMap<String, ToolSpec>>> = LazyLock::new(|| {
            let specs = builtin::specs().into_iter().map(|spec| (spec.name.clone(), spec));
            Arc::new(specs.collect())
        });
        Self { built_in: Arc::clone(&BUILT_IN), others: BTreeMap::new() }
    }

    /// The same with another tool.
    ///
    /// # Errors
    /// If its name is taken or none, its schema is not of an object, or it would write without a
    /// yes.
    pub fn with(mut self, tool: Arc<dyn Contract>) -> Result<Self, ToolboxError> {
        let spec = tool.spec();
        let name = spec.name.clone();
        let usable = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || name.len() > 64 || !name.chars().all(usable) {
            return Err(ToolboxError::BadName(name));
        }
        if self.spec(&name).is_some() {
            return Err(ToolboxError::NameTaken(name));
        }
        if spec.schema.get("type").and_then(Value::as_str) != Some("object") {
            return Err(ToolboxError::BadSchema(name));
        }
        if !matches!(spec.effect, Effect::Read | Effect::Write(Confirm::ReadBack)) {
            return Err(ToolboxError::NotConfirmed(name));
        }
        self.others.insert(name, tool);
        Ok(self)
    }

    /// The tool of that name.
    #[must_use]
    pub fn spec(&self, name: &str) -> Option<&ToolSpec> {
        self.built_in.get(name).or_else(|| self.others.get(name).map(|tool| tool.spec()))
    }

    /// All tools, by name.
    pub fn specs(&self) -> impl Iterator<Item = &ToolSpec> {
        self.built_in.values().chain(self.others.values().map(|tool| tool.spec()))
    }

    fn names(&self) -> Vec<String> {
        self.specs().map(|spec| spec.name.clone()).collect()
    }

    /// How a write of a tool that is not built in is read back; see [`Contract::read_back`].
    #[must_use]
    pub fn read_back(
        &self,
        call: &OtherCall,
        ledger: &Ledger,
        language: &Language,
    ) -> Option<ReadBack> {
        let tool = self.others.get(&call.name)?;
        let read_back = tool.read_back(call.args.expose(), ledger, language)?;
        (!read_back.text.trim().is_empty()).then_some(read_back)
    }

    /// The call that a language model means by a tool's name and arguments. Doctors and specialties
    /// are named as the clinic names them; offers and appointments by the ids that tools returned.
    ///
    /// # Errors
    /// If there is no such tool or the arguments do not fit its schema.
    pub fn parse(
        &self,
        name: &str,
        args: &Value,
        clinic: &ClinicFacts,
    ) -> Result<ToolCall, ToolError> {
        let Some(spec) = self.spec(name) else {
            return Err(ToolError::Unknown { name: name.to_owned(), known: self.names() });
        };
        // A tool without arguments is called with none, however that is written.
        let none = Value::Object(Map::new());
        let args = if args.is_null() { &none } else { args };
        let object = args::checked(spec, args)?;
        if self.built_in.contains_key(name) {
            return args::Args { tool: name, object, clinic }.call();
        }
        let args = args.clone().into();
        Ok(ToolCall::Other(OtherCall { name: name.to_owned(), args }))
    }
}

#[cfg(test)]
mod tests;
