//! The guide (案内): which device it seems to be, and which manual helps.

use formats::Weakness;

use super::{Visit, store};
use crate::{
    app::App,
    cases::{self, Case, CaseRef},
    manuals::{
        self, Device, Kind, Manual,
        steps::{Cause, Step},
    },
    web::texts::Lang,
};

/// What the person says about the device (機器の申告).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "機器の申告")]
pub enum Choice {
    /// It is one of these.
    Is(Kind),
    /// It belongs to somebody else: the owner of the house, the company.
    NotMine,
    /// It still stands there, but nobody uses it.
    Unused,
}

impl Choice {
    /// All that the page offers, in its order.
    pub fn all() -> Vec<Self> {
        let kinds = manuals::KINDS.iter().map(|(kind, _)| Self::Is(*kind));
        kinds.chain([Self::NotMine, Self::Unused]).collect()
    }

    /// The word in forms, texts and the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Is(kind) => kind.word(),
            Self::NotMine => "not-mine",
            Self::Unused => "unused",
        }
    }

    /// The choice of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::all().into_iter().find(|choice| choice.word() == word)
    }
}

/// How sure we are of the device, in the words a page may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// A feed or a rule named the model: likely, never certain.
    Model,
    /// A feed or a rule named the maker.
    Maker,
    /// A feed or a rule named the kind.
    Kind,
    /// Nothing is known.
    Nothing,
}

/// What the pages of a visit show: an allow-list, without address, port, clock time or ISP.
#[derive(Clone, Debug)]
pub struct Guide {
    /// The undertaking: `notice`, `nicter`, `firmware`, `reflector`, `campaign`.
    pub stream: String,
    /// What is wrong, as a word.
    pub weakness: &'static str,
    /// The model, if a feed or a rule named one.
    pub model: Option<String>,
    /// The maker, if a feed or a rule named one.
    pub maker: Option<String>,
    /// The kind of device: what the person chose, else what the feed said.
    pub kind: Kind,
    /// What the person chose.
    pub choice: Option<Choice>,
    /// The manual that helps.
    pub manual: &'static Manual,
}

impl Guide {
    /// What helps in the case of a visit.
    pub async fn of(app: &App, visit: &Visit) -> anyhow::Result<Self> {
        let case = cases::find(&app.db, visit.case).await?;
        let case = case.ok_or_else(|| anyhow::anyhow!("a visit of a case that is gone"))?;
        Self::new(&case, chosen(app, visit.case).await?)
    }

    fn new(case: &Case, choice: Option<Choice>) -> anyhow::Result<Self> {
        let weakness = case.place()?.exposure.weakness.code();
        let fed = case.device_kind.as_deref().map_or(Kind::Unknown, Kind::of_feed_word);
        let kind = match choice {
            Some(Choice::Is(kind)) if kind != Kind::Unknown => kind,
            _ => fed,
        };
        // Who says "it is a camera" of what the feed calls a router holds another device.
        let believed = fed == Kind::Unknown || kind == fed;
        let known = |name: &Option<String>| name.clone().filter(|_| believed);
        let (model, maker) = (known(&case.model), known(&case.maker));
        let device =
            Device { model: model.as_deref(), maker: maker.as_deref(), kind, exposure: weakness };
        let manual = manuals::best(device);
        Ok(Self { stream: case.stream.clone(), weakness, model, maker, kind, choice, manual })
    }

    /// Whether the device takes part in a botnet: then the settings come first, the plug last.
    pub fn infected(&self) -> bool {
        self.weakness == Weakness::Infected.code()
    }

    /// The steps that are to be done here.
    pub fn steps(&self, lang: Lang) -> Vec<&'static Step> {
        self.manual.steps(lang, self.infected())
    }

    /// The known cause of step `no`, from 1, that a mark names in the words of the Japanese manual;
    /// nothing where it names none, or one that the manual has dropped since.
    pub fn cause(&self, lang: Lang, no: usize, named: &str) -> Option<&'static Cause> {
        let step = |lang| self.steps(lang).get(no.checked_sub(1)?).copied();
        let place = step(Lang::Ja)?.causes.iter().position(|cause| cause.name == named)?;
        step(lang)?.causes.get(place)
    }

    /// How sure we are of the device.
    pub fn confidence(&self) -> Confidence {
        match (&self.model, &self.maker, self.kind) {
            (Some(_), _, _) => Confidence::Model,
            (None, Some(_), _) => Confidence::Maker,
            (None, None, Kind::Unknown) => Confidence::Nothing,
            (None, None, _) => Confidence::Kind,
        }
    }
}

/// Which device the person of that case says it is, if they said.
pub async fn chosen(app: &App, case: CaseRef) -> anyhow::Result<Option<Choice>> {
    let choice = store::choice(&app.db, case).await?;
    Ok(choice.as_deref().and_then(Choice::of_word))
}

/// Notes which device the person says it is.
pub async fn choose(app: &App, visit: &Visit, choice: Choice) -> anyhow::Result<()> {
    Ok(store::insert_choice(&app.db, visit.case, app.now(), choice.word()).await?)
}
