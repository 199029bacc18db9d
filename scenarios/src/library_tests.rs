//! The scenarios of `scenarios/` as a library: they all load, cover what they should, and none of
//! their sentences stands in the code or in the data that the agent understands by.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::format::Scenario;

/// Shorter sentences are everybody's words: "yes please" has to stand in a language's data.
const OWN_WORDS: usize = 5;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Words in the dates of birth beside the names.
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The folder of the scenarios, which is this crate's own.
fn library() -> PathBuf {
    root().join("scenarios")
}

fn scenarios() -> Vec<(PathBuf, Scenario)> {
    let folder = library();
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "yaml"))
        .collect();
    files.sort();
    let load = |path: PathBuf| {
        let scenario = Scenario::load(&path).unwrap_or_else(|error| panic!("{error}"));
        (path, scenario)
    };
    files.into_iter().map(load).collect()
}

/// Lower-case words with single spaces between them, whatever stood there.
fn plain(text: &str) -> String {
    let lower = text.to_lowercase().replace(['\u{2019}', '\''], "");
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Every text file of the tree that an agent could be tuned by: code, tests of it, and data.
fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    const SKIPPED: [&str; 5] = ["target", "node_modules", "docs", "dist", ".git"];
    const TEXT: [&str; 14] = [
        "rs", "toml", "yaml", "yml", "json", "sql", "txt", "md", "ts", "js", "mjs", "html", "lm",
        "dict",
    ];
    for entry in fs::read_dir(dir).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if path.is_dir() {
            if !name.starts_with('.') && !SKIPPED.contains(&&*name) {
                sources(&path, found);
            }
        } else if let Some(ext) = path.extension()
            && TEXT.iter().any(|known| ext == *known)
            && !(dir == library() && ext == "yaml")
            && name != "probes.yaml"
        {
            found.push(path);
        }
    }
}

#[test]
fn every_scenario_loads_and_is_named_like_its_file() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 24, "only {} scenarios", scenarios.len());
    for (path, scenario) in &scenarios {
        let stem = path.file_stem().expect("a file").to_string_lossy();
        assert_eq!(scenario.name, stem);
        let silent = scenario.rules.is_empty();
        assert!(
            scenario.expect.outcome.is_some() || scenario.expect.appointments_count.is_some(),
            "{stem} expects nothing of the database"
        );
        assert!(silent || scenario.rules.iter().any(|rule| rule.hang_up), "{stem} never hangs up");
    }
    let clinics: BTreeSet<&str> = scenarios.iter().map(|(_, s)| s.clinic.as_str()).collect();
    assert_eq!(clinics.into_iter().collect::<Vec<_>>(), ["harbor-family", "nile-heart"]);
    let outcomes: BTreeSet<&str> = scenarios
        .iter()
        .filter_map(|(_, scenario)| scenario.expect.outcome.map(super::judge::named))
        .collect();
    assert_eq!(outcomes.len(), 7, "every outcome is expected somewhere: {outcomes:?}");
}

/// Fails if one of the sentences, each with where it is from, stands in the tree. `told` is what is
/// compared of a text.
fn stand_nowhere(sentences: &[(String, String)], told: impl Fn(&str) -> String) {
    let mut files = Vec::new();
    sources(&root(), &mut files);
    assert!(files.len() > 50, "the tree was not found: {} files", files.len());
    assert!(sentences.len() > 100, "only {} sentences", sentences.len());
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let text = format!(" {} ", told(&text));
        for (name, sentence) in sentences {
            assert!(
                !text.contains(&format!(" {sentence} ")),
                "{} holds a sentence of {name}: {sentence:?}; reword it there, or take the \
                 sentence out of the code",
                file.display()
            );
        }
    }
}

#[test]
fn no_sentence_of_a_scenario_stands_in_code_or_data() {
    let sentences: Vec<(String, String)> = scenarios()
        .iter()
        .flat_map(|(_, scenario)| {
            let said = scenario.rules.iter().filter_map(|rule| rule.say.as_deref());
            let said = said.chain(scenario.silence.as_deref()).map(plain);
            let own = said.filter(|words| words.split(' ').count() >= OWN_WORDS);
            own.map(|words| (format!("the scenario {}", scenario.name), words)).collect::<Vec<_>>()
        })
        .collect();
    stand_nowhere(&sentences, plain);
}

/// The texts of a value, wherever they stand in it.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|item| texts(item, found)),
        _ => {}
    }
}

/// The same whoever it is about: each name of `names` is the same word.
fn nameless(text: &str, names: &BTreeSet<String>) -> String {
    let plain = plain(text);
    let words = plain.split(' ').map(|word| if names.contains(word) { "somebody" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn no_probe_of_understanding_stands_in_code_or_data_with_whatever_names() {
    let file = root().join("tests/understanding/probes.yaml");
    let text = fs::read_to_string(&file).expect("the probes");
    let set: Value = serde_saphyr::from_str(&text).expect("YAML");
    let kinds = set["kinds"].as_object().expect("kinds");
    let probes: Vec<(&String, &Value)> =
        kinds.values().flat_map(|kind| kind["probes"].as_object().expect("probes")).collect();
    let mut names = Vec::new();
    texts(&set["people"], &mut names);
    for (_, probe) in &probes {
        texts(&probe["patients"], &mut names);
        texts(&probe["own"], &mut names);
    }
    let names: BTreeSet<String> = names
        .iter()
        .flat_map(|name| plain(name).split(' ').map(str::to_owned).collect::<Vec<_>>())
        .filter(|word| word.chars().all(char::is_alphabetic) && word.len() > 2)
        .filter(|word| !MONTHS.contains(&&**word))
        .collect();
    let mut sentences = Vec::new();
    for (id, probe) in probes {
        let mut said = Vec::new();
        texts(if probe.is_string() { probe } else { &probe["say"] }, &mut said);
        let said = said.into_iter().map(|said| nameless(said, &names));
        let own = said.filter(|words| words.split(' ').count() >= OWN_WORDS);
        sentences.extend(own.map(|words| (format!("the probe {id}"), words)));
    }
    stand_nowhere(&sentences, |text| nameless(text, &names));
}
