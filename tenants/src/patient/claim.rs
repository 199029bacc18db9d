//! What is said to be identified by.

use frontdesk_types::Phi;
use jiff::civil::Date;

/// What a caller says to be identified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Full name.
    pub name: Phi<String>,
    /// Date of birth.
    pub date_of_birth: Phi<Date>,
    /// Telephone, only to tell namesakes born on the same day apart.
    pub phone: Option<Phi<String>>,
}
