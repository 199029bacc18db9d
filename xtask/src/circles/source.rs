//! The paths that a source file names.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use proc_macro2::{Delimiter, LexError, TokenStream, TokenTree};

/// What a file names of its own crate.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// Paths as they are written, each with the module that it is written in.
    pub(super) paths: Vec<(Vec<String>, Vec<String>)>,
    /// Names that `use` brings into the file's own module, and what they stand for there.
    pub(super) names: BTreeMap<String, Vec<String>>,
}

/// Reads the file of `module`.
pub(super) fn read(text: &str, module: &[String]) -> Result<Source, LexError> {
    let mut source = Source::default();
    walk(TokenStream::from_str(text)?, module, true, &mut source);
    Ok(source)
}

fn walk(tokens: TokenStream, module: &[String], top: bool, source: &mut Source) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    let mut for_tests = false;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                if let Some(TokenTree::Group(attribute)) = tokens.get(at + 1) {
                    let text = attribute.stream().to_string().replace(' ', "");
                    for_tests |= text == "cfg(test)";
                    at += 1;
                }
            }
            TokenTree::Ident(word) if word == "mod" => {
                if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                    (tokens.get(at + 1), tokens.get(at + 2))
                {
                    if !for_tests {
                        let inner = [module, &[name.to_string()]].concat();
                        walk(body.stream(), &inner, false, source);
                    }
                    at += 2;
                }
                for_tests = false;
            }
            TokenTree::Ident(word) if word == "use" => {
                let end = tokens[at..].iter().position(|token| is(token, ';'));
                let tree = &tokens[at + 1..end.map_or(tokens.len(), |end| at + end)];
                let mut found = Vec::new();
                expand(tree, &[], &mut found);
                for (name, path) in found {
                    if top && !for_tests {
                        source.names.insert(name, path.clone());
                    }
                    if !for_tests {
                        source.paths.push((module.to_vec(), path));
                    }
                }
                at += tree.len();
                for_tests = false;
            }
            TokenTree::Ident(word)
                if ["crate", "super", "self"].iter().any(|start| word == start) =>
            {
                let mut path = vec![word.to_string()];
                while let [first, second, TokenTree::Ident(next), ..] = &tokens[at + 1..]
                    && is(first, ':')
                    && is(second, ':')
                {
                    path.push(next.to_string());
                    at += 3;
                }
                if path.len() > 1 {
                    source.paths.push((module.to_vec(), path));
                }
            }
            TokenTree::Group(group) => {
                walk(group.stream(), module, false, source);
                for_tests &= group.delimiter() != Delimiter::Brace;
            }
            _ => {}
        }
        at += 1;
    }
}

/// The names of a `use` tree, each with its whole path.
fn expand(tree: &[TokenTree], before: &[String], found: &mut Vec<(String, Vec<String>)>) {
    let mut path = before.to_vec();
    let mut at = 0;
    while let Some(token) = tree.get(at) {
        match token {
            TokenTree::Ident(word) if word == "as" => {
                if let Some(TokenTree::Ident(name)) = tree.get(at + 1) {
                    found.push((name.to_string(), path));
                }
                return;
            }
            // `a::{self}` is `a`.
            TokenTree::Ident(word) if word == "self" && !before.is_empty() => {}
            TokenTree::Ident(word) => path.push(word.to_string()),
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for one in inner.split(|token| is(token, ',')) {
                    expand(one, &path, found);
                }
                return;
            }
            _ => {}
        }
        at += 1;
    }
    if let Some(last) = path.last().cloned() {
        found.push((last, path));
    }
}

fn is(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}
