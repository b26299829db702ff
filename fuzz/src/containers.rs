//! 納品物: archives and mails. Whatever comes, what unfolds stays within its limits.

use std::io::{Read as _, Write as _};

use formats::unfold::unfold_bytes;
use formats::unpack::Limits;

/// Counts, because keeping what unfolds would cost the memory that is measured.
struct Count(u64);

impl std::io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// How gzip, zip and zstd begin.
const PACKED: [&[u8]; 3] = [&[0x1f, 0x8b], b"PK", &[0x28, 0xb5, 0x2f, 0xfd]];

pub(crate) fn unfold(data: &[u8]) {
    let parts = read("delivery", data);
    // One packed list is read the same by either door, wherever both open it. What is plain may be
    // a mail, which only one of them opens.
    if !PACKED.iter().any(|magic| data.starts_with(magic)) {
        return;
    }
    let input = std::io::Cursor::new(data.to_vec());
    if let (Some((1, bytes)), Ok(mut one)) = (parts, formats::unpack("delivery", input)) {
        let mut count = Count(0);
        if std::io::copy(&mut one, &mut count).is_ok() && bytes > 0 {
            assert_eq!(count.0, bytes);
        }
    }
}

pub(crate) fn mail(data: &[u8]) {
    read("delivery.eml", data);
}

/// Reads every part; gives how many there are and their bytes, where all could be read.
fn read(name: &str, data: &[u8]) -> Option<(usize, u64)> {
    let limits = Limits { entry_bytes_max: 4 << 20, total_bytes_max: 8 << 20, ..Limits::UPLOAD };
    let parts = unfold_bytes(name, data.to_vec(), limits).ok()?;
    let mut count = Count(0);
    let mut is_whole = true;
    for part in &parts {
        assert!(!part.name.is_empty() && !part.name.contains(['/', '\\', '\0']));
        match part.open() {
            Ok(opened) => is_whole &= std::io::copy(&mut opened.take(u64::MAX), &mut count).is_ok(),
            Err(_) => is_whole = false,
        }
    }
    count.flush().ok()?;
    // The last buffer of a file that breaks its limit may still have been given.
    assert!(count.0 <= limits.total_bytes_max + (1 << 20), "{} bytes", count.0);
    is_whole.then_some((parts.len(), count.0))
}
