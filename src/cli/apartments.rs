//! `todoke apartments`: cases in apartment houses that wait for an answer.

use clap::{Args, Subcommand};
use formats::report_back::{Placement, Recipient};
use serde_json::{Value, json};

use super::{
    Ended, Out, Refused,
    case::one,
    given::{self, Saying},
};
use crate::{
    app::App,
    cases::places::Word,
    ids::CaseId,
    isps::apartments::{AddressUse, Decision, buildings::Addressing, contradiction::Question},
    notices::apartments::{
        self, Placed,
        waiting::{self, Waiting},
    },
};

#[derive(Debug, Args)]
pub(super) struct Apartments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What waits: for the provider to say where a device stands, or for a person to decide.
    #[command(after_help = "Example:\n  todoke apartments waiting --for person")]
    Waiting {
        /// Only what the provider, or a person of the centre, has to answer.
        #[arg(long = "for", value_name = "WHOM", value_parser = ["provider", "person"])]
        whom: Option<String>,
        /// At most this many, those first that were seen first; all unless said.
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Say who is told of a case where the table has no answer.
    #[command(after_help = "Example:\n  todoke apartments decide 0199aabb-… --as tenant --reason \
        \"the translation log of the house names the flat\"\n  todoke apartments decide \
        0199aabb-… --as nobody:APARTMENT_SHARED_DEVICE --reason \"no log is kept\"\n  todoke \
        apartments decide 0199aabb-… --undo --reason \"the log was of another day\"")]
    Decide {
        /// The id that `waiting` prints.
        id: CaseId,
        /// house, tenant, `own_provider`, or `nobody:REASON`.
        #[arg(long = "as", value_name = "WHO", required_unless_present = "undo")]
        who: Option<Decision>,
        /// Take the last decision back; it stays on record.
        #[arg(long, conflicts_with = "who")]
        undo: bool,
        #[command(flatten)]
        said: Saying,
    },
}

/// Where a device stands, for `todoke case place`.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// The id that `list` prints.
    id: CaseId,
    /// shared, private, both or unknown.
    #[arg(long = "as", value_name = "PLACE", required_unless_present = "undo",
        value_parser = given::word_of::<Placement>(Placement::ALL.iter().map(|one| one.code())))]
    placement: Option<Placement>,
    /// How that part of the house gets its addresses, where it is known.
    #[arg(long = "use", value_name = "USE", requires = "placement",
        value_parser = given::word_of::<Addressing>(Addressing::ALL.map(Addressing::word)))]
    used: Option<Addressing>,
    /// Take the last word back; it stays on record.
    #[arg(long, conflicts_with = "placement")]
    undo: bool,
    #[command(flatten)]
    said: Saying,
}

impl Apartments {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::Waiting { whom, limit } => {
                let mut all = Vec::new();
                waiting::each(&app.db, |one| {
                    let of = if one.question.is_for_a_person() { "person" } else { "provider" };
                    if whom.as_ref().is_none_or(|whom| whom == of) {
                        all.push((one, of));
                    }
                })
                .await?;
                all.sort_by_key(|(one, _)| (one.case.first_seen, one.case.id));
                for (one, of) in all.iter().take(limit.unwrap_or(usize::MAX)) {
                    tell(out, one, of)?;
                }
            }
            Command::Decide { id, who, said, .. } => {
                say(app, out, *id, Word::Decided(*who), said).await?;
            }
        }
        Ok(Ended::Done)
    }
}

impl Place {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<()> {
        let placed = self.placement.map(|placement| (placement, self.used));
        say(app, out, self.id, Word::Placed(placed), &self.said).await
    }
}

/// Writes a word about a case in an apartment house, and shows how it stands then.
async fn say(app: &App, out: Out, id: CaseId, word: Word, said: &Saying) -> anyhow::Result<()> {
    let case = one(app, id).await?;
    let done = apartments::say(app, &case, word, (&said.by, &said.reason)).await?;
    let (changed, placed) = done.map_err(Refused::because)?;
    let which = case.line_of.unwrap_or(case.id);
    let mut value = value(&placed);
    value["id"] = json!(which);
    value["changed"] = json!(changed);
    out.line(&value, format!("{which}\t{}", words(&placed)))
}

fn tell(out: Out, one: &Waiting, whom: &str) -> anyhow::Result<()> {
    let mut value = value(&one.placed);
    value["id"] = json!(one.case.id);
    value["isp"] = json!(one.isp);
    value["for"] = json!(whom);
    let question = one.question.word();
    let words = words(&one.placed);
    out.line(&value, format!("{}\t{}\t{whom}: {question}\t{words}", one.case.id, one.isp))
}

/// What is known of a case in an apartment house, for machines.
pub(super) fn value(placed: &Placed) -> Value {
    json!({
        "building": placed.building, "unit": placed.unit,
        "contract_party": placed.contract_party.map(Recipient::code),
        "placement": placed.placement.code(), "placed_by": placed.placed_by,
        "address_use": placed.used.map(AddressUse::word),
        "decided": placed.decided.map(|decision| decision.to_string()),
        "route": placed.route_word(),
        "question": placed.question.map(Question::word),
    })
}

/// The same in words.
pub(super) fn words(placed: &Placed) -> String {
    let by = placed.placed_by.as_ref().map_or_else(String::new, |who| format!(" (says {who})"));
    let building = placed.building.as_deref().unwrap_or("no building on the register");
    let unit = placed.unit.as_ref().map_or_else(String::new, |unit| format!(", unit {unit}"));
    let used = placed.used.map_or("addresses not known", AddressUse::word);
    let place = placed.placement.code();
    format!("{building}{unit}: stands {place}{by}, {used}: {}", placed.route_word())
}
