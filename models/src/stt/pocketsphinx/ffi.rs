//! The few calls of pocketsphinx 0.8+5prealpha that are used, behind safe methods.
//!
//! Only the fields that are read or written are declared of each C struct; the rest stays opaque.

#![expect(unsafe_code, reason = "pocketsphinx is a C library; nothing unsafe leaves this module")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::NonNull;
use std::sync::Once;

#[repr(C)]
struct RawDecoder {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawConfig {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawArguments {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawLogMath {
    _opaque: [u8; 0],
}

/// `feat_t` up to the one field that is read, as in `sphinxbase/feat.h`.
#[repr(C)]
struct RawFeatures {
    refcount: c_int,
    name: *mut c_char,
    cepsize: i32,
    n_stream: i32,
    stream_len: *mut u32,
    window_size: i32,
    n_sv: i32,
    sv_len: *mut u32,
    subvecs: *mut *mut i32,
    sv_buf: *mut f32,
    sv_dim: i32,
    cmn: c_int,
    varnorm: i32,
    agc: c_int,
    compute_feat: Option<unsafe extern "C" fn()>,
    cmn_struct: *mut RawCmn,
}

/// `cmn_t`: the running mean of the cepstrum.
#[repr(C)]
struct RawCmn {
    mean: *mut f32,
    variance: *mut f32,
    sum: *mut f32,
    frames: i32,
    length: i32,
}

#[link(name = "sphinxbase")]
unsafe extern "C" {
    fn cmd_ln_init(
        config: *mut RawConfig,
        definitions: *const RawArguments,
        strict: i32,
        ...
    ) -> *mut RawConfig;
    fn cmd_ln_free_r(config: *mut RawConfig) -> c_int;
    fn err_set_callback(callback: Option<unsafe extern "C" fn()>, user_data: *mut c_void);
    fn err_set_logfp(stream: *mut c_void);
    fn logmath_exp(logmath: *mut RawLogMath, value: c_int) -> f64;
}

#[link(name = "pocketsphinx")]
unsafe extern "C" {
    fn ps_args() -> *const RawArguments;
    fn ps_init(config: *mut RawConfig) -> *mut RawDecoder;
    fn ps_free(decoder: *mut RawDecoder) -> c_int;
    fn ps_get_feat(decoder: *mut RawDecoder) -> *mut RawFeatures;
    fn ps_get_logmath(decoder: *mut RawDecoder) -> *mut RawLogMath;
    fn ps_set_lm_file(decoder: *mut RawDecoder, name: *const c_char, path: *const c_char) -> c_int;
    fn ps_unset_search(decoder: *mut RawDecoder, name: *const c_char) -> c_int;
    fn ps_add_word(
        decoder: *mut RawDecoder,
        word: *const c_char,
        phones: *const c_char,
        update: c_int,
    ) -> c_int;
    fn ps_set_search(decoder: *mut RawDecoder, name: *const c_char) -> c_int;
    fn ps_start_stream(decoder: *mut RawDecoder) -> c_int;
    fn ps_start_utt(decoder: *mut RawDecoder) -> c_int;
    fn ps_process_raw(
        decoder: *mut RawDecoder,
        samples: *const i16,
        count: usize,
        no_search: c_int,
        full_utterance: c_int,
    ) -> c_int;
    fn ps_end_utt(decoder: *mut RawDecoder) -> c_int;
    fn ps_get_hyp(decoder: *mut RawDecoder, score: *mut i32) -> *const c_char;
    fn ps_get_prob(decoder: *mut RawDecoder) -> i32;
}

/// The call of this name failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failed(pub(super) &'static str);

fn check(call: &'static str, result: c_int) -> Result<(), Failed> {
    if result < 0 { Err(Failed(call)) } else { Ok(()) }
}

/// The running cepstral mean of one caller: what the recognizer has learned of their voice and
/// line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CepstralMean {
    mean: Vec<f32>,
    sum: Vec<f32>,
    frames: i32,
}

/// A decoder. Not to be shared between threads, but free to move from one to another.
pub(super) struct Engine(NonNull<RawDecoder>);

// SAFETY: a decoder holds no thread-local state, and what decoders share (memory-mapped model
// files) is read only.
unsafe impl Send for Engine {}

impl Engine {
    /// Loads the acoustic model in the folder `model` and the dictionary file.
    pub(super) fn open(model: &CStr, dictionary: &CStr) -> Result<Self, Failed> {
        static QUIET: Once = Once::new();
        // SAFETY: no callback means that messages are dropped. They would go to standard error, and
        // some hold the words heard. `Once` keeps two threads from writing the global at a time.
        QUIET.call_once(|| unsafe { err_set_callback(None, std::ptr::null_mut()) });
        // SAFETY: no stream means that the configuration is not printed; the setting is this thread's.
        unsafe { err_set_logfp(std::ptr::null_mut()) };
        // SAFETY: the variable arguments are pairs of C strings with a null at the end, as
        // `cmd_ln_init` wants them, and are copied. `ps_init` retains the configuration.
        let decoder = unsafe {
            let config = cmd_ln_init(
                std::ptr::null_mut(),
                ps_args(),
                1,
                c"-hmm".as_ptr(),
                model.as_ptr(),
                c"-dict".as_ptr(),
                dictionary.as_ptr(),
                std::ptr::null::<c_char>(),
            );
            if config.is_null() {
                return Err(Failed("cmd_ln_init"));
            }
            let decoder = ps_init(config);
            cmd_ln_free_r(config);
            decoder
        };
        NonNull::new(decoder).map(Self).ok_or(Failed("ps_init"))
    }

    /// Loads a language model under a name, in place of one of the same name.
    pub(super) fn load_model(&mut self, name: &CStr, path: &CStr) -> Result<(), Failed> {
        // SAFETY: the decoder is alive and the strings are copied.
        check("ps_set_lm_file", unsafe {
            ps_set_lm_file(self.0.as_ptr(), name.as_ptr(), path.as_ptr())
        })
    }

    /// Forgets a language model.
    pub(super) fn unload_model(&mut self, name: &CStr) -> Result<(), Failed> {
        // SAFETY: the decoder is alive, outside an utterance, and the string is only read.
        check("ps_unset_search", unsafe { ps_unset_search(self.0.as_ptr(), name.as_ptr()) })
    }

    /// Adds a word to the dictionary. To be done while no language model is loaded: the library
    /// would add the word to each that is.
    pub(super) fn add_word(&mut self, word: &CStr, phones: &CStr) -> Result<(), Failed> {
        // SAFETY: the decoder is alive and the strings are copied.
        check("ps_add_word", unsafe {
            ps_add_word(self.0.as_ptr(), word.as_ptr(), phones.as_ptr(), 0)
        })
    }

    /// Chooses the language model for the next utterance.
    pub(super) fn select(&mut self, name: &CStr) -> Result<(), Failed> {
        // SAFETY: the decoder is alive and the string is copied.
        check("ps_set_search", unsafe { ps_set_search(self.0.as_ptr(), name.as_ptr()) })
    }

    /// Forgets the noise that it heard behind the voice.
    pub(super) fn forget_noise(&mut self) -> Result<(), Failed> {
        // SAFETY: the decoder is alive.
        check("ps_start_stream", unsafe { ps_start_stream(self.0.as_ptr()) })
    }

    pub(super) fn start(&mut self) -> Result<(), Failed> {
        // SAFETY: the decoder is alive.
        check("ps_start_utt", unsafe { ps_start_utt(self.0.as_ptr()) })
    }

    pub(super) fn process(&mut self, samples: &[i16]) -> Result<(), Failed> {
        // SAFETY: the decoder is alive and the samples are only read during the call.
        check("ps_process_raw", unsafe {
            ps_process_raw(self.0.as_ptr(), samples.as_ptr(), samples.len(), 0, 0)
        })
    }

    pub(super) fn end(&mut self) -> Result<(), Failed> {
        // SAFETY: the decoder is alive.
        check("ps_end_utt", unsafe { ps_end_utt(self.0.as_ptr()) })
    }

    /// The words heard, during an utterance or after its end.
    pub(super) fn hypothesis(&mut self) -> Option<String> {
        let mut score = 0;
        // SAFETY: the decoder is alive. The string is its own and is copied before anything else is
        // asked of it.
        unsafe {
            let words = ps_get_hyp(self.0.as_ptr(), &raw mut score);
            (!words.is_null()).then(|| CStr::from_ptr(words).to_string_lossy().into_owned())
        }
    }

    /// Posterior probability of the words heard, 0 to 1; to be asked after the end.
    pub(super) fn posterior(&mut self) -> f64 {
        // SAFETY: the decoder is alive, and its logarithm table lives as long.
        unsafe { logmath_exp(ps_get_logmath(self.0.as_ptr()), ps_get_prob(self.0.as_ptr())) }
    }

    /// The cepstral mean as of now; `None` if the library is not built as its header says.
    pub(super) fn cepstral_mean(&self) -> Option<CepstralMean> {
        let cmn = self.cmn()?;
        // SAFETY: `cmn` has checked the length; both arrays have it (`cmn_init`).
        unsafe {
            let length = cmn.length as usize;
            Some(CepstralMean {
                mean: std::slice::from_raw_parts(cmn.mean, length).to_vec(),
                sum: std::slice::from_raw_parts(cmn.sum, length).to_vec(),
                frames: cmn.frames,
            })
        }
    }

    /// Puts a cepstral mean in place of the decoder's; to be done between utterances.
    pub(super) fn set_cepstral_mean(&mut self, saved: &CepstralMean) {
        let Some(cmn) = self.cmn() else { return };
        if saved.mean.len() != cmn.length as usize {
            return;
        }
        // SAFETY: both arrays have the length that was compared, and nobody else holds the decoder.
        unsafe {
            std::ptr::copy_nonoverlapping(saved.mean.as_ptr(), cmn.mean, saved.mean.len());
            std::ptr::copy_nonoverlapping(saved.sum.as_ptr(), cmn.sum, saved.sum.len());
        }
        cmn.frames = saved.frames;
    }

    #[expect(clippy::mut_from_ref, reason = "the reference is used at once, inside this module")]
    fn cmn(&self) -> Option<&mut RawCmn> {
        // SAFETY: the decoder is alive and owns its features. The layout is that of the installed
        // header; lengths that make no sense say that it is not, and then nothing else is read.
        unsafe {
            let features = ps_get_feat(self.0.as_ptr()).as_ref()?;
            let cmn = features.cmn_struct.as_mut()?;
            let sane = cmn.length == features.cepsize
                && (1..=64).contains(&cmn.length)
                && !cmn.mean.is_null()
                && !cmn.sum.is_null();
            sane.then_some(cmn)
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // SAFETY: the decoder is alive and nobody else has it. Inside an utterance is allowed.
        unsafe {
            ps_free(self.0.as_ptr());
        }
    }
}
