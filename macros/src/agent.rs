//! `#[agent]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Error, Fields, Item, ItemStruct, LitStr, Path, Result, Token};

#[derive(Default)]
struct Arguments {
    name: Option<LitStr>,
    tools: Vec<Path>,
    model: bool,
}

fn arguments(attribute: TokenStream) -> Result<Arguments> {
    let mut arguments = Arguments::default();
    let parser = syn::meta::parser(|meta| {
        if meta.path.is_ident("name") {
            arguments.name = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("model") {
            arguments.model = true;
        } else if meta.path.is_ident("tools") {
            let content;
            syn::parenthesized!(content in meta.input);
            let tools = Punctuated::<Path, Token![,]>::parse_terminated(&content)?;
            arguments.tools.extend(tools);
        } else {
            return Err(
                meta.error("not known here; there are `name = \"…\"`, `tools(…)` and `model`")
            );
        }
        Ok(())
    });
    parser.parse2(attribute)?;
    Ok(arguments)
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    agent(attribute, item).unwrap_or_else(|error| error.to_compile_error())
}

fn agent(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let Arguments { name, tools, model } = arguments(attribute)?;
    let problem = "an agent is a struct with named fields, or with none: `struct Name {}`";
    let item: ItemStruct = match syn::parse2(item)? {
        Item::Struct(item) if !matches!(item.fields, Fields::Unit) => item,
        other => return Err(Error::new_spanned(other, problem)),
    };
    let Some(name) = name else {
        let problem = "an agent needs a name: `#[agent(name = \"…\")]`";
        return Err(Error::new_spanned(&item.ident, problem));
    };
    let ident = &item.ident;
    Ok(quote! {
        #[derive(::core::default::Default)]
        #[derive(::frontdesk_agent::private::Serialize, ::frontdesk_agent::private::Deserialize)]
        #[serde(crate = "::frontdesk_agent::private::serde", default)]
        #item

        impl ::frontdesk_agent::Definition for #ident {
            const NAME: &'static str = #name;
            const MODEL: bool = #model;

            fn tools() -> ::std::vec::Vec<::std::sync::Arc<dyn ::frontdesk_agent::private::Tool>> {
                ::std::vec![#(#tools()),*]
            }
        }
    })
}
