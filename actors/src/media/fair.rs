//! A queue in which calls take turns: however many requests a call has, the others' come between.

use std::collections::VecDeque;

/// Requests by who made them.
#[derive(Debug)]
pub(super) struct Fair<K, R> {
    /// Who has requests, the next one to be served at the front; nobody twice.
    order: VecDeque<(K, VecDeque<R>)>,
}

impl<K: PartialEq, R> Fair<K, R> {
    pub(super) const fn new() -> Self {
        Self { order: VecDeque::new() }
    }

    /// Adds a request behind those of the same one.
    pub(super) fn push(&mut self, by: K, request: R) {
        match self.order.iter_mut().find(|(known, _)| *known == by) {
            Some((_, requests)) => requests.push_back(request),
            None => self.order.push_back((by, VecDeque::from([request]))),
        }
    }

    /// The next request; who made it is served last of all the next time.
    pub(super) fn pop(&mut self) -> Option<R> {
        let (by, mut requests) = self.order.pop_front()?;
        let request = requests.pop_front();
        if !requests.is_empty() {
            self.order.push_back((by, requests));
        }
        request
    }

    pub(super) fn len(&self) -> usize {
        self.order.iter().map(|(_, requests)| requests.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_many_requests_does_not_hold_up_the_others() {
        let mut fair = Fair::new();
        for request in 1..=3 {
            fair.push("a", request);
        }
        fair.push("b", 10);
        fair.push("c", 20);
        fair.push("b", 11);
        assert_eq!(fair.len(), 6);
        let served: Vec<_> = std::iter::from_fn(|| fair.pop()).collect();
        assert_eq!(served, [1, 10, 20, 2, 11, 3]);
        assert_eq!(fair.len(), 0);
    }
}
