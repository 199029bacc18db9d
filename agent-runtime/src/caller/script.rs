//! What the demo caller says: simple rules over what the agent has said.
//!
//! Pure, so that a whole conversation is tested in no time. The rules look for the few words that
//! every wording of the question has, because the agent's wording is not theirs to fix.

/// What the caller does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Move {
    /// Say this.
    Say(String),
    /// Go on listening.
    Listen,
    /// Leave: what was wanted is done, or will not be.
    HangUp,
}

/// Times that the caller says the same thing before giving up.
const PATIENCE: u32 = 4;

/// The state of the conversation, from the caller's side.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// Who calls: full name and date of birth, as spoken.
    name: String,
    born: String,
    booked: bool,
    last: String,
    times: u32,
    thanked: bool,
}

impl Script {
    /// The script of a patient.
    pub(super) fn new(name: &str, born: &str) -> Self {
        Self { name: name.to_owned(), born: born.to_owned(), ..Self::default() }
    }

    /// Whether the agent has said that the appointment stands.
    pub(super) const fn told_booked(&self) -> bool {
        self.booked
    }

    /// The move after the agent has said `heard` (all of it since the caller's last move) and
    /// listens.
    pub(super) fn reply(&mut self, heard: &str) -> Move {
        let heard = heard.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| heard.contains(word));
        if says(&["your reference", "it is booked"]) {
            self.booked = true;
        }
        if self.booked {
            if says(&["goodbye"]) || self.thanked {
                return Move::HangUp;
            }
            self.thanked = true;
            return Move::Say("no thank you goodbye".to_owned());
        }
        if says(&["goodbye"]) {
            return Move::HangUp;
        }
        let words = if says(&["is that correct", "shall i book"]) {
            "yes please".to_owned()
        } else if says(&["full name"]) {
            self.name.clone()
        } else if says(&["date of birth"]) {
            self.born.clone()
        } else if says(&["which doctor"]) {
            "any doctor please".to_owned()
        } else if says(&["which one", "which time"]) {
            "the first one please".to_owned()
        } else if says(&["which day"]) {
            "as soon as possible".to_owned()
        } else if heard.contains('?') {
            "I would like to book an appointment".to_owned()
        } else {
            return Move::Listen;
        };
        self.times = if words == self.last { self.times + 1 } else { 1 };
        self.last.clone_from(&words);
        if self.times > PATIENCE { Move::HangUp } else { Move::Say(words) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_goes_well_books_for_the_patient() {
        let mut script = Script::new("Jane Doe", "March 12 1984");
        for (heard, answer) in [
            ("This is the assistant. How can I help you?", "I would like to book an appointment"),
            ("And the date of birth?", "March 12 1984"),
            ("What is your full name, please?", "Jane Doe"),
            ("Thank you. Which doctor would you like to see?", "any doctor please"),
            ("I have Sunday at nine. Which one would you like?", "the first one please"),
            ("Sunday at nine. Is that correct? Shall I book it?", "yes please"),
        ] {
            assert_eq!(script.reply(heard), Move::Say(answer.to_owned()));
            assert!(!script.told_booked());
        }
        let done = "It is booked: Sunday. Your reference is K 4 7. Is there anything else?";
        assert_eq!(script.reply(done), Move::Say("no thank you goodbye".to_owned()));
        assert!(script.told_booked());
        assert_eq!(script.reply("Goodbye."), Move::HangUp);
    }

    #[test]
    fn a_question_that_is_repeated_is_answered_again_but_not_forever() {
        let mut script = Script::default();
        for _ in 0..PATIENCE {
            let again = script.reply("I am sorry. How can I help you?");
            assert_eq!(again, Move::Say("I would like to book an appointment".to_owned()));
        }
        assert_eq!(script.reply("How can I help you?"), Move::HangUp);
        assert_eq!(Script::default().reply("One moment."), Move::Listen);
    }
}
