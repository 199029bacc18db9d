//! Enums whose variants are known by name: one name for the database, for JSON and for metrics.

/// The text names no variant of an enum that [`named_enum!`](crate::named_enum) made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {kind}")]
pub struct UnknownName {
    /// What was looked for, such as "call outcome".
    pub kind: &'static str,
    /// What was found instead. Names are no personal data, but a wrong text may be anything: for
    /// the error of a read, not for a log of what a caller sends.
    pub text: String,
}

/// Declares an enum of variants without fields, each with its name, written here and nowhere else.
///
/// Besides the enum it makes `ALL`, `as_str`, `Display`, `FromStr` (error: [`UnknownName`]) and
/// serde by name. The word after the enum's name is what an error calls it.
///
/// ```
/// frontdesk_types::named_enum! {
///     /// How a visit takes place.
///     pub enum Visit: "visit type" {
///         /// At the clinic.
///         InPerson = "in_person",
///         /// By video.
///         Remote = "teleconsultation",
///     }
/// }
/// assert_eq!(Visit::Remote.as_str(), "teleconsultation");
/// assert_eq!("in_person".parse(), Ok(Visit::InPerson));
/// assert_eq!("by_post".parse::<Visit>().unwrap_err().to_string(), r#""by_post" is no visit type"#);
/// ```
#[macro_export]
macro_rules! named_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident: $kind:literal {
            $($(#[$doc:meta])* $variant:ident = $text:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize,
            ::serde::Deserialize,
        )]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// All variants, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in the database, in JSON and in metrics.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::UnknownName;

            fn from_str(text: &str) -> ::std::result::Result<Self, $crate::UnknownName> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::UnknownName { kind: $kind, text: text.to_owned() }),
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::{CallOutcome, Channel};

    #[test]
    fn a_name_is_the_same_in_text_and_in_json_and_reads_back() {
        for outcome in CallOutcome::ALL {
            let json = serde_json::to_value(outcome).expect("json");
            assert_eq!(json, outcome.as_str());
            assert_eq!(outcome.to_string(), outcome.as_str());
            assert_eq!(outcome.as_str().parse(), Ok(*outcome));
            assert_eq!(serde_json::from_value::<CallOutcome>(json).expect("read"), *outcome);
        }
        assert_eq!(Channel::default().as_str(), "web");
    }

    #[test]
    fn a_name_that_is_none_is_refused_with_what_it_should_have_been() {
        let error = "Booked".parse::<CallOutcome>().expect_err("names are in lowercase");
        assert_eq!(error.to_string(), "\"Booked\" is no call outcome");
    }
}
