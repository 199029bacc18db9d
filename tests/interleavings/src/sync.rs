//! The primitives that the sources name as `crate::sync`, on shuttle's scheduler: every lock, wait
//! and atomic access is a point at which another thread may be let run.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::ops::{Deref, DerefMut};
use std::task::{Poll, Waker};

pub(crate) use shuttle::sync::atomic;
pub(crate) use shuttle::thread;

/// `parking_lot::Mutex`.
#[derive(Default)]
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

pub(crate) struct Guard<'a, T> {
    /// Empty only while it waits for a condition.
    held: Option<shuttle::sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        let held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Guard { held: Some(held) }
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect("the guard is only empty while it waits")
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("the guard is only empty while it waits")
    }
}

/// `parking_lot::Condvar`.
#[derive(Default)]
pub(crate) struct Condvar(shuttle::sync::Condvar);

impl Condvar {
    pub(crate) const fn new() -> Self {
        Self(shuttle::sync::Condvar::new())
    }

    pub(crate) fn wait<T>(&self, guard: &mut Guard<'_, T>) {
        let inner = guard.held.take().expect("the guard is only empty while it waits");
        let inner = self.0.wait(inner).unwrap_or_else(std::sync::PoisonError::into_inner);
        guard.held = Some(inner);
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// The part of `tokio::sync::Notify` that the ring uses: one permit, and who waits for it in turn.
pub(crate) struct Notify(Mutex<(bool, VecDeque<Waker>)>);

impl Notify {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new((false, VecDeque::new())))
    }

    pub(crate) fn notify_one(&self) {
        let mut state = self.0.lock();
        state.0 = true;
        let next = state.1.pop_front();
        drop(state);
        if let Some(waker) = next {
            waker.wake();
        }
    }

    pub(crate) fn notified(&self) -> impl Future<Output = ()> + '_ {
        poll_fn(|context| {
            let mut state = self.0.lock();
            if std::mem::take(&mut state.0) {
                return Poll::Ready(());
            }
            state.1.push_back(context.waker().clone());
            Poll::Pending
        })
    }
}
