//! The notice kit (周知キット): the texts of a list's lines, for the provider to send by its own hand.
//!
//! The centre holds no subscriber: names and addresses are left as merge fields. Whoever gets the
//! texts of a list has got its inquiry IDs, so that this counts as handing the list out. Owns no
//! table; reads and writes what [`super::export`] does.

use std::sync::Arc;

use formats::{isp_list::Action, safe_csv::guard};
use sha2::{Digest as _, Sha256};

use super::{
    export, store,
    wordings::{
        self, Kind, Wording,
        fill::{Common, Values},
        in_force,
        language::Language,
        text::{Text, parts},
    },
};
use crate::{
    access::{keys::to_hex, tenancy::Tenant},
    audit::{self, Leaf},
    cases::register,
    isps,
};

/// Why nobody gets texts (渡せない理由).
#[derive(Debug, thiserror::Error)]
pub enum NoKit {
    /// No such list of this provider.
    #[error("the provider has no list `{0}`; see `todoke notice list`")]
    NoList(String),
    /// The list lost all its lines.
    #[error("the list `{0}` is empty: all its lines were withdrawn before it was handed out")]
    Withdrawn(String),
    /// Nobody approved a wording.
    #[error(
        "no wording of {0} is in force in {1}: draft one or load the shipped ones (`todoke wording \
         load`), and let somebody else approve it (`todoke wording approve`)"
    )]
    NoWording(&'static str, &'static str),
}

/// One line's part (一件分).
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Its number on the list.
    pub record_no: u32,
    /// What the variables become.
    pub values: Values,
}

/// The texts of a list in one kind and language (周知キット).
#[derive(Clone, Debug)]
#[doc(alias = "周知キット")]
pub struct Kit {
    /// The name of the list.
    pub list_id: String,
    /// The name of the provider.
    pub isp: String,
    /// The wording.
    pub wording: Wording,
    /// The lines that are to be told, in order.
    pub sheets: Vec<Sheet>,
    /// How many lines are not, since they were taken back.
    pub taken_back: usize,
}

impl Kit {
    /// What is said about one line.
    pub fn text(&self, sheet: &Sheet) -> Text {
        self.wording.text.filled(|name| sheet.values.get(name))
    }

    /// The texts as a mail merge takes them: CSV in UTF-8 with a byte-order mark, a row per line.
    pub fn csv(&self) -> anyhow::Result<Vec<u8>> {
        let mut rows = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(b"\xEF\xBB\xBF".to_vec());
        rows.write_record([
            "list_id",
            "record_no",
            "inquiry_id",
            "template_version",
            "subject",
            "text",
            "parts",
        ])?;
        let version = self.wording.to_string();
        for sheet in &self.sheets {
            let text = self.text(sheet);
            let body = text.plain(self.wording.kind);
            let is_sms = self.wording.kind == Kind::Sms;
            let parts = if is_sms { parts(&body).to_string() } else { String::new() };
            rows.write_record([
                guard(&self.list_id).as_ref(),
                &sheet.record_no.to_string(),
                sheet.values.inquiry_id(),
                &version,
                &guard(&text.subject),
                &guard(&body.replace('\n', "\r\n")),
                &parts,
            ])?;
        }
        rows.into_inner().map_err(|fault| anyhow::anyhow!("{fault}"))
    }
}

/// Hands the texts of a list out, in the wording that is in force now.
pub async fn hand_out(
    tenant: &Tenant,
    list_id: &str,
    (kind, language): wordings::Of,
) -> anyhow::Result<Result<Kit, NoKit>> {
    let app = tenant.app();
    let Some(isp) = isps::by_code(&app.db, tenant.code()).await? else {
        return Ok(Err(NoKit::NoList(list_id.to_owned())));
    };
    let mut tx = tenant.begin().await?;
    // As for an export: whoever takes a file back meanwhile finds that its lines were handed out.
    register::hold(&mut tx).await?;
    let all = wordings::all(&mut tx).await?;
    let Some(wording) = in_force(&all, (kind, language), tenant.now()).cloned() else {
        return Ok(Err(NoKit::NoWording(kind.word(), language.word())));
    };
    let notice = match store::find_in(&mut tx, tenant.isp(), list_id).await? {
        None => return Ok(Err(NoKit::NoList(list_id.to_owned()))),
        Some(notice) if notice.withdrawn_at.is_some() => {
            return Ok(Err(NoKit::Withdrawn(list_id.to_owned())));
        }
        Some(notice) => notice,
    };
    let mut lines = export::read(app, &mut tx, (&notice, &isp.code), true).await?;
    let all = lines.len();
    lines.retain(|line| line.action != Action::Withdrawn);
    let common = Arc::new(Common::of(&app.centre, &isp.name, language));
    let sheet = |line| Sheet { record_no: line_no(line), values: Values::of(&common, line) };
    let sheets: Vec<Sheet> = lines.iter().map(sheet).collect();
    let taken_back = all - sheets.len();
    let kit = Kit { list_id: list_id.to_owned(), isp: isp.name, wording, sheets, taken_back };
    let sha256 = to_hex(&Sha256::digest(kit.csv()?));
    let word = format!("{}-{}", kind.word(), language.word());
    store::insert_export(&mut tx, &notice, (&word, &sha256), (tenant.now(), tenant.by())).await?;
    let detail = serde_json::json!({
        "kind": kind.word(), "language": language.word(), "lines": kit.sheets.len(),
        "template_version": kit.wording.to_string(), "sha256": sha256,
    });
    let leaf = Leaf {
        at: tenant.now(),
        by: tenant.by(),
        act: "notice.texts",
        on: list_id,
        isp: Some(tenant.code()),
        detail: Some(&detail.to_string()),
    };
    audit::note(&mut tx, leaf).await?;
    tx.commit().await?;
    Ok(Ok(kit))
}

fn line_no(line: &formats::isp_list::Line) -> u32 {
    u32::try_from(line.record_no).unwrap_or(u32::MAX)
}

/// A kit of one line for nobody: how a text reads and a letter looks.
pub fn sample(app: &crate::app::App, wording: Wording) -> Kit {
    let language: Language = wording.language;
    let isp = wordings::fill::sample_isp(language);
    let common = Arc::new(Common::of(&app.centre, isp, language));
    let values = Values::sample(&common, app.now());
    Kit {
        list_id: "sample".to_owned(),
        isp: isp.to_owned(),
        wording,
        sheets: vec![Sheet { record_no: 1, values }],
        taken_back: 0,
    }
}
