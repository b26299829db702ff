//! What a campaign says of a case (緊急のお知らせの案件): whoever has its ID was told of no device.
//!
//! The letter with the ID of such a case says what a campaign says, be it of a computer, a mail
//! account or a phone. No manual for a device at home fits it, and no scan sees whether it is gone:
//! its pages say what the letter says. Owns no table; reads `notice_lines`, `campaign_lines`,
//! `campaign_cases` and what [`campaigns`] know.

use super::store;
use crate::{
    app::App,
    campaigns::{self, Said},
    cases::CaseRef,
    language::Language,
};

/// What a campaign says that names a case (緊急のお知らせ).
#[derive(Clone, Debug)]
#[doc(alias = "緊急のお知らせ")]
pub struct Named {
    /// Its name, which is the end of the address of its page.
    pub name: String,
    /// What two people stand for; nothing while nobody does.
    pub said: Option<Said>,
}

impl Named {
    /// The campaign whose name the latest notice of a case bore, if it bore any.
    pub async fn of(app: &App, case: CaseRef) -> anyhow::Result<Option<Self>> {
        let Some(id) = store::campaign(&app.db, case).await? else { return Ok(None) };
        let campaign = campaigns::of_id(&app.db, id).await?;
        Ok(campaign.map(|campaign| Self { name: campaign.name, said: campaign.agreed }))
    }

    /// Where its own page is, for everybody to see.
    pub fn page(&self) -> Option<String> {
        let is_public = self.said.as_ref().is_some_and(|said| said.is_public);
        is_public.then(|| campaigns::page_of(&self.name, Language::Ja))
    }
}
