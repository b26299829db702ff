//! 内容による判定: what a file is by its first bytes; its name is not asked.

use crate::FileRefused;

/// 種類: how the bytes of a delivery are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Magic {
    Empty,
    Zip,
    Gzip,
    Zstd,
    /// The spreadsheets and documents of old offices.
    OldOffice,
    /// Packed in a way that is not read, by its name.
    Foreign(&'static str),
    Plain,
}

/// No more bytes are needed to tell.
pub(crate) const MAGIC_BYTES: usize = 8;

impl Magic {
    pub(crate) fn of(seen: &[u8]) -> Self {
        match seen {
            [] => Self::Empty,
            [0x50, 0x4B, 3..=8, 4..=8, ..] => Self::Zip,
            [0x1F, 0x8B, ..] => Self::Gzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Self::Zstd,
            [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, ..] => Self::OldOffice,
            [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C, ..] => Self::Foreign("7z"),
            [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, ..] => Self::Foreign("xz"),
            [0x42, 0x5A, 0x68, 0x31..=0x39, 0x31, 0x41, ..] => Self::Foreign("bzip2"),
            [0x52, 0x61, 0x72, 0x21, 0x1A, 0x07, ..] => Self::Foreign("rar"),
            [0x04, 0x22, 0x4D, 0x18, ..] => Self::Foreign("lz4"),
            [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Self::Foreign("a zstd that begins with a gap"),
            _ => Self::Plain,
        }
    }

    /// Refuses what must not lie inside an archive: another archive, or an office's document.
    pub(crate) fn within_archive(self, name: &str) -> Result<(), FileRefused> {
        match self {
            Self::Empty | Self::Plain => Ok(()),
            Self::OldOffice => Err(FileRefused::Spreadsheet),
            Self::Zip if is_office_name(name) => Err(FileRefused::Spreadsheet),
            _ => Err(FileRefused::BadArchive("it holds another archive".to_owned())),
        }
    }
}

fn is_office_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".xlsx", ".xlsm", ".ods"].iter().any(|ending| name.ends_with(ending))
}
