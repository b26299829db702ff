//! `todoke audit`: who did and read what, as a list, as a file, and whether it was tampered with.

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Ended, Global, Out, Refused, given::how_many, open};
use crate::{
    access::keys::{KeysRefused, private},
    app::App,
    audit::{
        checkpoint, export,
        key::Signer,
        list::{self, Filter, Noted},
    },
    check::{
        self,
        chain::{self, Broken, Whole, checkpoints::Key},
    },
    time::Moment,
};

#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Who did what, and who read addresses, the latest first.
    #[command(after_help = "Example:\n  todoke audit list --by desk-1 --act notice.export")]
    List(Asked),
    /// Write the whole log to a file, which `verify` checks without a database.
    #[command(after_help = "Example:\n  todoke audit export audit-2026-11.jsonl")]
    Export {
        /// The file to write.
        file: PathBuf,
    },
    /// Whether the log holds together; with FILE no data folder is needed.
    #[command(
        after_help = "Example:\n  todoke audit verify\n  todoke audit verify audit-2026-11.jsonl \
        --checkpoint audit-checkpoints.txt --key audit-key.txt\n\nStatus 0: it holds together; 1: \
        it does not, with the first broken place. That its end is missing, or that all of it was \
        written anew, shows only against checkpoints that were kept outside."
    )]
    Verify(Given),
    /// Sign how far the log stands now; keep what it prints somewhere else.
    #[command(after_help = "Example:\n  todoke audit checkpoint\n\nIt also goes to the end of \
        audit-checkpoints.txt in `checkpoint_dir` of centre.toml; `todoke work` writes one an \
        hour.")]
    Checkpoint,
    /// The public key of the checkpoints; keep it somewhere else.
    #[command(after_help = "Example:\n  todoke audit key > audit-key.txt")]
    Key,
}

/// Which leaves are asked for.
#[derive(Clone, Debug, Args)]
struct Asked {
    /// Only of this person.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Only this act, such as `notice.export`, or all of `notice`.
    #[arg(long)]
    act: Option<String>,
    /// Only of this provider.
    #[arg(long)]
    isp: Option<String>,
    /// Only since this time (RFC 3339).
    #[arg(long)]
    since: Option<Moment>,
    /// Only before the leaf of this number.
    #[arg(long, value_name = "NO")]
    before: Option<i64>,
    /// At most this many.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(i64).range(0..))]
    limit: i64,
}

/// What is verified, and against what.
#[derive(Debug, Args)]
pub(super) struct Given {
    /// A log as `export` wrote it; without it the one in the store.
    file: Option<PathBuf>,
    /// Checkpoints that were kept outside.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The public key that signed them, kept outside: without it the log's own word counts.
    #[arg(long, value_name = "FILE", requires = "checkpoint")]
    key: Option<PathBuf>,
}

impl Audit {
    pub(super) async fn run(&self, global: &Global, out: Out) -> anyhow::Result<Ended> {
        if let Command::Verify(given) = &self.command
            && let Some(file) = &given.file
        {
            return given.offline(file, out);
        }
        let app = open(global).await?;
        let ended = self.on_store(&app, out).await;
        app.db.close().await;
        ended
    }

    async fn on_store(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::List(asked) => asked.list(app, out).await?,
            Command::Export { file } => write(app, file, out).await?,
            Command::Verify(given) => {
                let (notes, keys) = given.outside()?;
                return told(out, check::audit::whole(app, notes.as_deref(), &keys).await?);
            }
            Command::Checkpoint => {
                let signed = checkpoint::write(app).await.map_err(refused)?;
                let file = checkpoint::file(app);
                if app.centre.checkpoint_dir.is_none() {
                    let folder = "it lies in the data folder: name a folder elsewhere by \
                                  `checkpoint_dir` in centre.toml";
                    eprintln!("{}: {folder}", file.display());
                }
                let at = signed.at.rfc3339();
                let value = json!({
                    "leaves": signed.no, "at": at, "checkpoint": signed.note, "file": file,
                });
                out.line(&value, signed.note.trim_end())?;
            }
            Command::Key => {
                let signer = Signer::of(app).map_err(Refused::because)?;
                out.line(&json!({ "key": signer.public() }), signer.public())?;
            }
        }
        Ok(Ended::Done)
    }
}

/// A key that is missing is a refusal.
fn refused(fault: anyhow::Error) -> anyhow::Error {
    match fault.downcast::<KeysRefused>() {
        Ok(why) => Refused::because(why),
        Err(fault) => fault,
    }
}

impl Asked {
    async fn list(&self, app: &App, out: Out) -> anyhow::Result<()> {
        let Self { by, act, isp, since, before, limit } = self.clone();
        let found = list::latest(&app.db, &Filter { by, act, isp, since, before }, limit).await?;
        for leaf in &found {
            out.line(&value(leaf), words(leaf))?;
        }
        if let Some(last) = found.last().filter(|_| i64::try_from(found.len()) == Ok(limit)) {
            eprintln!("only {limit} are shown; the next ones follow by --before {}", last.no);
        }
        Ok(())
    }
}

fn value(leaf: &Noted) -> Value {
    let detail = leaf.detail.as_deref();
    let detail = detail.map(|text| serde_json::from_str(text).unwrap_or_else(|_| json!(text)));
    json!({
        "no": leaf.no, "at": leaf.at.rfc3339(), "by": leaf.author, "act": leaf.act,
        "on": leaf.object, "isp": leaf.isp, "detail": detail,
    })
}

fn words(leaf: &Noted) -> String {
    let (no, at, isp) = (leaf.no, leaf.at.rfc3339(), leaf.isp.as_deref().unwrap_or("-"));
    let detail = leaf.detail.as_ref().map_or_else(String::new, |detail| format!("\t{detail}"));
    format!("{no}\t{at}\t{}\t{}\t{}\t{isp}{detail}", leaf.author, leaf.act, leaf.object)
}

async fn write(app: &App, file: &Path, out: Out) -> anyhow::Result<()> {
    let refuse = |e| Refused::because(format!("{}: {e}", file.display()));
    let target = private().write(true).create(true).truncate(true).open(file).map_err(refuse)?;
    let mut target = BufWriter::new(target);
    let leaves = export::write(app, &mut target).await.map_err(refused)?;
    target.flush().map_err(refuse)?;
    let noun = if leaves == 1 { "leaf" } else { "leaves" };
    let words = format!("{leaves} {noun} written to {}", file.display());
    out.line(&json!({ "leaves": leaves, "file": file }), words)
}

impl Given {
    /// Verifies a file, and opens nothing else.
    fn offline(&self, file: &Path, out: Out) -> anyhow::Result<Ended> {
        let refuse = |e| Refused::because(format!("{}: {e}", file.display()));
        let (notes, keys) = self.outside()?;
        let file = BufReader::new(File::open(file).map_err(refuse)?);
        let verified = chain::export(file, notes.as_deref(), &keys).context("the export")?;
        if notes.is_some() && keys.is_empty() {
            eprintln!("the key is the one that the log itself names; give yours by --key");
        }
        told(out, verified)
    }

    /// The checkpoints and keys that were given.
    fn outside(&self) -> anyhow::Result<(Option<String>, Vec<Key>)> {
        let read = |path: &PathBuf| {
            let text = fs::read_to_string(path);
            text.map_err(|e| Refused::because(format!("{}: {e}", path.display())))
        };
        let notes = self.checkpoint.as_ref().map(read).transpose()?;
        let keys = self.key.as_ref().map(read).transpose()?.unwrap_or_default();
        let keys = keys.lines().filter(|line| !line.trim().is_empty()).map(|line| {
            line.parse().map_err(|why| Refused::because(format!("the key `{line}` {why}")))
        });
        let keys: Vec<Key> = keys.collect::<anyhow::Result<_>>()?;
        if self.key.is_some() && keys.is_empty() {
            return Err(Refused::because("the file of the key is empty; see `todoke audit key`"));
        }
        Ok((notes, keys))
    }
}

fn told(out: Out, verified: Result<Whole, Broken>) -> anyhow::Result<Ended> {
    match verified {
        Ok(whole) => {
            let Whole { leaves, hash, checkpoints, signed_until, unknown } = &whole;
            if *unknown > 0 {
                eprintln!("{unknown} notes that another key signed were not looked at");
            }
            let until = match signed_until {
                Some(time) => format!("{}, until {time}", how_many(*checkpoints, "checkpoint")),
                None => "no checkpoint, so its end is not proven".to_owned(),
            };
            out.line(
                &json!({
                    "ok": true, "leaves": leaves, "hash": hash, "checkpoints": checkpoints,
                    "signed_until": signed_until, "unknown": unknown,
                }),
                format!("the log holds together: {leaves} leaves; {until}\n{hash}"),
            )?;
            Ok(Ended::Done)
        }
        Err(Broken { place, why }) => {
            out.line(
                &json!({ "ok": false, "place": place, "why": why }),
                format!("the log is broken at {place}: {why}"),
            )?;
            Ok(Ended::PartlyRefused)
        }
    }
}
