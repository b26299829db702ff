//! The office that supports providers: whom to ask about which list, and how far each one came.

use serde_json::Value;

use crate::{
    builders::{Row, hit, not_notified, notified, provider},
    centre::{Centre, on_both_engines},
};

const MARCH: &str = "2026-03-30T10:00:00+09:00";
const APRIL: &str = "2026-04-01T08:00:00+09:00";

/// Two providers with a list of three devices each, of which nobody fetched any.
fn listed(centre: &Centre) -> [String; 2] {
    centre.serves(&[
        provider("isp-a", "dynamic:30", "192.0.2.0/25"),
        provider("isp-b", "dynamic:30", "192.0.2.128/25"),
    ]);
    let ips = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.201", "192.0.2.202", "192.0.2.203"];
    centre.takes(&ips.map(|ip| hit("r1", MARCH, ip)));
    ["isp-a", "isp-b"].map(|isp| centre.prepares(isp).unwrap())
}

/// The chasing list: list, reasons, lines without a report.
fn chased(centre: &Centre) -> Vec<(String, String, i64)> {
    let lines = centre.does(&["isp", "chase"]).lines;
    let words = |value: &Value| {
        let words = value["reasons"].as_array().unwrap().iter();
        words.map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(" ")
    };
    let of_lists = lines.iter().filter(|line| line["notice"].is_string());
    of_lists
        .map(|line| {
            let list = line["notice"].as_str().unwrap().to_owned();
            (list, words(line), line["unreported"].as_i64().unwrap())
        })
        .collect()
}

fn figures(centre: &Centre, isp: &str, names: &[&str]) -> Vec<i64> {
    let answer = centre.does(&["isp", "figures", "--isp", isp]);
    names.iter().map(|name| answer.number(name)).collect()
}

/// A share of the figures of a provider: how many of how many.
fn share(centre: &Centre, isp: &str, figure: &str, denominator: &str) -> (i64, i64) {
    let answer = centre.does(&["isp", "figures", "--isp", isp]);
    let shares = answer.one()["shares"].as_array().unwrap().clone();
    let is_it = |one: &&Value| one["figure"] == figure && one["denominator"] == denominator;
    let one = shares.iter().find(is_it).unwrap();
    let n = one["n"].as_i64().unwrap();
    if n > 0 {
        let [low, at, high] = ["lower", "estimate", "upper"].map(|end| one[end].as_f64().unwrap());
        assert!(0.0 <= low && low <= at && at <= high && high <= 1.0, "{one}");
    }
    (one["count"].as_i64().unwrap(), n)
}

on_both_engines! {
    fn a_list_is_chased_until_it_is_fetched_and_reported_on(centre) {
        let [a, b] = listed(&centre);
        assert_eq!(chased(&centre), [], "it is new");
        centre.on("2026-04-04");
        centre.exports(&b, "csv");
        assert_eq!(chased(&centre), [(a.clone(), "not_fetched".to_owned(), 3)]);
        centre.exports(&a, "csv");
        assert_eq!(chased(&centre), []);
        centre.on("2026-04-25");
        let reports: Vec<Row> = (1..=3).map(|record| notified(&b, record, APRIL)).collect();
        assert_eq!(centre.reports("isp-b", &reports).number("accepted"), 3);
        assert_eq!(chased(&centre), [(a.clone(), "due_soon".to_owned(), 3)]);
        centre.on("2026-05-02");
        assert_eq!(chased(&centre), [(a.clone(), "not_reported".to_owned(), 3)]);
        centre.reports("isp-a", &[notified(&a, 2, APRIL)]);
        assert_eq!(chased(&centre), [(a, "partly_reported".to_owned(), 2)]);
    }

    fn whoever_says_that_it_is_still_at_it_is_asked_on_until_nobody_can_be_found(centre) {
        let [a, b] = listed(&centre);
        for list in [&a, &b] {
            centre.exports(list, "csv");
        }
        let pending = |record| {
            let row = notified(&a, record, APRIL).with("state", "pending");
            row.without("notice_channel").without("notice_at")
        };
        let rows: Vec<Row> = (1..=3).map(pending).collect();
        assert_eq!(centre.reports("isp-a", &rows).number("accepted"), 3);
        let names = ["listed", "reported", "pending", "no_report", "log_expired"];
        assert_eq!(figures(&centre, "isp-a", &names), [3, 0, 3, 0, 0]);
        assert_eq!(figures(&centre, "isp-b", &names), [3, 0, 0, 3, 0]);
        centre.on("2026-05-01T23:59:59+09:00");
        let soon = [&a, &b].map(|list| (list.clone(), "due_soon".to_owned(), 3));
        assert_eq!(chased(&centre), soon, "the last day is a day");
        centre.on("2026-05-02T00:00:00+09:00");
        let late = [(&a, "partly_reported"), (&b, "not_reported")];
        let late = late.map(|(list, why)| (list.clone(), why.to_owned(), 3));
        assert_eq!(chased(&centre), late);
        centre.on("2026-09-01");
        let gone = [&a, &b].map(|list| (list.clone(), "log_expired".to_owned(), 3));
        assert_eq!(chased(&centre), gone);
        assert_eq!(figures(&centre, "isp-a", &names), [3, 0, 3, 0, 3]);
        centre.does(&["isp", "chase", "--remind"]);
        let times = "SELECT COUNT(*) || '' FROM reminders";
        assert_eq!(centre.stored(times), ["2"]);
        centre.on("2026-10-01");
        centre.does(&["isp", "chase", "--remind"]);
        assert_eq!(centre.stored(times), ["2"], "of what nobody can find it is asked once");
    }

    fn a_line_that_soon_expires_is_chased_and_an_expired_one_stands_as_such(centre) {
        let [a, b] = listed(&centre);
        for list in [&a, &b] {
            centre.exports(list, "csv");
        }
        let args = ["isp", "logs", "isp-a", "--days", "20"];
        centre.does(&args);
        assert_eq!(centre.tries(&["isp", "logs", "isp-a", "--days", "0"]).status, 1);
        centre.on("2026-04-04");
        assert_eq!(chased(&centre), [], "fifteen days are left");
        centre.on("2026-04-05T00:00:00+09:00");
        assert_eq!(chased(&centre), [(a.clone(), "expiring".to_owned(), 3)]);
        centre.on("2026-04-19T23:59:59+09:00");
        assert_eq!(chased(&centre), [(a.clone(), "expiring".to_owned(), 3)]);
        let names = ["listed", "no_report", "log_expired", "reported"];
        assert_eq!(figures(&centre, "isp-a", &names), [3, 3, 0, 0]);
        centre.on("2026-04-20T00:00:00+09:00");
        assert_eq!(chased(&centre), []);
        assert_eq!(figures(&centre, "isp-a", &names), [3, 3, 3, 0]);
        assert_eq!(figures(&centre, "isp-b", &names), [3, 3, 0, 0]);
        assert_eq!(centre.stored("SELECT state FROM line_reports"), [""; 0], "nobody said so");
        // What comes late counts like any other.
        assert_eq!(centre.reports("isp-a", &[notified(&a, 1, APRIL)]).number("accepted"), 1);
        assert_eq!(figures(&centre, "isp-a", &names), [3, 2, 2, 1]);
    }

    fn what_came_of_telling_is_counted_by_channel_and_wording(centre) {
        let [a, _] = listed(&centre);
        let by = |record: u64, channel: &str, wording: &str| {
            notified(&a, record, APRIL)
                .with("notice_channel", channel)
                .with("template_version", wording)
        };
        let returned = by(2, "post", "letter-ja-1").with("delivery_result", "returned");
        let sent = [by(1, "post", "letter-ja-1").with("delivery_result", "delivered"), returned];
        assert_eq!(centre.reports("isp-a", &sent).number("accepted"), 2);
        assert_eq!(centre.reports("isp-a", &[by(3, "email", "")]).number("accepted"), 1);
        let by_wording = |centre: &Centre| {
            centre.does(&["isp", "figures", "--isp", "isp-a"]).one()["by_wording"].clone()
        };
        let one = |channel: &str, wording: Option<&str>, [told, delivered, bounced]: [i64; 3]| {
            serde_json::json!({ "channel": channel, "template_version": wording, "told": told,
                "delivered": delivered, "bounced": bounced })
        };
        let letters = one("post", Some("letter-ja-1"), [2, 1, 1]);
        let wanted = serde_json::json!([one("email", None, [1, 0, 0]), letters]);
        assert_eq!(by_wording(&centre), wanted);
        // What was reported before there was a column for it stands in the report itself.
        centre.spoils("UPDATE line_reports SET template_version = NULL");
        assert_eq!(by_wording(&centre), wanted);
    }

    fn the_last_word_on_logs_holds_whether_the_settings_or_the_command_gave_it(centre) {
        let [a, b] = listed(&centre);
        for list in [&a, &b] {
            centre.exports(list, "csv");
        }
        centre.on("2026-04-20T00:00:00+09:00");
        let names = ["no_report", "log_expired"];
        assert_eq!(figures(&centre, "isp-a", &names), [3, 0]);
        let what = ["isp", "propose", "log_retention_days", "19", "--isp", "isp-a"];
        let said = ["--by", "noc", "--reason", "the disks are small"];
        centre.does(&[&what[..], &said[..]].concat());
        assert_eq!(figures(&centre, "isp-a", &names), [3, 3]);
        assert_eq!(chased(&centre), [], "they can be found no more");
        // Said in the same moment as the word before, and later than it.
        centre.does(&["isp", "logs", "isp-a", "--days", "20", "--author", "noc"]);
        assert_eq!(figures(&centre, "isp-a", &names), [3, 3]);
        centre.does(&["isp", "logs", "isp-a", "--days", "21", "--author", "noc"]);
        assert_eq!(figures(&centre, "isp-a", &names), [3, 0]);
        assert_eq!(chased(&centre), [(a, "expiring".to_owned(), 3)]);
        assert_eq!(figures(&centre, "isp-b", &names), [3, 0], "it said nothing");
        let again = ["isp", "propose", "log_retention_days", "21", "--isp", "isp-a"];
        let again = centre.tries(&[&again[..], &said[..]].concat());
        assert_eq!(again.status, 1, "the command said so already");
        let words = "SELECT days || ' ' || author || ' ' || COALESCE(reason, '') FROM log_terms
            ORDER BY at";
        assert_eq!(centre.stored(words), ["19 noc the disks are small", "20 noc ", "21 noc "]);
    }

    fn what_the_settings_said_of_logs_before_the_clock_read_it_holds_after_the_upgrade(centre) {
        let [a, b] = listed(&centre);
        for list in [&a, &b] {
            centre.exports(list, "csv");
        }
        let what = ["isp", "propose", "log_retention_days", "19", "--isp", "isp-a"];
        centre.does(&[&what[..], &["--by", "noc", "--reason", "small disks"]].concat());
        // As such a store stood before: the settings knew it, and the clock did not.
        centre.spoils("DELETE FROM log_terms");
        centre.spoils("ALTER TABLE log_terms DROP COLUMN reason");
        centre.spoils("DELETE FROM _sqlx_migrations WHERE version = 31");
        let words = "SELECT days || ' ' || author || ' ' || reason FROM log_terms";
        centre.on("2026-04-20T00:00:00+09:00");
        assert_eq!(figures(&centre, "isp-a", &["no_report", "log_expired"]), [3, 3]);
        assert_eq!(centre.stored(words), ["19 noc small disks"]);
    }

    fn a_call_that_was_noted_by_mistake_is_taken_back_once_and_by_its_provider_alone(centre) {
        let [a, _] = listed(&centre);
        centre.on("2026-04-10");
        centre.does(&["isp", "chase", "--remind"]);
        let due = |centre: &Centre| centre.does(&["isp", "reminders"]).lines.len();
        let reminded = ["isp", "reminded", "isp-a", &a, "--by", "phone", "--author", "office"];
        let noted = centre.does(&reminded).one()["call"].as_str().unwrap().to_owned();
        assert_eq!(due(&centre), 1);
        let calls = centre.does(&["isp", "calls", "isp-a"]).lines;
        let call = &calls[0];
        assert_eq!((calls.len(), &call["call"], &call["way"]), (1, &noted.clone().into(),
            &"phone".into()));
        assert_eq!((&call["notice"], &call["by"]), (&a.clone().into(), &"office".into()));
        assert!(centre.does(&["isp", "calls", "isp-b"]).lines.is_empty());
        let stranger = centre.tries(&["isp", "take-back", "isp-b", &noted]);
        assert_eq!(stranger.status, 1, "{stranger:?}");
        assert!(stranger.stderr.contains("todoke isp calls"), "{stranger:?}");
        let back = ["isp", "take-back", "isp-a", &noted, "--author", "office"];
        assert_eq!(centre.does(&back).one()["taken_back"], true);
        assert_eq!(due(&centre), 2, "the list waits as if nobody had called");
        assert!(centre.does(&["isp", "calls", "isp-a"]).lines.is_empty());
        assert_eq!(centre.tries(&back).status, 1, "it is taken back already");
        assert_eq!(centre.tries(&["isp", "take-back", "isp-a", "nonsense"]).status, 2);
        centre.is_clean();
    }

    fn a_reminder_is_a_fact_and_due_until_one_goes_out(centre) {
        let [a, _] = listed(&centre);
        centre.on("2026-04-10");
        centre.does(&["isp", "chase", "--remind"]);
        centre.does(&["isp", "chase", "--remind"]);
        let due = |centre: &Centre| {
            let lines = centre.does(&["isp", "reminders"]).lines;
            lines.iter().map(|line| line["isp"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(due(&centre), ["isp-a", "isp-b"], "each once");
        let said = |centre: &Centre, what: &str| {
            let lines = centre.does(&["isp", "chase"]).lines;
            let of_a = lines.into_iter().find(|line| line["notice"] == a.as_str()).unwrap();
            of_a[what].as_str().unwrap_or("-").to_owned()
        };
        assert_eq!(said(&centre, "reminded_at"), "-", "nobody was asked yet");
        assert!(said(&centre, "due_since").starts_with("2026-04-10"));
        let reminded = ["isp", "reminded", "isp-a", &a, "--by", "phone", "--author", "office"];
        let noted = centre.does(&reminded);
        assert_eq!(noted.one()["reason"], "not_fetched");
        assert!(said(&centre, "reminded_at").starts_with("2026-04-10"));
        assert_eq!(said(&centre, "due_since"), "-");
        assert_eq!(due(&centre), ["isp-b"]);
        let stranger = ["isp", "reminded", "isp-b", &a, "--by", "phone"];
        assert_eq!(centre.tries(&stranger).status, 1);
        centre.on("2026-04-17");
        centre.does(&["isp", "chase", "--remind"]);
        assert_eq!(due(&centre), ["isp-b", "isp-a", "isp-b"], "a week later again");
        let kept = "SELECT state || ' ' || COALESCE(way, '-') || ' ' || author FROM reminders
             ORDER BY at, state, author";
        assert_eq!(
            centre.stored(kept),
            ["due - calendar", "due - calendar", "noted phone office", "due - calendar",
                "due - calendar"]
        );
        let leaf = "SELECT object || ' ' || isp FROM audit_leaves WHERE act = 'isp.reminded'";
        assert_eq!(centre.stored(leaf), [format!("{a} isp-a")]);
    }

    fn figures_have_both_denominators_and_silence_is_no_zero(centre) {
        let [a, _] = listed(&centre);
        centre.exports(&a, "csv");
        let told = notified(&a, 1, APRIL).with("delivery_result", "delivered");
        let back = not_notified(&a, 2, APRIL, "BOUNCED").with("identified", "yes");
        assert_eq!(centre.reports("isp-a", &[told, back]).number("accepted"), 2);
        let names = ["detected", "listed", "fetched", "reported", "no_report", "identified",
            "notified", "delivered", "bounced"];
        assert_eq!(figures(&centre, "isp-a", &names), [3, 3, 3, 2, 1, 2, 1, 1, 1]);
        assert_eq!(figures(&centre, "isp-b", &names), [3, 3, 0, 0, 3, 0, 0, 0, 0]);
        assert_eq!(share(&centre, "isp-a", "notified", "distributed"), (1, 3));
        assert_eq!(share(&centre, "isp-a", "notified", "identified"), (1, 2));
        assert_eq!(share(&centre, "isp-b", "notified", "identified"), (0, 0));
        let later = ["isp", "figures", "--isp", "isp-a", "--since", "2026-04-01T00:00:00+09:00"];
        assert_eq!(centre.does(&later).number("detected"), 0);
        // A correction that comes counts in place of what it corrects.
        centre.on("2026-04-03");
        let mended = not_notified(&a, 1, "2026-04-02T08:00:00+09:00", "NO_CONTACT");
        assert_eq!(centre.reports("isp-a", &[mended]).number("corrections"), 1);
        assert_eq!(figures(&centre, "isp-a", &["notified", "delivered"]), [0, 0]);
    }
}
