//! Values of fields that are more than their JSON says: judged where they are read.

use std::collections::BTreeMap;
use std::fmt;

use frontdesk_types::Phi;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Text of 1 to `MAX` characters, without spaces around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl<const MAX: usize> AsRef<str> for Text<MAX> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let trimmed = text.trim();
        // PostgreSQL keeps no NUL.
        if trimmed.is_empty() || trimmed.chars().count() > MAX || trimmed.contains('\0') {
            return Err(D::Error::custom(format!("is text of 1 to {MAX} characters")));
        }
        Ok(Self(trimmed.to_owned()))
    }
}

/// Text that names a person or tells of one.
pub(super) type Private<const MAX: usize> = Phi<Text<MAX>>;

/// The words of a private text.
pub(super) fn words<const MAX: usize>(text: Private<MAX>) -> Phi<String> {
    Phi::new(text.into_exposed().into_string())
}

/// A telephone number, E.164.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Phone(Phi<String>);

impl Phone {
    pub(super) fn into_inner(self) -> Phi<String> {
        self.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let digits = text.strip_prefix('+').unwrap_or_default();
        let right = (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if right {
            Ok(Self(Phi::new(text)))
        } else {
            Err(D::Error::custom(
                "is a telephone number in the form of E.164: + and 7 to 15 digits",
            ))
        }
    }
}

/// An address of e-mail.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Email(Phi<String>);

impl Email {
    pub(super) fn into_inner(self) -> Phi<String> {
        self.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?.trim().to_lowercase();
        let right = text.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && host.contains('.') && !host.contains('@')
        });
        let plain = text.len() <= 254 && !text.contains(|c: char| c.is_whitespace() || c == '\0');
        if right && plain {
            Ok(Self(Phi::new(text)))
        } else {
            Err(D::Error::custom("is an e-mail address: name@host"))
        }
    }
}

/// A short name for addresses: lowercase letters, digits and inner hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Slug(String);

impl Slug {
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        // As the database has it: no two hyphens side by side.
        if frontdesk_tenants::directory::is_slug(&text) && !text.contains("--") {
            Ok(Self(text))
        } else {
            Err(D::Error::custom("is 1 to 63 lowercase letters, digits and single inner hyphens"))
        }
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Within<const MIN: i32, const MAX: i32>(pub(super) i32);

impl<'de, const MIN: i32, const MAX: i32> Deserialize<'de> for Within<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = i32::deserialize(from)?;
        if (MIN..=MAX).contains(&number) {
            Ok(Self(number))
        } else {
            Err(D::Error::custom(format!("is a number from {MIN} to {MAX}")))
        }
    }
}

/// How many rows a page has at most, from 1 to 200; 50 where nothing is said.
pub(super) type Limit = Option<Within<1, 200>>;

/// The number that a [`Limit`] is.
pub(super) fn limit(limit: Limit) -> u32 {
    limit.map_or(50, |limit| limit.0.unsigned_abs())
}

/// How a visit takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum VisitType {
    /// At the clinic.
    InPerson,
    /// By video.
    Teleconsultation,
}

impl VisitType {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::InPerson => "in_person",
            Self::Teleconsultation => "teleconsultation",
        }
    }
}

/// Two capital letters of ISO 3166.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Country(String);

impl Country {
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            Ok(Self(text))
        } else {
            Err(D::Error::custom("is a country of ISO 3166: two capital letters"))
        }
    }
}

/// A time zone that this program knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct TimeZoneName(String);

impl TimeZoneName {
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl<'de> Deserialize<'de> for TimeZoneName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if frontdesk_types::time_zone(&text).is_some() {
            Ok(Self(text))
        } else {
            Err(D::Error::custom("is a time zone of IANA, such as Africa/Cairo"))
        }
    }
}

/// Opening hours by days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Hours(BTreeMap<String, String>);

impl Hours {
    pub(super) fn into_map(self) -> BTreeMap<String, String> {
        self.0
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let hours = BTreeMap::<String, String>::deserialize(from)?;
        if crate::clinics::hours_are_readable(&hours) {
            Ok(Self(hours))
        } else {
            Err(D::Error::custom(
                "names days such as mon or sun-thu, each with hours as 09:00-17:00",
            ))
        }
    }
}

/// A sum of money: up to ten digits, and two behind the point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Money(String);

impl Money {
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let right = (1..=10).contains(&whole.len()) && (1..=2).contains(&cents.len());
        if right && digits(whole) && digits(cents) {
            Ok(Self(text))
        } else {
            Err(D::Error::custom("is a sum such as 120 or 80.50, as text"))
        }
    }
}
