//! Weights are converted into whisper.cpp's format, and read through before anything loads them.

use frontdesk_models::weights::ctranslate2::Weights;
use frontdesk_models::weights::{convert, ggml};

/// Width of a model that knows nothing.
const WIDTH: usize = 64;
const TOKENS: usize = 51_865;

/// A model of CTranslate2 with one layer each, all of its numbers `1.0`.
fn small() -> Vec<u8> {
    let mut tensors: Vec<(String, Vec<usize>)> = Vec::new();
    let mut add = |name: String, shape: &[usize]| tensors.push((name, shape.to_vec()));
    for part in ["encoder", "decoder"] {
        let layer = format!("{part}/layer_0");
        let mut norm = |at: String| {
            add(format!("{at}/gamma"), &[WIDTH]);
            add(format!("{at}/beta"), &[WIDTH]);
        };
        norm(format!("{part}/layer_norm"));
        norm(format!("{layer}/ffn/layer_norm"));
        norm(format!("{layer}/self_attention/layer_norm"));
        if part == "decoder" {
            norm(format!("{layer}/attention/layer_norm"));
        }
        let mut linear = |at: String, out: usize, of: usize| {
            add(format!("{at}/weight"), &[out, of]);
            add(format!("{at}/bias"), &[out]);
        };
        linear(format!("{layer}/ffn/linear_0"), 4 * WIDTH, WIDTH);
        linear(format!("{layer}/ffn/linear_1"), WIDTH, 4 * WIDTH);
        linear(format!("{layer}/self_attention/linear_0"), 3 * WIDTH, WIDTH);
        linear(format!("{layer}/self_attention/linear_1"), WIDTH, WIDTH);
        if part == "decoder" {
            linear(format!("{layer}/attention/linear_0"), WIDTH, WIDTH);
            linear(format!("{layer}/attention/linear_1"), 2 * WIDTH, WIDTH);
            linear(format!("{layer}/attention/linear_2"), WIDTH, WIDTH);
        }
        let context = if part == "encoder" { 1500 } else { 448 };
        add(format!("{part}/position_encodings/encodings"), &[context, WIDTH]);
    }
    add("decoder/embeddings/weight".to_owned(), &[TOKENS, WIDTH]);
    for (conv, bands) in [("conv1", 80), ("conv2", WIDTH)] {
        add(format!("encoder/{conv}/weight"), &[WIDTH, bands, 3]);
        add(format!("encoder/{conv}/bias"), &[WIDTH]);
    }
    let text = |text: &str| {
        let mut bytes = (text.len() as u16 + 1).to_le_bytes().to_vec();
        bytes.extend(text.bytes().chain([0]));
        bytes
    };
    let mut bytes = 6_u32.to_le_bytes().to_vec();
    bytes.extend(text("WhisperSpec"));
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend((tensors.len() as u32).to_le_bytes());
    for (name, shape) in tensors {
        bytes.extend(text(&name));
        bytes.push(shape.len() as u8);
        bytes.extend(shape.iter().flat_map(|size| (*size as u32).to_le_bytes()));
        let count: usize = shape.iter().product();
        bytes.push(4);
        bytes.extend((count as u32 * 2).to_le_bytes());
        bytes.extend([0x00, 0x3C].repeat(count));
    }
    bytes.extend(0_u32.to_le_bytes());
    bytes
}

fn converted() -> Vec<u8> {
    let file = small();
    let weights = Weights::read(&file).expect("weights");
    let mut out = Vec::new();
    convert::convert(&weights, &[b"a".to_vec(), b" the".to_vec()], &mut out).expect("converted");
    out
}

#[test]
fn converted_weights_have_the_structure_that_whisper_cpp_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("small.bin");
    let bytes = converted();
    std::fs::write(&path, &bytes).expect("written");
    let facts = ggml::inspect(&path).expect("whole");
    assert!(facts.is_multilingual && facts.is_quantized);
    // Of whisper base there are 245, with six layers each.
    assert_eq!((facts.width, facts.layers, facts.tensors), (64, 1, 50));
    for cut in [3, 60, 70_000, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..cut]).expect("written");
        let error = ggml::inspect(&path).expect_err("cut off").to_string();
        assert!(error.contains("it ends in the middle of"), "{cut}: {error}");
    }
    std::fs::write(&path, [&bytes[..], &[0]].concat()).expect("written");
    ggml::inspect(&path).expect_err("something behind its end");
}

#[test]
fn no_damaged_header_is_taken_for_weights_that_ask_for_all_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("small.bin");
    let bytes = converted();
    // Each number of the header in turn becomes too large.
    for at in 0..14 {
        let mut damaged = bytes.clone();
        damaged[at * 4..at * 4 + 4].copy_from_slice(&0x7FFF_FFFF_u32.to_le_bytes());
        std::fs::write(&path, damaged).expect("written");
        assert!(ggml::inspect(&path).is_err(), "number {at}");
    }
}

#[test]
fn what_is_no_model_of_ctranslate2_is_said_to_be_none() {
    let whole = small();
    assert!(Weights::read(&whole[..whole.len() / 2]).is_err());
    assert!(Weights::read(b"").unwrap_err().contains("cut off"));
    assert!(Weights::read(b"\x05\0\0\0").unwrap_err().contains("version 5"));
    let other = [&6_u32.to_le_bytes()[..], b"\x03\0No\0"].concat();
    assert!(Weights::read(&other).unwrap_err().contains("not whisper"));
}
