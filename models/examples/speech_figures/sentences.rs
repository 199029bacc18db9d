//! What the patient says, and the language model that expects it.

use frontdesk_models::stt::lm::LmSource;

/// Sentences that the templates can make.
pub(crate) const EXPECTED: &[&str] = &[
    "i would like to book an appointment",
    "i want to see a cardiologist please",
    "can i make an appointment with doctor samira hassan",
    "i need an appointment on tuesday morning",
    "do you have anything on sunday afternoon",
    "yes please",
    "no thank you",
    "yes that is right",
    "no another time please",
    "my name is mary johnson",
    "my name is omar khalil",
    "march twelfth nineteen eighty four",
    "november thirtieth nineteen seventy one",
    "september seventeenth nineteen sixty two",
    "the second one please",
    "at half past nine",
    "at nine thirty in the morning",
    "i want to cancel my appointment",
    "can i move my appointment to thursday",
    "i would like to speak to a person",
    "what insurance do you accept",
];

/// Sentences of known words that the templates cannot make.
pub(crate) const UNEXPECTED: &[&str] = &[
    "could you book me in with doctor collins on monday",
    "good morning is doctor mansour there on wednesday",
    "please cancel the one on tuesday",
    "the first one is fine",
    "thursday would be better for me",
    "sorry i said september not november",
    "my daughter needs to see the children's doctor",
    "is there anything in the afternoon",
    "i have to move my appointment",
    "no the name is green robert green",
];

/// One small model for everything.
pub(crate) fn language_model() -> LmSource {
    let ordinals = [
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "seventh",
        "eighth",
        "ninth",
        "tenth",
        "eleventh",
        "twelfth",
        "thirteenth",
        "fourteenth",
        "fifteenth",
        "sixteenth",
        "seventeenth",
        "eighteenth",
        "nineteenth",
        "twentieth",
        "twenty first",
        "twenty second",
        "twenty third",
        "twenty fourth",
        "twenty fifth",
        "twenty sixth",
        "twenty seventh",
        "twenty eighth",
        "twenty ninth",
        "thirtieth",
        "thirty first",
    ];
    LmSource::new()
        .weighted_sentence("[hello] {want} (book|make|have) an appointment [{more}] [please]", 3.0)
        .weighted_sentence("[hello] {want} see {who} [{when}] [please]", 2.0)
        .weighted_sentence("(can|could) (i|you) (book|make|have) (me|an appointment) [{more}]", 2.0)
        .sentence("i need an appointment [{more}] [please]")
        .sentence("do you have (anything|something) {when}")
        .sentence("is there anything {when}")
        .weighted_sentence("yes [please|that is (right|fine|correct|good)]", 4.0)
        .weighted_sentence("no [thank you|another (time|day|doctor) please|that is wrong]", 4.0)
        .weighted_sentence("my name is {name}", 3.0)
        .sentence("{name}")
        .weighted_sentence("{month} {day} nineteen {tens} [{ones}]", 3.0)
        .sentence("{month} {day} (two thousand {ones}|twenty (ten|eleven|twelve|fifteen|twenty))")
        .weighted_sentence("the (first|second|third|last) one [please]", 2.0)
        .sentence("[at] {time} [in the {part}] [please]")
        .weighted_sentence("{want} (cancel|move) my appointment [to {weekday}] [please]", 2.0)
        .sentence("can i (cancel|move) my appointment [to {weekday}] [please]")
        .sentence("{want} (speak|talk) to (a person|someone)")
        .sentence("what insurance do you accept")
        .sentence("good (morning|afternoon|evening)")
        .sentence("(sorry|please) (say that again|repeat)")
        .sentence("my (daughter|son|wife|husband) (needs|has) an appointment")
        .sentence("{weekday} is (fine|better) [for me]")
        .sentence("{want} see the children's doctor")
        .slot("want", ["i would like to", "i want to", "i need to"])
        .slot("who", ["doctor {doctor}", "a cardiologist", "a doctor", "a pediatrician"])
        .slot("more", ["with {who}", "{when}", "with {who} {when}"])
        .slot("when", ["on {weekday}", "on {weekday} {part}", "tomorrow [{part}]", "in the {part}"])
        .slot("part", ["morning", "afternoon", "evening"])
        .slot("doctor", ["[samira] hassan", "[david] mansour", "[laila] farouk", "[peter] collins"])
        .slot(
            "name",
            ["mary johnson", "omar khalil", "nadia johnson", "robert green", "james wilson"],
        )
        .slot(
            "weekday",
            ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        )
        .slot(
            "month",
            [
                "january",
                "february",
                "march",
                "april",
                "may",
                "june",
                "july",
                "august",
                "september",
                "october",
                "november",
                "december",
            ],
        )
        .slot("day", ordinals)
        .slot("tens", ["thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])
        .slot("ones", ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
        .slot("hour", ["{ones}", "ten", "eleven", "twelve"])
        .slot("time", ["half past {hour}", "{hour} [thirty|fifteen|twenty|forty] [o'clock]"])
        .sentence("there said not would be to")
}
