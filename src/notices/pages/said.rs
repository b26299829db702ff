//! Words of the wire in the words of a page (言い換え): what a report says, and in
//! which form a list went out. A code stands on no page by itself.

use formats::report_back as wire;

use crate::{
    notices::{
        downloads::Download,
        export::Form,
        report_back::RowError,
        wordings::{Kind, Way, language::Language},
    },
    web::page::Page,
};

/// Words of a list to choose from: each with what the page says for it.
pub(super) type Choice = Vec<(&'static str, String)>;

fn choice<T: Copy>(page: &Page, all: &[T], code: fn(T) -> &'static str, stem: &str) -> Choice {
    all.iter().map(|one| (code(*one), page.t_of(stem, code(*one)))).collect()
}

/// What may have become of a line.
pub(super) fn states(page: &Page) -> Choice {
    choice(page, wire::State::ALL, wire::State::code, "office-state")
}

/// Whether a line was identified.
pub(super) fn identified(page: &Page) -> Choice {
    choice(page, wire::Identified::ALL, wire::Identified::code, "said-identified")
}

/// Why a subscriber was not told.
pub(super) fn reasons(page: &Page) -> Choice {
    choice(page, wire::ReasonCode::ALL, wire::ReasonCode::code, "said-reason")
}

/// How a subscriber was told.
pub(super) fn channels(page: &Page) -> Choice {
    choice(page, wire::Channel::ALL, wire::Channel::code, "said-channel")
}

/// Whether it arrived.
pub(super) fn deliveries(page: &Page) -> Choice {
    choice(page, wire::DeliveryResult::ALL, wire::DeliveryResult::code, "said-delivery")
}

/// Where a device stands.
pub(super) fn placements(page: &Page) -> Choice {
    choice(page, wire::Placement::ALL, wire::Placement::code, "apartments-placement")
}

/// Who may have been told.
pub(super) fn recipients(page: &Page) -> Choice {
    choice(page, wire::Recipient::ALL, wire::Recipient::code, "apartments-who")
}

/// A wording in plain words before its name, as `手紙 / 日本語 / 契約者（letter-ja-2）`; a name that
/// the provider gave to its own stays alone.
pub(super) fn wording(page: &Page, name: &str) -> String {
    let known = name.rsplit_once('-').and_then(|(stem, version)| {
        version.parse::<u32>().ok()?;
        let of = |kind: Kind| {
            let is_it = |language: &Language| format!("{kind}-{}", language.word()) == stem;
            Some((kind, Language::ALL.into_iter().find(is_it)?))
        };
        Kind::ALL.into_iter().find_map(of)
    });
    let Some((kind, language)) = known else { return name.to_owned() };
    let way = page.t_of("wording-kind", kind.way.word());
    let language = page.t_of("wording-language", language.word());
    let audience = page.t_of("wording-audience", kind.audience.word());
    format!("{way} / {language} / {audience}（{name}）")
}

/// In which form a list was handed out, or as what.
pub(super) fn form(page: &Page, one: &Download) -> String {
    let word = one.format.as_str();
    if word.parse::<Form>().is_ok() {
        return page.t_of("office-form", word);
    }
    if ["page", "lines", "taxii"].contains(&word) {
        return page.t_of("said-form", word);
    }
    let kit = word.split_once('-').and_then(|(way, language)| {
        Some((way.parse::<Way>().ok()?, language.parse::<Language>().ok()?))
    });
    match kit {
        Some((way, language)) => {
            let kind = page.t_of("wording-kind", way.word());
            let language = page.t_of("wording-language", language.word());
            page.with_all("said-form-kit", &[("kind", &kind), ("language", &language)])
        }
        None => page.t("said-form-other"),
    }
}

/// The field of the form about one line at which a refusal stands, and its words.
pub(super) fn at_field(page: &Page, error: &RowError) -> (&'static str, String) {
    const FIELDS: [&str; 9] = [
        "identified",
        "reason_code",
        "notice_channel",
        "notice_at",
        "template_version",
        "delivery_result",
        "placement",
        "recipient",
        "note",
    ];
    let column = error.column.as_deref().unwrap_or_default();
    let field = FIELDS.into_iter().find(|field| *field == column).unwrap_or("state");
    let words = match error.code.as_ref() {
        "missing_value" if field == "state" => page.t("line-report-no-state"),
        "contradiction" => page.t_of("line-report-fault", field),
        "bad_time" | "no_zone" => page.t("line-report-bad-time"),
        "future_time" => page.t("line-report-future"),
        "before_detection" => page.t("line-report-before-detection"),
        "unknown_word" => page.t("line-report-choose"),
        "formula" => page.t("line-report-formula"),
        _ if page.lang == crate::web::texts::Lang::Ja => error.reason_in(page.lang),
        _ => format!("{}.", error.reason_in(page.lang)),
    };
    (field, words)
}
