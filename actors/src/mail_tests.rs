use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use super::*;

/// Counts the errors that are logged.
#[derive(Clone, Default)]
struct Errors(Arc<AtomicUsize>);

impl<S: Subscriber> Layer<S> for Errors {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[test]
fn a_full_mail_drops_its_oldest_inputs_counts_them_and_says_so_once() {
    let errors = Errors::default();
    let mail = Mail::new();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(errors.clone()), || {
        (0..CAPACITY).for_each(|input| mail.post(input));
        assert_eq!((mail.losses(), errors.0.load(Ordering::SeqCst)), ((0, 0), 0));
        (CAPACITY..CAPACITY + 3).for_each(|input| mail.post(input));
    });
    assert_eq!((mail.losses(), errors.0.load(Ordering::SeqCst)), ((3, 0), 1));
    let reading = mail.attach(|| true);
    for expected in 3..CAPACITY + 3 {
        let Next::Input(delivery) = mail.next(reading) else { panic!("{expected} is lost") };
        assert_eq!(delivery.input, expected);
        assert!(mail.done(reading, || ()));
    }
    assert!(mail.is_empty());
}
