//! Filling in (差し込み): what the variables of a wording become for one line of a list.
//!
//! What only the provider knows, its subscriber's name and its own number, becomes a merge field
//! that stands out: «氏名».

use std::sync::Arc;

use formats::{Weakness, isp_list};

use super::{Audience, Of, language::Language, shipped, text::Text};
use crate::{
    campaigns::{self, Said, translations::Speech},
    config::Centre,
    devices::kind::Kind,
    manuals::{self, Device, markdown::to_lines},
    time::Moment,
};

/// The subscriber's name, left for the provider.
pub const NAME: &str = "«氏名»";
/// The subscriber's postcode, left for the provider.
pub const POSTCODE: &str = "«郵便番号»";
/// The subscriber's address, left for the provider.
pub const ADDRESS: &str = "«住所»";
/// The provider's own number, left for the provider.
pub const ISP_PHONE: &str = "«プロバイダの電話番号»";

/// The path of the page where an inquiry ID is entered.
const ID_PAGE: &str = "/id";

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
    site: String,
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
            id_page: site(ID_PAGE),
            genuine: site("/genuine"),
            site: site(""),
        }
    }
}

/// What a campaign says in the language of a text (キャンペーンの言葉).
#[derive(Clone, Debug)]
#[doc(alias = "キャンペーンの言葉")]
pub struct OfCampaign {
    title: String,
    source: String,
    happened: String,
    to_do: String,
    /// The path of the page that explains it.
    page: String,
}

impl OfCampaign {
    /// What a campaign says in that language; nothing where it does not speak it.
    pub fn of(said: &Said, language: Language) -> Option<Self> {
        let Speech { title, source, happened, to_do, .. } = said.speech(language)?;
        Some(Self {
            title: title.trim().to_owned(),
            source: source.trim().to_owned(),
            happened: to_lines(happened),
            to_do: to_lines(to_do),
            page: ID_PAGE.to_owned(),
        })
    }

    /// The same as one text, for whoever looks how it reads.
    pub fn text(&self) -> Text {
        let body = [&self.source, &self.happened, &self.to_do].map(String::as_str).join("\n");
        Text { subject: self.title.clone(), body }
    }

    /// The same, explained on the public page of the campaign of that name in that language, where
    /// it has one. Else whoever enters the inquiry ID finds it explained there.
    #[must_use]
    pub fn explained(self, public: Option<(&str, Language)>) -> Self {
        let page = public.map(|(name, language)| campaigns::page_of(name, language));
        Self { page: page.unwrap_or_else(|| ID_PAGE.to_owned()), ..self }
    }

    /// What no campaign says.
    fn sample(language: Language) -> Self {
        Self::spelt(match language {
            Language::Ja => [
                "見本の題",
                "見本の情報源",
                "ここに、何が起きたかが入ります。",
                "1. ここに、手順が入ります。",
            ],
            Language::JaEasy => [
                "みほんの だい",
                "みほんの ところ",
                "ここに、なにが あったかを かきます。",
                "1. ここに、する ことを かきます。",
            ],
            Language::En => [
                "Sample title",
                "a sample source",
                "Here stands what happened.",
                "1. Here stand steps.",
            ],
            Language::ZhHans => {
                ["示例标题", "示例信息来源", "此处说明发生了什么。", "1. 此处写明步骤。"]
            }
            Language::Vi => {
                ["Tiêu đề mẫu", "nguồn mẫu", "Ở đây ghi điều đã xảy ra.", "1. Ở đây ghi các bước."]
            }
            Language::Ko => [
                "예시 제목",
                "예시 기관",
                "여기에 무슨 일이 있었는지 적습니다.",
                "1. 여기에 방법을 적습니다.",
            ],
            Language::PtBr => [
                "Título de exemplo",
                "uma fonte de exemplo",
                "Aqui se diz o que aconteceu.",
                "1. Aqui ficam os passos.",
            ],
        })
    }

    fn spelt(words: [&str; 4]) -> Self {
        let [title, source, happened, to_do] = words.map(str::to_owned);
        Self { title, source, happened, to_do, page: "/campaigns/sample".to_owned() }
    }
}

/// What was found, in the words of a language.
#[derive(Clone, Debug, Default)]
struct OfDevice {
    finding: &'static str,
    remedy: &'static str,
    effort: String,
    device: &'static str,
}

impl OfDevice {
    fn of(language: Language, weakness: Option<Weakness>, device: Device<'_>) -> Self {
        let words = shipped::words(language);
        let weakness = weakness.map_or("", Weakness::code);
        let of = |texts: &'static shipped::Texts, key| texts.get(key).map_or("", String::as_str);
        // As long as the page says that the inquiry ID leads to: both ask the same manual.
        let minutes = manuals::best(device).fit.minutes.to_string();
        Self {
            finding: of(&words.finding, weakness),
            remedy: of(&words.remedy, weakness),
            effort: of(&words.effort, weakness).replace("{minutes}", &minutes),
            device: of(&words.device, device.kind.word()),
        }
    }
}

/// What the variables become for one line (差し込む値).
#[derive(Clone, Debug)]
pub struct Values {
    common: Arc<Common>,
    inquiry_id: String,
    found_on: String,
    /// What a scan or a sensor found; nothing of it where a campaign speaks.
    found: OfDevice,
    campaign: Option<Arc<OfCampaign>>,
    /// Where the campaign is explained; nothing where none speaks.
    campaign_page: String,
}

impl Values {
    /// For a line of a list: what was found, or what its campaign says.
    pub fn of(
        common: &Arc<Common>,
        line: &isp_list::Line,
        campaign: Option<Arc<OfCampaign>>,
    ) -> Self {
        let device = Device {
            model: line.device_model.as_deref(),
            maker: line.device_vendor.as_deref(),
            kind: line.device_type.as_deref().map(Kind::of_feed_word).unwrap_or_default(),
            exposure: line.weakness.map_or("", Weakness::code),
        };
        let found_on = Moment(line.detected_at);
        // A list of leaked mail accounts is about no router, whatever its rows can be read as.
        let found = match &campaign {
            Some(_) => OfDevice::default(),
            None => OfDevice::of(common.language, line.weakness, device),
        };
        Self::new(common, (&line.inquiry_id, found_on), found, campaign)
    }

    /// For nobody: as a router with a weak password, seen on that day, or a campaign of samples.
    pub fn sample(common: &Arc<Common>, audience: Audience, on: Moment) -> Self {
        let weakness = Weakness::WeakCredentials;
        let (found, campaign) = if audience == Audience::Campaign {
            (OfDevice::default(), Some(Arc::new(OfCampaign::sample(common.language))))
        } else {
            let exposure = weakness.code();
            let device = Device { model: None, maker: None, kind: Kind::Router, exposure };
            (OfDevice::of(common.language, Some(weakness), device), None)
        };
        Self::new(common, (SAMPLE_ID, on), found, campaign)
    }

    /// For no line: what differs from line to line stays open, under the names of the columns that
    /// the texts of a list have.
    pub fn open(common: &Arc<Common>) -> Self {
        let words = ["«title»", "«source»", "«happened»", "«to_do»"];
        Self {
            common: Arc::clone(common),
            inquiry_id: "«inquiry_id»".to_owned(),
            found_on: "«found_on»".to_owned(),
            found: OfDevice {
                finding: "«finding»",
                remedy: "«remedy»",
                effort: "«effort»".to_owned(),
                device: "«device»",
            },
            campaign: Some(Arc::new(OfCampaign::spelt(words))),
            campaign_page: "«campaign_page»".to_owned(),
        }
    }

    fn new(
        common: &Arc<Common>,
        (inquiry_id, found_on): (&str, Moment),
        found: OfDevice,
        campaign: Option<Arc<OfCampaign>>,
    ) -> Self {
        let address = |it: &Arc<OfCampaign>| format!("{}{}", common.site, it.page);
        Self {
            common: Arc::clone(common),
            inquiry_id: inquiry_id.to_owned(),
            found_on: common.language.date(found_on),
            found,
            campaign_page: campaign.as_ref().map(address).unwrap_or_default(),
            campaign,
        }
    }

    /// What a variable becomes; nothing for a name that is none.
    pub fn get(&self, name: &str) -> Option<&str> {
        let of_campaign = |word: fn(&OfCampaign) -> &String| match &self.campaign {
            Some(campaign) => word(campaign).as_str(),
            None => "",
        };
        Some(match name {
            "inquiry_id" => &self.inquiry_id,
            "phone" => &self.common.phone,
            "genuine" => &self.common.genuine,
            "id_page" => &self.common.id_page,
            "hours" => &self.common.hours,
            "centre" => &self.common.centre,
            "isp" => &self.common.isp,
            "finding" => self.found.finding,
            "remedy" => self.found.remedy,
            "effort" => &self.found.effort,
            "device" => self.found.device,
            "found_on" => &self.found_on,
            "title" => of_campaign(|it| &it.title),
            "source" => of_campaign(|it| &it.source),
            "happened" => of_campaign(|it| &it.happened),
            "to_do" => of_campaign(|it| &it.to_do),
            "campaign_page" => &self.campaign_page,
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
pub fn example((kind, language): Of) -> Values {
    let common = Common::of(&Centre::placeholder(), sample_isp(language), language);
    Values::sample(&Arc::new(common), kind.audience, Moment(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devices::kind::KINDS;

    /// The numbers in a sentence.
    fn numbers(words: &str) -> Vec<u32> {
        let parts = words.split(|c: char| !c.is_ascii_digit());
        parts.filter_map(|digits| digits.parse().ok()).collect()
    }

    #[test]
    fn what_is_said_about_minutes_is_what_the_manual_says_that_fits() {
        let settings = [Weakness::WeakCredentials, Weakness::ExposedService, Weakness::Amplifier];
        let mut told = Vec::new();
        for language in Language::ALL {
            let each = KINDS
                .into_iter()
                .flat_map(|(kind, _)| Weakness::ALL.iter().map(move |weakness| (kind, *weakness)));
            for (kind, weakness) in each {
                let exposure = weakness.code();
                let device = Device { model: None, maker: None, kind, exposure };
                let said = numbers(&OfDevice::of(language, Some(weakness), device).effort);
                let manual = manuals::best(device).fit.minutes;
                let wanted = if settings.contains(&weakness) { vec![manual] } else { vec![] };
                assert_eq!(said, wanted, "{language:?} {kind:?} {weakness:?}");
                told.extend(said);
            }
        }
        told.sort_unstable();
        told.dedup();
        assert_eq!(told, [20, 30, 40, 60], "as manuals differ, so do letters");
    }

    #[test]
    fn a_campaign_without_a_page_is_explained_where_the_inquiry_id_is_entered() {
        let common = Arc::new(Common::of(&Centre::placeholder(), "ISP", Language::Ja));
        let values = |public: Option<(&str, Language)>| {
            let campaign = OfCampaign::sample(Language::Ja).explained(public);
            let found = OfDevice::default();
            Values::new(&common, (SAMPLE_ID, Moment(0)), found, Some(Arc::new(campaign)))
        };
        let (public, other) = (values(Some(("emotet", Language::Ja))), values(None));
        let page = public.get("campaign_page").unwrap();
        assert!(page.starts_with("https://") && page.ends_with("/campaigns/emotet"), "{page}");
        assert_eq!(other.get("campaign_page"), other.get("id_page"));
        for (language, end) in
            [(Language::En, "/en/campaigns/emotet"), (Language::Vi, "/campaigns/emotet/vi")]
        {
            let values = values(Some(("emotet", language)));
            assert!(values.get("campaign_page").unwrap().ends_with(end), "{language:?}");
        }
    }
}
