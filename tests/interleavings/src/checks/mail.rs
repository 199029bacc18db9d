// What must hold of a mail. Included once per variant of `actors/src/mail.rs`.

use std::collections::VecDeque;
use std::sync::Arc;

use shuttle::thread;

use super::mail::{Mail, Next, Queue as _, Reading};
use crate::sync::{Condvar, Mutex};

/// Wakes that wait, and whether the actor still lives.
type Wakes = Mutex<(VecDeque<()>, bool)>;

/// The mailbox of an actor.
#[derive(Clone)]
struct Mailbox(Arc<(Wakes, Condvar)>);

impl Mailbox {
    fn new() -> Self {
        Self(Arc::new((Mutex::new((VecDeque::new(), true)), Condvar::new())))
    }

    fn wake(&self) -> bool {
        let mut state = self.0.0.lock();
        if state.1 {
            state.0.push_back(());
            assert_eq!(state.0.len(), 1, "one wake until the mail was found empty");
        }
        self.0.1.notify_all();
        state.1
    }

    fn kill(&self) {
        self.0.0.lock().1 = false;
        self.0.1.notify_all();
    }

    /// Waits for a wake; false when the actor is dead.
    fn woken(&self) -> bool {
        let mut state = self.0.0.lock();
        loop {
            if !state.1 {
                return false;
            }
            if state.0.pop_front().is_some() {
                return true;
            }
            self.0.1.wait(&mut state);
        }
    }
}

fn new() -> Arc<Mail<u32>> {
    Arc::new(Mail::new())
}

fn attach(mail: &Mail<u32>) -> (Mailbox, Reading) {
    let mailbox = Mailbox::new();
    let wakes = mailbox.clone();
    let reading = mail.attach(move || wakes.wake());
    (mailbox, reading)
}

/// What was committed, in order, and whom that wakes.
type Log = Arc<(Mutex<Vec<u32>>, Condvar)>;

/// Reads as a stage does: woken, until the mail is empty. Ends when the actor is dead or replaced.
fn read(mail: &Mail<u32>, mailbox: &Mailbox, reading: Reading, log: &Log) {
    while mailbox.woken() {
        loop {
            match mail.next(reading) {
                Next::Nothing => break,
                Next::Replaced => return,
                Next::Input(delivery) => {
                    thread::yield_now();
                    mail.done(reading, || log.0.lock().push(delivery.input));
                    log.1.notify_all();
                }
            }
        }
    }
}

fn wait_for(log: &Log, count: usize) {
    let mut done = log.0.lock();
    while done.len() < count {
        log.1.wait(&mut done);
    }
}

/// Two post while one reads: everything is read once, in order per sender, and the reader is never
/// left asleep (a wake that is lost is a deadlock here).
pub(crate) fn each_input_wakes_the_reader_and_is_handled_once() {
    let (mail, log) = (new(), Log::default());
    let (mailbox, reading) = attach(&mail);
    let reader = thread::spawn({
        let (mail, mailbox, log) = (mail.clone(), mailbox.clone(), log.clone());
        move || read(&mail, &mailbox, reading, &log)
    });
    // Not more than the mail holds.
    let senders = [10..12, 20..21].map(|inputs| {
        let mail = mail.clone();
        thread::spawn(move || inputs.for_each(|input| mail.post(input)))
    });
    wait_for(&log, 3);
    mailbox.kill();
    senders.map(|sender| sender.join().expect("posted"));
    reader.join().expect("read");
    let done = log.0.lock();
    let of_one: Vec<u32> = done.iter().copied().filter(|input| *input < 20).collect();
    assert_eq!((of_one, done.contains(&20)), (vec![10, 11], true));
    assert!(mail.is_empty() && mail.losses() == (0, 0));
}

/// A reader dies, perhaps with an input in its hands, and another attaches: nothing is lost, and
/// what was in flight is given again.
pub(crate) fn a_successor_gets_what_the_dead_left() {
    let (mail, log) = (new(), Log::default());
    let (first, first_reading) = attach(&mail);
    let dying = thread::spawn({
        let (mail, log, first) = (mail.clone(), log.clone(), first.clone());
        move || {
            // Handles one input, and dies with the next in its hands, or before it is woken.
            if first.woken()
                && let Next::Input(delivery) = mail.next(first_reading)
            {
                mail.done(first_reading, || log.0.lock().push(delivery.input));
                log.1.notify_all();
                let _ = mail.next(first_reading);
            }
            first.kill();
        }
    });
    let sender = thread::spawn({
        let mail = mail.clone();
        move || (0..3).for_each(|input| mail.post(input))
    });
    dying.join().expect("dead");
    let (second, reading) = attach(&mail);
    let reader = thread::spawn({
        let (mail, second, log) = (mail.clone(), second.clone(), log.clone());
        move || read(&mail, &second, reading, &log)
    });
    wait_for(&log, 3);
    second.kill();
    sender.join().expect("posted");
    reader.join().expect("read");
    assert_eq!(*log.0.lock(), [0, 1, 2]);
}

/// A reader that was taken for hung wakes up while its successor reads: each input is committed
/// once, in order, and none is lost.
pub(crate) fn a_replaced_reader_changes_nothing() {
    let (mail, log) = (new(), Log::default());
    let (first, first_reading) = attach(&mail);
    (0..3).for_each(|input| mail.post(input));
    let late = thread::spawn({
        let (mail, first, log) = (mail.clone(), first.clone(), log.clone());
        move || read(&mail, &first, first_reading, &log)
    });
    let (second, reading) = attach(&mail);
    let reader = thread::spawn({
        let (mail, second, log) = (mail.clone(), second.clone(), log.clone());
        move || read(&mail, &second, reading, &log)
    });
    wait_for(&log, 3);
    first.kill();
    second.kill();
    late.join().expect("gone");
    reader.join().expect("read");
    assert_eq!(*log.0.lock(), [0, 1, 2]);
    assert!(mail.is_empty(), "what one commits is not in flight for the other");
}

/// A mail that nobody reads drops its oldest inputs and counts them; what it keeps is in order.
pub(crate) fn a_full_mail_keeps_the_newest_and_counts_the_rest() {
    let mail = new();
    let senders = [0, 10].map(|from| {
        let mail = mail.clone();
        thread::spawn(move || (from..from + 3).for_each(|input| mail.post(input)))
    });
    senders.map(|sender| sender.join().expect("posted"));
    assert_eq!(mail.losses(), (3, 0));
    let (_, reading) = attach(&mail);
    let mut kept = Vec::new();
    while let Next::Input(delivery) = mail.next(reading) {
        mail.done(reading, || kept.push(delivery.input));
    }
    assert_eq!(kept.len(), super::mail::CAPACITY);
    assert!(kept.contains(&2) || kept.contains(&12), "the last one posted is kept: {kept:?}");
    for of_one in [0, 1].map(|ten| kept.iter().filter(move |n| **n / 10 == ten)) {
        assert!(of_one.clone().is_sorted(), "{kept:?}");
        // Of each sender the newest are kept.
        assert!(of_one.map(|n| n % 10).rev().zip([2, 1, 0]).all(|(n, last)| n == last), "{kept:?}");
    }
}
