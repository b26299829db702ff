//! Refusals about wordings and letters, in the words of the page and beside the field.

use crate::{
    access::accounts::NoAccount,
    notices::{
        kit::{LeftOut, NoKit},
        press::NotPrinted,
        wordings::{NotDecided, NotDrafted, plain::Finding, text::NotAText},
    },
    web::{form::Errors, page::Page},
};

/// Why a text is not fit to be sent.
pub(super) fn not_a_text(page: &Page, why: &NotAText) -> Errors {
    // Line 1 is the subject, which has a field of its own.
    let at = |line: usize| if line == 1 { "subject" } else { "body" };
    let row = |key: &str, line: usize| {
        let words = if line == 1 {
            page.t("wording-in-subject")
        } else {
            page.with("wording-in-line", "line", line - 1)
        };
        format!("{words}{}", page.t(key))
    };
    match why {
        NotAText::NoSubject => Errors::of("subject", page.t("wording-no-subject")),
        NotAText::Subject => Errors::of("body", page.t("wording-subject")),
        NotAText::Empty => Errors::of("body", page.t("wording-empty")),
        NotAText::TooLong(n) => Errors::of("body", page.with("wording-too-long", "n", n)),
        NotAText::TooManyParts(n) => Errors::of("body", page.with("wording-many-parts", "n", n)),
        NotAText::Control(line) => Errors::of(at(*line), row("wording-control", *line)),
        NotAText::Brace(line) => Errors::of(at(*line), row("wording-brace", *line)),
        NotAText::Unknown(name, line, _) => {
            let place = row("wording-unknown", *line);
            Errors::of(at(*line), format!("{place}{}", braced(name)))
        }
        NotAText::Missing(name) => {
            let meaning = page.t_of("wording-variable", name);
            Errors::of("body", format!("{}{} {meaning}", page.t("wording-missing"), braced(name)))
        }
    }
}

fn braced(name: &str) -> String {
    format!("{{{name}}}")
}

/// Why nothing is drafted.
pub(super) fn not_drafted(page: &Page, why: &NotDrafted) -> Errors {
    match why {
        NotDrafted::Text(why) => not_a_text(page, why),
        NotDrafted::Same(name) => Errors::of("body", page.with("wording-same", "name", name)),
        NotDrafted::NoAccount(why) => Errors::of("body", no_account(page, why)),
    }
}

fn no_account(page: &Page, why: &NoAccount) -> String {
    page.with("wording-no-account", "name", why.name())
}

/// Why nothing is decided.
pub(super) fn not_decided(page: &Page, why: &NotDecided) -> Errors {
    let by = |key: &str, by: &String| Errors::of("decision", page.with(key, "by", by));
    match why {
        NotDecided::NoAccount(why) => Errors::of("decision", no_account(page, why)),
        NotDecided::Unknown(name) => Errors::of("decision", name.clone()),
        NotDecided::SamePerson(..) => Errors::of("decision", page.t("wording-same-person")),
        NotDecided::Approved(_, name) => by("wording-approved-already", name),
        NotDecided::Retired(_, name) => by("wording-retired-already", name),
        NotDecided::Past => Errors::of("from", page.t("wording-past")),
        NotDecided::NoReason => Errors::of("reason", page.t("wording-no-reason")),
    }
}

/// What a reader stumbles over.
pub(super) fn advice(page: &Page, finding: &Finding) -> String {
    match finding {
        Finding::Long(sentence, has, max) => page
            .with_all("wording-advice-long", &[("n", has), ("max", max), ("sentence", sentence)]),
        Finding::Word(word, _) => page.with("wording-advice-word", "word", word),
        Finding::Asks(sentence) => page.with("wording-advice-asks", "sentence", sentence),
    }
}

/// Why nothing is printed.
pub(super) fn not_printed(page: &Page, why: &NotPrinted) -> String {
    match why {
        NotPrinted::NoPress => page.t("kit-no-press"),
        NotPrinted::NoFont(_) => page.t("kit-no-font"),
        NotPrinted::NoCharacter(c) => page.with("kit-no-character", "character", c),
        NotPrinted::Nothing => page.t("kit-nothing"),
    }
}

/// Why nobody gets texts.
pub(super) fn no_kit(page: &Page, why: &NoKit) -> String {
    match why {
        NoKit::NoList(_) | NoKit::NoLine(..) => page.t("kit-no-list"),
        NoKit::Withdrawn(_) => page.t("kit-withdrawn"),
        NoKit::AllTold(..) => page.t("kit-all-told"),
        NoKit::NoPart(_, parts) => page.with("kit-no-part", "n", parts),
        NoKit::EmptyPart(part) => page.with("kit-empty-part", "n", part),
        NoKit::NoCharacter(c) => page.with("kit-no-character", "character", c),
        NoKit::LeftOut(.., why) | NoKit::NoWords(_, why) => left_out(page, why),
    }
}

/// Why a line gets no text, and what to do.
pub(super) fn left_out(page: &Page, why: &LeftOut) -> String {
    match why {
        LeftOut::TakenBack => page.t("kit-taken-back"),
        LeftOut::ToldBefore => page.t("kit-told-before"),
        LeftOut::Mended => page.t("kit-mended"),
        LeftOut::Nobody(reason) => page.t_of("kit-nobody", reason.code()),
        LeftOut::Undecided => page.t("kit-undecided"),
        LeftOut::Unplaced => page.t("kit-unplaced"),
        LeftOut::OwnProvider => page.t("kit-own-provider"),
        LeftOut::NotAgreed(name) => page.with("kit-campaign-not-agreed", "name", name),
        LeftOut::NotSpoken(name, language) => {
            let language = page.t_of("wording-language", language.word());
            page.with_all("kit-campaign-language", &[("name", name), ("language", &language)])
        }
        LeftOut::NoWording(kind, _) => {
            let whom = page.t_of("wording-audience", kind.audience.word());
            page.with("kit-no-wording", "whom", whom)
        }
    }
}

/// Who is told, by the words of the decision table.
pub(super) fn addressee(page: &Page, words: &str) -> String {
    let all: Vec<String> = words.split('|').map(|one| page.t_of("kit-to", one)).collect();
    all.join(&page.t("kit-or"))
}
