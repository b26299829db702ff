//! `todoke notice letters`: the letters of a list as PDF, to print and post.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::{
    app::App,
    cli::{Out, given::how_many, wording::languages},
    notices::{
        kit::{Counted, Kit, LeftOut},
        wordings::language::Language,
    },
};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke notice letters isp-a-20260501-001 --lang ja --out \
                        letters\n  todoke notice letters isp-a-20260501-001 --lang vi --out \
                        letters --one-per-line")]
pub(super) struct Letters {
    /// The name that `prepare` and `list` print.
    id: String,
    /// In which language.
    #[arg(long, value_parser = languages())]
    lang: Language,
    /// The folder to write to.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A file for each line, named by its number, rather than one for all.
    #[arg(long)]
    one_per_line: bool,
    /// Nothing in the window, rather than merge fields: the address is printed or stuck over it.
    #[arg(long)]
    empty_window: bool,
    /// Also lines of which somebody was told already, and those verified as mended: a reprint.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    by: crate::cli::account::By,
}

/// Says which wordings were used.
pub(super) fn in_words(kit: &Kit) -> String {
    match kit.wordings().join(", ").as_str() {
        "" => String::new(),
        names => format!(" in the words of {names}"),
    }
}

/// How many lines nobody is told about, by why.
pub(super) fn counted(left_out: &Counted) -> Vec<Value> {
    left_out.iter().map(|(why, lines)| json!({ "reason": why.word(), "lines": lines })).collect()
}

/// Says how many lines nobody is told about, and why.
pub(super) fn without(left_out: &Counted) -> String {
    let lines = |(why, lines): &(LeftOut, usize)| {
        format!("\n{} left out: {why}", how_many(*lines as u64, "line"))
    };
    left_out.iter().map(lines).collect()
}

#[cfg(not(feature = "print"))]
const NO_PRESS: &str = "this build prints no letters: it was made without the feature `print`";

#[cfg(not(feature = "print"))]
impl Letters {
    #[expect(clippy::unused_async, reason = "it stands in for the one that prints")]
    pub(super) async fn run(&self, _app: &App, _out: Out) -> anyhow::Result<()> {
        let Self { id: _, lang: _, out: _, one_per_line: _, empty_window: _, all: _, by: _ } = self;
        Err(crate::cli::Refused::because(NO_PRESS))
    }
}

/// Prints one sample letter.
#[cfg(not(feature = "print"))]
pub(in crate::cli) fn sample(_app: &App, _kit: &Kit, _file: &Path) -> anyhow::Result<()> {
    Err(crate::cli::Refused::because(NO_PRESS))
}

#[cfg(feature = "print")]
pub(in crate::cli) use press::sample;

#[cfg(feature = "print")]
mod press {
    use std::{fs, io::IsTerminal as _, io::Write as _};

    use print::{Press, fonts::Fonts, letter::Letter};

    use super::{
        App, Kit, Letters, Out, Path, PathBuf, counted, how_many, in_words, json, without,
    };
    use crate::{
        access::keys::private,
        cli::Refused,
        notices::{
            kit::{self, PART, Which, Whom},
            letters,
            press::Window,
            wordings::Way,
        },
    };

    fn press() -> anyhow::Result<Press> {
        let fonts = Fonts::find(&Fonts::folders()).map_err(Refused::because)?;
        Ok(Press::new(fonts))
    }

    fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
        let refuse = |e| Refused::because(format!("{}: {e}", file.display()));
        let opened = private().write(true).create(true).truncate(true).open(file);
        opened.and_then(|mut opened| opened.write_all(bytes)).map_err(refuse)
    }

    /// Prints one sample letter.
    pub(in crate::cli) fn sample(app: &App, kit: &Kit, file: &Path) -> anyhow::Result<()> {
        let letters: Vec<Letter> = letters::of(kit, Window::Fields, app.now()).collect();
        let pdf = press()?.print(&letters).map_err(Refused::because)?;
        write(file, &pdf)
    }

    impl Letters {
        pub(in crate::cli::notice) async fn run(&self, app: &App, out: Out) -> anyhow::Result<()> {
            // Both first: letters that cannot be printed were not handed out.
            let press = press()?;
            let refuse = |e| Refused::because(format!("{}: {e}", self.out.display()));
            fs::create_dir_all(&self.out).map_err(refuse)?;
            let tenant = super::super::tenant_of(app, &self.id, &self.by.by).await?;
            let which = (Which::All, if self.all { Whom::All } else { Whom::NotYetTold });
            let lacks = |kit: &Kit| letters::lacks(kit, press.fonts());
            let asked = (Way::Letter, self.lang);
            let kit = kit::hand_out(&tenant, &self.id, asked, which, &lacks).await?;
            let kit = kit.map_err(Refused::because)?;
            let window = if self.empty_window { Window::Empty } else { Window::Fields };
            let letters: Vec<Letter> = letters::of(&kit, window, app.now()).collect();
            let files = self.files(&press, &letters, &kit)?;
            out.line(
                &json!({
                    "notice": self.id, "letters": letters.len(), "files": files,
                    "wordings": kit.wordings(), "left_out": counted(&kit.left_out),
                }),
                format!(
                    "{}{} written to {}{}",
                    how_many(letters.len() as u64, "letter"),
                    in_words(&kit),
                    self.out.display(),
                    without(&kit.left_out)
                ),
            )
        }

        fn files(
            &self,
            press: &Press,
            letters: &[Letter],
            kit: &Kit,
        ) -> anyhow::Result<Vec<PathBuf>> {
            let size = if self.one_per_line { 1 } else { PART };
            let stem = format!("{}.{}", self.id, self.lang.word());
            let bar = indicatif::ProgressBar::new(letters.len() as u64);
            if !std::io::stderr().is_terminal() {
                bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
            }
            let mut files = Vec::new();
            for (number, some) in (1..).zip(letters.chunks(size)) {
                let name = match (self.one_per_line, letters.len() > size) {
                    (true, _) => format!("{stem}.{:06}.pdf", kit.sheets[number - 1].record_no),
                    (false, true) => format!("{stem}.part-{number:03}.pdf"),
                    (false, false) => format!("{stem}.pdf"),
                };
                let file = self.out.join(name);
                write(&file, &press.print(some).map_err(Refused::because)?)?;
                bar.inc(some.len() as u64);
                files.push(file);
            }
            bar.finish_and_clear();
            Ok(files)
        }
    }
}
