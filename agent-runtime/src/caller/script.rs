//! What the demo caller says: simple rules over what the agent has said.
//!
//! Pure, so that a whole conversation is tested in no time. The rules look for the few words that
//! every wording of the question has, because the agent's wording is not theirs to fix.

/// What the caller does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// Say this.
    Say(&'static str),
    /// Go on listening.
    Listen,
    /// Leave: what was wanted is done, or will not be.
    HangUp,
}

/// Times that the caller asks for the same thing before giving up.
const PATIENCE: u32 = 4;

/// The state of the conversation, from the caller's side.
#[derive(Debug, Default)]
pub(super) struct Script {
    booked: bool,
    asked: u32,
    agreed: u32,
    thanked: bool,
}

impl Script {
    /// Whether the agent has said that the appointment stands.
    pub(super) const fn told_booked(&self) -> bool {
        self.booked
    }

    /// The move after the agent has said `heard` (all of it since the caller's last move) and
    /// listens.
    pub(super) fn reply(&mut self, heard: &str) -> Move {
        let heard = heard.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| heard.contains(word));
        if says(&["reference", "it is booked"]) {
            self.booked = true;
        }
        if self.booked {
            if says(&["goodbye"]) || self.thanked {
                return Move::HangUp;
            }
            self.thanked = true;
            return Move::Say("no thank you goodbye");
        }
        if says(&["goodbye"]) {
            return Move::HangUp;
        }
        if says(&["shall i book", "is that right", "yes or no", "book it?"]) {
            self.agreed += 1;
            return Self::unless_tired(self.agreed, "yes please");
        }
        if heard.contains('?') || says(&["i can book", "say:"]) {
            self.asked += 1;
            return Self::unless_tired(self.asked, "I would like to book an appointment");
        }
        Move::Listen
    }

    const fn unless_tired(times: u32, words: &'static str) -> Move {
        if times > PATIENCE { Move::HangUp } else { Move::Say(words) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREETING: &str = "Nile Heart Clinic, this is the automatic assistant. \
                            You can book an appointment with me. How can I help you?";

    #[test]
    fn a_call_that_goes_well_takes_three_sentences() {
        let mut script = Script::default();
        assert_eq!(script.reply(GREETING), Move::Say("I would like to book an appointment"));
        let offer = "The first free time is Sunday, November 22, at 9:00 AM with Dr. Samira \
                     Hassan. Shall I book it?";
        assert_eq!(script.reply(offer), Move::Say("yes please"));
        assert!(!script.told_booked());
        let done = "It is booked: Sunday. Your reference is K 4 7. Is there anything else?";
        assert_eq!(script.reply(done), Move::Say("no thank you goodbye"));
        assert!(script.told_booked());
        assert_eq!(script.reply("Goodbye."), Move::HangUp);
    }

    #[test]
    fn a_question_that_is_repeated_is_answered_again_but_not_forever() {
        let mut script = Script::default();
        for _ in 0..PATIENCE {
            let again = script.reply("I can book an appointment for you. Say: I would like to.");
            assert_eq!(again, Move::Say("I would like to book an appointment"));
        }
        assert_eq!(script.reply("How can I help you?"), Move::HangUp);
        assert_eq!(Script::default().reply("One moment."), Move::Listen);
    }
}
