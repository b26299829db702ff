//! `todoke device`: the catalogue of makers and models, for those who keep it.

use std::path::Path;

use clap::{ArgGroup, Args, Subcommand};
use serde_json::json;

use super::{Ended, Global, Out, Refused, open};
use crate::{
    app::App,
    cases::devices::in_feeds_words,
    devices::{
        self, Evidence, FEED, Identified, Maker, Place, fingerprints::Fingerprints, identify_with,
        kind::Kind, maker_called, makers,
    },
};

#[derive(Debug, Args)]
pub(super) struct Device {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All makers of the catalogue.
    #[command(after_help = "Example:\n  todoke device list")]
    List,
    /// One maker: its names, its rules, models whose support ended.
    #[command(after_help = "Example:\n  todoke device show バッファロー")]
    Show {
        /// Any of its names, or the name of its file.
        maker: String,
    },
    /// What the catalogue makes of a text or of a feed's words.
    #[command(after_help = "Example:\n  todoke device identify --title 'Aterm WG1200HP3'")]
    Identify(Seen),
    /// Words of open cases that the catalogue does not know, most frequent first.
    #[command(after_help = "Example:\n  todoke device gaps --limit 20")]
    Gaps {
        /// At most this many.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
}

/// What was seen of a device.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("seen").required(true).multiple(true).args([
    "vendor", "model", "kind", "banner", "title", "server", "sysdescr", "subject", "issuer",
])))]
struct Seen {
    /// The maker in the feed's words.
    #[arg(long = "vendor", id = "vendor")]
    maker: Option<String>,
    /// The model in the feed's words.
    #[arg(long)]
    model: Option<String>,
    /// The kind in the feed's words.
    #[arg(long)]
    kind: Option<String>,
    /// What a service says first, or the realm that asks for a password.
    #[arg(long)]
    banner: Option<String>,
    /// The title of a page.
    #[arg(long)]
    title: Option<String>,
    /// The header `Server`.
    #[arg(long)]
    server: Option<String>,
    /// The description that SNMP gives.
    #[arg(long)]
    sysdescr: Option<String>,
    /// Whom a certificate names.
    #[arg(long)]
    subject: Option<String>,
    /// Who issued it.
    #[arg(long)]
    issuer: Option<String>,
}

impl Device {
    pub(super) async fn run(&self, global: &Global, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::List => makers().iter().try_for_each(|maker| list(maker, out))?,
            Command::Show { maker } => show(named(maker)?, out)?,
            Command::Identify(seen) => identify(seen, &global.data, out)?,
            Command::Gaps { limit } => {
                let app = open(global).await?;
                let told = gaps(&app, *limit, out).await;
                app.db.close().await;
                told?;
            }
        }
        Ok(Ended::Done)
    }
}

fn named(name: &str) -> anyhow::Result<&'static Maker> {
    let found = makers().iter().find(|maker| maker.id == name).or_else(|| maker_called(name));
    found.ok_or_else(|| {
        Refused::because(format!("no maker is called `{name}`; see `todoke device list`"))
    })
}

fn list(maker: &Maker, out: Out) -> anyhow::Result<()> {
    let Maker { id, name, name_ja, aliases, .. } = maker;
    let rules = maker.rules.len();
    out.line(
        &json!({
            "id": id, "maker": name, "maker_ja": name_ja, "aliases": aliases, "rules": rules,
            "kind": maker.kind,
        }),
        format!("{id}\t{name}\t{name_ja}\t{rules} rules"),
    )
}

fn show(maker: &Maker, out: Out) -> anyhow::Result<()> {
    list(maker, out)?;
    // As JSON, the line before holds the names.
    if !out.json {
        let names: Vec<&str> = maker.names().collect();
        out.line(&names, format!("  called {}", names.join(", ")))?;
    }
    for rule in &maker.rules {
        let name = format!("{}/{}", maker.id, rule.name);
        let (kind, confidence, series) = (rule.kind, rule.confidence, rule.series.as_deref());
        let told = series.map_or_else(String::new, |series| format!("\t{series}"));
        let needs = if rule.needs_maker { "\tif the maker is known" } else { "" };
        out.line(
            &json!({
                "rule": name, "kind": kind, "series": series, "pattern": rule.pattern,
                "at": rule.at, "needs_maker": rule.needs_maker, "confidence": confidence,
            }),
            format!("  {name}\t{}\t{confidence}\t{}{told}{needs}", kind.word(), rule.pattern),
        )?;
    }
    for ended in &maker.ended {
        let (models, source) = (&ended.models, &ended.source);
        out.line(
            &json!({ "support": "ended", "models": models, "source": source }),
            format!("  support ended: {} ({source})", models.join(", ")),
        )?;
    }
    Ok(())
}

fn identify(seen: &Seen, data: &Path, out: Out) -> anyhow::Result<()> {
    let fingerprints = Fingerprints::load(data)?;
    for refused in &fingerprints.refused {
        eprintln!("recog/{refused}");
    }
    let texts = [
        (Place::Banner, &seen.banner),
        (Place::Title, &seen.title),
        (Place::Server, &seen.server),
        (Place::Sysdescr, &seen.sysdescr),
        (Place::Subject, &seen.subject),
        (Place::Issuer, &seen.issuer),
    ];
    let texts = texts.into_iter().filter_map(|(place, text)| Some((place, text.as_deref()?)));
    let evidence = Evidence {
        maker: seen.maker.as_deref(),
        model: seen.model.as_deref(),
        kind: seen.kind.as_deref(),
        texts: texts.collect(),
    };
    let found = identify_with(&evidence, &fingerprints);
    let nothing = || Refused::because("nothing in this tells a device; see `todoke device list`");
    let found = found.ok_or_else(nothing)?;
    out.line(&found, words(&found))
}

fn words(found: &Identified) -> String {
    let Identified { maker, model, kind, confidence, rule, support } = found;
    let or = |word: &Option<String>| word.clone().unwrap_or_else(|| "-".to_owned());
    let ended = if support.is_some() { "\tsupport ended" } else { "" };
    let (maker, model, kind) = (or(maker), or(model), kind.word());
    format!("{maker}\t{model}\t{kind}\tconfidence {confidence}, by {rule}{ended}")
}

/// What a case says now is what the catalogue knew when it was opened, so its words are asked anew.
async fn gaps(app: &App, limit: usize, out: Out) -> anyhow::Result<()> {
    let all = in_feeds_words(&app.db).await?;
    let unknown = all.iter().filter(|words| {
        let evidence = Evidence {
            maker: words.maker.as_deref(),
            model: words.model.as_deref(),
            ..Evidence::default()
        };
        let told = devices::identify(&evidence);
        let named = words.maker.as_deref().and_then(maker_called);
        // A known maker whose model the feed leaves out is no gap of the catalogue.
        told.is_some_and(|told| told.rule == FEED && (told.model.is_some() || named.is_none()))
    });
    for words in unknown.take(limit) {
        let (maker, model) = (words.maker.as_deref(), words.model.as_deref());
        let knows = maker.and_then(maker_called).is_some();
        let (kind, cases) = (words.device_kind.as_deref(), words.cases);
        let as_kind = kind.map_or(Kind::Unknown, Kind::of_feed_word);
        let unknown = if knows { "the model" } else { "the maker" };
        out.line(
            &json!({
                "maker": maker, "model": model, "device_kind": kind, "kind": as_kind,
                "cases": cases, "knows_maker": knows,
            }),
            format!(
                "{cases}\t{}\t{}\t{}\tnot known: {unknown}",
                maker.unwrap_or("-"),
                model.unwrap_or("-"),
                kind.unwrap_or("-")
            ),
        )?;
    }
    Ok(())
}
