//! What a request says: read field by field, so that the answer names everything that is wrong with it
//! at once.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::http::Problem;
use crate::http::problem::BadField;

/// Longest body that is read, in bytes.
pub(super) const MAX_BODY: usize = 64 * 1024;

/// Something that a request's body or query says. Made by [`request!`] and [`query!`].
pub(super) trait Input: Sized {
    /// Reads it; `None` if something is wrong, which the fields keep.
    fn read(fields: &mut Fields) -> Option<Self>;
}

/// The fields of a request while they are read.
pub(super) struct Fields {
    values: Map<String, Value>,
    /// Of a query everything is text.
    is_query: bool,
    bad: Vec<BadField>,
}

impl Fields {
    fn new(values: Map<String, Value>, is_query: bool) -> Self {
        Self { values, is_query, bad: Vec::new() }
    }

    /// The field of that name; one that is missing is null.
    pub(super) fn take<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.values.remove(name).unwrap_or(Value::Null);
        let (missing, is_query) = (value.is_null(), self.is_query);
        let number = value.as_str().filter(|_| is_query).map(str::to_owned);
        let read = serde_json::from_value(value);
        // A number of a query is read as one only where no text is wanted.
        let read = read.or_else(|error| match number {
            Some(text) => serde_json::from_str(&text).map_err(|_| error),
            None => Err(error),
        });
        let detail = match read {
            Ok(value) => return Some(value),
            Err(_) if missing => "is missing".to_owned(),
            Err(error) => error.to_string(),
        };
        self.wrong(name, detail);
        None
    }

    /// Notes that something is wrong with a field.
    pub(super) fn wrong(&mut self, name: &str, detail: impl Into<String>) {
        self.bad.push(BadField { field: name.to_owned(), detail: detail.into() });
    }

    fn finish<T: Input>(mut self) -> Result<T, Problem> {
        let read = T::read(&mut self);
        for name in std::mem::take(&mut self.values).keys() {
            self.wrong(name, "is not known here");
        }
        match read {
            Some(value) if self.bad.is_empty() => Ok(value),
            _ => {
                let detail = "something is wrong with the request; see `errors`";
                let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
                Err(problem.errors(self.bad))
            }
        }
    }
}

/// A query.
pub(super) fn of_query<T: Input>(query: &str) -> Result<T, Problem> {
    let mut values = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        values.insert(name.into_owned(), Value::String(value.into_owned()));
    }
    Fields::new(values, true).finish()
}

/// A body of JSON: an object; without one, an empty object.
pub(super) fn of_body<T: Input>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<T, Problem> {
    Fields::new(object(headers, body)?, false).finish()
}

/// A value that was made of what is there and of what a request changes of it.
pub(super) fn merged<T: Input>(current: Value, patch: Map<String, Value>) -> Result<T, Problem> {
    let mut values = match current {
        Value::Object(values) => values,
        _ => Map::new(),
    };
    values.extend(patch);
    Fields::new(values, false).finish()
}

/// The object that a body is.
pub(super) fn object(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Map<String, Value>, Problem> {
    let body = body.map_err(|rejection| {
        let detail = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => format!("the body has more than {MAX_BODY} bytes"),
            _ => "the body could not be read".to_owned(),
        };
        Problem::new(rejection.status(), detail)
    })?;
    if body.is_empty() {
        return Ok(Map::new());
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let json = ["application/json", "application/merge-patch+json"];
    if !json.iter().any(|json| kind.eq_ignore_ascii_case(json)) {
        let detail = "a body is sent as application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    match serde_json::from_slice(&body) {
        Ok(Value::Object(values)) => Ok(values),
        Ok(_) => {
            let detail = "the body is to be an object";
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail))
        }
        Err(_) => {
            let detail = "the body is no JSON";
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
    }
}

/// Declares what a body says: the fields, their documentation, their schema.
macro_rules! request {
    ($(#[$meta:meta])* struct $name:ident {
        $($(#[$doc:meta])* $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, ::serde::Serialize, ::utoipa::ToSchema)]
        pub(super) struct $name {
            $($(#[$doc])* $field: $type,)*
        }

        $crate::http::api::input::readable!($name { $($field: $type,)* });
    };
}

/// Declares what a query says.
macro_rules! query {
    ($(#[$meta:meta])* struct $name:ident {
        $($(#[$doc:meta])* $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, ::serde::Serialize, ::utoipa::IntoParams)]
        #[into_params(parameter_in = Query)]
        pub(super) struct $name {
            $($(#[$doc])* $field: $type,)*
        }

        $crate::http::api::input::readable!($name { $($field: $type,)* });
    };
}

macro_rules! readable {
    ($name:ident { $($field:ident: $type:ty,)* }) => {
        impl $crate::http::api::input::Input for $name {
            fn read(fields: &mut $crate::http::api::input::Fields) -> Option<Self> {
                $(let $field = fields.take::<$type>(stringify!($field));)*
                Some(Self { $($field: $field?,)* })
            }
        }
    };
}

pub(super) use {query, readable, request};
