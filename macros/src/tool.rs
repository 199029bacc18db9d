//! `#[tool]`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::parse::Parser as _;
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, ItemFn, Lit, LitStr, Meta, Pat, Result, ReturnType,
    Type,
};

#[derive(Default)]
struct Arguments {
    read: bool,
    write: bool,
    patient: bool,
    confirm: Option<LitStr>,
}

fn arguments(attribute: TokenStream) -> Result<Arguments> {
    let mut arguments = Arguments::default();
    let parser = syn::meta::parser(|meta| {
        if meta.path.is_ident("read") {
            arguments.read = true;
        } else if meta.path.is_ident("write") {
            arguments.write = true;
        } else if meta.path.is_ident("patient") {
            arguments.patient = true;
        } else if meta.path.is_ident("confirm") {
            arguments.confirm = Some(meta.value()?.parse()?);
        } else {
            return Err(meta.error(
                "not known here; there are `read`, or `write` with `confirm = \"…\"`, and `patient`",
            ));
        }
        Ok(())
    });
    parser.parse2(attribute)?;
    Ok(arguments)
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    tool(attribute, item).unwrap_or_else(|error| error.to_compile_error())
}

/// The lines of documentation, as one text.
fn documentation(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    };
    attributes.iter().filter_map(line).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// Whether the name of a type ends like this: an alias may have something before it.
fn is_called(of: &Type, name: &str) -> bool {
    let Type::Path(of) = of else { return false };
    of.path.segments.last().is_some_and(|last| last.ident.to_string().ends_with(name))
}

/// The arguments after the context.
fn parameters(function: &ItemFn) -> Result<Vec<(Ident, Type)>> {
    let mut inputs = function.sig.inputs.iter();
    let problem = "a tool's first argument is `cx: ToolCx`; those of the tool follow it";
    match inputs.next() {
        None => return Err(Error::new_spanned(&function.sig, problem)),
        Some(FnArg::Typed(first)) if !is_called(&first.ty, "ToolCx") => {
            return Err(Error::new_spanned(first, problem));
        }
        Some(_) => {}
    }
    inputs
        .map(|input| match input {
            FnArg::Typed(typed) => match &*typed.pat {
                Pat::Ident(name) => Ok((name.ident.clone(), (*typed.ty).clone())),
                other => Err(Error::new_spanned(other, "an argument of a tool has a plain name")),
            },
            FnArg::Receiver(this) => Err(Error::new_spanned(this, "a tool is a function")),
        })
        .collect()
}

/// The names between braces.
fn placeholders(confirm: &LitStr) -> Result<Vec<String>> {
    let text = confirm.value();
    let mut names = Vec::new();
    for part in text.split('{').skip(1) {
        match part.split_once('}') {
            Some((name, _)) => names.push(name.to_owned()),
            None => return Err(Error::new_spanned(confirm, "a `{` without its `}`")),
        }
    }
    Ok(names)
}

fn read_back(arguments: &Arguments, function: &ItemFn, names: &[String]) -> Result<Option<LitStr>> {
    let name = &function.sig.ident;
    match (arguments.read, arguments.write, &arguments.confirm) {
        (true, false, None) => Ok(None),
        (false, true, Some(confirm)) => {
            if !confirm.value().trim_end().ends_with('?') {
                return Err(Error::new_spanned(confirm, "a read-back ends with a question mark"));
            }
            let unknown = placeholders(confirm)?.into_iter().find(|own| !names.contains(own));
            match unknown {
                Some(unknown) => {
                    let known = names.join("`, `");
                    let problem = match names {
                        [] => format!("`{unknown}` is no argument of this tool, which has none"),
                        _ => {
                            format!("`{unknown}` is no argument of this tool, which has `{known}`")
                        }
                    };
                    Err(Error::new_spanned(confirm, problem))
                }
                None => Ok(Some(confirm.clone())),
            }
        }
        (false, true, None) => Err(Error::new_spanned(
            name,
            "a tool that writes is read back to the caller: `#[tool(write, confirm = \"I will … \
             {argument}. Shall I?\")]`",
        )),
        (true, false, Some(confirm)) => Err(Error::new_spanned(
            confirm,
            "`confirm` is for a tool that writes; this one is `read`",
        )),
        _ => Err(Error::new_spanned(
            name,
            "a tool is either `#[tool(read)]`, which looks something up, or `#[tool(write, confirm \
             = \"…\")]`, which changes something",
        )),
    }
}

fn tool(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let arguments = arguments(attribute)?;
    let function: ItemFn = syn::parse2(item)?;
    if function.sig.asyncness.is_none() {
        return Err(Error::new_spanned(
            &function.sig,
            "a tool is an `async fn`: write `async` before `fn`",
        ));
    }
    let problem = "a tool returns `Result<…, ToolFailure>`";
    match &function.sig.output {
        ReturnType::Default => return Err(Error::new_spanned(&function.sig, problem)),
        ReturnType::Type(_, output) if !is_called(output, "Result") => {
            return Err(Error::new_spanned(output, problem));
        }
        ReturnType::Type(..) => {}
    }
    let description = documentation(&function.attrs);
    if description.is_empty() {
        let problem = "a tool says what it is for in a comment `/// …` before it";
        return Err(Error::new_spanned(&function.sig.ident, problem));
    }
    let parameters = parameters(&function)?;
    let written: Vec<String> = parameters.iter().map(|(name, _)| name.to_string()).collect();
    let confirm = read_back(&arguments, &function, &written)?;
    let (name, visibility) = (&function.sig.ident, &function.vis);
    let text = name.to_string();
    let (names, types): (Vec<_>, Vec<_>) = parameters.into_iter().unzip();
    let mut inner = function.clone();
    inner.sig.ident = format_ident!("run");
    inner.vis = syn::Visibility::Inherited;
    let attributes = std::mem::take(&mut inner.attrs);
    let make = if confirm.is_some() { quote!(write) } else { quote!(read) };
    let patient = arguments.patient.then(|| quote!(.for_patient()));
    let confirm = confirm.map(|confirm| {
        quote! {
            fn read_back(
                &self,
                args: &p::Value,
                _: &p::Ledger,
                _: &p::Language,
            ) -> ::core::option::Option<p::ReadBack> {
                p::read_back(#confirm, args)
            }
        }
    });
    Ok(quote! {
        #(#attributes)*
        #visibility fn #name() -> ::std::sync::Arc<dyn ::frontdesk_agent::private::Tool> {
            use ::frontdesk_agent::private as p;

            #inner

            struct Made(p::ToolSpec);

            #[derive(p::Deserialize)]
            #[serde(crate = "::frontdesk_agent::private::serde")]
            struct Arguments {
                #(#names: #types,)*
            }

            impl p::Contract for Made {
                fn spec(&self) -> &p::ToolSpec {
                    &self.0
                }

                #confirm
            }

            impl p::Tool for Made {
                fn run(&self, cx: p::ToolCx, args: p::Value) -> p::ToolFuture<'_> {
                    ::std::boxed::Box::pin(async move {
                        let Arguments { #(#names),* } = p::arguments(args)?;
                        p::answer(run(cx, #(#names),*).await)
                    })
                }
            }

            let schema = p::schema(&[#((
                #written,
                <#types as p::Argument>::schema(),
                <#types as p::Argument>::OPTIONAL,
            )),*]);
            ::std::sync::Arc::new(Made(p::ToolSpec::#make(#text, #description, schema) #patient))
        }
    })
}
