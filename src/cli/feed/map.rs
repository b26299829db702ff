//! `todoke feed map`: how a CSV of whatever shape is read, proposed, tried and saved.

use std::{
    fs::File,
    io::{Cursor, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use clap::Args;
use formats::{
    Detection, FileRefused, Reading, Row,
    mapped_csv::{self, Columns, Mapping, Proposal},
    unpack,
};
use serde_json::json;

use crate::{
    app::App,
    cli::{Ended, Out, Refused, WrongUsage},
    feeds::{mappings, refusals},
};

/// Bytes of a file that a proposal is made from.
const SAMPLE: u64 = 256 << 10;

/// Rows that are shown as they would be read.
const SHOWN: usize = 5;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke feed map list.csv\n  \
                  todoke feed map list.csv --set 検知日時=detected_at --constant \
                  weakness_code=infected --constant zone=JST --save isp-b\n  \
                  todoke feed add isp-b --format csv:isp-b --stream nicter")]
pub(in crate::cli) struct Map {
    /// A file of that shape: plain, zip, gzip or zstd.
    file: PathBuf,
    /// Say what a column is: by its heading, or by its number from 1 where there is no header.
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Say what no column says, such as `weakness_code=infected` or `zone=JST`.
    #[arg(long, value_name = "FIELD=VALUE", value_parser = pair)]
    constant: Vec<(String, String)>,
    /// Start from this mapping (TOML or JSON) instead of a proposal.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Save it under this name; feeds call it by `--format csv:NAME`.
    #[arg(long, value_name = "NAME")]
    save: Option<String>,
    /// Who saves it.
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    by: String,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (left, right) = text.split_once('=').ok_or("it is not like COLUMN=FIELD")?;
    Ok((left.trim().to_owned(), right.trim().to_owned()))
}

impl Map {
    pub(in crate::cli) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        if let Some(name) = self.save.as_deref().filter(|name| !mappings::is_name(name)) {
            let why = format!("`{name}` is no name of a mapping: letters, digits, `-`, `_`, `.`");
            return Err(WrongUsage(why).into());
        }
        let name = self.file.display();
        let sample = sample(&self.file)
            .map_err(|why| Refused::because(format!("{name}: {}", refusals::whole(&why))))?;
        let (mapping, proposal) = self.mapping(&sample)?;
        let reading = Reading::at(app.now().0);
        let (rows, unusable) = match first_rows(&mapping, sample, reading) {
            Ok(rows) => (rows, None),
            // What was proposed is shown all the same: it says what is still to be said.
            Err(why) => (Vec::new(), Some(why.to_string())),
        };
        let understood = rows.iter().filter(|row| row.is_ok()).count();
        let text = toml::to_string_pretty(&mapping)?;
        let saved = match &self.save {
            Some(_) if understood == 0 => {
                return Err(Refused::because(format!(
                    "no row of the beginning is understood by it, so it is not saved; {}",
                    unusable
                        .as_ref()
                        .or(rows.iter().find_map(|row| row.as_ref().err()))
                        .map_or("it has no row", String::as_str)
                )));
            }
            Some(name) => Some(mappings::save(app, name, &mapping, &self.by).await?),
            None => None,
        };
        let value = json!({
            "mapping": mapping, "unusable": unusable, "understood": understood, "tried": rows.len(),
            "name": self.save, "saved": saved,
            "columns": proposal.as_ref().map(columns),
            "unplaced": proposal.as_ref().map(|one| one.unplaced.clone()),
            "missing": proposal.as_ref().map(|one| self.unsaid(one)),
            "rows": rows.iter().take(SHOWN).map(shown).collect::<Vec<_>>(),
        });
        let mut words = self.words((proposal.as_ref(), &text), &rows, saved);
        if let Some(why) = &unusable {
            words = format!("{words}\n{why}: `--constant weakness_code=weak_credentials`, say.");
        }
        out.line(&value, words)?;
        Ok(if understood == 0 { Ended::PartlyRefused } else { Ended::Done })
    }

    /// The mapping as it was proposed or given, and as `--set` and `--constant` change it.
    fn mapping(&self, sample: &[u8]) -> anyhow::Result<(Mapping, Option<Proposal>)> {
        let (mut mapping, proposal) = if let Some(path) = &self.from {
            (given(path)?, None)
        } else {
            let proposal = mapped_csv::propose(sample).map_err(Refused::because)?;
            (proposal.mapping.clone(), Some(proposal))
        };
        for (column, field) in &self.set {
            match &mut mapping.columns {
                Columns::ByName(columns) => {
                    columns.insert(column.clone(), field.clone());
                }
                Columns::ByPosition(fields) => {
                    let at = column.parse::<usize>().ok().and_then(|no| no.checked_sub(1));
                    let place = at.and_then(|at| fields.get_mut(at)).ok_or_else(|| {
                        Refused::because(format!("the file has no column number {column}"))
                    })?;
                    place.clone_from(field);
                }
            }
        }
        for (field, value) in &self.constant {
            if field == "zone" {
                mapping.zone = Some(value.clone());
            } else {
                mapping.constants.insert(field.clone(), value.clone());
            }
        }
        Ok((mapping, proposal))
    }

    /// The fields that no column gives and the caller does not say; an exposure tells the weakness.
    fn unsaid<'a>(&self, proposal: &'a Proposal) -> Vec<&'a str> {
        let said = |field: &str| {
            let told = self.constant.iter().map(|(told, _)| told);
            let mut told = told.chain(self.set.iter().map(|(_, told)| told));
            told.any(|told| told == field || (field == "weakness_code" && told == "exposure"))
        };
        proposal.missing.iter().copied().filter(|field| !said(field)).collect()
    }

    fn words(
        &self,
        (proposal, text): (Option<&Proposal>, &str),
        rows: &[Result<Detection, String>],
        saved: Option<bool>,
    ) -> String {
        let mut lines = Vec::new();
        for guess in proposal.iter().flat_map(|one| &one.columns) {
            let field = guess.field.as_deref().unwrap_or("(not placed)");
            lines.push(format!("{}\t→ {field}\t{}%", guess.column, guess.confidence));
        }
        lines.push(format!("\n{}", text.trim()));
        lines.push(format!("\nThe first rows, read so ({} tried):", rows.len()));
        for row in rows.iter().take(SHOWN) {
            lines.push(match row {
                Ok(one) => format!(
                    "  {} {} port {} {}",
                    formats::stamp::utc(one.detected_at),
                    one.ip,
                    one.port.map_or("-".to_owned(), |port| port.to_string()),
                    one.exposure
                ),
                Err(why) => format!("  refused: {why}"),
            });
        }
        for field in proposal.into_iter().flat_map(|one| self.unsaid(one)) {
            lines.push(format!(
                "No column gives {field}: say `--set COLUMN={field}` or `--constant`."
            ));
        }
        lines.push(match (saved, &self.save) {
            (Some(true), Some(name)) => format!("Saved; `todoke feed add … --format csv:{name}`."),
            (Some(false), Some(name)) => format!("The mapping {name} says just that already."),
            _ => "Not saved; `--save NAME` saves it.".to_owned(),
        });
        lines.join("\n")
    }
}

fn columns(proposal: &Proposal) -> Vec<serde_json::Value> {
    let guess = |one: &mapped_csv::Guess| {
        let mapped_csv::Guess { column, field, confidence } = one;
        json!({ "column": column, "field": field, "confidence": confidence })
    };
    proposal.columns.iter().map(guess).collect()
}

fn shown(row: &Result<Detection, String>) -> serde_json::Value {
    match row {
        Ok(one) => json!({
            "detected_at": formats::stamp::utc(one.detected_at), "ip": one.ip, "port": one.port,
            "exposure": one.exposure.to_string(),
        }),
        Err(why) => json!({ "refused": why }),
    }
}

/// A mapping that somebody wrote, as TOML or JSON.
fn given(path: &Path) -> anyhow::Result<Mapping> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|fault| Refused::because(format!("cannot read {name}: {fault}")))?;
    let mapping = if text.trim_start().starts_with('{') {
        serde_json::from_str(&text).map_err(|fault| fault.to_string())
    } else {
        toml::from_str(&text).map_err(|fault| fault.to_string())
    };
    mapping.map_err(|why| Refused::because(format!("{name} is no mapping: {why}")))
}

/// The beginning of a file, unpacked, up to its last whole line.
fn sample(path: &Path) -> Result<Vec<u8>, FileRefused> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(0))?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
    let unpacked = unpack::unpack_within(&name, file, unpack::Limits::FEED)?;
    let mut sample = Vec::new();
    unpacked.take(SAMPLE).read_to_end(&mut sample)?;
    if sample.len() as u64 == SAMPLE {
        let end = sample.iter().rposition(|byte| *byte == b'\n').map_or(sample.len(), |at| at + 1);
        sample.truncate(end);
    }
    Ok(sample)
}

fn first_rows(
    mapping: &Mapping,
    sample: Vec<u8>,
    reading: Reading,
) -> Result<Vec<Result<Detection, String>>, FileRefused> {
    let rows = mapped_csv::open(mapping, Cursor::new(sample), reading)?;
    let rows = rows.map(|row| {
        Ok(match row? {
            Row::Detection(one) => Ok(*one),
            Row::Refused(why) => Err(why.to_string()),
        })
    });
    rows.collect::<std::io::Result<_>>().map_err(FileRefused::from)
}
