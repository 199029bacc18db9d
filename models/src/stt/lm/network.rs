//! The network of words that templates span, and its expected n-gram counts.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::LmError;
use super::ngram::{Counts, END, START, WordId};
use super::template::{Node, parse};

/// Sentences of evidence that each template stands for: how far the model trusts what it was told
/// against what it was not. Higher is stricter. Chosen by `speech_figures` (docs/speech.md).
const SENTENCES_PER_TEMPLATE: f64 = 20.0;

/// N-grams on a path less likely than this go to the back-off. It is the cross product of two long
/// lists (first names × last names) that falls below, and would make millions of entries.
const PATH_FLOOR: f64 = 1e-5;

/// More nodes than this are slots in slots in slots, multiplied by mistake.
const MAX_NODES: usize = 2_000_000;

struct Arc {
    /// `None`: the step says nothing.
    word: Option<WordId>,
    probability: f64,
    to: usize,
}

/// Words that can follow a node, most likely first: word, chance, next node.
type Following = Rc<[(WordId, f64, usize)]>;

/// A network without cycles, its nodes in topological order. Node 0 says `<s>`, the last is the end.
pub(super) struct Network {
    nodes: Vec<Vec<Arc>>,
}

type Slots = BTreeMap<String, Vec<(String, f64)>>;

struct Builder<'a> {
    nodes: Vec<Vec<Arc>>,
    slots: &'a Slots,
    parsed: BTreeMap<&'a str, Rc<[(Node, f64)]>>,
    open: Vec<String>,
    counts: &'a mut Counts,
}

impl Network {
    pub(super) fn build(
        sentences: &[(String, f64)],
        slots: &Slots,
        counts: &mut Counts,
    ) -> Result<Self, LmError> {
        let mut builder = Builder {
            nodes: vec![Vec::new()],
            slots,
            parsed: BTreeMap::new(),
            open: Vec::new(),
            counts,
        };
        let start = builder.step(0, Some(START), 1.0);
        let parsed = parse_all(sentences)?;
        let end = builder.alternatives(start, &parsed)?;
        builder.step(end, Some(END), 1.0);
        Ok(Self { nodes: builder.nodes })
    }

    /// Adds the expected counts of `share` of all that is said, in a model of `size` templates.
    pub(super) fn count(&self, counts: &mut Counts, share: f64, size: f64) {
        let scale = size * SENTENCES_PER_TEMPLATE;
        let mut reach = vec![0.0; self.nodes.len()];
        reach[0] = share;
        for (at, arcs) in self.nodes.iter().enumerate() {
            for arc in arcs {
                reach[arc.to] += reach[at] * arc.probability;
            }
        }
        let mut memo: Vec<Option<Following>> = vec![None; self.nodes.len()];
        for (at, arcs) in self.nodes.iter().enumerate() {
            for arc in arcs {
                let Some(first) = arc.word else { continue };
                let weight = reach[at] * arc.probability;
                counts.add_unigram(first, weight * scale);
                let mut left = weight;
                for &(second, probability, next) in &*self.following(arc.to, &mut memo) {
                    let pair = weight * probability;
                    if pair < PATH_FLOOR {
                        break;
                    }
                    left -= pair;
                    counts.add_bigram(first, second, pair * scale);
                    let mut left_of_pair = pair;
                    for &(third, probability, _) in &*self.following(next, &mut memo) {
                        let triple = pair * probability;
                        if triple < PATH_FLOOR {
                            break;
                        }
                        left_of_pair -= triple;
                        counts.add_trigram(first, second, third, triple * scale);
                    }
                    if second != END {
                        counts.drop_after_two(first, second, left_of_pair.max(0.0) * scale);
                    }
                }
                if first != END {
                    counts.drop_after_one(first, left.max(0.0) * scale);
                }
            }
        }
    }

    fn following(&self, node: usize, memo: &mut [Option<Following>]) -> Following {
        // Through silent steps that have no alternative, so that the end of each of 2,000 names
        // shares one list with the others.
        let mut at = node;
        while let [Arc { word: None, to, .. }] = self.nodes[at][..] {
            at = to;
        }
        if let Some(known) = &memo[at] {
            return Rc::clone(known);
        }
        let mut list = Vec::new();
        for arc in &self.nodes[at] {
            match arc.word {
                Some(word) => list.push((word, arc.probability, arc.to)),
                None => list.extend(
                    self.following(arc.to, memo)
                        .iter()
                        .map(|&(word, p, to)| (word, p * arc.probability, to)),
                ),
            }
        }
        list.sort_by(|a, b| b.1.total_cmp(&a.1));
        let list: Following = list.into();
        memo[at] = Some(Rc::clone(&list));
        list
    }
}

fn parse_all(templates: &[(String, f64)]) -> Result<Vec<(Node, f64)>, LmError> {
    templates
        .iter()
        .map(|(template, weight)| {
            if weight.is_finite() && *weight > 0.0 {
                Ok((parse(template)?, *weight))
            } else {
                Err(LmError::BadWeight(template.clone()))
            }
        })
        .collect()
}

impl Builder<'_> {
    fn step(&mut self, from: usize, word: Option<WordId>, probability: f64) -> usize {
        self.nodes.push(Vec::new());
        let to = self.nodes.len() - 1;
        self.nodes[from].push(Arc { word, probability, to });
        to
    }

    /// Adds all of `options` between `from` and the node that is returned.
    fn alternatives(&mut self, from: usize, options: &[(Node, f64)]) -> Result<usize, LmError> {
        let total: f64 = options.iter().map(|(_, weight)| weight).sum();
        let mut ends = Vec::with_capacity(options.len());
        for (node, weight) in options {
            let begin = self.step(from, None, weight / total);
            ends.push(self.add(begin, node)?);
        }
        // Made after all of them, so that the order of the nodes stays topological.
        self.nodes.push(Vec::new());
        let join = self.nodes.len() - 1;
        for end in ends {
            self.nodes[end].push(Arc { word: None, probability: 1.0, to: join });
        }
        Ok(join)
    }

    fn add(&mut self, from: usize, node: &Node) -> Result<usize, LmError> {
        match node {
            Node::Word(word) => {
                let id = self.counts.word(word);
                Ok(self.step(from, Some(id), 1.0))
            }
            Node::Sequence(items) => items.iter().try_fold(from, |at, item| self.add(at, item)),
            Node::Choice(options) => {
                let options: Vec<_> = options.iter().map(|option| (option.clone(), 1.0)).collect();
                self.alternatives(from, &options)
            }
            Node::Slot(name) => {
                if self.nodes.len() > MAX_NODES {
                    return Err(LmError::TooLarge(MAX_NODES));
                }
                if self.open.contains(name) {
                    return Err(LmError::RecursiveSlot(name.clone()));
                }
                let values = self.values(name)?;
                self.open.push(name.clone());
                let end = self.alternatives(from, &values)?;
                self.open.pop();
                Ok(end)
            }
        }
    }

    fn values(&mut self, name: &str) -> Result<Rc<[(Node, f64)]>, LmError> {
        if let Some(parsed) = self.parsed.get(name) {
            return Ok(Rc::clone(parsed));
        }
        match self.slots.get_key_value(name) {
            Some((key, values)) if !values.is_empty() => {
                let parsed: Rc<[_]> = parse_all(values)?.into();
                self.parsed.insert(key, Rc::clone(&parsed));
                Ok(parsed)
            }
            _ => Err(LmError::EmptySlot(name.to_owned())),
        }
    }
}
