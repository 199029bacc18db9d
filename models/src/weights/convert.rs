//! Whisper's weights from CTranslate2's format into whisper.cpp's, with numbers of 8 bits where
//! that is as good.
//!
//! CTranslate2 keeps the projections of an attention that read the same input as one matrix; they
//! are cut apart again. A key's projection has no bias.

use std::io::{self, Write};

use super::ctranslate2::{Tensor, Weights};
use super::filters::{self, BINS};
use super::float16::{self, BLOCK};
use super::ggml::{MAGIC, Numbers, QUANTIZED};

/// Audio that is looked at at once, and text: positions.
const AUDIO_CONTEXT: usize = 1500;
const TEXT_CONTEXT: usize = 448;

/// Numbers of one head.
const HEAD: usize = 64;

/// Tokens of the multilingual models; those of English have one less.
const VOCABULARY: usize = 51_865;

/// Bands of frequencies that it hears in.
const BANDS: usize = 80;

/// Why weights were not converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// They are not what was expected.
    #[error("the weights cannot be converted: {0}")]
    Unfit(String),
    /// The result cannot be written.
    #[error("the converted weights cannot be written: {0}")]
    Write(#[from] io::Error),
}

impl From<String> for ConvertError {
    fn from(what: String) -> Self {
        Self::Unfit(what)
    }
}

/// Writes `weights`, with the bytes of their `tokens`, as whisper.cpp's weights of type `q8_0`.
///
/// # Errors
/// [`ConvertError`] if a tensor is missing or of another size, or writing fails.
pub fn convert(
    weights: &Weights<'_>,
    tokens: &[Vec<u8>],
    out: &mut impl Write,
) -> Result<(), ConvertError> {
    let embedding = weights.get("decoder/embeddings/weight")?;
    let [vocabulary, width, _] = embedding.shape;
    if !(VOCABULARY - 1..=VOCABULARY + 1).contains(&vocabulary) || tokens.len() > vocabulary {
        return Err(format!("there are {vocabulary} tokens").into());
    }
    let (audio, text) = (weights.layers("encoder"), weights.layers("decoder"));
    let sizes = [
        vocabulary,
        AUDIO_CONTEXT,
        width,
        width / HEAD,
        audio,
        TEXT_CONTEXT,
        width,
        width / HEAD,
        text,
        BANDS,
    ];
    out.write_all(&MAGIC.to_le_bytes())?;
    for size in sizes {
        out.write_all(&number(size)?)?;
    }
    out.write_all(&(QUANTIZED + 7).to_le_bytes())?;
    out.write_all(&number(BANDS)?)?;
    out.write_all(&number(BINS)?)?;
    for filter in filters::bands(BANDS) {
        out.write_all(&filter.to_le_bytes())?;
    }
    out.write_all(&number(tokens.len())?)?;
    for token in tokens {
        out.write_all(&number(token.len())?)?;
        out.write_all(token)?;
    }
    let mut to = Writer { weights, width, out };
    to.plain("decoder.positional_embedding", "decoder/position_encodings/encodings")?;
    to.plain("encoder.positional_embedding", "encoder/position_encodings/encodings")?;
    to.plain("decoder.token_embedding.weight", "decoder/embeddings/weight")?;
    for layer in 0..text {
        to.layer("decoder", layer, true)?;
    }
    to.norm("decoder.ln", "decoder/layer_norm")?;
    for conv in ["conv1", "conv2"] {
        to.plain(&format!("encoder.{conv}.weight"), &format!("encoder/{conv}/weight"))?;
        to.plain(&format!("encoder.{conv}.bias"), &format!("encoder/{conv}/bias"))?;
    }
    for layer in 0..audio {
        to.layer("encoder", layer, false)?;
    }
    to.norm("encoder.ln_post", "encoder/layer_norm")
}

fn number(size: usize) -> Result<[u8; 4], ConvertError> {
    let size = u32::try_from(size).map_err(|_| format!("a size of {size} is too large"))?;
    Ok(size.to_le_bytes())
}

struct Writer<'w, 'a, W> {
    weights: &'w Weights<'a>,
    width: usize,
    out: &'w mut W,
}

impl<W: Write> Writer<'_, '_, W> {
    /// One layer: its attentions, its two dense layers, and their norms.
    fn layer(&mut self, part: &str, at: usize, crossed: bool) -> Result<(), ConvertError> {
        let (to, from) = (format!("{part}.blocks.{at}"), format!("{part}/layer_{at}"));
        self.norm(&format!("{to}.mlp_ln"), &format!("{from}/ffn/layer_norm"))?;
        self.linear(&format!("{to}.mlp.0"), &format!("{from}/ffn/linear_0"))?;
        self.linear(&format!("{to}.mlp.2"), &format!("{from}/ffn/linear_1"))?;
        if crossed {
            let (to, from) = (format!("{to}.cross_attn"), format!("{from}/attention"));
            self.norm(&format!("{to}_ln"), &format!("{from}/layer_norm"))?;
            self.linear(&format!("{to}.query"), &format!("{from}/linear_0"))?;
            self.cut(&to, &format!("{from}/linear_1"), &["key", "value"])?;
            self.linear(&format!("{to}.out"), &format!("{from}/linear_2"))?;
        }
        let (to, from) = (format!("{to}.attn"), format!("{from}/self_attention"));
        self.norm(&format!("{to}_ln"), &format!("{from}/layer_norm"))?;
        self.cut(&to, &format!("{from}/linear_0"), &["query", "key", "value"])?;
        self.linear(&format!("{to}.out"), &format!("{from}/linear_1"))
    }

    fn norm(&mut self, to: &str, from: &str) -> Result<(), ConvertError> {
        self.plain(&format!("{to}.weight"), &format!("{from}/gamma"))?;
        self.plain(&format!("{to}.bias"), &format!("{from}/beta"))
    }

    fn linear(&mut self, to: &str, from: &str) -> Result<(), ConvertError> {
        self.plain(&format!("{to}.weight"), &format!("{from}/weight"))?;
        self.plain(&format!("{to}.bias"), &format!("{from}/bias"))
    }

    fn plain(&mut self, to: &str, from: &str) -> Result<(), ConvertError> {
        let tensor = self.weights.get(from)?;
        self.write(to, tensor)
    }

    /// Several projections that are one matrix.
    fn cut(&mut self, to: &str, from: &str, names: &[&str]) -> Result<(), ConvertError> {
        let weight = self.weights.get(&format!("{from}/weight"))?;
        let bias = self.weights.get(&format!("{from}/bias"))?;
        let rows = self.width;
        if weight.shape != [rows * names.len(), rows, 1] || bias.shape[0] != rows * names.len() {
            return Err(format!("{from} is of another size").into());
        }
        for (at, name) in names.iter().enumerate() {
            let matrix = part(weight, at, names.len(), [rows, rows, 1]);
            self.write(&format!("{to}.{name}.weight"), matrix)?;
            if *name != "key" {
                self.write(
                    &format!("{to}.{name}.bias"),
                    part(bias, at, names.len(), [rows, 1, 1]),
                )?;
            }
        }
        Ok(())
    }

    fn write(&mut self, name: &str, tensor: Tensor<'_>) -> Result<(), ConvertError> {
        let shape = tensor.shape.get(..tensor.dimensions).unwrap_or_default();
        let is_row = |size: &usize| size.is_multiple_of(BLOCK);
        // Whisper.cpp adds positions as numbers of 32 bits, and wants a bias of a convolution as a
        // column; it multiplies matrices of any of its types.
        let positions = name.ends_with("positional_embedding");
        let numbers = match shape {
            [_] => Numbers::F32,
            [_, _] if positions => Numbers::F32,
            [_, row] if is_row(row) => Numbers::Q8,
            _ => Numbers::F16,
        };
        let is_column = name.starts_with("encoder.conv") && name.ends_with("bias");
        let mut sizes: Vec<usize> = shape.iter().rev().copied().collect();
        if is_column {
            sizes.insert(0, 1);
        }
        self.out.write_all(&number(sizes.len())?)?;
        self.out.write_all(&number(name.len())?)?;
        self.out.write_all(&numbers.id().to_le_bytes())?;
        for size in sizes {
            self.out.write_all(&number(size)?)?;
        }
        self.out.write_all(name.as_bytes())?;
        if numbers == Numbers::F16 {
            return Ok(self.out.write_all(tensor.bytes)?);
        }
        let values = tensor.bytes.chunks_exact(2);
        let values = values.map(|pair| float16::to_f32(u16::from_le_bytes([pair[0], pair[1]])));
        let mut bytes = Vec::with_capacity(tensor.bytes.len() * 2);
        if numbers == Numbers::F32 {
            bytes.extend(values.flat_map(f32::to_le_bytes));
        } else {
            float16::quantize(&values.collect::<Vec<_>>(), &mut bytes);
        }
        Ok(self.out.write_all(&bytes)?)
    }
}

/// One of `of` equal parts of a tensor, of another shape.
fn part<'a>(tensor: Tensor<'a>, at: usize, of: usize, shape: [usize; 3]) -> Tensor<'a> {
    let length = tensor.bytes.len() / of;
    let bytes = tensor.bytes.get(at * length..(at + 1) * length).unwrap_or_default();
    Tensor { shape, bytes, ..tensor }
}

/// The first token that stands for no text.
const END: &str = "<|endoftext|>";

/// The bytes of the tokens in a list as CTranslate2's packages have it: a token on each line, in
/// which bytes that are no visible character are written as one (GPT-2's byte pairs).
///
/// # Errors
/// The number of the line that is none, or that there is no end.
pub fn tokens(list: &str) -> Result<Vec<Vec<u8>>, String> {
    let mut all = Vec::new();
    for (at, line) in list.split('\n').enumerate() {
        if line == END {
            return Ok(all);
        }
        let bytes: Option<Vec<u8>> = line.chars().map(byte).collect();
        all.push(bytes.ok_or_else(|| format!("line {} of the list of tokens is none", at + 1))?);
    }
    Err(format!("the list of tokens has no {END}"))
}

/// Whether a byte is written as the character of its number.
const fn is_visible(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF)
}

/// The byte that a character stands for: itself if it is visible, else the one with as many
/// invisible ones before it as the character is above 255.
fn byte(letter: char) -> Option<u8> {
    match u8::try_from(letter) {
        Ok(byte) => is_visible(byte).then_some(byte),
        Err(_) => {
            let rank = u32::from(letter).checked_sub(256)?;
            (0..=u8::MAX).filter(|byte| !is_visible(*byte)).nth(usize::try_from(rank).ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_as_bytes_up_to_the_end_of_text() {
        let list = "!\nĠthe\nĊ\nÃ©\n\n<|endoftext|>\n<|en|>\n";
        let expected: [&[u8]; 5] = [b"!", b" the", b"\n", "é".as_bytes(), b""];
        assert_eq!(tokens(list).unwrap(), expected);
        assert_eq!(tokens("!\n\u{3042}\n").unwrap_err(), "line 2 of the list of tokens is none");
        assert!(tokens("!").is_err());
    }

    #[test]
    fn every_byte_is_written_in_its_own_way() {
        let letters = (0..512).filter_map(char::from_u32);
        let mut bytes: Vec<u8> = letters.filter_map(byte).collect();
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=u8::MAX).collect::<Vec<_>>());
    }
}
