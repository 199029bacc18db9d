//! What is known of a doctor.

use crate::named_enum;

named_enum! {
    /// Gender of a doctor, where it is on record. It is never guessed from a name.
    pub enum Gender: "gender" {
        /// A woman.
        Female = "female",
        /// A man.
        Male = "male",
        /// Neither.
        Other = "other",
    }
}
