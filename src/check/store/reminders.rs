//! SQL that counts reminders, mails and returns that do not hold together, and reads what mails
//! that remind are about.

use super::{Rows, rows};
use crate::{check::Kind, db::Tx};

/// What does not hold together: each query counts it.
pub(in crate::check) const LOOSE: [(Kind, &str, &str); 13] = [
    (
        Kind::Reminder,
        "reminders are of no list",
        "SELECT COUNT(*) FROM reminders m WHERE NOT EXISTS
             (SELECT 1 FROM notices n WHERE n.isp_id = m.isp_id AND n.id = m.notice_id)",
    ),
    (
        Kind::Reminder,
        "calls are taken back that this provider never had of this list",
        "SELECT COUNT(*) FROM reminders t WHERE t.takes_back IS NOT NULL AND NOT EXISTS
             (SELECT 1 FROM reminders m WHERE m.isp_id = t.isp_id AND m.id = t.takes_back
                 AND m.notice_id = t.notice_id AND m.state = 'noted' AND m.takes_back IS NULL)",
    ),
    (
        Kind::Reminder,
        "calls are taken back more than once",
        "SELECT COUNT(*) FROM (SELECT 1 FROM reminders WHERE takes_back IS NOT NULL
             GROUP BY isp_id, takes_back HAVING COUNT(*) > 1) AS doubled",
    ),
    (
        Kind::Reminder,
        "reminders take something back and say not so, or say so and take nothing back",
        "SELECT COUNT(*) FROM reminders
         WHERE (state = 'taken_back') <> (takes_back IS NOT NULL)",
    ),
    (
        Kind::Reminder,
        "events are told of no reminder mail",
        "SELECT COUNT(*) FROM reminder_mail_events e WHERE NOT EXISTS
             (SELECT 1 FROM reminder_mails m WHERE m.isp_id = e.isp_id AND m.id = e.mail_id)",
    ),
    (
        Kind::Reminder,
        "reminder mails stand otherwise than their events tell",
        "SELECT COUNT(*) FROM reminder_mails m WHERE m.state <> COALESCE(
             (SELECT CASE WHEN e.kind IN ('entered', 'made', 'later') THEN 'waiting'
                     ELSE e.kind END
                FROM reminder_mail_events e
               WHERE e.isp_id = m.isp_id AND e.mail_id = m.id
                 AND e.kind NOT IN ('delayed', 'delivered')
               ORDER BY e.no DESC LIMIT 1), 'untold')",
    ),
    (
        Kind::Reminder,
        "reminder mails were taken, or came back, and were never made",
        "SELECT COUNT(*) FROM reminder_mails WHERE state IN ('accepted', 'bounced')
             AND (made_at IS NULL OR sha256 IS NULL OR target IS NULL)",
    ),
    (
        Kind::Reminder,
        "reminder mails are settled and wait, or neither",
        "SELECT COUNT(*) FROM reminder_mails
         WHERE (state = 'waiting') <> (settled_at IS NULL)",
    ),
    (
        Kind::Reminder,
        "reminder mails wait for no job",
        "SELECT COUNT(*) FROM reminder_mails m WHERE m.state = 'waiting' AND NOT EXISTS
             (SELECT 1 FROM jobs j WHERE j.kind = 'reminder' AND j.subject = m.id
                 AND (j.due_at IS NOT NULL OR j.leased_until IS NOT NULL))",
    ),
    (
        Kind::Reminder,
        "contacts were to be confirmed by no mail about contacts",
        "SELECT COUNT(*) FROM contact_reminders s WHERE NOT EXISTS
             (SELECT 1 FROM reminder_mails m WHERE m.isp_id = s.isp_id AND m.id = s.mail_id
                 AND m.topic = 'contacts')",
    ),
    (
        Kind::Reminder,
        "contacts were to be confirmed that their provider never had",
        "SELECT COUNT(*) FROM contact_reminders s WHERE NOT EXISTS
             (SELECT 1 FROM isp_contacts c WHERE c.isp_id = s.isp_id AND c.id = s.contact_id)",
    ),
    (
        Kind::Reminder,
        "mails came back of messages that were never made",
        "SELECT COUNT(*) FROM returned_mails r WHERE r.message_id IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM deliveries d
                 WHERE d.id = r.message_id AND d.made_at IS NOT NULL)
             AND NOT EXISTS (SELECT 1 FROM reminder_mails m
                 WHERE m.id = r.message_id AND m.made_at IS NOT NULL)",
    ),
    (
        Kind::Reminder,
        "mails came back, and their messages are not told to have done so",
        "SELECT COUNT(*) FROM returned_mails r
         WHERE r.message_id IS NOT NULL AND r.kind = 'bounced'
             AND NOT EXISTS (SELECT 1 FROM delivery_events e
                 WHERE e.delivery_id = r.message_id AND e.kind = 'bounced')
             AND NOT EXISTS (SELECT 1 FROM reminder_mail_events e
                 WHERE e.mail_id = r.message_id AND e.kind = 'bounced')",
    ),
];

/// A mail that reminds: its provider and key, what it is about, and how it stands.
pub(in crate::check) type Mail = (Vec<u8>, Vec<u8>, String, String, String);

/// All of them.
pub(in crate::check) fn mails(tx: &mut Tx) -> Rows<'_, Mail> {
    rows(tx, "SELECT isp_id, id, topic, body, state FROM reminder_mails")
}

/// A reminder: its provider and key, its list, how it stands, and in which way it went.
pub(in crate::check) type Reminder = (Vec<u8>, Vec<u8>, Vec<u8>, String, Option<String>);

/// All of them.
pub(in crate::check) fn reminders(tx: &mut Tx) -> Rows<'_, Reminder> {
    rows(tx, "SELECT isp_id, id, notice_id, state, way FROM reminders")
}

/// At which steps contacts were to be confirmed: provider, contact, step.
pub(in crate::check) fn steps(tx: &mut Tx) -> Rows<'_, (Vec<u8>, Vec<u8>, String)> {
    rows(tx, "SELECT isp_id, contact_id, step FROM contact_reminders")
}
