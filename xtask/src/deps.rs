//! Which crate uses what, against `xtask/crates.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{Findings, sources};

const TABLE: &str = "xtask/crates.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    everywhere: Everywhere,
    #[serde(rename = "crate")]
    crates: BTreeMap<String, Rules>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Everywhere {
    external: BTreeSet<String>,
    tests_external: BTreeSet<String>,
    test_features: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    holds: String,
    uses: BTreeSet<String>,
    external: BTreeSet<String>,
    #[serde(default)]
    tests_use: BTreeSet<String>,
    #[serde(default)]
    tests_external: BTreeSet<String>,
    #[serde(default)]
    build_external: BTreeSet<String>,
}

/// What `cargo metadata` says of the workspace; only the parts that matter here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: String,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
    features: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    features: Vec<String>,
    path: Option<String>,
    optional: bool,
}

/// Every dependency of the workspace, against the table.
pub(crate) fn check(root: &Path) -> Result<Findings> {
    let table = toml::from_str(&sources::read(root, TABLE)?).context(TABLE)?;
    Ok(findings(&table, &metadata(root)?))
}

/// The workspace's crates: name to folder, relative to `root`.
pub(crate) fn members(root: &Path) -> Result<BTreeMap<String, String>> {
    let metadata = metadata(root)?;
    let mut members = BTreeMap::new();
    for package in &metadata.packages {
        let folder = Path::new(&package.manifest_path)
            .parent()
            .and_then(|folder| folder.strip_prefix(&metadata.workspace_root).ok())
            .with_context(|| format!("{} is outside the workspace", package.name))?;
        members.insert(package.name.clone(), folder.to_string_lossy().into_owned());
    }
    Ok(members)
}

fn metadata(root: &Path) -> Result<Metadata> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()
        .context("cargo metadata does not start")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata printed something else")
}

fn findings(table: &Table, metadata: &Metadata) -> Findings {
    let mut findings = Findings::new();
    for package in &metadata.packages {
        let Some(rules) = table.crates.get(&package.name) else {
            findings.push(format!(
                "{} is not in the table: say in {TABLE} what it holds and may use",
                package.name
            ));
            continue;
        };
        findings.extend(unused(table, package, rules));
        for dependency in &package.dependencies {
            findings.extend(edge(table, package, rules, dependency));
            findings.extend(test_feature(table, package, dependency));
        }
        for feature in default_features(package) {
            if table.everywhere.test_features.contains(feature) {
                findings.push(format!(
                    "{} has the test feature {feature} on by default: take it out of `default`",
                    package.name
                ));
            }
        }
    }
    for name in table.crates.keys() {
        if !metadata.packages.iter().any(|package| package.name == *name) {
            findings.push(format!("{TABLE} has an entry for {name}, which is no crate of ours"));
        }
    }
    findings.extend(unused_everywhere(table, metadata));
    findings
}

/// What a crate may use and does not: an allowance is a decision, and nobody takes one in advance.
fn unused(table: &Table, package: &Package, rules: &Rules) -> Findings {
    let used = |wanted: Option<&str>, ours: bool| -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        for dependency in &package.dependencies {
            let is_wanted = kind(table, package, dependency) == wanted;
            if is_wanted && dependency.path.is_some() == ours && dependency.name != package.name {
                names.insert(dependency.name.as_str());
            }
        }
        names
    };
    // What a crate may use, its tests may: listed again for them it allows nothing.
    let tests_of_ours = &used(Some("dev"), true) - &names(&rules.uses);
    let tests_of_others = &(&(&used(Some("dev"), false) - &names(&rules.external))
        - &names(&table.everywhere.external))
        - &names(&table.everywhere.tests_external);
    let of_others = &used(None, false) - &names(&table.everywhere.external);
    let lists = [
        ("uses", &rules.uses, used(None, true)),
        ("tests_use", &rules.tests_use, tests_of_ours),
        ("external", &rules.external, of_others),
        ("tests_external", &rules.tests_external, tests_of_others),
        ("build_external", &rules.build_external, used(Some("build"), false)),
    ];
    let mut findings = Findings::new();
    for (list, allowed, used) in lists {
        for name in allowed.iter().filter(|name| !used.contains(name.as_str())) {
            findings.push(format!(
                "{} may use {name} by `{list}` and needs no such line: take it out of {TABLE}",
                package.name
            ));
        }
    }
    findings
}

/// What every crate may use and none does.
fn unused_everywhere(table: &Table, metadata: &Metadata) -> Findings {
    let is_used = |name: &str, tests: bool| {
        metadata.packages.iter().any(|package| {
            package.dependencies.iter().any(|one| {
                let for_tests = kind(table, package, one) == Some("dev");
                one.name == name && one.path.is_none() && (tests || !for_tests)
            })
        })
    };
    let lists = [
        ("external", &table.everywhere.external, false),
        ("tests_external", &table.everywhere.tests_external, true),
    ];
    let mut findings = Findings::new();
    for (list, allowed, tests) in lists {
        for name in allowed.iter().filter(|name| !is_used(name, tests)) {
            findings.push(format!(
                "`everywhere.{list}` has {name}, which no crate uses: take it out of {TABLE}"
            ));
        }
    }
    findings
}

fn names(list: &BTreeSet<String>) -> BTreeSet<&str> {
    list.iter().map(String::as_str).collect()
}

/// The broken rule, if `package` may not depend on `dependency`.
fn edge(
    table: &Table,
    package: &Package,
    rules: &Rules,
    dependency: &Dependency,
) -> Option<String> {
    let name = &dependency.name;
    let kind = kind(table, package, dependency);
    let (ours, external, what) = match kind {
        Some("dev") => (
            vec![&rules.uses, &rules.tests_use],
            vec![
                &rules.external,
                &rules.tests_external,
                &table.everywhere.external,
                &table.everywhere.tests_external,
            ],
            "the tests of ",
        ),
        Some("build") => (vec![], vec![&rules.build_external], "the build script of "),
        _ => (vec![&rules.uses], vec![&rules.external, &table.everywhere.external], ""),
    };
    let allowed = if dependency.path.is_some() { &ours } else { &external };
    // A crate's tests may switch on its own features by naming it among its dev-dependencies.
    let itself = kind == Some("dev") && *name == package.name;
    if itself || allowed.iter().any(|names| names.contains(name)) {
        return None;
    }
    let may = allowed.iter().flat_map(|names| names.iter().map(String::as_str));
    let may = may.collect::<Vec<_>>().join(", ");
    Some(format!(
        "{what}{} may not use {name}. It holds {}. It may use: {}. See ARCHITECTURE.md for the \
         crate of this code; if the rule is wrong, change {TABLE}",
        package.name,
        rules.holds,
        if may.is_empty() { "nothing" } else { &may }
    ))
}

/// The kind of a dependency: `None` for a normal one. One that only test features switch on is as
/// good as a dev-dependency.
fn kind<'a>(table: &Table, package: &Package, dependency: &'a Dependency) -> Option<&'a str> {
    if !dependency.optional {
        return dependency.kind.as_deref();
    }
    let (explicit, within) = (format!("dep:{}", dependency.name), format!("{}/", dependency.name));
    let mut switches = package.features.iter().filter_map(|(feature, on)| {
        on.iter().any(|on| *on == explicit || on.starts_with(&within)).then_some(feature)
    });
    if switches.all(|feature| table.everywhere.test_features.contains(feature)) {
        Some("dev")
    } else {
        dependency.kind.as_deref()
    }
}

/// Test features come from dev-dependencies, or from a feature of the same name.
fn test_feature(table: &Table, package: &Package, dependency: &Dependency) -> Option<String> {
    if kind(table, package, dependency) == Some("dev") || dependency.path.is_none() {
        return None;
    }
    let feature =
        dependency.features.iter().find(|name| table.everywhere.test_features.contains(*name))?;
    Some(format!(
        "{} switches on the test feature {feature} of {}: only dev-dependencies may",
        package.name, dependency.name
    ))
}

/// What `default` switches on in the package itself, directly or through other features.
fn default_features(package: &Package) -> BTreeSet<&str> {
    let mut on = BTreeSet::new();
    let mut open = vec!["default"];
    while let Some(name) = open.pop() {
        for next in package.features.get(name).into_iter().flatten() {
            // `crate/feature` reaches into a dependency; its last part is what counts here.
            let next = next.rsplit('/').next().unwrap_or(next);
            if on.insert(next) {
                open.push(next);
            }
        }
    }
    on
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        toml::from_str(
            r#"
            [everywhere]
            external = ["serde"]
            tests_external = ["tempfile"]
            test_features = ["testing"]
            [crate.leaf]
            holds = "ids"
            uses = []
            external = []
            [crate.upper]
            holds = "actors"
            uses = ["leaf"]
            tests_use = ["servers"]
            external = ["tokio"]
            [crate.servers]
            holds = "child processes"
            uses = []
            external = []
            build_external = ["cc"]
            "#,
        )
        .expect("valid")
    }

    fn package(name: &str, dependencies: &[(&str, Option<&str>, bool)]) -> Package {
        Package {
            name: name.to_owned(),
            manifest_path: String::new(),
            features: BTreeMap::new(),
            dependencies: dependencies
                .iter()
                .map(|(name, kind, ours)| Dependency {
                    name: (*name).to_owned(),
                    kind: kind.map(str::to_owned),
                    features: Vec::new(),
                    path: ours.then(String::new),
                    optional: false,
                })
                .collect(),
        }
    }

    /// A crate that uses all that its rules allow, and nothing else.
    fn full(name: &str) -> Package {
        match name {
            "upper" => package(
                name,
                &[
                    ("leaf", None, true),
                    ("serde", None, false),
                    ("tokio", None, false),
                    ("servers", Some("dev"), true),
                    ("tempfile", Some("dev"), false),
                    ("upper", Some("dev"), true),
                ],
            ),
            "servers" => package(name, &[("cc", Some("build"), false)]),
            _ => package(name, &[]),
        }
    }

    fn findings_of(package: &Package) -> usize {
        let dependencies = package.dependencies.iter();
        let rules = &table().crates[&package.name];
        dependencies.filter_map(|one| edge(&table(), package, rules, one)).count()
    }

    /// The findings for `packages`, of which each uses all that it may besides, among crates that
    /// are as their table have them.
    fn found(packages: Vec<Package>) -> Findings {
        let mut packages = packages;
        for name in ["leaf", "upper", "servers"] {
            let all = full(name);
            if let Some(package) = packages.iter_mut().find(|package| package.name == name) {
                package.dependencies.extend(all.dependencies);
            } else {
                packages.push(all);
            }
        }
        findings(&table(), &Metadata { packages, workspace_root: String::new() })
    }

    #[test]
    fn allowed_edges_pass() {
        assert_eq!(found(Vec::new()), Findings::new());
    }

    #[test]
    fn an_allowance_that_nobody_needs_is_refused() {
        let is_found = |list: &str, without: &str, rules: &str| {
            let mut packages: Vec<Package> = ["leaf", "upper", "servers"].map(full).into();
            let package = packages.iter_mut().find(|one| one.name == rules).expect("it is there");
            package.dependencies.retain(|one| one.name != without);
            let metadata = Metadata { packages, workspace_root: String::new() };
            let findings = findings(&table(), &metadata);
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert!(findings[0].contains(list) && findings[0].contains(without), "{findings:?}");
        };
        is_found("`uses`", "leaf", "upper");
        is_found("`tests_use`", "servers", "upper");
        is_found("`external`", "tokio", "upper");
        is_found("`build_external`", "cc", "servers");
        is_found("`everywhere.external`", "serde", "upper");
        is_found("`everywhere.tests_external`", "tempfile", "upper");
    }

    #[test]
    fn what_only_tests_use_needs_no_line_for_the_crate_itself() {
        let mut table = table();
        let upper = table.crates.get_mut("upper").expect("it is there");
        upper.external.insert("tempfile".to_owned());
        upper.tests_external.insert("tokio".to_owned());
        let packages = ["leaf", "upper", "servers"].map(full).into();
        let findings = findings(&table, &Metadata { packages, workspace_root: String::new() });
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].contains("tempfile by `external`"), "{findings:?}");
        assert!(findings[1].contains("tokio by `tests_external`"), "{findings:?}");
    }

    #[test]
    fn an_edge_upwards_is_named_with_its_rule() {
        let findings = found(vec![package("leaf", &[("upper", None, true)])]);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].starts_with("leaf may not use upper. It holds ids."), "{findings:?}");
    }

    #[test]
    fn an_external_crate_that_is_not_in_the_room_is_refused() {
        assert_eq!(found(vec![package("leaf", &[("tokio", None, false)])]).len(), 1);
    }

    #[test]
    fn what_only_tests_may_use_is_refused_elsewhere() {
        let edges = [("servers", None, true), ("tempfile", None, false), ("cc", None, false)];
        assert_eq!(found(vec![package("upper", &edges)]).len(), 3);
        assert_eq!(found(vec![package("servers", &[("cc", Some("dev"), false)])]).len(), 1);
    }

    #[test]
    fn what_only_a_test_feature_switches_on_counts_as_a_test_dependency() {
        let mut upper = package("upper", &[("servers", None, true)]);
        upper.dependencies[0].optional = true;
        let on = |feature: &str| (feature.to_owned(), vec!["dep:servers".to_owned()]);
        upper.features.extend([on("testing")]);
        assert_eq!(findings_of(&upper), 0);
        upper.features.extend([on("handy")]);
        assert_eq!(findings_of(&upper), 1);
    }

    #[test]
    fn a_crate_of_ours_may_not_hide_behind_an_external_name() {
        // A path dependency called like an allowed registry crate is still a crate of ours.
        assert_eq!(found(vec![package("upper", &[("tokio", None, true)])]).len(), 1);
    }

    #[test]
    fn a_crate_without_a_room_and_a_room_without_a_crate_are_found() {
        let findings = found(vec![package("stray", &[])]);
        assert!(findings[0].starts_with("stray is not in the table"), "{findings:?}");
        let none = Metadata { packages: Vec::new(), workspace_root: String::new() };
        let findings = super::findings(&table(), &none);
        let table = findings.iter().filter(|finding| finding.contains("has an entry for"));
        assert_eq!(table.count(), 3);
    }

    #[test]
    fn a_test_feature_is_refused_as_default_and_in_a_normal_dependency() {
        let mut upper = package("upper", &[("leaf", None, true)]);
        upper.dependencies[0].features.push("testing".to_owned());
        upper.features.insert("default".to_owned(), vec!["full".to_owned()]);
        upper.features.insert("full".to_owned(), vec!["leaf/testing".to_owned()]);
        let findings = found(vec![upper]);
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].contains("only dev-dependencies may"), "{findings:?}");
        assert!(findings[1].contains("by default"), "{findings:?}");
    }
}
