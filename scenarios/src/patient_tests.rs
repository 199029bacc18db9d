use super::super::format::Scenario;
use super::*;

const RULES: &str = r#"
name: x
clinic: nile-heart
rules:
  - {when: "help you", say: "a cardiologist please", once: true}
  - {when: "help you", say: "I said a cardiologist"}
  - {when: "which (time|one)", say: "the first one"}
  - {when: "is that correct", say: "yes", interrupt_after_ms: 300}
  - {when: "not at home", hang_up: true}
  - {when: "anything else", say: "no thanks", hang_up: true}
meanwhile: [{when: "which time", take: offered}]
silence: "pardon"
expect: {}
"#;

struct Call {
    patient: Patient,
    now: Mono,
    segments: u32,
}

impl Call {
    fn new(yaml: &str) -> Self {
        let scenario = Scenario::parse("x.yaml", yaml).expect("valid");
        let mut patient = Patient::new(&scenario, Pace::TYPED, Mono::ZERO);
        patient.handle_input(Mono::ZERO, Input::Listening(true));
        Self { patient, now: Mono::ZERO, segments: 0 }
    }

    fn tell(&mut self, input: Input) {
        self.patient.handle_input(self.now, input);
    }

    fn agent(&mut self, text: &str) {
        self.segments += 1;
        let segment = format!("SG_{}", self.segments);
        self.tell(Input::Agent { segment, text: text.to_owned(), is_final: true });
    }

    fn so_far(&mut self, segment: &str, text: &str, is_final: bool) {
        let segment = segment.to_owned();
        self.tell(Input::Agent { segment, text: text.to_owned(), is_final });
    }

    /// Lets time pass, timeout by timeout, until there is an output.
    fn next(&mut self) -> Output {
        loop {
            if let Some(output) = self.patient.poll_output() {
                return output;
            }
            let due = self.patient.poll_timeout().expect("the call goes on");
            self.now = self.now.max(due);
            self.patient.handle_timeout(self.now);
        }
    }

    fn next_says(&mut self) -> String {
        let Output::Say { text, .. } = self.next() else { panic!("says nothing") };
        self.tell(Input::Said);
        text
    }
}

#[test]
fn the_first_rule_that_matches_counts_and_a_rule_once_only_once() {
    let mut call = Call::new(RULES);
    call.agent("Clinic. How can I HELP YOU?");
    assert_eq!(call.next_says(), "a cardiologist please");
    call.agent("Sorry. How can I help you?");
    assert_eq!(call.next_says(), "I said a cardiologist");
    call.agent("Sorry. How can I help you?");
    assert_eq!(call.next_says(), "I said a cardiologist");
    assert_eq!(call.patient.agent_turns(), 3);
}

#[test]
fn only_the_last_final_segment_is_looked_at_after_a_moment_of_quiet() {
    let mut call = Call::new(RULES);
    call.agent("How can I help you?");
    call.now = Mono::from_millis(50);
    call.agent("By the way, which one is it?");
    assert_eq!(call.next_says(), "the first one");
    assert_eq!(call.now, Mono::from_millis(50) + Pace::TYPED.polite);
    assert_eq!(call.patient.agent_turns(), 1, "two segments are one turn");
}

#[test]
fn where_no_rule_matches_the_agent_gets_time_to_go_on() {
    let mut call = Call::new(RULES);
    call.agent("One moment.");
    call.now = Mono::from_millis(800);
    call.patient.handle_timeout(call.now);
    assert_eq!(call.patient.poll_output(), None);
    call.agent("Which one?");
    assert_eq!(call.next_says(), "the first one");
    call.agent("I did not catch that.");
    assert_eq!(call.next_says(), "pardon");
}

#[test]
fn a_patient_without_words_says_nothing_and_is_asked_again() {
    let mut call = Call::new(&RULES.replace("silence: \"pardon\"", "silence: null"));
    call.agent("I did not catch that.");
    call.now = Mono::from_millis(5000);
    call.patient.handle_timeout(call.now);
    assert_eq!(call.patient.poll_output(), None);
    call.agent("Are you there? Which one?");
    assert_eq!(call.next_says(), "the first one");
    assert_eq!(call.patient.agent_turns(), 2);
}

#[test]
fn the_patient_waits_while_the_agent_thinks_but_not_forever() {
    let mut call = Call::new(RULES);
    call.tell(Input::Listening(false));
    call.agent("How can I help you?");
    assert_eq!(call.next_says(), "a cardiologist please");
    assert_eq!(call.now, Mono::ZERO + Pace::TYPED.impatient);
}

#[test]
fn an_unfinished_segment_is_waited_for() {
    let mut call = Call::new(RULES);
    call.agent("How can I help you?");
    call.so_far("SG_x", "Before that,", false);
    call.now = Mono::from_millis(500);
    call.patient.handle_timeout(call.now);
    assert_eq!(call.patient.poll_output(), None);
    call.so_far("SG_x", "Before that, which one?", true);
    assert_eq!(call.next_says(), "the first one");
}

#[test]
fn an_interruption_comes_so_long_after_the_words_and_its_rest_is_not_heard() {
    let mut call = Call::new(RULES);
    call.now = Mono::from_millis(1000);
    call.so_far("SG_x", "June 14, is that correct", false);
    call.now = Mono::from_millis(1200);
    call.so_far("SG_x", "June 14, is that correct? Shall I", false);
    assert_eq!(call.next(), Output::Say { text: "yes".to_owned(), rule: Some(3) });
    assert_eq!(call.now, Mono::from_millis(1300));
    call.tell(Input::Said);
    call.so_far("SG_x", "June 14, is that correct? Shall I", true);
    call.agent("Booked. Anything else?");
    assert_eq!(call.next_says(), "no thanks");
}

#[test]
fn an_agent_that_still_sounds_is_not_answered() {
    let mut call = Call::new(RULES);
    call.tell(Input::Sounding(true));
    call.agent("How can I help you?");
    call.now = Mono::from_millis(700);
    assert_eq!(call.patient.poll_output(), None);
    call.patient.handle_timeout(call.now);
    assert_eq!(call.patient.poll_output(), None, "it sounds");
    call.tell(Input::Sounding(false));
    assert_eq!(call.next_says(), "a cardiologist please");
    assert_eq!(call.now, Mono::from_millis(700) + Pace::TYPED.polite);
}

#[test]
fn an_interruption_counts_from_when_the_words_begin_to_be_heard() {
    let mut call = Call::new(RULES);
    call.so_far("SG_1", "Sunday at nine. Is that correct", false);
    call.now = Mono::from_millis(50);
    call.tell(Input::Sounding(true));
    assert_eq!(call.next_says(), "yes");
    assert_eq!(call.now, Mono::from_millis(350));
}

#[test]
fn somebody_else_acts_once_before_the_patient_answers() {
    let mut call = Call::new(RULES);
    call.agent("At nine or ten. Which time?");
    let offer = "At nine or ten. Which time?".to_owned();
    assert_eq!(call.next(), Output::Take { index: 0, offer });
    call.now = Mono::from_millis(3000);
    call.patient.handle_timeout(call.now);
    assert_eq!(call.patient.poll_output(), None, "waits until it is taken");
    call.tell(Input::Taken);
    assert_eq!(call.next_says(), "the first one");
    call.agent("That is gone. Which time?");
    assert_eq!(call.next_says(), "the first one");
}

#[test]
fn the_last_words_are_said_and_the_answer_is_awaited_before_leaving() {
    let mut call = Call::new(RULES);
    call.agent("Anything else?");
    assert_eq!(call.next_says(), "no thanks");
    call.now = Mono::from_millis(400);
    call.agent("Goodbye.");
    assert_eq!(call.next(), Output::HangUp(Ending::HungUp));
    assert_eq!(call.now, Mono::from_millis(400));
    assert_eq!(call.patient.poll_timeout(), None);
}

#[test]
fn an_agent_that_does_not_answer_the_last_words_is_left() {
    let mut call = Call::new(RULES);
    call.agent("Anything else?");
    assert_eq!(call.next_says(), "no thanks");
    let said = call.now;
    assert_eq!(call.next(), Output::HangUp(Ending::HungUp));
    assert_eq!(call.now, said + Pace::TYPED.farewell);
}

#[test]
fn a_rule_without_words_hangs_up_at_once() {
    let mut call = Call::new(RULES);
    call.agent("The doctor is not at home.");
    assert_eq!(call.next(), Output::HangUp(Ending::HungUp));
}

#[test]
fn a_call_that_goes_nowhere_ends() {
    let mut call = Call::new(RULES);
    assert_eq!(call.next(), Output::HangUp(Ending::NoAgent));
    let mut call = Call::new(&RULES.replace("silence: \"pardon\"", "silence: null"));
    call.agent("Hm.");
    assert_eq!(call.next(), Output::HangUp(Ending::Stuck));
    let mut call = Call::new(RULES);
    let ending = loop {
        call.agent("I did not catch that.");
        match call.next() {
            Output::HangUp(ending) => break ending,
            _ => call.tell(Input::Said),
        }
    };
    assert_eq!(ending, Ending::TooLong);
    let mut call = Call::new(RULES);
    call.agent("Goodbye.");
    call.tell(Input::AgentGone);
    assert_eq!(call.next(), Output::HangUp(Ending::AgentLeft));
}
