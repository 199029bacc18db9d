//! Who uses whom, and the circles in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use crate::Findings;
use crate::exceptions::{EXCEPTIONS, Edges};

/// Files and the files that they use.
#[derive(Default)]
pub(super) struct Imports {
    of: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
}

impl Imports {
    pub(super) fn add(&mut self, from: &Path, to: &Path) {
        self.of.entry(from.to_owned()).or_default().insert(to.to_owned());
    }

    fn edges(&self) -> impl Iterator<Item = (&PathBuf, &PathBuf)> {
        self.of.iter().flat_map(|(from, all)| all.iter().map(move |to| (from, to)))
    }

    /// The shortest way from one file to another, both included.
    fn way<'a>(&'a self, from: &'a PathBuf, to: &PathBuf) -> Option<Vec<&'a PathBuf>> {
        let mut before: BTreeMap<&PathBuf, &PathBuf> = BTreeMap::new();
        let mut open = VecDeque::from([from]);
        while let Some(at) = open.pop_front() {
            if at == to {
                let mut way = vec![at];
                while let Some(step) =
                    before.get(way[way.len() - 1]).filter(|_| way.last() != Some(&from))
                {
                    way.push(step);
                }
                way.reverse();
                return Some(way);
            }
            for next in self.of.get(at).into_iter().flatten() {
                if next != from && !before.contains_key(next) {
                    before.insert(next, at);
                    open.push_back(next);
                }
            }
        }
        None
    }

    /// One line per circle that no exception takes apart, and per exception that takes none apart.
    pub(super) fn findings(mut self, exceptions: &Edges) -> Findings {
        let mut stale = Findings::new();
        for (from, to) in
            exceptions.iter().flat_map(|(from, all)| all.iter().map(move |to| (from, to)))
        {
            let is_used = self.of.get(from).is_some_and(|all| all.contains(to));
            let names = format!("{} → {}", from.display(), to.display());
            if !is_used {
                stale.push(format!(
                    "{EXCEPTIONS} excepts {names}, but the one does not use the other: take it out"
                ));
            } else if self.way(to, from).is_none() {
                stale.push(format!(
                    "{EXCEPTIONS} excepts {names}, which is part of no circle: take it out"
                ));
            }
        }
        for (from, all) in exceptions {
            if let Some(used) = self.of.get_mut(from) {
                used.retain(|to| !all.contains(to));
            }
        }
        let mut told: BTreeSet<BTreeSet<&PathBuf>> = BTreeSet::new();
        let mut findings = Findings::new();
        for (from, to) in self.edges() {
            let Some(way) = self.way(to, from) else { continue };
            if told.insert(way.iter().copied().collect()) {
                let names: Vec<_> = way.iter().map(|path| path.display().to_string()).collect();
                findings.push(format!(
                    "{} → {}: files that use one another in a circle; let one hold what both need, \
                     or hand it over as an argument or a trait",
                    from.display(),
                    names.join(" → ")
                ));
            }
        }
        findings.extend(stale);
        findings
    }
}
