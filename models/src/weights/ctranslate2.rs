//! CTranslate2's format of weights, in which registry packages carry whisper's.

use std::collections::BTreeMap;

/// Versions of the format that are understood.
const VERSION: u32 = 6;

/// A tensor of numbers of 16 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tensor<'a> {
    /// Sizes, the outermost first.
    pub(super) shape: [usize; 3],
    /// How many of them count.
    pub(super) dimensions: usize,
    /// Its numbers, two bytes each.
    pub(super) bytes: &'a [u8],
}

/// Weights by name.
pub struct Weights<'a>(BTreeMap<String, Tensor<'a>>);

impl std::fmt::Debug for Weights<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Weights({} tensors)", self.0.len())
    }
}

/// The rest of a file.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn word(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A string with the zero at its end.
    fn text(&mut self) -> Option<String> {
        let length = u16::from_le_bytes(self.take(2)?.try_into().ok()?);
        let bytes = self.take(usize::from(length))?.strip_suffix(&[0])?;
        String::from_utf8(bytes.to_vec()).ok()
    }
}

/// The number of the type of 16 bits.
const F16: u8 = 4;

impl<'a> Weights<'a> {
    /// Reads weights of whisper. What is not of 16 bits (a few numbers about the model) is left out.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let mut rest = Rest(bytes);
        let cut = || "it is cut off or not of CTranslate2's format".to_owned();
        let version = rest.word().ok_or_else(cut)?;
        if version != VERSION {
            return Err(format!(
                "it is of version {version} of CTranslate2's format, not {VERSION}"
            ));
        }
        let kind = rest.text().ok_or_else(cut)?;
        if kind != "WhisperSpec" {
            return Err(format!("it is a model of kind {kind:?}, not whisper"));
        }
        let _revision = rest.word().ok_or_else(cut)?;
        let count = rest.word().ok_or_else(cut)?;
        let mut all = BTreeMap::new();
        for _ in 0..count {
            let (name, tensor) = Self::tensor(&mut rest).ok_or_else(cut)?;
            all.extend(tensor.map(|tensor| (name, tensor)));
        }
        Ok(Self(all))
    }

    fn tensor(rest: &mut Rest<'a>) -> Option<(String, Option<Tensor<'a>>)> {
        let name = rest.text()?;
        let dimensions = usize::from(rest.byte()?);
        let mut shape = [1; 3];
        for at in 0..dimensions {
            *shape.get_mut(at)? = usize::try_from(rest.word()?).ok()?;
        }
        let kind = rest.byte()?;
        let length = usize::try_from(rest.word()?).ok()?;
        let bytes = rest.take(length)?;
        let count = shape.iter().try_fold(2_usize, |all, size| all.checked_mul(*size))?;
        let is_ours = kind == F16 && dimensions > 0 && count == length;
        Some((name, is_ours.then_some(Tensor { shape, dimensions, bytes })))
    }

    pub(super) fn get(&self, name: &str) -> Result<Tensor<'a>, String> {
        self.0.get(name).copied().ok_or_else(|| format!("it has no tensor {name} of 16 bits"))
    }

    /// How many layers there are of a part.
    pub(super) fn layers(&self, part: &str) -> usize {
        let has =
            |at: &usize| self.0.contains_key(&format!("{part}/layer_{at}/ffn/linear_0/weight"));
        (0..).take_while(has).count()
    }
}
