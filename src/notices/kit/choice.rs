//! Who is told (知らせる相手): of the lines of a list, those that get a text, and why others do not.
//!
//! A text for a line of which nobody can be told would reach the wrong home. So a line is held
//! against what was taken back, what the provider reported, the decision table of apartment houses
//! and, where a campaign names it, what two people let that campaign say. Owns no table; reads
//! `notice_lines`, `line_reports`, `cases`, `case_places`, `apartment_buildings`, `campaigns` and
//! `wordings`.

use std::{collections::HashMap, fmt, sync::Arc};

use formats::{
    isp_list::{Action, Line},
    report_back::{ReasonCode, State},
};

use super::Wanted;
use crate::{
    access::tenancy::Tenant,
    campaigns::{self, Campaign},
    db::Tx,
    ids::CaseId,
    isps::apartments::{Decision, HOUSE, Route},
    notices::{
        Notice,
        apartments::{Own, Placed},
        store::kit::{self as store, Standing},
        wordings::{self, Audience, Kind, Wording, fill::OfCampaign, in_force, language::Language},
    },
};

/// Why a line gets no text (知らせない理由).
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "知らせない理由")]
pub enum LeftOut {
    /// It was taken back.
    TakenBack,
    /// Whoever is to be told was told already, and nothing came back.
    ToldBefore,
    /// Its device is verified as mended.
    Mended,
    /// Nobody can be told: so says the provider's report or the decision table.
    Nobody(ReasonCode),
    /// A person has not decided yet who is told.
    Undecided,
    /// The provider has not said yet where the device stands, or how it gets its address.
    Unplaced,
    /// The tenant's own provider tells.
    OwnProvider,
    /// Two people do not stand for what its campaign says.
    NotAgreed(String),
    /// Its campaign does not speak that language.
    NotSpoken(String, Language),
    /// Nobody approved a wording for whoever is told.
    NoWording(Kind, Language),
}

impl LeftOut {
    /// The wire word.
    pub fn word(&self) -> String {
        match self {
            Self::TakenBack => "taken_back".to_owned(),
            Self::ToldBefore => "told_before".to_owned(),
            Self::Mended => "mended".to_owned(),
            Self::Nobody(reason) => format!("nobody:{reason}"),
            Self::Undecided => "undecided".to_owned(),
            Self::Unplaced => "unplaced".to_owned(),
            Self::OwnProvider => "own_provider".to_owned(),
            Self::NotAgreed(_) => "campaign_not_agreed".to_owned(),
            Self::NotSpoken(..) => "campaign_language".to_owned(),
            Self::NoWording(..) => "no_wording".to_owned(),
        }
    }

    /// Whether a text was left out only since it need not be sent again: a reprint takes it.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::ToldBefore | Self::Mended)
    }

    /// Whether somebody is to be told, and only the words are missing.
    pub fn lacks_words(&self) -> bool {
        matches!(self, Self::NotAgreed(_) | Self::NotSpoken(..) | Self::NoWording(..))
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TakenBack => f.write_str("taken back: nobody is to be told"),
            Self::ToldBefore => f.write_str("told already, as reported (`--all` takes them again)"),
            Self::Mended => f.write_str("verified as mended (`--all` takes them again)"),
            Self::Nobody(reason) => write!(f, "nobody can be told ({reason})"),
            Self::Undecided => f.write_str(
                "waiting for a decision of the centre on who is told (`todoke apartments waiting`)",
            ),
            Self::Unplaced => f.write_str(
                "waiting for the provider to say where the device stands: report `placement`, or \
                 fill in the register of buildings",
            ),
            Self::OwnProvider => f.write_str("the tenant's own provider tells"),
            Self::NotAgreed(campaign) => write!(
                f,
                "two people have to agree to what the campaign {campaign} says: propose it by \
                 `todoke campaign publish {campaign}`, and let somebody else agree"
            ),
            Self::NotSpoken(campaign, language) => write!(
                f,
                "the campaign {campaign} has no text in {} yet: write it at \
                 /admin/campaigns/{campaign}/draft/{}, and let two people agree to it",
                language.in_english(),
                language.word()
            ),
            Self::NoWording(kind, language) => write!(
                f,
                "no wording of {kind} is in force in {}: draft one or load the shipped ones \
                 (`todoke wording load`), and let somebody else approve it (`todoke wording \
                 approve`)",
                language.word()
            ),
        }
    }
}

/// Lines that get no text, counted by why.
pub type Counted = Vec<(LeftOut, usize)>;

/// Who is told of a line, and in which words (知らせる相手と文面).
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) wording: Arc<Wording>,
    pub(super) campaign: Option<Arc<OfCampaign>>,
    pub(super) about: About,
}

/// Which of the lines that may be told are meant (渡す範囲).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "渡す範囲")]
pub enum Whom {
    /// Those of which nobody was told yet, and whose device is not verified as mended.
    #[default]
    NotYetTold,
    /// All of them again: a reprint.
    All,
}

impl Whom {
    /// Those that are meant; the others are counted among those that get no text.
    pub(super) fn of(
        self,
        (mut told, mut left_out): (Vec<(Line, Told)>, Counted),
    ) -> (Vec<(Line, Told)>, Counted) {
        if self == Self::NotYetTold {
            told.retain(|(_, told)| match &told.about.done {
                Some(why) => {
                    count(&mut left_out, why.clone());
                    false
                }
                None => true,
            });
        }
        (told, left_out)
    }
}

/// Counts one more line that gets no text.
fn count(left_out: &mut Counted, why: LeftOut) {
    match left_out.iter_mut().find(|(known, _)| *known == why) {
        Some((_, lines)) => *lines += 1,
        None => left_out.push((why, 1)),
    }
}

/// What a mail merge needs to know of a line beside its text (行の扱い).
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Who is told: `subscriber`, `tenant`, or one of those with whom the provider has its contract
    /// for the building.
    pub addressee: String,
    /// Where the device stands, as far as it is known.
    pub placement: String,
    /// What was reported on it last, or `no_report`.
    pub state: String,
    /// Why, as reported; before, why the provider may find no line.
    pub reason: String,
    /// The campaign that names it.
    pub campaign: String,
    /// Why it need not be sent again, where it need not.
    pub done: Option<LeftOut>,
}

/// What lines are held against, in one way and language (判断の材料).
pub(super) struct Rules {
    asked: Wanted,
    own: Option<Own>,
    wordings: HashMap<Audience, Arc<Wording>>,
    campaigns: HashMap<String, Speech>,
}

/// What a campaign says: in the language that is asked for, and whether two people stand for it.
enum Speech {
    Agreed(Arc<OfCampaign>),
    NotAgreed,
    NotSpoken,
}

impl Speech {
    fn of(campaign: &Campaign, language: Language) -> Self {
        let Some(agreed) = &campaign.agreed else { return Self::NotAgreed };
        match (OfCampaign::of(agreed, language), campaign.said.speech(language)) {
            (Some(said), _) => {
                let page = campaign.public().map(|_| (campaign.name.as_str(), language));
                Self::Agreed(Arc::new(said.explained(page)))
            }
            // It is written, and waits for two people.
            (None, Some(_)) => Self::NotAgreed,
            (None, None) => Self::NotSpoken,
        }
    }
}

impl Rules {
    /// What holds now for `tenant`.
    pub(super) async fn of(tenant: &Tenant, asked: Wanted) -> anyhow::Result<Self> {
        let (app, now) = (tenant.app(), tenant.now());
        let all = wordings::list(app).await?;
        let wording = |audience| {
            let found = in_force(&all, (asked.0.to(audience), asked.1), now)?;
            Some((audience, Arc::new(found.clone())))
        };
        let mut speeches = HashMap::new();
        for campaign in campaigns::all(&app.db).await? {
            let speech = Speech::of(&campaign, asked.1);
            speeches.insert(campaign.name, speech);
        }
        Ok(Self {
            asked,
            own: Own::of(tenant).await?,
            wordings: Audience::ALL.into_iter().filter_map(wording).collect(),
            campaigns: speeches,
        })
    }

    /// Sorts the lines of a list: those that get a text, and how many do not, by why.
    pub(super) async fn sort(
        &self,
        tx: &mut Tx,
        (tenant, notice): (&Tenant, &Notice),
        lines: Vec<Line>,
    ) -> anyhow::Result<(Vec<(Line, Told)>, Counted)> {
        let standings = store::standings(tx, notice).await?;
        let standings: HashMap<u64, Standing> =
            standings.into_iter().map(|one| (one.record_no.cast_unsigned(), one)).collect();
        let cases: Vec<CaseId> =
            lines.iter().filter_map(|line| Some(standings.get(&line.record_no)?.case_id)).collect();
        let placed = match &self.own {
            Some(own) => own.placed(tx, tenant, &cases).await?,
            None => HashMap::new(),
        };
        let (mut told, mut left_out) = (Vec::with_capacity(lines.len()), Counted::new());
        for line in lines {
            let standing = standings.get(&line.record_no);
            let placed = standing.and_then(|standing| placed.get(&standing.case_id));
            match self.judge(&line, standing, placed) {
                Ok(how) => told.push((line, how)),
                Err(why) => count(&mut left_out, why),
            }
        }
        Ok((told, left_out))
    }

    fn judge(
        &self,
        line: &Line,
        standing: Option<&Standing>,
        placed: Option<&Placed>,
    ) -> Result<Told, LeftOut> {
        if line.action == Action::Withdrawn {
            return Err(LeftOut::TakenBack);
        }
        let (state, reason) = match standing {
            Some(Standing { said: Some(said), reason_code, .. }) => {
                (said.clone(), reason_code.clone())
            }
            _ => ("no_report".to_owned(), None),
        };
        if let Some(why) = reported(&state, reason.as_deref(), placed) {
            return Err(LeftOut::Nobody(why));
        }
        let addressee = placed.map_or(Ok("subscriber".to_owned()), addressee)?;
        let is_manager = placed.is_some_and(|placed| placed.route == Route::Tell(&HOUSE));
        let audience = match &line.campaign {
            Some(_) => Audience::Campaign,
            None if is_manager => Audience::Manager,
            None => Audience::Subscriber,
        };
        let campaign = line.campaign.as_ref().map(|name| self.speech(name)).transpose()?;
        let wording = self.wordings.get(&audience);
        let wording = wording.ok_or(LeftOut::NoWording(self.asked.0.to(audience), self.asked.1))?;
        let placement = placed.map(|placed| placed.placement).or(line.placement_hint);
        let hint = || line.reason_hint.map(|hint| hint.to_string());
        let about = About {
            addressee,
            placement: placement.map(|place| place.to_string()).unwrap_or_default(),
            state,
            reason: reason.or_else(hint).unwrap_or_default(),
            campaign: line.campaign.clone().unwrap_or_default(),
            done: standing.and_then(done),
        };
        Ok(Told { wording: Arc::clone(wording), campaign, about })
    }

    /// What the campaign of that name says.
    fn speech(&self, name: &str) -> Result<Arc<OfCampaign>, LeftOut> {
        match self.campaigns.get(name) {
            Some(Speech::Agreed(said)) => Ok(Arc::clone(said)),
            Some(Speech::NotSpoken) => Err(LeftOut::NotSpoken(name.to_owned(), self.asked.1)),
            Some(Speech::NotAgreed) | None => Err(LeftOut::NotAgreed(name.to_owned())),
        }
    }
}

/// Why a line that may be told need not be told again. A notice that came back told nobody.
fn done(standing: &Standing) -> Option<LeftOut> {
    let came_back = matches!(standing.delivery.as_deref(), Some("bounced" | "returned"))
        || standing.reason_code.as_deref() == Some(ReasonCode::Bounced.code());
    if standing.case_state.as_deref() == Some("verified") {
        Some(LeftOut::Mended)
    } else if standing.said.as_deref() == Some(State::Notified.code()) && !came_back {
        Some(LeftOut::ToldBefore)
    } else {
        None
    }
}

/// Who is told by the decision table.
fn addressee(placed: &Placed) -> Result<String, LeftOut> {
    match placed.route {
        Route::Tell(_) => Ok(placed.route_word().trim_start_matches("tell:").to_owned()),
        Route::Nobody(ReasonCode::Pending) => Err(LeftOut::Unplaced),
        Route::Nobody(reason) => Err(LeftOut::Nobody(reason)),
        Route::Decide => Err(LeftOut::Undecided),
        Route::OwnProvider => Err(LeftOut::OwnProvider),
    }
}

/// Why nobody is told, by the provider's own report. A mail that came back may be followed by a
/// letter, and what is still looked at is not given up.
fn reported(state: &str, reason: Option<&str>, placed: Option<&Placed>) -> Option<ReasonCode> {
    let reason = match state.parse() {
        Ok(State::NotNotified) => reason?.parse().ok()?,
        Ok(State::Forwarded) => ReasonCode::ResellerForwarded,
        _ => return None,
    };
    // Whom a person found meanwhile can be told, though the table alone found nobody.
    let decided = placed.and_then(|placed| placed.decided);
    let found = matches!(decided, Some(Decision::House | Decision::Tenant));
    match reason {
        ReasonCode::Pending | ReasonCode::Bounced => None,
        ReasonCode::ApartmentSharedDevice if found => None,
        reason => Some(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_reported_as_not_found_is_told_nothing_and_a_returned_mail_may_be_followed() {
        let of = |state: &str, reason: &str| reported(state, Some(reason), None);
        assert_eq!(of("not_notified", "LOG_EXPIRED"), Some(ReasonCode::LogExpired));
        assert_eq!(of("not_notified", "NOT_OUR_CUSTOMER"), Some(ReasonCode::NotOurCustomer));
        let suppressed = Some(ReasonCode::SuppressedByTrialArm);
        assert_eq!(of("not_notified", "SUPPRESSED_BY_TRIAL_ARM"), suppressed);
        assert_eq!(of("not_notified", "BOUNCED"), None);
        assert_eq!(of("not_notified", "PENDING"), None);
        assert_eq!(reported("forwarded", None, None), Some(ReasonCode::ResellerForwarded));
        assert_eq!(reported("notified", None, None), None);
        assert_eq!(reported("pending", None, None), None);
        assert_eq!(reported("no_report", None, None), None);
    }

    #[test]
    fn who_was_told_and_whose_device_is_mended_need_not_be_told_again() {
        let of = |said: &str, delivery: &str, state: &str| {
            done(&Standing {
                record_no: 1,
                case_id: CaseId(uuid::Uuid::from_u128(1)),
                said: (!said.is_empty()).then(|| said.to_owned()),
                reason_code: None,
                delivery: (!delivery.is_empty()).then(|| delivery.to_owned()),
                case_state: Some(state.to_owned()),
            })
        };
        assert_eq!(of("notified", "", "listed"), Some(LeftOut::ToldBefore));
        assert_eq!(of("notified", "delivered", "clean_once"), Some(LeftOut::ToldBefore));
        assert_eq!(of("notified", "returned", "listed"), None, "a returned letter told nobody");
        assert_eq!(of("notified", "bounced", "verified"), Some(LeftOut::Mended));
        assert_eq!(of("", "", "verified"), Some(LeftOut::Mended));
        assert_eq!(of("notified", "", "recurred"), Some(LeftOut::ToldBefore));
        for untold in ["", "pending", "not_notified"] {
            assert_eq!(of(untold, "", "listed"), None, "{untold}");
        }
    }
}
