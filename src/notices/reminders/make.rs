//! Making (作成): the message of a reminder, in the language of whoever reads it, made once and kept.
//!
//! What was done meanwhile is asked about no more; a mail about which nothing is left does not go.

use std::time::Duration;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use super::{Body, OfContact, OfList, ReminderMail, store};
use crate::{
    access::{
        keys::to_hex,
        seal::{self, Place},
    },
    app::App,
    db::Tx,
    isps::{
        self, Isp,
        contacts::{self, desk},
        delivery as preferences, keys,
    },
    jobs::queue::Lease,
    mail::{
        Certificate, MailRefused,
        compose::{self, Letter},
        own_keys::OwnKeys,
    },
    notices::{
        chasing::ListStanding,
        clock::{LOG_DAYS, URGENT_DAYS},
        dispatch::carry::Outcome,
        store::{chasing as lists, outbox},
    },
    time::Moment,
    web::texts::Lang,
};

/// What is handed over.
pub(super) struct Message {
    /// To where.
    pub(super) target: String,
    /// The bytes.
    pub(super) bytes: Vec<u8>,
}

fn place<'a>(column: &'a str, mail: &'a ReminderMail) -> Place<'a> {
    // The key of a mail is one of a kind among all providers'.
    Place { table: "reminder_mails", column, row: mail.id.0.as_bytes() }
}

/// To whom a mail that was made went.
pub(super) async fn target(
    app: &App,
    tx: &mut Tx,
    mail: &ReminderMail,
) -> anyhow::Result<Option<String>> {
    let kept = store::kept(tx, mail.key()).await?.and_then(|kept| kept.target);
    let Some(kept) = kept else { return Ok(None) };
    let opened = seal::open(app, place("target", mail), &kept);
    let opened = opened.context("the target of a reminder does not open under this key")?;
    Ok(Some(String::from_utf8(opened)?))
}

/// The message of a mail: the one that was made, or a fresh one; or why there is none.
pub(super) async fn message(
    app: &App,
    lease: &Lease,
    mail: &ReminderMail,
) -> anyhow::Result<Result<Message, Outcome>> {
    let isp = isps::by_code(&app.db, &mail.isp).await?.context("a provider is gone")?;
    let mut tx = app.db.begin().await?;
    let kept = store::kept(&mut tx, mail.key()).await?.and_then(|kept| kept.sealed);
    if let Some(kept) = kept {
        let bytes = seal::open(app, place("sealed", mail), &kept);
        let bytes = bytes.context("a reminder does not open under this key")?;
        let target = target(app, &mut tx, mail).await?;
        let target = target.context("a reminder that was made goes nowhere")?;
        return Ok(Ok(Message { target, bytes }));
    }
    let Some(lines) = still_open(&mut tx, &isp, (&mail.body()?, app.now())).await? else {
        return Ok(Err(Outcome::Needless("it was done before the mail was sent".to_owned())));
    };
    let reader = match reader(app, &mut tx, &isp).await? {
        Ok(reader) => reader,
        Err(why) => return Ok(Err(Outcome::Later(why, Duration::ZERO))),
    };
    let bytes = match write(app, (mail, &reader), &lines) {
        Ok(bytes) => bytes,
        Err(fault) => match fault.downcast::<MailRefused>() {
            Ok(refused) => return Ok(Err(Outcome::Later(refused.to_string(), Duration::ZERO))),
            Err(fault) => return Err(fault),
        },
    };
    let made = store::Made {
        way: reader.way,
        lang: reader.lang.code(),
        at: app.now(),
        sha256: &to_hex(&Sha256::digest(&bytes)),
        target: &seal::seal(app, place("target", mail), reader.target.as_bytes()),
        sealed: &seal::seal(app, place("sealed", mail), &bytes),
    };
    lease.check(&mut tx).await?;
    store::keep(&mut tx, mail.key(), &made).await?;
    let word = outbox::Word { kind: "made", detail: Some(made.sha256), by: "system", fence: None };
    outbox::append(&mut tx, mail.key(), app.now(), word).await?;
    tx.commit().await?;
    Ok(Ok(Message { target: reader.target, bytes }))
}

/// What of a mail is still to be asked.
enum Lines {
    /// Lists, as they stand now.
    Reports(Vec<(OfList, ListStanding)>),
    /// Contacts that nobody confirmed since.
    Contacts(Vec<OfContact>),
}

async fn still_open(
    tx: &mut Tx,
    isp: &Isp,
    (body, now): (&Body, Moment),
) -> anyhow::Result<Option<Lines>> {
    Ok(match body {
        Body::Reports(asked) => {
            let all = lists::standings(tx, Some(isp.id), now, (LOG_DAYS, URGENT_DAYS)).await?;
            let open = asked.iter().filter_map(|one| {
                let list = all.iter().find(|list| list.notice_id == one.notice)?;
                (!list.reasons(now).is_empty()).then(|| (one.clone(), list.clone()))
            });
            let open: Vec<_> = open.collect();
            (!open.is_empty()).then_some(Lines::Reports(open))
        }
        Body::Contacts(asked) => {
            let all = contacts::to_do_of(tx, std::slice::from_ref(isp), now).await?;
            let is_open = |one: &&OfContact| {
                let same = all.iter().find(|to_do| to_do.contact == Some(one.contact));
                same.is_some_and(|to_do| to_do.due_at == Some(one.confirmed_until))
            };
            let open: Vec<_> = asked.iter().filter(is_open).cloned().collect();
            (!open.is_empty()).then_some(Lines::Contacts(open))
        }
    })
}

/// Who reads it, and how it gets there.
struct Reader {
    target: String,
    lang: Lang,
    way: &'static str,
    key: Option<Certificate>,
}

/// Whoever gets the provider's lists by mail, else its abuse desk; or why nobody can be written to.
async fn reader(app: &App, tx: &mut Tx, isp: &Isp) -> anyhow::Result<Result<Reader, String>> {
    let desk = desk::of(app, tx, isp).await?;
    let lang = desk.as_ref().map_or(Lang::Ja, |desk| language(&desk.languages));
    let preference = preferences::in_force(app, tx, isp.id).await?;
    let encrypted = preference.and_then(|one| Some((one.way, one.way.standard()?, one.target?)));
    let Some((way, standard, target)) = encrypted else {
        let nobody = || "no contact of its abuse desk can be written to".to_owned();
        let desk = desk.ok_or_else(nobody);
        return Ok(desk.map(|desk| Reader { target: desk.mail, lang, way: "mail", key: None }));
    };
    let Some(key) = keys::in_force(tx, isp.id, standard).await? else {
        return Ok(Err(format!("no {} key of the provider stands", standard.word())));
    };
    Ok(match key.checked(app.now()) {
        Ok(key) => Ok(Reader { target, lang, way: way.word(), key: Some(key) }),
        Err(refused) => Err(format!("key {}: {refused}", key.fingerprint)),
    })
}

/// The first of these languages that we have words in; Japanese where there is none.
fn language(tags: &[String]) -> Lang {
    let code = |tag: &String| {
        Lang::of_code(&tag.split(['-', '_']).next().unwrap_or_default().to_lowercase())
    };
    tags.iter().find_map(code).unwrap_or(Lang::Ja)
}

fn write(
    app: &App,
    (mail, reader): (&ReminderMail, &Reader),
    lines: &Lines,
) -> anyhow::Result<Vec<u8>> {
    let settings = app.centre.mail.as_ref().ok_or(MailRefused::NoServer)?;
    let from = &settings.from;
    let domain = from.rsplit_once('@').map(|(_, domain)| domain);
    let domain = domain.ok_or_else(|| MailRefused::NoAddress(from.clone()))?;
    let topic = match lines {
        Lines::Reports(_) => "reports",
        Lines::Contacts(_) => "contacts",
    };
    let name = match reader.lang {
        Lang::Ja => &app.centre.name_ja,
        Lang::En => &app.centre.name_en,
    };
    let letter = Letter {
        from: format!("\"{}\" <{from}>", name.replace(['"', '\\'], "")),
        to: reader.target.clone(),
        subject: reader.lang.say_with(&format!("remind-subject-{topic}"), &[("name", name)]),
        message_id: format!("<{}@{domain}>", mail.id.0.simple()),
        at: app.now(),
        text: text(app, reader.lang, lines),
        file: None,
    };
    match &reader.key {
        Some(key) => compose::sealed(app, letter, &OwnKeys::load(app)?, key),
        None => compose::open(letter),
    }
}

/// What its reader reads: lists or posts, dates and what to do; no address.
fn text(app: &App, lang: Lang, lines: &Lines) -> String {
    let centre = &app.centre;
    let (name, hours) = match lang {
        Lang::Ja => (&centre.name_ja, &centre.hours_ja),
        Lang::En => (&centre.name_en, &centre.hours_en),
    };
    let day = |at: Moment| if lang == Lang::Ja { at.date_ja() } else { at.date_en() };
    let mut said = vec![lang.say_with("remind-from", &[("name", name)])];
    match lines {
        Lines::Reports(all) => {
            said.extend([lang.say("remind-reports"), String::new()]);
            said.extend(all.iter().map(|(asked, list)| {
                let reason = lang.say(&format!("office-reason-{}", asked.reason));
                let (open, lines, by) = (list.unreported, list.lines, day(list.report_by));
                let values: [(&str, &dyn std::fmt::Display); 5] = [
                    ("list", &asked.list_id),
                    ("reason", &reason),
                    ("unreported", &open),
                    ("lines", &lines),
                    ("by", &by),
                ];
                lang.say_with("remind-list", &values)
            }));
            said.extend([String::new(), lang.say("remind-reports-how")]);
        }
        Lines::Contacts(all) => {
            said.extend([lang.say("remind-contacts"), String::new()]);
            said.extend(all.iter().map(|one| {
                let role = lang.say(&format!("contacts-role-{}", one.role));
                let step = lang.say(&format!("contacts-standing-{}", one.step));
                let by = day(one.confirmed_until);
                let values: [(&str, &dyn std::fmt::Display); 3] =
                    [("role", &role), ("step", &step), ("by", &by)];
                lang.say_with("remind-contact", &values)
            }));
            said.extend([String::new(), lang.say("remind-contacts-how")]);
        }
    }
    said.push(lang.say_with("remind-where", &[("domain", &centre.domain)]));
    let values: [(&str, &dyn std::fmt::Display); 2] = [("phone", &centre.phone), ("hours", hours)];
    said.push(lang.say_with("remind-questions", &values));
    said.push(lang.say("remind-crossed"));
    said.join("\r\n") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desk_is_written_to_in_the_first_of_its_languages_that_there_are_words_in() {
        for (tags, lang) in [
            (&[][..], Lang::Ja),
            (&["ja"], Lang::Ja),
            (&["en"], Lang::En),
            (&["pt-BR", "en-GB", "ja"], Lang::En),
            (&["vi"], Lang::Ja),
        ] {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            assert_eq!(language(&tags), lang, "{tags:?}");
        }
    }
}
