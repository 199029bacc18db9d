//! Ends a decode that nobody wants any more: the library asks before each piece of its work.
#![expect(unsafe_code, reason = "the library takes a C function and a pointer")]

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};

use whisper_rs::FullParams;

/// Has the library ask `stop`, which must live for as long as `parameters` are used.
pub(super) fn stop_by(parameters: &mut FullParams<'_, '_>, stop: &AtomicBool) {
    let stop: *const AtomicBool = stop;
    // SAFETY: the function only reads an atomic, whose type is the one that it is given here, and
    // the caller keeps it alive until the library has returned.
    unsafe {
        parameters.set_abort_callback(Some(is_set));
        parameters.set_abort_callback_user_data(stop.cast_mut().cast());
    }
}

/// Whether the flag behind the pointer is set.
///
/// # Safety
/// `stop` is null or points to an `AtomicBool`.
unsafe extern "C" fn is_set(stop: *mut c_void) -> bool {
    // SAFETY: as promised above.
    let stop = unsafe { stop.cast::<AtomicBool>().as_ref() };
    stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
}
