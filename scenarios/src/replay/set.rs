//! `--set NAME=VALUE`: other settings of turn taking, by the names that they have everywhere.

use frontdesk_pipelines::turn::TurnSettings;
use serde_json::{Value, json};

/// `settings` with one of them set by its name, as on the command line: `min_delay=400ms`.
///
/// # Errors
/// One line, if there is no such setting or the value is none for it.
pub fn with(settings: &TurnSettings, set: &str) -> Result<TurnSettings, String> {
    let (name, text) =
        set.split_once('=').ok_or_else(|| format!("{set:?}: expected NAME=VALUE"))?;
    let mut all = serde_json::to_value(settings).map_err(|error| error.to_string())?;
    let known = all.as_object().map(|all| all.keys().cloned().collect::<Vec<_>>());
    let known = known.unwrap_or_default().join(", ");
    let Some(value) = all.get_mut(name) else {
        return Err(format!("there is no setting {name:?} of turn taking; there are {known}"));
    };
    let (parsed, expected) = match value {
        Value::Bool(_) => (text.parse().ok().map(Value::Bool), "true or false"),
        Value::Number(_) => {
            let number = text.parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number));
            (number.map(|number| json!(number)), "a number from 0 to 1")
        }
        _ => (duration(text), "a time such as 400ms or 1.3s"),
    };
    *value = parsed.ok_or_else(|| format!("{name} is {text:?}: expected {expected}"))?;
    serde_json::from_value(all).map_err(|error| error.to_string())
}

fn duration(text: &str) -> Option<Value> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1e-3),
        None => (text.strip_suffix('s')?, 1.0),
    };
    let seconds = number.trim().parse::<f64>().ok()? * unit;
    let duration = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    serde_json::to_value(duration).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_kind_of_setting_can_be_set() {
        let mut settings = TurnSettings::default();
        for set in
            ["min_delay=400ms", "max_delay=1.5s", "activation_threshold=0.6", "partials=false"]
        {
            settings = with(&settings, set).expect("set");
        }
        assert_eq!(settings.min_delay, Duration::from_millis(400));
        assert_eq!(settings.max_delay, Duration::from_millis(1500));
        assert!((settings.activation_threshold - 0.6).abs() < 1e-6 && !settings.partials);
    }

    #[test]
    fn what_cannot_be_set_says_what_can() {
        let settings = TurnSettings::default();
        for (set, part) in [
            ("min_delay", "NAME=VALUE"),
            ("min_dely=1s", "min_delay"),
            ("min_delay=400", "400ms"),
            ("partials=maybe", "true or false"),
            ("activation_threshold=7", "0 to 1"),
        ] {
            let error = with(&settings, set).expect_err("refused");
            assert!(error.contains(part), "{error}");
        }
    }
}
