//! Filling in (差し込み): what the variables of a wording become for one line of a list.
//!
//! What only the provider knows, its subscriber's name and its own number, becomes a merge field
//! that stands out: «氏名».

use std::sync::Arc;

use formats::{Weakness, isp_list};

use super::{language::Language, shipped};
use crate::{config::Centre, devices::kind::Kind as Device, time::Moment};

/// The subscriber's name, left for the provider.
pub const NAME: &str = "«氏名»";
/// The subscriber's postcode, left for the provider.
pub const POSTCODE: &str = "«郵便番号»";
/// The subscriber's address, left for the provider.
pub const ADDRESS: &str = "«住所»";
/// The provider's own number, left for the provider.
pub const ISP_PHONE: &str = "«プロバイダの電話番号»";

/// The inquiry ID of examples, which leads to no case.
pub const SAMPLE_ID: &str = "48213-90417-66206";

/// What all lines of a list share.
#[derive(Clone, Debug)]
pub struct Common {
    language: Language,
    isp: String,
    centre: String,
    phone: String,
    hours: String,
    id_page: String,
    genuine: String,
}

impl Common {
    /// For subscribers of a provider of that name.
    pub fn of(centre: &Centre, isp: &str, language: Language) -> Self {
        let site = |path: &str| format!("https://{}{path}", centre.domain);
        let ja = language.is_japanese();
        let choose = |in_ja: &String, in_en: &String| if ja { in_ja } else { in_en }.clone();
        Self {
            language,
            isp: isp.to_owned(),
            centre: choose(&centre.name_ja, &centre.name_en),
            phone: centre.phone.clone(),
            hours: choose(&centre.hours_ja, &centre.hours_en),
            id_page: site("/id"),
            genuine: site("/genuine"),
        }
    }
}

/// What the variables become for one line (差し込む値).
#[derive(Clone, Debug)]
pub struct Values {
    common: Arc<Common>,
    inquiry_id: String,
    found_on: String,
    finding: &'static str,
    remedy: &'static str,
    device: &'static str,
}

impl Values {
    /// For a line of a list.
    pub fn of(common: &Arc<Common>, line: &isp_list::Line) -> Self {
        let device = line.device_type.as_deref().map(Device::of_feed_word).unwrap_or_default();
        let found_on = Moment(line.detected_at);
        Self::new(common, &line.inquiry_id, found_on, (line.weakness, device))
    }

    /// For nobody: as a router with a weak password, seen on that day.
    pub fn sample(common: &Arc<Common>, on: Moment) -> Self {
        let seen = (Some(Weakness::WeakCredentials), Device::Router);
        Self::new(common, SAMPLE_ID, on, seen)
    }

    /// For no line: what differs from line to line stays open, under the names of the columns that
    /// the texts of a list have.
    pub fn open(common: &Arc<Common>) -> Self {
        Self {
            common: Arc::clone(common),
            inquiry_id: "«inquiry_id»".to_owned(),
            found_on: "«found_on»".to_owned(),
            finding: "«finding»",
            remedy: "«remedy»",
            device: "«device»",
        }
    }

    fn new(
        common: &Arc<Common>,
        inquiry_id: &str,
        found_on: Moment,
        (weakness, device): (Option<Weakness>, Device),
    ) -> Self {
        let words = shipped::words(common.language);
        let weakness = weakness.map_or("", Weakness::code);
        let of = |texts: &'static shipped::Texts, key| texts.get(key).map_or("", String::as_str);
        Self {
            common: Arc::clone(common),
            inquiry_id: inquiry_id.to_owned(),
            found_on: common.language.date(found_on),
            finding: of(&words.finding, weakness),
            remedy: of(&words.remedy, weakness),
            device: of(&words.device, device.word()),
        }
    }

    /// What a variable becomes; nothing for a name that is none.
    pub fn get(&self, name: &str) -> Option<&str> {
        Some(match name {
            "inquiry_id" => &self.inquiry_id,
            "phone" => &self.common.phone,
            "genuine" => &self.common.genuine,
            "id_page" => &self.common.id_page,
            "hours" => &self.common.hours,
            "centre" => &self.common.centre,
            "isp" => &self.common.isp,
            "finding" => self.finding,
            "remedy" => self.remedy,
            "device" => self.device,
            "found_on" => &self.found_on,
            "name" => NAME,
            "isp_phone" => ISP_PHONE,
            _ => return None,
        })
    }

    /// The inquiry ID. Show it only to whom the line belongs.
    pub fn inquiry_id(&self) -> &str {
        &self.inquiry_id
    }
}

/// The name of a provider in examples.
pub fn sample_isp(language: Language) -> &'static str {
    if language.is_japanese() { "見本プロバイダ" } else { "Sample Provider" }
}

/// The values of examples, of a centre that nobody runs: texts are measured by them.
pub fn example(language: Language) -> Values {
    let common = Common::of(&Centre::placeholder(), sample_isp(language), language);
    Values::sample(&Arc::new(common), Moment(0))
}
