//! The two tables from which events take text; they depend on no option.

use std::sync::OnceLock;

use super::draw::Draw;

/// Bytes of the pool of filling text.
pub const POOL_BYTES: i32 = 1 << 20;

const CHANNELS: i32 = 10_000;
const HOT_CHANNELS: [&str; 4] = ["Google", "Facebook", "Baidu", "Apple"];

/// Texts one behind the other.
pub struct Texts {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Texts {
    fn new() -> Self {
        Texts { bytes: Vec::new(), ends: vec![0] }
    }

    fn end_text(&mut self) {
        self.ends.push(self.bytes.len() as u32);
    }

    /// The text of an index.
    #[inline]
    pub fn get(&self, index: usize) -> &[u8] {
        &self.bytes[self.ends[index] as usize..self.ends[index + 1] as usize]
    }
}

/// The pool of filling text, and channels with their urls: first the four hot ones, then `channel-0` and so on.
pub struct Tables {
    /// Filling text.
    pub pool: Vec<u8>,
    /// Names of channels.
    pub channels: Texts,
    /// Urls of the channels.
    pub urls: Texts,
}

/// The tables, made at the first call.
pub fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let (channels, urls) = make_channels();
        Tables { pool: make_pool(), channels, urls }
    })
}

fn make_pool() -> Vec<u8> {
    let mut draw = Draw::from_state(1);
    let mut bits = 0;
    (0..POOL_BYTES)
        .map(|i| {
            if i % 6 == 0 {
                bits = draw.int();
            }
            let byte = (i32::from(b'a') + bits % 26) as u8;
            bits /= 26;
            byte
        })
        .collect()
}

fn write_base_url(draw: &mut Draw, out: &mut Vec<u8>) {
    out.extend_from_slice(b"https://www.nexmark.com/");
    for _ in 0..3 {
        draw.word(5, b'_', out);
        out.push(b'/');
    }
    out.extend_from_slice(b"item.htm?query=1");
}

fn make_channels() -> (Texts, Texts) {
    let (mut channels, mut urls) = (Texts::new(), Texts::new());
    let mut draw = Draw::from_state(2);
    for name in HOT_CHANNELS {
        channels.bytes.extend_from_slice(name.as_bytes());
        channels.end_text();
        write_base_url(&mut draw, &mut urls.bytes);
        urls.end_text();
    }
    for i in 0..CHANNELS {
        channels.bytes.extend_from_slice(format!("channel-{i}").as_bytes());
        channels.end_text();
        write_base_url(&mut draw, &mut urls.bytes);
        if draw.below(10) > 0 {
            let id = i.reverse_bits().wrapping_abs();
            urls.bytes.extend_from_slice(format!("&channel_id={id}").as_bytes());
        }
        urls.end_text();
    }
    (channels, urls)
}
