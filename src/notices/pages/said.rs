//! Words of the wire in the words of a page (言い換え): what a report says, and in
//! which form a list went out. A code stands on no page by itself.

use formats::report_back as wire;

use crate::{
    notices::{
        downloads::Download,
        export::Form,
        report_back::RowError,
        wordings::{Way, language::Language},
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
    let words = match error.code {
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
