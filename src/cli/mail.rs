//! `todoke mail`: the centre's own keys for mail.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Ended, Out, Refused, given};
use crate::{
    app::App,
    audit::{self, Deed},
    mail::{MailRefused, Standard, own_keys},
};

#[derive(Debug, Args)]
pub(super) struct Mail {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the keys that mails are signed with, where they are missing; show their public part.
    #[command(after_help = "Example:\n  todoke mail key\n  todoke mail key --print openpgp > \
        centre.asc\n\nPublish both fingerprints, and give them to providers on paper.")]
    Key {
        /// Print the public key itself and nothing else.
        #[arg(long, value_parser = given::word_of::<Standard>(["openpgp", "smime"]))]
        print: Option<Standard>,
    },
}

impl Mail {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        let Command::Key { print } = &self.command;
        let settings = app.centre.mail.as_ref();
        let settings = settings.ok_or_else(|| Refused::because(MailRefused::NoServer))?;
        if own_keys::are_missing(app) {
            audit::note_first(app, Deed::new("mail.key", "own-keys")).await?;
        }
        let created = own_keys::create(app, &app.centre.name_en, &settings.from)?;
        let own = own_keys::OwnKeys::load(app).map_err(Refused::because)?.public()?;
        let text = match print {
            Some(Standard::OpenPgp) => own.openpgp.clone(),
            Some(Standard::Smime) => own.smime.clone(),
            None => format!(
                "{}\nOpenPGP\t{}\nS/MIME\t{}",
                if created { "The keys are made." } else { "The keys stand." },
                own.openpgp_fingerprint,
                own.smime_fingerprint
            ),
        };
        out.line(
            &json!({
                "created": created, "openpgp_fingerprint": own.openpgp_fingerprint,
                "smime_fingerprint": own.smime_fingerprint, "openpgp": own.openpgp,
                "smime": own.smime,
            }),
            text.trim_end(),
        )?;
        Ok(Ended::Done)
    }
}
