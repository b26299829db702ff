//! What the page of a provider's delivery says and asks: preferences in words, and forms as wishes.

use serde::Deserialize;

use crate::{
    isps::{
        delivery::{Preference, Way, Wish},
        pages::keys,
    },
    jobs::schedule::Schedule,
    net::dial::Dialling,
    notices::export::Form,
    web::page::Page,
};

/// When lists may leave, as the form asks; each after the first with the days of its pattern.
pub(super) const WHENS: [&str; 4] = ["at_once", "daily", "weekdays", "mondays"];
const DAYS: [(&str, &str); 3] = [("daily", "*"), ("weekdays", "1-5"), ("mondays", "1")];

/// What was given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    pub(super) way: String,
    pub(super) form: String,
    /// The mail address, or the address of the webhook.
    pub(super) to: String,
    /// When, as a word; `kept` for a pattern that the form has no word for.
    pub(super) when: String,
    pub(super) hour: String,
    pub(super) pattern: String,
    /// The key of the form that confirms it.
    pub(super) once: String,
}

impl Given {
    /// A preference as the form would send it; nothing said = fetched as CSV.
    pub(super) fn of(preference: Option<&Preference>) -> Self {
        let (way, form) = preference.map_or((Way::Portal, Form::Csv.word()), |one| {
            let form = one.form.as_str();
            (one.way, form)
        });
        let schedule = preference.and_then(|one| one.schedule.as_deref());
        let (when, hour) = split(schedule);
        let kept = schedule.filter(|_| when == "kept");
        Self {
            way: way.word().to_owned(),
            form: form.to_owned(),
            to: preference.and_then(|one| one.target.clone()).unwrap_or_default(),
            when: when.to_owned(),
            hour: hour.to_owned(),
            pattern: kept.unwrap_or_default().to_owned(),
            once: String::new(),
        }
    }

    /// What is wished; else beside which field the refusal stands, and its words.
    pub(super) fn wish(
        &self,
        history: &[Preference],
    ) -> Result<Wish, (&'static str, &'static str)> {
        let way: Way = self.way.parse().map_err(|_| ("way-portal", "delivery-no-way"))?;
        let form = match way {
            Way::Webhook => Form::Jsonl,
            _ => self.form.parse().map_err(|_| ("form", "office-choose-form"))?,
        };
        let sent = way != Way::Portal;
        let to = Some(self.to.trim()).filter(|to| sent && !to.is_empty()).map(str::to_owned);
        let schedule = if sent { self.schedule()? } else { None };
        // How a server inside is reached is for the centre to allow; where it did, it stays so.
        let is_known = |one: &&Preference| one.way == Way::Webhook && one.target == to;
        let known = history.iter().find(is_known).filter(|_| way == Way::Webhook);
        let dialling = known.map_or_else(Dialling::default, Preference::dialling);
        Ok(Wish { way, form: form.word().to_owned(), schedule, target: to, dialling })
    }

    fn schedule(&self) -> Result<Option<Schedule>, (&'static str, &'static str)> {
        let refused = |()| ("when", "delivery-no-time");
        let pattern = match self.when.as_str() {
            "at_once" => return Ok(None),
            "kept" => self.pattern.clone(),
            word => {
                let days = DAYS.iter().find(|(known, _)| *known == word).ok_or(());
                let hour = self
                    .hour
                    .parse::<u8>()
                    .map_err(|_| ())
                    .and_then(|hour| if hour < 24 { Ok(hour) } else { Err(()) });
                format!("0 {} * * {}", hour.map_err(refused)?, days.map_err(refused)?.1)
            }
        };
        pattern.parse().map(Some).map_err(|_| refused(()))
    }
}

/// A schedule as the word of the form and the hour.
fn split(schedule: Option<&str>) -> (&'static str, &str) {
    let Some(text) = schedule else { return ("at_once", "") };
    let fields: Vec<&str> = text.split(' ').collect();
    let ["0", hour, "*", "*", days] = fields[..] else { return ("kept", "") };
    let is_hour = hour.parse::<u8>().is_ok_and(|hour| hour < 24);
    let word = DAYS.iter().find(|(_, known)| *known == days && is_hour);
    word.map_or(("kept", ""), |(word, _)| (word, hour))
}

/// When lists leave, in words.
fn when(page: &Page, schedule: Option<&str>) -> String {
    match (split(schedule), schedule) {
        (("kept", _), Some(pattern)) => page.with("delivery-at-kept", "pattern", pattern),
        ((word @ ("daily" | "weekdays" | "mondays"), hour), _) => {
            page.with(&format!("delivery-at-{word}"), "hour", hour)
        }
        _ => page.t("delivery-when-at_once"),
    }
}

fn facts(
    page: &Page,
    (way, form): (Way, &str),
    (to, schedule): (Option<&str>, Option<&str>),
) -> Vec<(String, String)> {
    let mut facts = vec![
        (page.t("delivery-way"), page.t_of("delivery-way", way.word())),
        (page.t("office-form"), page.t_of("office-form", form)),
    ];
    if let Some(to) = to {
        facts.push((page.t("delivery-to"), to.to_owned()));
    }
    if way != Way::Portal {
        facts.push((page.t("delivery-when"), when(page, schedule)));
    }
    facts
}

/// What a preference says.
pub(super) fn of(page: &Page, one: &Preference) -> Vec<(String, String)> {
    facts(page, (one.way, &one.form), (one.target.as_deref(), one.schedule.as_deref()))
}

/// Since when it holds, and by whose word.
pub(super) fn by(page: &Page, one: &Preference) -> Vec<(String, String)> {
    vec![(page.t("delivery-since"), format!("{} {}", page.clock(&one.set_at), one.set_by))]
}

/// What holds where nobody said anything.
pub(super) fn unsaid(page: &Page) -> Vec<(String, String)> {
    facts(page, (Way::Portal, Form::Csv.word()), (None, None))
}

/// What a wish says, with the key that mails would be encrypted to.
pub(super) fn of_wish(page: &Page, wish: &Wish, key: Option<&str>) -> Vec<(String, String)> {
    let schedule = wish.schedule.as_ref().map(ToString::to_string);
    let (to, schedule) = (wish.target.as_deref(), schedule.as_deref());
    let mut facts = facts(page, (wish.way, &wish.form), (to, schedule));
    if let (Some(standard), Some(key)) = (wish.way.standard(), key) {
        facts.push((page.t("keys-fingerprint"), keys::fingerprint(standard, key)));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_a_word_and_an_hour_or_is_kept_as_it_is() {
        assert_eq!(split(None), ("at_once", ""));
        assert_eq!(split(Some("0 6 * * *")), ("daily", "6"));
        assert_eq!(split(Some("0 18 * * 1-5")), ("weekdays", "18"));
        assert_eq!(split(Some("0 6 * * 1")), ("mondays", "6"));
        for kept in ["30 6 * * *", "0 6 1 * *", "every 6h", "0 24 * * *"] {
            assert_eq!(split(Some(kept)), ("kept", ""), "{kept}");
        }
    }

    #[test]
    fn a_form_is_a_schedule_and_what_is_none_is_refused_at_its_field() {
        let given = |when: &str, hour: &str, pattern: &str| Given {
            when: when.to_owned(),
            hour: hour.to_owned(),
            pattern: pattern.to_owned(),
            ..Given::default()
        };
        let read = |given: &Given| given.schedule().map(|one| one.map(|one| one.to_string()));
        assert_eq!(read(&given("at_once", "", "")), Ok(None));
        assert_eq!(read(&given("weekdays", "6", "")).unwrap().as_deref(), Some("0 6 * * 1-5"));
        assert_eq!(read(&given("kept", "", "0 6 1 * *")).unwrap().as_deref(), Some("0 6 1 * *"));
        for bad in [
            given("daily", "24", ""),
            given("daily", "", ""),
            given("", "6", ""),
            given("kept", "", "never"),
        ] {
            assert_eq!(read(&bad), Err(("when", "delivery-no-time")), "{bad:?}");
        }
    }
}
