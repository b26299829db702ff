//! The shelf (周知キットの棚): what lies ready for a provider to look at, before it is of any list.
//!
//! Owns no table; reads `wordings`.

use std::sync::Arc;

use super::{About, Kit, Sheet};
use crate::{
    access::tenancy::Tenant,
    app::App,
    config::Centre,
    isps,
    notices::wordings::{
        self, Wording,
        fill::{self, Common, Values},
        in_force, shipped,
        text::Text,
    },
    time::Moment,
};

/// What lies ready for a provider (周知キットの中身).
#[derive(Clone, Debug)]
pub struct Shelf {
    /// Which edition.
    pub edition: Option<String>,
    /// The wordings in force, one of a kind and language at most.
    pub wordings: Vec<Wording>,
    isp: String,
    centre: Centre,
    now: Moment,
}

/// What lies ready for the provider now.
pub async fn shelf(tenant: &Tenant) -> anyhow::Result<Shelf> {
    let (app, now) = (tenant.app(), tenant.now());
    let isp = isps::by_code(&app.db, tenant.code()).await?;
    let mut tx = tenant.snapshot().await?;
    let all = wordings::all(&mut tx).await?;
    let now_of = |of| in_force(&all, of, now).cloned();
    Ok(Shelf {
        edition: wordings::edition(&all, now),
        wordings: shipped::all().filter_map(now_of).collect(),
        isp: isp.map_or_else(|| tenant.code().to_owned(), |isp| isp.name),
        centre: Centre::clone(&app.centre),
        now,
    })
}

impl Shelf {
    /// The wording of that kind and language, if one is in force.
    pub fn of(&self, of: wordings::Of) -> Option<&Wording> {
        self.wordings.iter().find(|wording| wording.of() == of)
    }

    /// A kit of one line for nobody: how a text of this provider reads and its letter looks.
    pub fn sample(&self, wording: &Wording) -> Kit {
        sample_of((&self.centre, &self.isp), wording.clone(), self.now)
    }

    /// The text with merge fields in place of all that differs from line to line; they are the
    /// columns of the texts of a list.
    pub fn open(&self, wording: &Wording) -> Text {
        let common = Arc::new(Common::of(&self.centre, &self.isp, wording.language));
        let values = Values::open(&common);
        wording.text.filled(|name| values.get(name))
    }
}

/// A kit of one line for nobody: how a text reads and a letter looks.
pub fn sample(app: &App, wording: Wording) -> Kit {
    let isp = fill::sample_isp(wording.language);
    sample_of((&app.centre, isp), wording, app.now())
}

fn sample_of((centre, isp): (&Centre, &str), wording: Wording, on: Moment) -> Kit {
    let common = Arc::new(Common::of(centre, isp, wording.language));
    let values = Values::sample(&common, wording.kind.audience, on);
    let (way, language) = (wording.kind.way, wording.language);
    let about = About::default();
    let sheet = Sheet { record_no: 1, wording: Arc::new(wording), values, about };
    Kit {
        list_id: "sample".to_owned(),
        isp: isp.to_owned(),
        way,
        language,
        sheets: vec![sheet],
        left_out: Vec::new(),
    }
}
