//! The few calls of flite 2.2 that are used, behind safe functions.
//!
//! Only the fields that are read or written are declared of each C struct; the rest stays opaque.

#![expect(unsafe_code, reason = "flite is a C library; nothing unsafe leaves this module")]

use std::any::Any;
use std::ffi::{CStr, c_char, c_int, c_short, c_void};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::sync::Once;

use frontdesk_types::SAMPLE_RATE_HZ;

const STREAM_CONTINUE: c_int = 0;
const STREAM_STOP: c_int = -1;

/// Samples that flite gathers before it calls back; the HMM voices round up to 5 ms.
const CHUNK_SAMPLES: c_int = 320;

#[repr(C)]
struct RawVoice {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawFeatures {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawValue {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawLexicon {
    _opaque: [u8; 0],
}

/// `cst_utterance`, its first field.
#[repr(C)]
struct RawUtterance {
    features: *mut RawFeatures,
}

/// `cst_wave`.
#[repr(C)]
struct RawWave {
    kind: *const c_char,
    sample_rate: c_int,
    num_samples: c_int,
    num_channels: c_int,
    samples: *mut c_short,
}

type StreamCallback =
    extern "C" fn(*const RawWave, c_int, c_int, c_int, *mut RawStreamingInfo) -> c_int;

/// `cst_audio_streaming_info`.
#[repr(C)]
struct RawStreamingInfo {
    min_buffsize: c_int,
    callback: Option<StreamCallback>,
    utterance: *const RawUtterance,
    item: *const c_void,
    userdata: *mut c_void,
}

type SynthFunction = unsafe extern "C" fn(*mut RawUtterance) -> *mut RawUtterance;

#[link(name = "flite_cmu_us_slt")]
unsafe extern "C" {
    fn register_cmu_us_slt(voxdir: *const c_char) -> *mut RawVoice;
}

#[link(name = "flite_cmu_us_rms")]
unsafe extern "C" {
    fn register_cmu_us_rms(voxdir: *const c_char) -> *mut RawVoice;
}

#[link(name = "flite_cmu_us_awb")]
unsafe extern "C" {
    fn register_cmu_us_awb(voxdir: *const c_char) -> *mut RawVoice;
}

#[link(name = "flite_cmu_us_kal16")]
unsafe extern "C" {
    fn register_cmu_us_kal16(voxdir: *const c_char) -> *mut RawVoice;
}

#[link(name = "flite_cmulex")]
unsafe extern "C" {
    fn cmu_lex_init() -> *mut RawLexicon;
}

#[link(name = "flite")]
unsafe extern "C" {
    fn flite_init() -> c_int;
    fn flite_do_synth(
        utterance: *mut RawUtterance,
        voice: *mut RawVoice,
        synth: SynthFunction,
    ) -> *mut RawUtterance;
    fn new_utterance() -> *mut RawUtterance;
    fn delete_utterance(utterance: *mut RawUtterance);
    fn utt_set_input_text(utterance: *mut RawUtterance, text: *const c_char) -> c_int;
    fn utt_synth(utterance: *mut RawUtterance) -> *mut RawUtterance;
    fn feat_set(features: *mut RawFeatures, name: *const c_char, value: *const RawValue);
    fn new_audio_streaming_info() -> *mut RawStreamingInfo;
    fn audio_streaming_info_val(info: *const RawStreamingInfo) -> *mut RawValue;
    fn lex_lookup(
        lexicon: *const RawLexicon,
        word: *const c_char,
        part_of_speech: *const c_char,
        features: *const RawFeatures,
    ) -> *mut RawValue;
    fn val_car(value: *const RawValue) -> *const RawValue;
    fn val_cdr(value: *const RawValue) -> *const RawValue;
    fn val_string(value: *const RawValue) -> *const c_char;
    fn delete_val(value: *mut RawValue);
}

/// A registered voice; it lives as long as the process.
pub(super) struct Voice(NonNull<RawVoice>);

// SAFETY: synthesis only reads the voice: `utt_init` links the voice's features behind the
// utterance's own and copies nothing (no reference count is touched).
unsafe impl Send for Voice {}
// SAFETY: as above.
unsafe impl Sync for Voice {}

/// Names of the linked voices.
pub(super) const VOICES: [&str; 4] = ["slt", "rms", "awb", "kal16"];

/// Registers the linked voices, in the order of [`VOICES`]; `None` for one that flite refused.
/// To be called once: registering writes flite's globals.
pub(super) fn register_voices() -> [Option<Voice>; 4] {
    init();
    // SAFETY: flite is initialized. A null folder means the data that is linked in. The caller
    // keeps other threads out of flite's registration by calling this once.
    let raw = unsafe {
        [
            register_cmu_us_slt(std::ptr::null()),
            register_cmu_us_rms(std::ptr::null()),
            register_cmu_us_awb(std::ptr::null()),
            register_cmu_us_kal16(std::ptr::null()),
        ]
    };
    raw.map(|voice| NonNull::new(voice).map(Voice))
}

fn init() {
    static INIT: Once = Once::new();
    // SAFETY: `Once` keeps two threads from initializing flite and the lexicon at a time.
    INIT.call_once(|| unsafe {
        flite_init();
        cmu_lex_init();
    });
}

/// How a synthesis ended.
pub(super) enum Outcome {
    /// All was spoken.
    Complete,
    /// The sink broke.
    Stopped,
    /// flite gave up, or its samples are not 16 kHz mono.
    Failed(&'static str),
}

struct Stream<'a> {
    sink: &'a mut dyn FnMut(&[i16]) -> ControlFlow<()>,
    stopped: bool,
    bad_format: bool,
    panic: Option<Box<dyn Any + Send>>,
}

extern "C" fn on_samples(
    wave: *const RawWave,
    start: c_int,
    size: c_int,
    _last: c_int,
    info: *mut RawStreamingInfo,
) -> c_int {
    // SAFETY: `info` is the one that `speak` made, and its userdata the `Stream` on `speak`'s
    // stack, which waits for this call and does not touch it meanwhile.
    let stream = unsafe { &mut *(*info).userdata.cast::<Stream<'_>>() };
    // SAFETY: flite passes its own wave.
    let wave = unsafe { &*wave };
    if wave.sample_rate.cast_unsigned() != SAMPLE_RATE_HZ || wave.num_channels != 1 {
        stream.bad_format = true;
        return STREAM_STOP;
    }
    let (Ok(start), Ok(size)) = (usize::try_from(start), usize::try_from(size)) else {
        return STREAM_STOP;
    };
    if size == 0 || wave.samples.is_null() {
        return STREAM_CONTINUE;
    }
    // SAFETY: flite has written `size` samples from `start` on into a buffer of its own, which it
    // leaves alone until this returns.
    let samples = unsafe { std::slice::from_raw_parts(wave.samples.add(start), size) };
    // A panic must not unwind through flite's frames: it is carried around them.
    match catch_unwind(AssertUnwindSafe(|| (stream.sink)(samples))) {
        Ok(ControlFlow::Continue(())) => STREAM_CONTINUE,
        Ok(ControlFlow::Break(())) => {
            stream.stopped = true;
            STREAM_STOP
        }
        Err(panic) => {
            stream.panic = Some(panic);
            STREAM_STOP
        }
    }
}

/// Speaks `text`, handing samples to `sink` until it breaks.
pub(super) fn speak(
    voice: &Voice,
    text: &CStr,
    sink: &mut dyn FnMut(&[i16]) -> ControlFlow<()>,
) -> Outcome {
    let mut stream = Stream { sink, stopped: false, bad_format: false, panic: None };
    // SAFETY: the streaming info goes to the utterance (a feature value deletes what it holds), the
    // utterance is deleted here or, when synthesis returns null, by `flite_do_synth`. `stream`
    // outlives the synthesis, which is the only time the callback runs. The feature's name is
    // static. The text is copied.
    let complete = unsafe {
        let utterance = new_utterance();
        let info = new_audio_streaming_info();
        if utterance.is_null() || info.is_null() {
            return Outcome::Failed("flite is out of memory");
        }
        (*info).min_buffsize = CHUNK_SAMPLES;
        (*info).callback = Some(on_samples);
        (*info).userdata = (&raw mut stream).cast();
        utt_set_input_text(utterance, text.as_ptr());
        let value = audio_streaming_info_val(info);
        feat_set((*utterance).features, c"streaming_info".as_ptr(), value);
        let done = flite_do_synth(utterance, voice.0.as_ptr(), utt_synth);
        if !done.is_null() {
            delete_utterance(done);
        }
        !done.is_null()
    };
    if let Some(panic) = stream.panic {
        resume_unwind(panic);
    }
    if stream.stopped {
        Outcome::Stopped
    } else if stream.bad_format {
        Outcome::Failed("the voice does not give 16 kHz mono")
    } else if complete {
        Outcome::Complete
    } else {
        Outcome::Failed("flite gave up")
    }
}

/// Phones of a word as flite's lexicon or its letter-to-sound rules have it, with stress digits on
/// vowels. The word must hold only the letters a to z: the rules index a table by letter.
pub(super) fn phones(word: &CStr) -> Vec<String> {
    init();
    let mut phones = Vec::new();
    // SAFETY: the lexicon is initialized and read-only; looking up allocates a list that is ours
    // and is deleted after its strings are copied.
    unsafe {
        let lexicon = cmu_lex_init();
        let list = lex_lookup(lexicon, word.as_ptr(), std::ptr::null(), std::ptr::null());
        let mut rest: *const RawValue = list;
        while !rest.is_null() {
            let phone = val_string(val_car(rest));
            phones.push(CStr::from_ptr(phone).to_string_lossy().into_owned());
            rest = val_cdr(rest);
        }
        delete_val(list);
    }
    phones
}
