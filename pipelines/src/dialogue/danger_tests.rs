use super::*;
use crate::language::tests::english;

const EMERGENCIES: &str = include_str!("../../tests/data/emergencies.txt");
const EVERYDAY: &str = include_str!("../../tests/data/everyday.txt");

/// Everyday sentences that may be told the emergency number, and that may be asked about.
const MAX_TOLD: usize = 1;
const MAX_ASKED: usize = 10;

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn of(text: &str) -> Vec<(String, bool)> {
    in_text(text, &english()).into_iter().map(|danger| (danger.id, danger.present)).collect()
}

fn is_present(text: &str) -> bool {
    of(text).iter().any(|(_, present)| *present)
}

#[test]
fn dangers_in_laymens_words_are_told_the_number() {
    let missed: Vec<&str> = sentences(EMERGENCIES).filter(|text| !is_present(text)).collect();
    assert!(sentences(EMERGENCIES).count() >= 150);
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn everyday_sentences_are_let_be() {
    let told: Vec<&str> = sentences(EVERYDAY).filter(|text| is_present(text)).collect();
    let raised = sentences(EVERYDAY).filter(|text| !of(text).is_empty());
    let asked: Vec<&str> = raised.filter(|text| !is_present(text)).collect();
    assert!(sentences(EVERYDAY).count() >= 150);
    assert!(told.len() <= MAX_TOLD, "told to call: {told:#?}");
    assert!(asked.len() <= MAX_ASKED, "asked: {asked:#?}");
}

#[test]
fn a_danger_has_its_id() {
    for (text, id) in [
        ("I have chest pain", "chest_pain"),
        ("his face is drooping on one side", "stroke"),
        ("the bleeding will not stop", "bleeding"),
        ("I don't want to live anymore", "suicide"),
        ("my son swallowed some bleach", "poisoning"),
        ("he passed out", "unconscious"),
        ("this is an emergency", "emergency"),
        ("not sure, chest pain maybe", "chest_pain"),
    ] {
        assert!(of(text).contains(&(id.to_owned(), true)), "{text:?} raised {:?}", of(text));
    }
}

#[test]
fn what_is_past_supposed_or_asked_in_general_is_asked_about() {
    for text in [
        "my mother had a stroke three years ago",
        "in 2017 I had a heart attack",
        "what should I do if somebody has a seizure",
        "do you treat strokes",
        "my uncle died of a stroke",
        "he blacked out once at school, years ago",
        "I am not going to kill myself",
    ] {
        let found = of(text);
        assert!(!found.is_empty() && !is_present(text), "{text:?} raised {found:?}");
    }
    for text in [
        "I had a stroke last year and now my face is drooping",
        "I had chest pain all night",
        "this weight on my chest will not go away",
        "my daughter swallowed a battery yesterday",
        "two years ago I had a heart attack, and now my chest hurts",
    ] {
        assert!(is_present(text), "{text:?} raised {:?}", of(text));
    }
}

#[test]
fn denials_raise_none() {
    for text in [
        "no chest pain",
        "I don't have any chest pain",
        "no chest pain and no trouble breathing",
        "it is not an emergency",
        "there is no bleeding",
        "I am not short of breath",
        "he does not have any trouble breathing",
    ] {
        assert_eq!(of(text), Vec::new(), "{text:?}");
    }
}

#[test]
fn a_wrong_letter_or_a_missing_apostrophe_hides_no_danger() {
    for text in ["she is unconcious", "he had a siezure", "my dad isnt breathing", "hes chokng"] {
        assert!(is_present(text), "{text:?} raised {:?}", of(text));
    }
}

#[test]
fn dangers_typed_in_arabic_are_told_the_number() {
    for text in [
        "صدري يؤلمني جدا",
        "أشعر بضغط على صدري",
        "ألم قوي في الصدر",
        "لا أستطيع التنفس",
        "زوجي فقد الوعي",
        "أمي لا تستيقظ",
        "والدي لا يرد علي ووجهه مائل",
        "عندي نزيف شديد",
        "أريد أن أموت",
        "ابنتي شربت الكلور",
        "أخذت عشرين حبة بنادول",
        "ابني عنده تشنجات",
        "شفتاي متورمتان",
        "أنا حامل وعندي نزيف",
        "طفلي عمره 3 أسابيع وعنده حرارة",
    ] {
        assert!(is_present(text), "{text:?} raised {:?}", of(text));
    }
    for text in ["أود حجز زيارة لدى طبيب الجلدية", "أريد تحليل دم", "ما هو رقم الطوارئ"]
    {
        assert_eq!(of(text), Vec::new(), "{text:?}");
    }
}
