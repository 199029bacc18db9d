//! By which words of an utterance the patterns are told that may begin with them.

use std::collections::HashMap;

use super::Tables;
use crate::language::pattern::Marks;

impl Tables {
    /// Notes what patterns with a slot are told by.
    pub(super) fn mark_words(&mut self) {
        let holidays = self.holidays.iter().map(|holiday| holiday.say.marks());
        self.holiday_marks = holidays.fold(Marks::NONE, Marks::with);
        let of = |lists: &mut dyn Iterator<Item = Marks>| lists.fold(Marks::NONE, Marks::with);
        self.length_marks = of(&mut self.time_lengths.iter().map(|length| length.say.marks()));
        self.period_marks = of(&mut self.periods.iter().map(|period| period.say.marks()));
        let number = Marks::NUMBER.with(Marks::ORDINAL);
        let kin = self.kin.relations.iter().flat_map(|relation| &relation.say);
        let first = kin.filter_map(|words| words.split(' ').next()).map(str::to_owned);
        let words = |keys: &HashMap<String, i64>| keys.keys().cloned().collect::<Vec<_>>();
        let names = |keys: &HashMap<String, usize>| keys.keys().cloned().collect::<Vec<_>>();
        let all = [
            (number, words(&self.numbers)),
            (Marks::ORDINAL, words(&self.ordinals)),
            (Marks::WEEKDAY, names(&self.weekday_words)),
            (Marks::WEEKDAYS, names(&self.weekday_plurals)),
            (Marks::MONTH, names(&self.month_words)),
            (Marks::KIN, first.collect()),
        ];
        for (marks, word) in
            all.into_iter().flat_map(|(m, all)| all.into_iter().map(move |w| (m, w)))
        {
            let known = self.marks.entry(word).or_default();
            *known = known.with(marks);
        }
    }

    /// What patterns that begin with a word are told by.
    pub(crate) fn marks(&self, word: &str) -> Marks {
        let own = |word: &str| self.marks.get(word).copied().unwrap_or_default();
        let mut marks = Marks::of(word).with(own(word));
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            marks = marks.with(Marks::NUMBER).with(Marks::ORDINAL);
        }
        // "Daughter's", "daughters".
        let stems = [self.owner(word), self.singular(word)];
        let described = [&self.kin.described, &self.kin.another];
        if stems.into_iter().flatten().any(|stem| own(stem).meet(Marks::KIN))
            || described.into_iter().any(|list| list.marks().meet(marks))
        {
            marks = marks.with(Marks::KIN);
        }
        if self.holiday_marks.meet(marks) {
            marks = marks.with(Marks::HOLIDAY);
        }
        if self.length_marks.meet(marks) {
            marks = marks.with(Marks::LENGTH);
        }
        if self.period_marks.with(Marks::MONTH).meet(marks) {
            marks = marks.with(Marks::PERIOD);
        }
        marks
    }
}
