//! What is known of a device in an apartment house, in the language of a page.

use formats::report_back::ReasonCode;

use crate::{
    cases::places::{Said, Word},
    isps::apartments::{AddressUse, Route},
    notices::apartments::{Placed, REGISTER, REPORT},
    web::page::Page,
};

/// What can be decided, and its words.
pub(super) const DECISIONS: [(&str, &str); 6] = [
    ("tenant", "apartments-decide-tenant"),
    ("house", "apartments-decide-house"),
    ("own_provider", "apartments-decide-own_provider"),
    ("nobody:APARTMENT_SHARED_DEVICE", "apartments-decide-shared"),
    ("nobody:IP_SHARED_NO_PORT", "apartments-decide-no-port"),
    ("nobody:LOG_EXPIRED", "apartments-decide-expired"),
];

/// Who is told, in the language of a page.
pub(in crate::notices::pages) fn route(page: &Page, placed: &Placed) -> String {
    match placed.route {
        Route::Tell(told) => {
            let party = placed.contract_party.filter(|party| told.contains(party));
            let who = match party {
                Some(party) => vec![page.t_of("apartments-who", party.code())],
                None => told.iter().map(|one| page.t_of("apartments-who", one.code())).collect(),
            };
            who.join(&page.t("apartments-or"))
        }
        Route::Nobody(ReasonCode::Pending) => page.t("apartments-open"),
        Route::Nobody(reason) => {
            let reason = page.t_of("said-reason", reason.code());
            page.with("apartments-nobody", "reason", reason)
        }
        Route::Decide => page.t("apartments-person"),
        Route::OwnProvider => page.t("apartments-who-own_provider"),
    }
}

/// Where it stands, and who says so; to providers the centre is one, whoever spoke there.
pub(in crate::notices::pages) fn place(page: &Page, placed: &Placed) -> String {
    let is_providers = page.at_work.as_ref().is_some_and(|who| who.isp.is_some());
    let place = page.t_of("apartments-placement", placed.placement.code());
    let by = match placed.placed_by.as_deref() {
        None => return place,
        Some(REGISTER) => page.t("office-house-by-register"),
        Some(REPORT) => page.t("office-house-by-report"),
        Some(_) if is_providers => page.t("office-house-by-centre"),
        Some(who) => page.with("office-house-by-person", "who", who),
    };
    format!("{place}{by}")
}

/// How that part gets its addresses.
pub(in crate::notices::pages) fn used(page: &Page, placed: &Placed) -> String {
    let word = placed.used.map_or("unknown", AddressUse::word);
    page.t_of("apartments-use", word)
}

/// The building and the unit.
pub(in crate::notices::pages) fn house(page: &Page, placed: &Placed) -> String {
    match (&placed.building, &placed.unit) {
        (Some(building), Some(unit)) => format!("{building} / {unit}"),
        (Some(building), None) => building.clone(),
        (None, _) => page.t("office-house-none"),
    }
}

/// What somebody said, in the language of a page.
pub(super) fn said_in(page: &Page, said: &Said) -> String {
    match said.word {
        Word::Decided(Some(decision)) => {
            let word = decision.to_string();
            let known = DECISIONS.iter().find(|(known, _)| *known == word);
            known.map_or(word.clone(), |(_, key)| page.t(key))
        }
        Word::Decided(None) => page.t("apartments-decision-back"),
        Word::Placed(Some((placement, used))) => {
            let place = page.t_of("apartments-placement", placement.code());
            let used = used.map(|used| page.t_of("apartments-use", used.word()));
            used.map_or(place.clone(), |used| format!("{place}, {used}"))
        }
        Word::Placed(None) => page.t("apartments-place-back"),
    }
}
