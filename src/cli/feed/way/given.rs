//! What is given of a way on the command line: some options for each kind, and some for all.

use std::path::PathBuf;

use clap::{Args, builder::TypedValueParser};

use crate::{
    cli::{WrongUsage, given},
    feeds::ways::{Kind, NewWay, Settings, folder, mailbox, shadowserver_api, taxii},
    jobs::schedule::{self, NotASchedule, Schedule},
    net::dial::Dialling,
};

pub(super) const EXAMPLES: &str = "Example:
  todoke feed way add notice-scan --kind folder --path /srv/incoming --every 1m
  todoke feed way add telnet --kind mailbox --host mail.example.jp --user reports \\
      --secret-file /etc/todoke/mailbox.toml --every 15m
  todoke feed way add telnet --kind shadowserver-api --secret-file /etc/todoke/api.toml \\
      --cron \"30 6 * * *\"
  todoke feed way add partner --kind taxii --discovery https://taxii.example.jp/taxii2/ \\
      --collection detections --secret-file /etc/todoke/taxii.toml --every 1h

Secrets stand in the file alone, which must be of mode 0600:
  mailbox            password = \"…\"
  shadowserver-api   apikey = \"…\" and secret = \"…\"
  taxii              user = \"…\" and password = \"…\", or token = \"…\"";

/// A way to be made.
#[derive(Debug, Args)]
pub(super) struct Given {
    /// The feed its files belong to.
    pub(super) feed: String,
    /// Where it leads.
    #[arg(long, value_parser = kinds())]
    kind: Kind,
    /// Its name within the feed; the kind where none is given.
    #[arg(long)]
    name: Option<String>,
    /// Run so long after the last run: 15m, 6h, 1d.
    #[arg(long, value_name = "SPAN", value_parser = every)]
    #[arg(required_unless_present = "cron", conflicts_with = "cron")]
    every: Option<Schedule>,
    /// Run at these times in Japan: minute, hour, day, month, weekday.
    #[arg(long, value_name = "PATTERN", value_parser = cron)]
    cron: Option<Schedule>,
    /// The file of mode 0600 that holds the secret.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Connect to addresses in private networks too.
    #[arg(long)]
    allow_private: bool,
    /// The authorities that vouch for the server, in place of the usual ones (PEM).
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    #[command(flatten)]
    folder: FolderGiven,
    #[command(flatten)]
    mailbox: MailboxGiven,
    #[command(flatten)]
    reports: ReportsGiven,
    #[command(flatten)]
    taxii: TaxiiGiven,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Folder")]
struct FolderGiven {
    /// The folder that files are put into.
    #[arg(long, required_if_eq("kind", "folder"))]
    path: Option<PathBuf>,
    /// How long a file must have stood still [default: 5].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=3600))]
    settle_seconds: Option<u64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Mailbox")]
struct MailboxGiven {
    /// The IMAP server.
    #[arg(long, required_if_eq("kind", "mailbox"))]
    host: Option<String>,
    /// Its port [default: 993].
    #[arg(long)]
    port: Option<u16>,
    /// Who logs in.
    #[arg(long, required_if_eq("kind", "mailbox"))]
    user: Option<String>,
    /// The folder that mails come into [default: INBOX].
    #[arg(long)]
    mailbox: Option<String>,
    /// The folder that mails are moved to; without it they stay, marked as seen.
    #[arg(long, value_name = "MAILBOX")]
    processed: Option<String>,
    /// Take mails from this address, or from `@` and this domain, alone; may be given again.
    #[arg(long, value_name = "ADDRESS")]
    sender: Vec<String>,
    /// Without TLS; to this machine alone.
    #[arg(long)]
    plain: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Shadowserver API")]
struct ReportsGiven {
    /// Where lists are asked for [default: https://transform.shadowserver.org].
    #[arg(long, value_name = "URL")]
    base: Option<String>,
    /// Where reports are fetched from [default: https://dl.shadowserver.org].
    #[arg(long, value_name = "URL")]
    download: Option<String>,
    /// Only reports of this type, such as `scan_telnet`; may be given again.
    #[arg(long, value_name = "TYPE")]
    report_type: Vec<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "TAXII")]
struct TaxiiGiven {
    /// The discovery address of the server.
    #[arg(long, value_name = "URL", required_if_eq("kind", "taxii"))]
    discovery: Option<String>,
    /// The API root; without it the default one of the server.
    #[arg(long, value_name = "URL")]
    api_root: Option<String>,
    /// The collection, by id, alias or title.
    #[arg(long, required_if_eq("kind", "taxii"))]
    collection: Option<String>,
    /// Leave out objects that were added before this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    added_after: Option<String>,
    /// A filter such as `match[type]=indicator`; may be given again.
    #[arg(long, value_name = "NAME=VALUE", value_parser = filter)]
    filter: Vec<(String, String)>,
    /// Objects of a page [default: 1000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    page_size: Option<u32>,
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    given::word_of(Kind::ALL.map(Kind::word))
}

fn every(text: &str) -> Result<Schedule, NotASchedule> {
    schedule::span(text).map(Schedule::Every)
}

fn cron(text: &str) -> Result<Schedule, NotASchedule> {
    match text.parse()? {
        Schedule::Every(_) => Err(NotASchedule::NoSpan(text.to_owned())),
        pattern @ Schedule::Cron(_) => Ok(pattern),
    }
}

fn filter(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let pair = pair.map(|(name, value)| (name.to_owned(), value.to_owned()));
    pair.ok_or_else(|| "write NAME=VALUE".to_owned())
}

impl Given {
    /// The way that is meant.
    pub(super) fn made(&self) -> anyhow::Result<NewWay> {
        self.is_of_one_kind()?;
        let schedule = self.every.as_ref().or(self.cron.as_ref());
        let schedule = schedule.ok_or_else(|| WrongUsage("--every or --cron".to_owned()))?;
        let name = self.name.clone().unwrap_or_else(|| self.kind.word().to_owned());
        Ok(NewWay {
            name,
            settings: self.settings(),
            secret_file: self.secret_file.as_ref().map(std::path::absolute).transpose()?,
            schedule: schedule.clone(),
        })
    }

    /// Options of another kind are a mistake that nobody would notice otherwise.
    fn is_of_one_kind(&self) -> Result<(), WrongUsage> {
        let (folder, mailbox) = (&self.folder, &self.mailbox);
        let (reports, taxii) = (&self.reports, &self.taxii);
        let given = [
            (Kind::Folder, "--path", folder.path.is_some()),
            (Kind::Folder, "--settle-seconds", folder.settle_seconds.is_some()),
            (Kind::Mailbox, "--host", mailbox.host.is_some()),
            (Kind::Mailbox, "--port", mailbox.port.is_some()),
            (Kind::Mailbox, "--user", mailbox.user.is_some()),
            (Kind::Mailbox, "--mailbox", mailbox.mailbox.is_some()),
            (Kind::Mailbox, "--processed", mailbox.processed.is_some()),
            (Kind::Mailbox, "--sender", !mailbox.sender.is_empty()),
            (Kind::Mailbox, "--plain", mailbox.plain),
            (Kind::ShadowserverApi, "--base", reports.base.is_some()),
            (Kind::ShadowserverApi, "--download", reports.download.is_some()),
            (Kind::ShadowserverApi, "--report-type", !reports.report_type.is_empty()),
            (Kind::Taxii, "--discovery", taxii.discovery.is_some()),
            (Kind::Taxii, "--api-root", taxii.api_root.is_some()),
            (Kind::Taxii, "--collection", taxii.collection.is_some()),
            (Kind::Taxii, "--added-after", taxii.added_after.is_some()),
            (Kind::Taxii, "--filter", !taxii.filter.is_empty()),
            (Kind::Taxii, "--page-size", taxii.page_size.is_some()),
        ];
        match given.iter().find(|(kind, _, is_given)| *is_given && *kind != self.kind) {
            Some((kind, option, _)) => {
                let (kind, own) = (kind.word(), self.kind.word());
                Err(WrongUsage(format!("{option} is for a way of kind {kind}, not {own}")))
            }
            None => Ok(()),
        }
    }

    fn settings(&self) -> Settings {
        let dialling =
            Dialling { allow_private: self.allow_private, ca_file: self.ca_file.clone() };
        // The parser made sure of what a kind cannot do without.
        let text = |given: &Option<String>| given.clone().unwrap_or_default();
        let or =
            |given: &Option<String>, usual: &str| given.clone().unwrap_or_else(|| usual.to_owned());
        match self.kind {
            Kind::Folder => Settings::Folder(folder::Settings {
                path: self.folder.path.clone().unwrap_or_default(),
                settle_seconds: self.folder.settle_seconds.unwrap_or(5),
            }),
            Kind::Mailbox => Settings::Mailbox(mailbox::Settings {
                host: text(&self.mailbox.host),
                port: self.mailbox.port.unwrap_or(993),
                plain: self.mailbox.plain,
                user: text(&self.mailbox.user),
                mailbox: or(&self.mailbox.mailbox, "INBOX"),
                processed: self.mailbox.processed.clone(),
                senders: self.mailbox.sender.clone(),
                dialling,
            }),
            Kind::ShadowserverApi => Settings::ShadowserverApi(shadowserver_api::Settings {
                base: or(&self.reports.base, "https://transform.shadowserver.org"),
                download: or(&self.reports.download, "https://dl.shadowserver.org"),
                types: self.reports.report_type.clone(),
                dialling,
            }),
            Kind::Taxii => Settings::Taxii(taxii::Settings {
                discovery: text(&self.taxii.discovery),
                api_root: self.taxii.api_root.clone(),
                collection: text(&self.taxii.collection),
                added_after: self.taxii.added_after.clone(),
                filters: self.taxii.filter.iter().cloned().collect(),
                page_size: self.taxii.page_size.unwrap_or(1_000),
                dialling,
            }),
        }
    }
}
