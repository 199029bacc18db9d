//! whisper.cpp's own format of weights: read through from end to end, without loading it.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::WeightsError;

/// "ggml", as a number.
pub(super) const MAGIC: u32 = 0x6767_6d6c;

/// What a quantized file adds to the number of its type: the version of the types.
pub(super) const QUANTIZED: u32 = 2000;

/// Types of numbers in a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    /// 32 bits.
    F32,
    /// 16 bits.
    F16,
    /// 8 bits, 32 with one scale.
    Q8,
}

impl Numbers {
    /// The number of the type in a file.
    pub(super) const fn id(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q8 => 8,
        }
    }

    fn of(id: u32) -> Option<Self> {
        [Self::F32, Self::F16, Self::Q8].into_iter().find(|numbers| numbers.id() == id)
    }

    /// Bytes of so many numbers; `None` if they do not fill their blocks.
    fn bytes(self, count: u64) -> Option<u64> {
        match self {
            Self::F32 => count.checked_mul(4),
            Self::F16 => count.checked_mul(2),
            Self::Q8 => count.is_multiple_of(32).then(|| count / 32 * 34),
        }
    }
}

/// What a file of weights says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Whether it knows other languages than English.
    pub is_multilingual: bool,
    /// Width of its audio layers: 384 is tiny, 512 base, 768 small.
    pub width: u32,
    /// Audio layers.
    pub layers: u32,
    /// Whether its numbers have 8 bits.
    pub is_quantized: bool,
    /// Tensors.
    pub tensors: usize,
}

/// Largest counts that any whisper model has, with room: what is above is no model.
const MAX_WIDTH: u32 = 2048;
const MAX_LAYERS: u32 = 64;
const MAX_TOKEN: u32 = 512;
const MAX_NAME: u32 = 128;

struct Reader<'a> {
    file: BufReader<File>,
    path: &'a Path,
    at: u64,
    length: u64,
}

impl Reader<'_> {
    fn bad(&self, what: impl Into<String>) -> WeightsError {
        WeightsError::malformed(self.path, what)
    }

    fn take(&mut self, buffer: &mut [u8], what: &str) -> Result<(), WeightsError> {
        if buffer.len() as u64 > self.length - self.at {
            return Err(self.bad(format!("it ends in the middle of {what}")));
        }
        self.file.read_exact(buffer).map_err(|error| WeightsError::io(self.path, error))?;
        self.at += buffer.len() as u64;
        Ok(())
    }

    fn number(&mut self, what: &str) -> Result<u32, WeightsError> {
        let mut bytes = [0; 4];
        self.take(&mut bytes, what)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn within(&mut self, what: &str, least: u32, most: u32) -> Result<u32, WeightsError> {
        let number = self.number(what)?;
        if (least..=most).contains(&number) {
            Ok(number)
        } else {
            Err(self.bad(format!("{what} is {number}, which no whisper model has")))
        }
    }

    fn skip(&mut self, bytes: u64, what: &str) -> Result<(), WeightsError> {
        if bytes > self.length - self.at {
            return Err(self.bad(format!("it ends in the middle of {what}")));
        }
        let by = i64::try_from(bytes).map_err(|_| self.bad(format!("{what} is too large")))?;
        let moved = self.file.seek_relative(by);
        moved.map_err(|error| WeightsError::io(self.path, error))?;
        self.at += bytes;
        Ok(())
    }
}

/// Reads the structure of a file from its first byte to its last.
///
/// # Errors
/// [`WeightsError`] if it cannot be read, is cut off, has something behind its end, or is of
/// another kind.
pub fn inspect(path: &Path) -> Result<Facts, WeightsError> {
    let io = |error| WeightsError::io(path, error);
    let mut file = File::open(path).map_err(io)?;
    let length = file.seek(SeekFrom::End(0)).map_err(io)?;
    file.rewind().map_err(io)?;
    let mut reader = Reader { file: BufReader::new(file), path, at: 0, length };
    if reader.number("its first number")? != MAGIC {
        return Err(reader.bad("it does not begin as whisper.cpp's weights do"));
    }
    let vocabulary = reader.within("the number of tokens", 51_864, 51_866)?;
    reader.within("the length of audio", 1, 1500)?;
    let width = reader.within("the width of the audio layers", 1, MAX_WIDTH)?;
    let heads = reader.within("the number of audio heads", 1, MAX_WIDTH)?;
    let layers = reader.within("the number of audio layers", 1, MAX_LAYERS)?;
    reader.within("the length of text", 1, 448)?;
    let text_width = reader.within("the width of the text layers", 1, MAX_WIDTH)?;
    let text_heads = reader.within("the number of text heads", 1, MAX_WIDTH)?;
    reader.within("the number of text layers", 1, MAX_LAYERS)?;
    if width != text_width || !width.is_multiple_of(heads) || !width.is_multiple_of(text_heads) {
        return Err(reader.bad("its heads do not fit its width"));
    }
    let bands = reader.within("the number of bands", 80, 128)?;
    let kind = reader.number("the type of its numbers")?;
    if ![0, 1, QUANTIZED + 7].contains(&kind) {
        return Err(reader.bad(format!("its numbers are of type {kind}; f16 or q8_0 is needed")));
    }
    reader.within("the number of bands of its filters", bands, bands)?;
    let bins = reader.within("the number of frequencies of its filters", 201, 201)?;
    reader.skip(u64::from(bands) * u64::from(bins) * 4, "its filters")?;
    let tokens = reader.within("the number of its own tokens", 1, vocabulary)?;
    for _ in 0..tokens {
        let length = reader.within("the length of a token", 0, MAX_TOKEN)?;
        reader.skip(u64::from(length), "a token")?;
    }
    let mut tensors = 0;
    while reader.at < reader.length {
        tensor(&mut reader)?;
        tensors += 1;
    }
    if tensors == 0 {
        return Err(reader.bad("it holds no tensors"));
    }
    let is_quantized = kind > QUANTIZED;
    Ok(Facts { is_multilingual: vocabulary > 51_864, width, layers, is_quantized, tensors })
}

fn tensor(reader: &mut Reader<'_>) -> Result<(), WeightsError> {
    let dimensions = reader.within("the number of a tensor's dimensions", 1, 4)?;
    let length = reader.within("the length of a tensor's name", 1, MAX_NAME)?;
    let kind = reader.number("a tensor's type")?;
    let mut count = 1_u64;
    for _ in 0..dimensions {
        let size = reader.within("a tensor's size", 1, 1 << 24)?;
        count = count.saturating_mul(u64::from(size));
    }
    let mut name = vec![0; length as usize];
    reader.take(&mut name, "a tensor's name")?;
    let name = String::from_utf8_lossy(&name).into_owned();
    let bytes = Numbers::of(kind).and_then(|numbers| numbers.bytes(count));
    let bytes = bytes.ok_or_else(|| reader.bad(format!("tensor {name} is of type {kind}")))?;
    reader.skip(bytes, &format!("tensor {name}"))
}
