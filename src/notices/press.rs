//! The press (印刷): the letters of a kit as one PDF, or one PDF per line in one archive.
//!
//! Setting type takes a processor and some memory, so that one press at a time runs in this
//! program, and not where requests are answered. Owns no table.

use super::{kit::Kit, wordings::Way};
use crate::time::Moment;

/// Why no letters are printed (印刷できない理由).
#[derive(Debug, thiserror::Error)]
pub enum NotPrinted {
    /// This build has no press.
    #[error("this build prints no letters: it was made without the feature `print`")]
    NoPress,
    /// The fonts are missing; the words say which, and how to get them.
    #[error("{0}")]
    NoFont(String),
    /// The font lacks a character.
    #[error("the font has no character {0:?}")]
    NoCharacter(char),
    /// The kit holds no letters, or none at all.
    #[error("there is nothing to print")]
    Nothing,
}

/// How letters are bound (綴じ方).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// One PDF.
    One,
    /// A PDF per line, in a ZIP archive.
    PerLine,
}

/// What stands in the window (宛名).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Merge fields, for a provider that replaces them before it prints.
    Fields,
    /// Nothing, for one that prints or sticks the address over it.
    Empty,
}

/// What prints letters (印刷機), while nobody else does.
#[derive(Debug)]
pub struct Press(works::Press);

impl Press {
    /// Takes the press and its fonts: before anything is handed out, so that letters that cannot
    /// be printed were not.
    pub async fn take() -> anyhow::Result<Result<Self, NotPrinted>> {
        Ok(works::Press::take().await?.map(Self))
    }

    /// The first character of the letters of a kit that the fonts lack.
    pub fn lacks(&self, kit: &Kit) -> Option<char> {
        self.0.lacks(kit)
    }

    /// Prints the letters of a kit, dated `on`.
    pub async fn print(
        self,
        kit: Kit,
        how: (Binding, Window),
        on: Moment,
    ) -> anyhow::Result<Result<Vec<u8>, NotPrinted>> {
        if kit.way != Way::Letter || kit.sheets.is_empty() {
            return Ok(Err(NotPrinted::Nothing));
        }
        self.0.print(kit, how, on).await
    }
}

#[cfg(not(feature = "print"))]
mod works {
    use std::convert::Infallible;

    use super::{Binding, Kit, Moment, NotPrinted, Window};

    #[derive(Debug)]
    pub(super) struct Press(Infallible);

    #[expect(clippy::unused_async, reason = "it stands in for the one that prints")]
    impl Press {
        pub(super) async fn take() -> anyhow::Result<Result<Self, NotPrinted>> {
            Ok(Err(NotPrinted::NoPress))
        }

        pub(super) fn lacks(&self, _kit: &Kit) -> Option<char> {
            match self.0 {}
        }

        pub(super) async fn print(
            self,
            _kit: Kit,
            _how: (Binding, Window),
            _on: Moment,
        ) -> anyhow::Result<Result<Vec<u8>, NotPrinted>> {
            match self.0 {}
        }
    }
}

#[cfg(feature = "print")]
mod works {
    use std::io::{Cursor, Write as _};

    use ::print::{fonts::Fonts, letter::Letter, press};
    use anyhow::anyhow;
    use tokio::{
        sync::{Semaphore, SemaphorePermit},
        task::spawn_blocking,
    };
    use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

    use super::{Binding, Kit, Moment, NotPrinted, Window};
    use crate::notices::letters;

    static ROOM: Semaphore = Semaphore::const_new(1);

    pub(super) struct Press {
        fonts: Fonts,
        room: SemaphorePermit<'static>,
    }

    impl std::fmt::Debug for Press {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Press").finish_non_exhaustive()
        }
    }

    impl Press {
        pub(super) async fn take() -> anyhow::Result<Result<Self, NotPrinted>> {
            let room = ROOM.acquire().await?;
            let fonts = spawn_blocking(|| Fonts::find(&Fonts::folders())).await?;
            let missing = |fault: ::print::fonts::NoFont| NotPrinted::NoFont(fault.to_string());
            Ok(fonts.map(|fonts| Self { fonts, room }).map_err(missing))
        }

        pub(super) fn lacks(&self, kit: &Kit) -> Option<char> {
            letters::lacks(kit, &self.fonts)
        }

        pub(super) async fn print(
            self,
            kit: Kit,
            (binding, window): (Binding, Window),
            on: Moment,
        ) -> anyhow::Result<Result<Vec<u8>, NotPrinted>> {
            let Self { fonts, room } = self;
            let work = move || {
                let press = press::Press::new(fonts);
                let letters: Vec<Letter> = letters::of(&kit, window, on).collect();
                let bytes = match binding {
                    Binding::One => printed(&press, &letters),
                    Binding::PerLine => packed(&press, &letters, &kit),
                };
                drop(room);
                bytes
            };
            spawn_blocking(work).await?
        }
    }

    fn printed(
        press: &press::Press,
        letters: &[Letter],
    ) -> anyhow::Result<Result<Vec<u8>, NotPrinted>> {
        match press.print(letters) {
            Ok(pdf) => Ok(Ok(pdf)),
            Err(press::NotPrinted::NoCharacter { character, .. }) => {
                Ok(Err(NotPrinted::NoCharacter(character)))
            }
            Err(fault) => Err(anyhow!(fault)),
        }
    }

    /// The archive holds no times, so that the same letters are the same bytes.
    fn packed(
        press: &press::Press,
        letters: &[Letter],
        kit: &Kit,
    ) -> anyhow::Result<Result<Vec<u8>, NotPrinted>> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        for (letter, sheet) in letters.iter().zip(&kit.sheets) {
            let pdf = match printed(press, std::slice::from_ref(letter))? {
                Ok(pdf) => pdf,
                Err(refused) => return Ok(Err(refused)),
            };
            let language = kit.language.word();
            let name = format!("{}.{language}.{:06}.pdf", kit.list_id, sheet.record_no);
            archive.start_file(name, stored)?;
            archive.write_all(&pdf)?;
        }
        Ok(Ok(archive.finish()?.into_inner()))
    }
}
