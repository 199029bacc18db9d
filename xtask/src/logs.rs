//! Log lines: lowercase, no full stop, values as fields, nothing personal.
//!
//! Works on tokens, not on syntax trees, so that a log line inside another macro is seen as well.

use std::path::Path;
use std::str::FromStr as _;

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::{Findings, sources};

/// The macros of `tracing` that write a line.
const MACROS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "event"];

/// Fields that would carry what a person is called or said; ids are fine.
const PERSONAL: [&str; 15] = [
    "address",
    "birth_date",
    "caller",
    "date_of_birth",
    "dob",
    "email",
    "full_name",
    "heard",
    "patient",
    "patient_name",
    "phone",
    "reply",
    "said",
    "text",
    "transcript",
];

/// Every log line of the workspace.
pub(crate) fn check(root: &Path) -> Result<Findings> {
    let mut findings = Findings::new();
    for path in sources::rust_files(root)? {
        let name = path.display();
        let found = check_source(&sources::read(root, &path)?)
            .map_err(|error| anyhow!("{name} cannot be read as Rust: {error}"))?;
        findings.extend(found.iter().map(|(line, rule)| format!("{name}:{line}: {rule}")));
    }
    Ok(findings)
}

/// Line numbers and broken rules of one source file.
fn check_source(source: &str) -> Result<Vec<(usize, String)>, proc_macro2::LexError> {
    let mut found = Vec::new();
    walk(TokenStream::from_str(source)?, &mut found);
    Ok(found)
}

fn walk(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let before = |steps: usize| index.checked_sub(steps).and_then(|at| tokens.get(at));
        let line = group.span_open().start().line;
        if before(1).is_some_and(|token| is_punct(token, '!')) {
            if let Some(name) = before(2).and_then(ident).filter(|n| MACROS.contains(&n.as_str())) {
                let rules = log_line(&name, group);
                found.extend(rules.into_iter().map(|rule| (line, rule)));
                continue;
            }
        } else if before(1).is_some_and(|token| is_punct(token, '#'))
            && let Some(rule) = instrument(group)
        {
            found.push((line, rule));
        }
        walk(group.stream(), found);
    }
}

/// The rules that one call of a log macro breaks.
fn log_line(name: &str, call: &Group) -> Vec<String> {
    let mut broken = Vec::new();
    let mut arguments = split(call.stream());
    if name == "event" {
        // The first argument that is not `target:` and the like is the level.
        if let Some(level) = arguments.iter().position(|argument| !is_setting(argument)) {
            arguments.remove(level);
        }
    }
    let mut message = None;
    for argument in arguments.iter().filter(|argument| !is_setting(argument)) {
        if let [TokenTree::Group(fields)] = argument.as_slice()
            && fields.delimiter() == Delimiter::Brace
        {
            broken.extend(split(fields.stream()).iter().filter_map(|field| field_rules(field)));
        } else if let Some(text) = message_of(argument) {
            message = Some(text);
        } else if message.is_some() {
            broken.push("a value inside the message: make it a field".to_owned());
        } else {
            broken.extend(field_rules(argument));
        }
    }
    match message {
        None => broken.push("a log line needs a message that is a literal".to_owned()),
        Some(text) => broken.extend(message_rules(&text)),
    }
    if mentions(call.stream(), &["expose", "into_exposed"]) {
        broken.push("personal data in a log line: log the id".to_owned());
    }
    broken
}

fn message_rules(text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    if text.replace("{{", "").contains('{') {
        broken.push(format!("{text:?} has a value inside the message: make it a field"));
    }
    if text.starts_with(char::is_uppercase) {
        broken.push(format!("{text:?} does not start in lowercase"));
    }
    if text.ends_with(['.', '!', '?', ':']) {
        broken.push(format!("{text:?} ends with a stop"));
    }
    if text.trim() != text || text.is_empty() {
        broken.push(format!("{text:?} is empty, or has space around it"));
    }
    broken
}

/// `name = value`, `%name`, `?name`, `name`: the name that the log shows.
fn field_rules(field: &[TokenTree]) -> Option<String> {
    let end = field.iter().position(|token| is_punct(token, '=')).unwrap_or(field.len());
    let name = field[..end].iter().rev().find_map(ident)?;
    PERSONAL
        .contains(&name.as_str())
        .then(|| format!("the field `{name}` is personal: log the id, or a count"))
}

/// `#[instrument]` records every argument unless told not to.
fn instrument(attribute: &Group) -> Option<String> {
    let tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
    let end = tokens.iter().position(|token| matches!(token, TokenTree::Group(_)));
    let path = &tokens[..end.unwrap_or(tokens.len())];
    let last = path.iter().rev().find_map(ident);
    let is_it = last.as_deref() == Some("instrument")
        && path.iter().all(|token| matches!(token, TokenTree::Ident(_)) || is_punct(token, ':'));
    (is_it && !mentions(attribute.stream(), &["skip_all"]))
        .then(|| "#[instrument] records all arguments: say skip_all, name the fields".to_owned())
}

/// The text of an argument that is one string literal, or `message = "…"`.
fn message_of(argument: &[TokenTree]) -> Option<String> {
    let literal = match argument {
        [TokenTree::Literal(literal)] => literal,
        [name, equals, TokenTree::Literal(literal)]
            if ident(name).as_deref() == Some("message") && is_punct(equals, '=') =>
        {
            literal
        }
        _ => return None,
    };
    let text = literal.to_string();
    let inner = text.trim_start_matches(['r', '#']).trim_end_matches('#');
    inner.strip_prefix('"')?.strip_suffix('"').map(str::to_owned)
}

/// `target: …`, `parent: …`, `name: …`.
fn is_setting(argument: &[TokenTree]) -> bool {
    let [first, second, third, ..] = argument else { return false };
    let named = ident(first).is_some_and(|n| ["target", "parent", "name"].contains(&n.as_str()));
    named && is_punct(second, ':') && !is_punct(third, ':')
}

/// The arguments between top-level commas; empty ones left out.
fn split(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut arguments = vec![Vec::new()];
    for token in tokens {
        if is_punct(&token, ',') {
            arguments.push(Vec::new());
        } else if let Some(argument) = arguments.last_mut() {
            argument.push(token);
        }
    }
    arguments.retain(|argument| !argument.is_empty());
    arguments
}

fn mentions(tokens: TokenStream, names: &[&str]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(group.stream(), names),
        token => ident(&token).is_some_and(|name| names.contains(&name.as_str())),
    })
}

fn ident(token: &TokenTree) -> Option<String> {
    if let TokenTree::Ident(ident) = token { Some(ident.to_string()) } else { None }
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules that the statement breaks.
    fn broken(statement: &str) -> Vec<String> {
        let source = format!("fn f() {{\n{statement}\n}}");
        let found = check_source(&source).expect("tokens");
        assert!(found.iter().all(|(line, _)| *line == 2), "{found:?}");
        found.into_iter().map(|(_, rule)| rule).collect()
    }

    #[test]
    fn good_lines_pass() {
        for good in [
            r#"info!("call started");"#,
            r#"tracing::warn!(call_id = %id, ?error, attempt, "the speaker was restarted");"#,
            r#"debug!(target: "rtc", parent: &span, port = 7, "listening");"#,
            r#"event!(Level::INFO, { count = 3, kind = "x" }, "swept");"#,
            r#"error!(free = 0, message = "no room left");"#,
            r#"info!(patient_id = %id, text_bytes = text.len(), "turn ended")"#,
            r#"info!(r"as {{it}} is")"#,
            "let x = error(7); assert!(x != y); info(1);",
        ] {
            assert_eq!(broken(good), Vec::<String>::new(), "{good}");
        }
    }

    #[test]
    fn each_rule_is_broken_by_its_bad_sample() {
        for (bad, rule) in [
            (r#"info!("Call started");"#, "lowercase"),
            (r#"info!("call started.");"#, "stop"),
            (r#"warn!("call {id} started");"#, "make it a field"),
            (r#"warn!("call {} started", id);"#, "make it a field"),
            (r#"info!("");"#, "empty"),
            ("info!(call_id = %id);", "needs a message"),
            (r#"info!(phone = %number, "called");"#, "`phone` is personal"),
            (r#"info!(%caller, "called");"#, "`caller` is personal"),
            (r#"info!(turn.text = ?words, "heard");"#, "`text` is personal"),
            (r#"event!(Level::INFO, { dob = 1 }, "found");"#, "`dob` is personal"),
            (r#"info!(who = name.expose(), "called");"#, "personal data"),
            (r#"select! { _ = done => { error!("Lost") } }"#, "lowercase"),
            (r"#[instrument] fn g(name: &str) {}", "skip_all"),
            (r"#[tracing::instrument(fields(a = 1))] fn g() {}", "skip_all"),
        ] {
            let found = broken(bad).join("; ");
            assert!(found.contains(rule), "{bad}: {found:?}");
        }
    }

    #[test]
    fn an_instrument_that_skips_all_and_other_attributes_pass() {
        let good = r"#[tracing::instrument(skip_all, fields(a = 1))] fn g() {} #[test] fn h() {}";
        assert_eq!(broken(good), Vec::<String>::new());
    }
}
