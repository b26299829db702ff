//! `todoke notice texts`: the texts of a list's lines, for the provider's mail merge.

use std::{io::Write as _, path::PathBuf};

use clap::Args;
use serde_json::json;

use crate::{
    access::keys::private,
    app::App,
    cli::{
        Out, Refused,
        given::how_many,
        wording::{languages, ways},
    },
    notices::{
        kit::{self, Which, Whom},
        wordings::{Way, language::Language},
    },
};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke notice texts isp-a-20260501-001 --kind mail --lang ja \
                        --out mails.csv")]
pub(super) struct Texts {
    /// The name that `prepare` and `list` print.
    id: String,
    /// Which way the subscribers are told.
    #[arg(long, value_parser = ways())]
    kind: Way,
    /// In which language.
    #[arg(long, value_parser = languages())]
    lang: Language,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
    /// Also lines of which somebody was told already, and those verified as mended: once more.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    by: crate::cli::account::By,
}

impl Texts {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<()> {
        let refuse = |e| Refused::because(format!("{}: {e}", self.out.display()));
        let tenant = super::tenant_of(app, &self.id, &self.by.by).await?;
        // Made first: texts that cannot be written were not handed out.
        let mut file = private();
        let mut file =
            file.write(true).create(true).truncate(true).open(&self.out).map_err(refuse)?;
        let asked = (self.kind, self.lang);
        let which = (Which::All, if self.all { Whom::All } else { Whom::NotYetTold });
        let kit = kit::hand_out(&tenant, &self.id, asked, which, kit::PRINTS_NOTHING).await?;
        let kit = kit.map_err(Refused::because)?;
        file.write_all(&kit.csv()?).map_err(refuse)?;
        let texts = kit.sheets.len();
        out.line(
            &json!({
                "notice": self.id, "texts": texts, "wordings": kit.wordings(),
                "left_out": super::letters::counted(&kit.left_out), "file": self.out,
            }),
            format!(
                "{}{} written to {}{}",
                how_many(texts as u64, "text"),
                super::letters::in_words(&kit),
                self.out.display(),
                super::letters::without(&kit.left_out)
            ),
        )
    }
}
