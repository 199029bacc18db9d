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

type NodeId = u32;

/// A step that says nothing.
const SILENT: WordId = WordId::MAX;

/// The end of a node's list of arcs.
const NO_ARC: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Arc {
    word: WordId,
    to: NodeId,
    probability: f64,
    /// Place of the next arc that leaves the same node.
    next: u32,
}

/// Nodes in topological order, and the arcs that leave them. Two lists instead of a list in each
/// node: there are hundreds of thousands, nearly all with one arc.
struct Graph {
    /// Place of the first arc that leaves each node.
    first: Vec<u32>,
    arcs: Vec<Arc>,
}

impl Graph {
    fn node(&mut self) -> NodeId {
        self.first.push(NO_ARC);
        // Fewer than four thousand million: `MAX_NODES`.
        (self.first.len() - 1) as NodeId
    }

    fn link(&mut self, from: NodeId, word: WordId, probability: f64, to: NodeId) {
        let first = &mut self.first[from as usize];
        let next = std::mem::replace(first, self.arcs.len() as u32);
        self.arcs.push(Arc { word, to, probability, next });
    }

    fn nodes(&self) -> std::ops::Range<NodeId> {
        0..self.first.len() as NodeId
    }

    fn leaving(&self, node: NodeId) -> impl Iterator<Item = Arc> {
        let mut at = self.first[node as usize];
        std::iter::from_fn(move || {
            let arc = *self.arcs.get(at as usize)?;
            at = arc.next;
            Some(arc)
        })
    }
}

/// Words that can follow a node, most likely first: word, chance, next node.
type Following = Rc<[(WordId, f64, NodeId)]>;

/// A network without cycles. Node 0 says `<s>`, the last is the end.
pub(super) struct Network {
    graph: Graph,
}

type Slots = BTreeMap<String, Vec<(String, f64)>>;

struct Builder<'a> {
    graph: Graph,
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
            graph: Graph { first: Vec::new(), arcs: Vec::new() },
            slots,
            parsed: BTreeMap::new(),
            open: Vec::new(),
            counts,
        };
        let root = builder.graph.node();
        let start = builder.step(root, START, 1.0);
        let parsed = parse_all(sentences)?;
        let end = builder.alternatives(start, &parsed)?;
        builder.step(end, END, 1.0);
        Ok(Self { graph: builder.graph })
    }

    /// Adds the expected counts of `share` of all that is said, in a model of `size` templates.
    pub(super) fn count(&self, counts: &mut Counts, share: f64, size: f64) {
        let scale = size * SENTENCES_PER_TEMPLATE;
        let mut reach = vec![0.0; self.graph.first.len()];
        reach[0] = share;
        for at in self.graph.nodes() {
            for arc in self.graph.leaving(at) {
                reach[arc.to as usize] += reach[at as usize] * arc.probability;
            }
        }
        let mut memo: Vec<Option<Following>> = vec![None; self.graph.first.len()];
        for at in self.graph.nodes() {
            for arc in self.graph.leaving(at).filter(|arc| arc.word != SILENT) {
                let first = arc.word;
                let weight = reach[at as usize] * arc.probability;
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

    fn following(&self, node: NodeId, memo: &mut [Option<Following>]) -> Following {
        // Through silent steps that have no alternative, so that the end of each of 2,000 names
        // shares one list with the others.
        let mut at = node;
        while let Some(Arc { word: SILENT, next: NO_ARC, to, .. }) = self.graph.leaving(at).next() {
            at = to;
        }
        if let Some(known) = &memo[at as usize] {
            return Rc::clone(known);
        }
        let mut list = Vec::new();
        for arc in self.graph.leaving(at) {
            if arc.word == SILENT {
                let after = self.following(arc.to, memo);
                list.extend(after.iter().map(|&(word, p, to)| (word, p * arc.probability, to)));
            } else {
                list.push((arc.word, arc.probability, arc.to));
            }
        }
        list.sort_by(|a, b| b.1.total_cmp(&a.1));
        let list: Following = list.into();
        memo[at as usize] = Some(Rc::clone(&list));
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
    fn step(&mut self, from: NodeId, word: WordId, probability: f64) -> NodeId {
        let to = self.graph.node();
        self.graph.link(from, word, probability, to);
        to
    }

    /// Adds all of `options` between `from` and the node that is returned.
    fn alternatives(&mut self, from: NodeId, options: &[(Node, f64)]) -> Result<NodeId, LmError> {
        let total: f64 = options.iter().map(|(_, weight)| weight).sum();
        let mut ends = Vec::with_capacity(options.len());
        for (node, weight) in options {
            let begin = self.step(from, SILENT, weight / total);
            ends.push(self.add(begin, node)?);
        }
        // Made after all of them, so that the order of the nodes stays topological.
        let join = self.graph.node();
        for end in ends {
            self.graph.link(end, SILENT, 1.0, join);
        }
        Ok(join)
    }

    fn add(&mut self, from: NodeId, node: &Node) -> Result<NodeId, LmError> {
        match node {
            Node::Word(word) => {
                let id = self.counts.word(word);
                Ok(self.step(from, id, 1.0))
            }
            Node::Sequence(items) => items.iter().try_fold(from, |at, item| self.add(at, item)),
            Node::Choice(options) => {
                let options: Vec<_> = options.iter().map(|option| (option.clone(), 1.0)).collect();
                self.alternatives(from, &options)
            }
            Node::Slot(name) => {
                if self.graph.first.len() > MAX_NODES {
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
