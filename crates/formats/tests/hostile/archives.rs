//! Archives nobody sends in good faith, built as they are needed.

use std::io::{Cursor, Write as _};

use flate2::{Compress, Compression, Crc, FlushCompress};
use zip::write::SimpleFileOptions;

/// An honest zip.
pub(crate) fn zip(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Zips in zips in a zip, each level `width` wide.
pub(crate) fn nested(width: usize) -> Vec<u8> {
    let mut inner = zeros(1 << 20, 1 << 20);
    for _ in 0..3 {
        let entry = |n| (format!("{n:02}.zip"), inner.clone());
        inner = zip(&(0..width).map(entry).collect::<Vec<_>>());
    }
    inner
}

/// The file in it is the beginning of the zip itself, deflated.
pub(crate) fn like_a_quine() -> Vec<u8> {
    let own = zip(&[("r/r.zip".to_owned(), b"PK\x03\x04".repeat(1000))]);
    zip(&[("r/r.zip".to_owned(), own)])
}

/// Deflate blocks of a mebibyte of zeros that can stand one behind the other.
fn zeros_block() -> Vec<u8> {
    let mut out = Vec::with_capacity(1 << 16);
    let mut deflate = Compress::new(Compression::best(), false);
    let zeros = vec![0; 1 << 20];
    deflate.compress_vec(&zeros, &mut out, FlushCompress::Full).unwrap();
    out
}

/// An empty block that ends a deflate stream.
const LAST_BLOCK: [u8; 5] = [1, 0, 0, 0xFF, 0xFF];

/// `bytes` zeros, deflated.
fn deflated_zeros(bytes: usize) -> Vec<u8> {
    [zeros_block().repeat(bytes >> 20), LAST_BLOCK.to_vec()].concat()
}

/// One entry of a zip, as its directory tells it.
#[derive(Clone)]
struct Entry {
    name: String,
    start: usize,
    packed: usize,
    size: usize,
    sum: u32,
}

impl Entry {
    fn fields(&self) -> Vec<u8> {
        let long = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let name = u16::try_from(self.name.len()).unwrap().to_le_bytes();
        let fixed = [20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0x5B];
        [&fixed[..], &self.sum.to_le_bytes(), &long(self.packed), &long(self.size), &name, &[0, 0]]
            .concat()
    }

    fn local(&self) -> Vec<u8> {
        [&b"PK\x03\x04"[..], &self.fields(), self.name.as_bytes()].concat()
    }

    fn central(&self) -> Vec<u8> {
        let start = u32::try_from(self.start).unwrap().to_le_bytes();
        let front = [&b"PK\x01\x02\x14\x00"[..], &self.fields(), &[0; 10], &start].concat();
        [&front, self.name.as_bytes()].concat()
    }
}

/// Puts the directory of `entries` behind `data`.
fn closed(mut data: Vec<u8>, entries: &[Entry]) -> Vec<u8> {
    let start = data.len();
    entries.iter().for_each(|entry| data.extend(entry.central()));
    let bytes = data.len() - start;
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let long = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    data.extend([&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &long(bytes), &long(start)].concat());
    data.extend([0, 0]);
    data
}

/// A zip of one file of `bytes` zeros whose directory says it has `stated`.
pub(crate) fn zeros(bytes: usize, stated: usize) -> Vec<u8> {
    let packed = deflated_zeros(bytes);
    let mut crc = Crc::new();
    let zeros = vec![0; 1 << 20];
    (0..stated >> 20).for_each(|_| crc.update(&zeros));
    let entry = Entry {
        name: "a.csv".to_owned(),
        start: 0,
        packed: packed.len(),
        size: stated,
        sum: crc.sum(),
    };
    closed([entry.local(), packed].concat(), &[entry])
}

/// Zips of one good list that are each spoilt in one way: the words of the refusal, and the zip.
pub(crate) fn spoilt(list: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut crc = Crc::new();
    crc.update(list);
    let block = u16::try_from(list.len()).unwrap();
    let packed = [&[1][..], &block.to_le_bytes(), &(!block).to_le_bytes(), list].concat();
    let good = Entry {
        name: "a.csv".to_owned(),
        start: 0,
        packed: packed.len(),
        size: list.len(),
        sum: crc.sum(),
    };
    let zip =
        |told: &Entry| closed([good.local(), packed.clone()].concat(), std::slice::from_ref(told));
    let patched = |places: &[usize], byte: u8| {
        let mut zip = zip(&good);
        places.iter().for_each(|at| zip[*at] |= byte);
        zip
    };
    // In the directory, at the end of the zip: flags at 8, attributes at 38, the system at 5.
    let central = good.local().len() + packed.len();
    let mut link = patched(&[central + 41], 0xA0);
    link[central + 5] = 3;
    let second = Entry { start: central, ..good.clone() };
    let twice = [good.local(), packed.clone(), good.local(), packed.clone()].concat();
    let mut appended = zip(&good);
    appended.extend(zip(&good));
    vec![
        (
            "is not what the directory says",
            zip(&Entry { name: "b.csv".to_owned(), ..good.clone() }),
        ),
        ("is not what the directory says", zip(&Entry { size: 9, ..good.clone() })),
        ("is not what the directory says", zip(&Entry { sum: 9, ..good.clone() })),
        ("under a password", patched(&[6, central + 8], 1)),
        ("holds a link", link),
        ("bear one name", closed(twice, &[good.clone(), second])),
        ("does not lie before its end", appended),
        ("does not end where it says", [zip(&good), b"more".to_vec()].concat()),
        ("packed in a way", patched(&[8, central + 10], 4)),
    ]
}

/// Many names in the directory for one and the same entry (Fifield 2019, full overlap).
pub(crate) fn one_kernel_many_names(count: usize) -> Vec<u8> {
    let packed = deflated_zeros(1 << 20);
    let entry = |n: usize| Entry {
        name: format!("{n:02}.csv"),
        start: 0,
        packed: packed.len(),
        size: 1 << 20,
        sum: 0,
    };
    let entries: Vec<Entry> = (0..count).map(entry).collect();
    closed([entries[0].local(), packed].concat(), &entries)
}

/// Each entry holds, in a stored block, the header of the next one, and then its data: every header
/// is there and agrees with the directory (Fifield 2019, quoted overlap).
pub(crate) fn quoted_overlap(count: usize) -> Vec<u8> {
    let kernel = deflated_zeros(1 << 20);
    let mut crc = Crc::new();
    crc.update(&vec![0; 1 << 20]);
    let mut sum = crc.sum();
    let mut plain = vec![0; 1 << 20];
    let (mut data, mut entries) = (kernel, Vec::<(Entry, usize)>::new());
    for n in (0..count).rev() {
        let (packed, size) = (data.len(), plain.len());
        let entry = Entry { name: format!("{n:02}.csv"), start: 0, packed, size, sum };
        let header = entry.local();
        data = [header.clone(), data].concat();
        entries.push((entry, data.len()));
        if n > 0 {
            let len = u16::try_from(header.len()).unwrap();
            let quote = [&[0][..], &len.to_le_bytes(), &(!len).to_le_bytes()].concat();
            data = [quote, data].concat();
            plain = [header, plain].concat();
            let mut crc = Crc::new();
            crc.update(&plain);
            sum = crc.sum();
        }
    }
    let whole = data.len();
    let placed = |(entry, from_end): (Entry, usize)| Entry { start: whole - from_end, ..entry };
    let entries: Vec<Entry> = entries.into_iter().rev().map(placed).collect();
    closed(data, &entries)
}

/// A zip of nothing whose end claims so many entries, by the record of a zip64.
pub(crate) fn claims_entries(count: u64) -> Vec<u8> {
    let filler = [&b"PK\x03\x04"[..], &vec![0; 4 << 20]].concat();
    let at = u64::try_from(filler.len()).unwrap();
    let long = count.to_le_bytes();
    let record = [
        &b"PK\x06\x06"[..],
        &44_u64.to_le_bytes(),
        &[45, 0, 45, 0],
        &[0; 8],
        &long,
        &long,
        &0_u64.to_le_bytes(),
        &at.to_le_bytes(),
    ];
    let locator = [&b"PK\x06\x07"[..], &[0; 4], &at.to_le_bytes(), &[1, 0, 0, 0]];
    let end = [&b"PK\x05\x06\0\0\0\0"[..], &[0xFF; 12], &[0, 0]];
    [filler, record.concat(), locator.concat(), end.concat()].concat()
}

/// A spreadsheet whose one sheet is `bytes` zeros.
pub(crate) fn xlsx_bomb(bytes: usize) -> Vec<u8> {
    let packed = deflated_zeros(bytes);
    let sheet = |name: &str, start, size| Entry {
        name: name.to_owned(),
        start,
        packed: packed.len(),
        size,
        sum: 0,
    };
    let first = sheet("[Content_Types].xml", 0, 1 << 20);
    let data = [first.local(), packed.clone()].concat();
    let second = sheet("xl/worksheets/sheet1.xml", data.len(), bytes);
    closed([data, second.local(), packed.clone()].concat(), &[first, second])
}

/// A gzip of a header and one endless line of `bytes`, a mebibyte a member.
pub(crate) fn gzip_bomb(header: &[u8], bytes: usize) -> Vec<u8> {
    let member = |plain: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(plain).unwrap();
        gzip.finish().unwrap()
    };
    [member(header), member(&vec![b'x'; 1 << 20]).repeat(bytes >> 20)].concat()
}

/// The same as zstd, sixteen mebibytes a frame.
pub(crate) fn zstd_bomb(header: &[u8], bytes: usize) -> Vec<u8> {
    let frame = |plain: &[u8]| zstd::encode_all(plain, 3).unwrap();
    // The bomb must not fail by its ratio alone: what is packed is large enough for all of it.
    let noise = zstd::encode_all(&[][..], 3).unwrap().repeat(80_000);
    let rest = frame(&vec![b'x'; 16 << 20]).repeat(bytes >> 24);
    [frame(header), rest, noise].concat()
}

/// A frame whose window has `2^log` bytes: one raw block of four bytes.
pub(crate) fn zstd_window(log: u8) -> Vec<u8> {
    let window = (log - 10) << 3;
    let block = [1 | 4 << 3, 0, 0];
    [&[0x28, 0xB5, 0x2F, 0xFD, 0, window][..], &block, b"abcd"].concat()
}

/// Base64 in lines of 76.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len() * 3 / 2);
    for (at, chunk) in bytes.chunks(3).enumerate() {
        let word = chunk.iter().chain(&[0, 0]).take(3).fold(0, |w, b| w << 8 | u32::from(*b));
        for digit in 0..4 {
            let index = (word >> (18 - 6 * digit)) as usize & 63;
            text.push(if digit <= chunk.len() { char::from(DIGITS[index]) } else { '=' });
        }
        if at % 19 == 18 {
            text.push('\n');
        }
    }
    text
}
