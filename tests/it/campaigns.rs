//! Campaigns: a one-off list, the providers that take part, and the table of what came of it.

use serde_json::Value;

use crate::{
    actors::SCANNER,
    builders::{Row, csv, hit, infected, not_notified, notified, provider},
    centre::{Answer, Centre, on_both_engines},
    data_folder::data_folder,
};

const SEEN: &str = "2021-02-18T10:00:00+09:00";
const WARNED: &str = "2021-03-05T10:00:00+09:00";

/// A draft with all that has to be said; `report_by` is the deadline of its reports.
pub(crate) fn draft(report_by: &str, title: &str) -> String {
    format!(
        r#"
from = "2021-02-22"
report_by = "{report_by}"
public = true
feeds = ["police"]

[title]
ja = "{title}"
en = "Help for devices infected by Emotet"

[provenance]
source = {{ ja = "オランダ警察", en = "the Dutch police" }}
handed_over_by = {{ ja = "ICPO→警察庁", en = "Interpol and the National Police Agency" }}
handed_over_at = "2021-02-15"
basis = {{ ja = "情報提供に関する取決め", en = "an agreement on the exchange of information" }}

[happened]
ja = "パソコンが **Emotet** に感染している可能性があります。"
en = "A computer may be infected by **Emotet**."

[to_do]
ja = "1. 感染を確かめます。"
en = "1. Check for the infection."
"#
    )
}

/// A centre with the feed of a one-off list and the campaign that names it, on its first day.
pub(crate) fn campaign(centre: &mut Centre, report_by: &str) {
    centre.on("2021-02-22");
    let feed = ["feed", "add", "police", "--format", "scan-list", "--stream", "campaign"];
    centre.does(&feed);
    enters(centre, &draft(report_by, "Emotet感染機器の注意喚起"));
}

pub(crate) fn enters(centre: &Centre, draft: &str) -> Answer {
    let file = centre.file("emotet.toml", draft);
    centre.does(&["campaign", "add", "emotet", &file, "--by", "editor-1"])
}

pub(crate) fn takes_part(centre: &Centre, isp: &str) {
    says(centre, "invite", isp);
    says(centre, "join", isp);
}

fn says(centre: &Centre, verb: &str, isp: &str) {
    centre.does(&["campaign", verb, "emotet", "--isp", isp, "--by", "office"]);
}

/// The text of a page of the public site.
fn opened(centre: &Centre, path: &str) -> String {
    centre.opens_its_site().visitor().opens(path).text
}

/// Two people agree to the latest version.
pub(crate) fn agrees(centre: &Centre) {
    for by in ["office-1", "reviewer-1"] {
        centre.does(&["campaign", "publish", "emotet", "--by", by]);
    }
}

/// A row of the one-off list.
pub(crate) fn named(ip: &str) -> Row {
    infected("list", SEEN, ip, 40_000).with("stream", "campaign").with("application", "emotet")
}

pub(crate) fn hands_over(centre: &Centre, rows: &[Row]) -> Answer {
    let answer = centre.ingests("police", "list.csv", csv(rows));
    assert_eq!(answer.status, 0, "{answer:?}");
    answer
}

/// The sums, and the part of each provider.
fn figures(centre: &Centre) -> (Value, Vec<Value>) {
    let mut lines = centre.does(&["campaign", "figures", "emotet"]).lines;
    (lines.remove(0), lines)
}

fn numbers(figures: &Value, fields: &[&str]) -> Vec<i64> {
    fields.iter().map(|field| figures[*field].as_i64().unwrap()).collect()
}

/// Addresses of the provider of that number, whose network is its own shelf.
fn address(isp: u16, host: u16) -> String {
    std::net::Ipv6Addr::new(0x2001, 0xdb8, isp + 1, 0, 0, 0, 0, host).to_string()
}

fn network(isp: u16) -> String {
    format!("2001:db8:{:x}::/48", isp + 1)
}

const ISPS: u16 = 39;
const LINES: u16 = 20_845;
const NOTICES: u16 = 1_680;
const REPORTING: u16 = 37;

/// The share of the `one`th of `of` in `all`.
fn share(all: u16, of: u16, one: u16) -> u16 {
    all / of + u16::from(one < all % of)
}

on_both_engines! {
    fn the_table_of_the_emotet_campaign_comes_out_of_line_level_data(centre) {
        let code = |isp: u16| format!("isp-{isp:02}");
        let isps: Vec<Row> = (0..ISPS)
            .map(|isp| provider(&code(isp), "static", &network(isp)).with("lines", 100_000))
            .collect();
        centre.serves(&isps);
        campaign(&mut centre, "2021-04-30");
        (0..ISPS).for_each(|isp| takes_part(&centre, &code(isp)));
        let lines: Vec<Row> = (0..ISPS)
            .flat_map(|isp| (0..share(LINES, ISPS, isp)).map(move |host| address(isp, host)))
            .map(|address| named(&address))
            .collect();
        assert_eq!(hands_over(&centre, &lines).number("cases_opened"), 20_845);
        centre.on("2021-02-22");
        let lists = centre.does(&["notice", "prepare", "--all"]).lines;
        assert_eq!(lists.len(), usize::from(ISPS));
        let (sums, _) = figures(&centre);
        let fields = ["distributed", "participating_isps", "reporting_isps", "notices"];
        assert_eq!(numbers(&sums, &fields), [20_845, 39, 0, 0]);
        centre.on("2021-03-20");
        for (isp, list) in (0..REPORTING).zip(&lists) {
            let name = list["notice"].as_str().unwrap();
            let warned = u64::from(share(NOTICES, REPORTING, isp));
            let mut rows: Vec<Row> = (1..=warned).map(|no| notified(name, no, WARNED)).collect();
            rows.push(not_notified(name, warned + 1, WARNED, "LOG_EXPIRED"));
            // Told later that nobody was reached after all, and told before that somebody was.
            rows.push(notified(name, warned + 2, WARNED));
            let later = "2021-03-06T10:00:00+09:00";
            rows.push(not_notified(name, warned + 2, later, "BOUNCED"));
            let answer = centre.reports(list["isp"].as_str().unwrap(), &rows);
            assert_eq!(answer.status, 0, "{answer:?}");
        }
        let (sums, isps) = figures(&centre);
        assert_eq!(numbers(&sums, &fields), [20_845, 39, 37, 1_680]);
        assert_eq!(sums["notice_rate_percent"], "8.06");
        assert_eq!(sums["no_report_isps"], 2, "no report is a state of its own");
        let silent: Vec<_> = isps.iter().filter(|isp| isp["reporting"] == "no_report").collect();
        assert_eq!(silent.iter().map(|isp| &isp["isp"]).collect::<Vec<_>>(), ["isp-37", "isp-38"]);
        assert_eq!(numbers(silent[0], &["distributed", "reported", "notices"]), [534, 0, 0]);
        let folder = centre.desk().join("editions").display().to_string();
        centre.does(&["campaign", "figures", "emotet", "--format", "csv", "--out", &folder]);
        let edition = centre.desk().join("editions/emotet_campaign.csv");
        let edition = std::fs::read_to_string(edition).unwrap();
        assert!(edition.starts_with("key,value,unit,note\r\ndistributed_total,20845,件,"));
        assert!(edition.contains("\r\nnotice_rate_percent,8.06,%,注意喚起実施率\r\n"));
        if let Some(printed) = data_folder("seed_tables") {
            let printed = std::fs::read_to_string(printed.join("emotet_campaign.csv")).unwrap();
            assert_eq!(edition, printed, "as it was printed");
        }
    }

    fn only_providers_that_take_part_get_the_lines_of_a_campaign(centre) {
        let isps: Vec<Row> = (0..).zip(["in", "out", "asked", "no"])
            .map(|(no, code)| provider(code, "static", &network(no))).collect();
        centre.serves(&isps);
        campaign(&mut centre, "2021-03-10");
        takes_part(&centre, "in");
        says(&centre, "invite", "asked");
        says(&centre, "invite", "no");
        says(&centre, "decline", "no");
        let rows: Vec<Row> = (0..4).flat_map(|isp| [1, 2].map(|no| named(&address(isp, no))))
            .chain([named("203.0.113.9")]).collect();
        hands_over(&centre, &rows);
        centre.takes(&[hit("r1", SEEN, &address(1, 9))]);
        let lists = centre.does(&["notice", "prepare", "--all"]).lines;
        let of = |isp: &str| lists.iter().find(|list| list["isp"] == isp).unwrap();
        assert_eq!(numbers(of("in"), &["lines", "not_joined"]), [2, 0]);
        assert_eq!(numbers(of("out"), &["lines", "not_joined"]), [1, 2]);
        assert_eq!(numbers(of("asked"), &["lines", "not_joined"]), [0, 2]);
        let lines = centre.lines_of(of("in")["notice"].as_str().unwrap());
        for line in &lines {
            assert_eq!((&line["campaign"][..], &line["stream"][..]), ("emotet", "campaign"));
            assert_eq!(line["report_by"], "2021-03-10T23:59:59+09:00", "earlier than the list's");
            assert_eq!(line["identify_by"], "2021-03-10T23:59:59+09:00");
        }
        centre.on("2021-03-10T23:00:00+09:00");
        let asked = centre.does(&["isp", "chase"]).lines;
        let reasons = |isp: &str| {
            let of_isp = asked.iter().find(|line| line["isp"] == isp && line["notice"].is_string());
            of_isp.map(|line| (line["report_by"].clone(), line["reasons"].to_string())).unwrap()
        };
        let soon = r#"["due_soon"]"#;
        assert_eq!(reasons("in"), ("2021-03-10T14:59:59Z".into(), soon.to_owned()));
        assert_eq!(reasons("out").1, r#"["not_fetched"]"#, "it has the list's own date");
        centre.on("2021-03-11T00:00:00+09:00");
        let asked = centre.does(&["isp", "chase"]).lines;
        assert_eq!(asked.iter().filter(|line| line["reasons"][0] == "not_reported").count(), 1);
        let of_in = asked.iter().find(|line| line["isp"] == "in" && line["notice"].is_string());
        assert_eq!(of_in.unwrap()["reasons"][0], "not_reported", "both of its lines are due");
        let other = centre.lines_of(of("out")["notice"].as_str().unwrap()).remove(0);
        assert_eq!((&other["campaign"][..], &other["ip"]), ("", &address(1, 9)));
        assert_eq!(other["report_by"], "2021-03-24T09:00:00+09:00");
        let (sums, isps) = figures(&centre);
        assert_eq!(numbers(&sums, &["obtained", "distributed", "unattributed"]), [9, 2, 1]);
        let to_nobody: Vec<_> = sums["to_nobody"].as_array().unwrap().iter()
            .map(|one| (one["isps"].as_str().unwrap(), one["cases"].as_i64().unwrap())).collect();
        assert_eq!(to_nobody, [("not_invited", 2), ("invited", 2), ("declined", 2)]);
        assert_eq!(isps.len(), 4);
    }

    fn a_provider_that_withdraws_gets_no_more_lines_and_one_that_joins_late_gets_all(centre) {
        centre.serves(&[provider("a", "static", &network(0))]);
        campaign(&mut centre, "2021-04-30");
        hands_over(&centre, &[named(&address(0, 1))]);
        assert_eq!(centre.prepares("a"), None);
        let not_asked = centre.tries(&["campaign", "join", "emotet", "--isp", "a", "--by", "b"]);
        assert_eq!(not_asked.status, 1);
        takes_part(&centre, "a");
        let list = centre.prepares("a").unwrap();
        assert_eq!(centre.lines_of(&list).len(), 1);
        let part = ["campaign", "decline", "emotet", "--isp", "a", "--by", "office",
            "--reason", "no staff"];
        assert_eq!(centre.does(&part).one()["state"], "withdrew");
        hands_over(&centre, &[named(&address(0, 2))]);
        assert_eq!(centre.prepares("a"), None);
        let (sums, isps) = figures(&centre);
        let fields = ["distributed", "participating_isps", "left_isps", "no_report_isps"];
        assert_eq!(numbers(&sums, &fields), [1, 1, 1, 1], "who leaves leaves with its lines");
        assert_eq!((&isps[0]["state"], &isps[0]["reporting"]),
            (&"withdrew".into(), &"no_report".into()));
        let shown = centre.does(&["campaign", "show", "emotet"]).lines;
        let kinds: Vec<_> = shown[1..].iter().map(|fact| fact["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["invited", "joined", "withdrew"]);
        assert_eq!(shown[3]["reason"], "no staff");
        says(&centre, "join", "a");
        assert!(centre.prepares("a").is_some());
    }

    fn who_withdraws_before_any_line_is_no_part_of_the_figures(centre) {
        let both = [("a", 0), ("b", 1)].map(|(code, no)| provider(code, "static", &network(no)));
        centre.serves(&both);
        campaign(&mut centre, "2021-04-30");
        takes_part(&centre, "a");
        takes_part(&centre, "b");
        says(&centre, "decline", "b");
        hands_over(&centre, &[0, 1].map(|isp| named(&address(isp, 1))));
        assert!(centre.prepares("a").is_some() && centre.prepares("b").is_none());
        let (sums, _) = figures(&centre);
        let fields = ["distributed", "participating_isps", "left_isps", "no_report_isps"];
        assert_eq!(numbers(&sums, &fields), [1, 1, 0, 1]);
        assert_eq!(sums["to_nobody"], serde_json::json!([{ "isps": "withdrew", "cases": 1 }]));
    }

    fn a_line_that_was_taken_back_is_no_part_of_the_figures(centre) {
        centre.serves(&[provider("a", "static", &network(0))]);
        campaign(&mut centre, "2021-04-30");
        takes_part(&centre, "a");
        hands_over(&centre, &[1, 2, 3].map(|no| named(&address(0, no))));
        // The other file saw the second device a day before, and the third at the same moment.
        let earlier = named(&address(0, 2)).with("detected_at", "2021-02-17T10:00:00+09:00");
        let other = csv(&[earlier, named(&address(0, 3))]);
        assert_eq!(centre.ingests("police", "more.csv", other).status, 0);
        let list = centre.prepares("a").unwrap();
        centre.exports(&list, "csv");
        centre.on("2021-03-20");
        let rows: Vec<Row> = (1..=3).map(|no| notified(&list, no, WARNED)).collect();
        assert_eq!(centre.reports("a", &rows).number("accepted"), 3);
        let fields = ["obtained", "distributed", "reporting_isps", "notices"];
        assert_eq!(numbers(&figures(&centre).0, &fields), [3, 3, 1, 3]);
        let files = centre.does(&["feed", "files", "--feed", "police"]).lines;
        let first = files.iter().find(|file| file["file"] == "list.csv").unwrap();
        let id = first["id"].as_str().unwrap();
        centre.does(&["feed", "withdraw", id, "--reason", "the wrong file", "--by", "intake-1"]);
        centre.does(&["campaign", "enrol", "emotet"]);
        assert_eq!(centre.stored("SELECT reason FROM line_recalls"), ["the wrong file"; 2]);
        let (sums, _) = figures(&centre);
        assert_eq!(numbers(&sums, &fields), [2, 1, 1, 1], "two of the lines tell of nothing");
        // The next list takes the first back, and says the second anew: only that is distributed.
        let next = centre.prepares("a").unwrap();
        let told = centre.lines_of(&next);
        let mut actions: Vec<&str> = told.iter().map(|line| &line["action"][..]).collect();
        actions.sort_unstable();
        assert_eq!(actions, ["corrected", "withdrawn"]);
        let (sums, _) = figures(&centre);
        assert_eq!(numbers(&sums, &fields), [2, 2, 1, 1], "nobody was warned of it anew");
        assert_eq!(sums["notice_rate_percent"], "50.00");
    }

    fn the_period_says_when_lines_go_out_and_which_notices_count(centre) {
        let both = [("a", 0), ("b", 1)].map(|(code, no)| provider(code, "static", &network(no)));
        centre.serves(&both);
        campaign(&mut centre, "2021-04-10");
        let ends = draft("2021-04-10", "題").replace("report_by", "to = \"2021-03-31\"\nreport_by");
        enters(&centre, &ends);
        centre.on("2021-02-21T23:59:59+09:00");
        takes_part(&centre, "a");
        hands_over(&centre, &(1..=5).map(|no| named(&address(0, no))).collect::<Vec<_>>());
        assert_eq!(centre.prepares("a"), None, "it has not begun");
        centre.on("2021-02-22T00:00:00+09:00");
        let list = centre.prepares("a").unwrap();
        let at = |no: u64, day: &str| {
            notified(&list, no, WARNED).with("notice_at", format!("{day}T10:00:00+09:00"))
        };
        centre.on("2021-03-20");
        centre.reports("a", &[at(1, "2021-03-05"), at(2, "2021-02-21")]);
        centre.on("2021-04-06");
        centre.reports("a", &[at(3, "2021-03-31")]);
        centre.on("2021-04-11T00:00:00+09:00");
        // The first is corrected after the deadline, and was told before it.
        centre.reports("a", &[at(4, "2021-03-30"), at(1, "2021-03-06")]);
        let fields = ["distributed", "notices", "notices_late", "notices_outside"];
        let (sums, isps) = figures(&centre);
        assert_eq!(numbers(&sums, &fields), [5, 1, 1, 2]);
        assert_eq!(numbers(&isps[0], &fields), [5, 1, 1, 2]);
        assert_eq!(sums["notice_rate_percent"], "20.00");
        // What a later version of the period lets in counts with it.
        enters(&centre, &draft("2021-05-01", "題"));
        assert_eq!(numbers(&figures(&centre).0, &fields), [5, 3, 0, 1]);
        enters(&centre, &ends);
        let say = |verb: &str, isp: &str| {
            centre.tries(&["campaign", verb, "emotet", "--isp", isp, "--by", "office"])
        };
        for (verb, isp) in [("invite", "b"), ("join", "a")] {
            let refused = say(verb, isp);
            assert_eq!(refused.status, 1, "{refused:?}");
        }
        assert!(say("invite", "b").stderr.contains("ended on 2021-03-30"));
        hands_over(&centre, &[named(&address(0, 9)).with("scan_run", "list-2")]);
        assert_eq!(centre.prepares("a"), None, "it is over");
        assert_eq!(say("decline", "a").status, 0, "nobody is kept in it");
    }

    fn what_another_feed_saw_as_well_is_told_as_it_would_be_without_the_campaign(centre) {
        centre.serves(&[provider("a", "static", &network(0))]);
        campaign(&mut centre, "2021-04-30");
        let seen = |run: &str, day: &str, host: u16| {
            let row = infected(run, &format!("{day}T10:00:00+09:00"), &address(0, host), 40_000);
            row.with("application", "emotet")
        };
        centre.takes(&[seen("r1", "2021-02-17", 1)]);
        hands_over(&centre, &[1, 2, 3].map(|no| named(&address(0, no))));
        centre.takes(&[seen("r2", "2021-02-19", 2)]);
        let list = centre.prepares("a").unwrap();
        let lines = centre.lines_of(&list);
        let ips: Vec<&str> = lines.iter().map(|line| &line["ip"][..]).collect();
        assert_eq!(ips, [address(0, 1), address(0, 2)]);
        assert!(lines.iter().all(|line| line["campaign"].is_empty()));
        takes_part(&centre, "a");
        let list = centre.prepares("a").unwrap();
        let lines = centre.lines_of(&list);
        assert_eq!((lines.len(), &lines[0]["ip"]), (1, &address(0, 3)));
        let (sums, isps) = figures(&centre);
        assert_eq!(numbers(&sums, &["obtained", "distributed"]), [3, 1]);
        assert_eq!(isps[0]["told_before"], 2, "told of under another heading");
        assert_eq!(sums["to_nobody"], serde_json::json!([]));
    }

    fn a_list_of_no_campaign_and_one_of_a_closed_campaign_wait(centre) {
        centre.serves(&[provider("a", "static", &network(0))]);
        centre.does(&["feed", "add", "police", "--format", "scan-list", "--stream", "campaign"]);
        centre.on("2021-02-20");
        hands_over(&centre, &[named(&address(0, 1))]);
        assert_eq!(centre.prepares("a"), None, "nobody opted in to what no campaign names");
        enters(&centre, &draft("2021-04-30", "題"));
        takes_part(&centre, "a");
        centre.on("2021-02-22");
        centre.does(&["campaign", "close", "emotet", "--reason", "over", "--by", "office"]);
        assert_eq!(centre.prepares("a"), None);
        let late = centre.tries(&["campaign", "decline", "emotet", "--isp", "a", "--by", "b"]);
        assert_eq!(late.status, 1, "{late:?}");
        let again = ["campaign", "close", "emotet", "--reopen", "--reason", "no", "--by", "office"];
        centre.does(&again);
        assert!(centre.prepares("a").is_some());
    }

    fn a_campaign_is_public_once_a_second_person_agrees_to_that_version(centre) {
        centre.employs();
        campaign(&mut centre, "2021-04-30");
        let publish = |by: &str| centre.tries(&["campaign", "publish", "emotet", "--by", by]);
        let public = || {
            let lines = centre.does(&["campaign", "list"]).lines;
            (lines[0]["version"].as_i64().unwrap(), lines[0]["published"].as_i64())
        };
        assert_eq!(publish("office-1").one()["state"], "proposed");
        let alone = publish("office-1");
        assert_eq!(alone.status, 1);
        assert!(alone.stderr.contains("somebody else has to agree"), "{alone:?}");
        assert_eq!(public(), (1, None));
        for (nobody, why) in [("somebody-else", "no account that stands is named"),
            ("editor-1", "`editor-1` is editor, which may not do this; isp-office, reviewer may")] {
            let refused = publish(nobody);
            assert_eq!((refused.status, public()), (1, (1, None)), "a name alone is nobody");
            assert!(refused.stderr.contains(why), "{refused:?}");
        }
        assert_eq!(publish("reviewer-1").one()["state"], "published");
        assert_eq!(public(), (1, Some(1)));
        assert_eq!(enters(&centre, &draft("2021-04-30", "改題")).one()["version"], 2);
        assert_eq!(enters(&centre, &draft("2021-04-30", "改題")).one()["version"], Value::Null);
        assert_eq!(public(), (2, Some(1)), "the public sees what was agreed to");
        publish("reviewer-1");
        assert_eq!(publish("office-1").one()["state"], "published");
        assert_eq!(public(), (2, Some(2)));
        let down = ["campaign", "publish", "emotet", "--take-down", "--reason", "wrong number"];
        let refused = centre.tries(&[&down[..], &["--by", "somebody-else"]].concat());
        assert_eq!((refused.status, public()), (1, (2, Some(2))), "{refused:?}");
        centre.does(&["account", "suspend", "office-1", "--by", "administrator"]);
        assert_eq!(centre.tries(&[&down[..], &["--by", "office-1"]].concat()).status, 1);
        centre.does(&[&down[..], &["--by", "reviewer-1"]].concat());
        assert_eq!(public(), (2, None));
    }

    fn a_list_that_is_withdrawn_leaves_the_figures(centre) {
        centre.serves(&[provider("a", "static", &network(0))]);
        campaign(&mut centre, "2021-04-30");
        takes_part(&centre, "a");
        hands_over(&centre, &[1, 2].map(|no| named(&address(0, no))));
        let second = centre.ingests("police", "more.csv", csv(&[named(&address(0, 2))]));
        assert_eq!(second.status, 0, "{second:?}");
        centre.does(&["campaign", "enrol", "emotet"]);
        let again = centre.does(&["campaign", "enrol", "emotet"]);
        assert_eq!(again.one()["enrolled"], 0);
        assert_eq!(figures(&centre).0["obtained"], 2);
        let files = centre.does(&["feed", "files", "--feed", "police"]).lines;
        let first = files.iter().find(|file| file["file"] == "list.csv").unwrap();
        let id = first["id"].as_str().unwrap();
        centre.does(&["feed", "withdraw", id, "--reason", "the wrong file", "--by", "intake-1"]);
        centre.does(&["campaign", "enrol", "emotet"]);
        assert_eq!(figures(&centre).0["obtained"], 1, "the other file names it still");
    }

    fn a_campaign_takes_feeds_of_its_stream_and_each_feed_belongs_to_one(centre) {
        centre.serves(&[]);
        campaign(&mut centre, "2021-04-30");
        let refused = |feeds: &str, name: &str, why: &str| {
            let draft = draft("2021-04-30", "題").replace("\"police\"", feeds);
            let file = centre.file("other.toml", draft);
            let answer = centre.tries(&["campaign", "add", name, &file, "--by", "b"]);
            assert_eq!(answer.status, 1);
            assert!(answer.stderr.contains(why), "{answer:?}");
        };
        refused(&format!("\"{SCANNER}\""), "other", "is of the stream notice");
        refused("\"nobody\"", "other", "no feed is named `nobody`");
        refused("\"police\"", "other", "brings the list of another campaign");
        refused("\"police\"", "a name", "is no name of a campaign");
    }

    fn the_page_of_a_campaign_shows_what_two_people_agreed_to_and_withholds_small_counts(centre) {
        let both = [("a", 0), ("b", 1)].map(|(code, no)| provider(code, "static", &network(no)));
        centre.employs();
        centre.serves(&both);
        campaign(&mut centre, "2021-04-30");
        takes_part(&centre, "a");
        says(&centre, "invite", "b");
        hands_over(&centre, &(1..=12).map(|no| named(&address(0, no))).collect::<Vec<_>>());
        let list = centre.prepares("a").unwrap();
        centre.on("2021-03-06");
        let rows: Vec<Row> = (1..=2).map(|no| notified(&list, no, WARNED)).collect();
        centre.reports("a", &rows);
        let opens = |path: &str| centre.opens_its_site().visitor().opens(path);
        assert_eq!(opens("/campaigns/emotet").status, 404, "nobody agreed yet");
        assert!(opens("/en/campaigns").text.contains("There is no such notice"));
        assert!(!opens("/").text.contains("/campaigns/emotet"), "nor on the front page");
        agrees(&centre);
        for front in ["/", "/genuine", "/en", "/en/genuine"] {
            let link = "/campaigns/emotet\">";
            assert!(opens(front).text.contains(link), "{front}");
        }
        enters(&centre, &draft("2021-04-30", "まだ見せない題"));
        assert!(opens("/campaigns").text.contains("Emotet感染機器の注意喚起"));
        assert!(!opens("/").text.contains("まだ見せない題"));
        let page = opens("/campaigns/emotet");
        assert_eq!(page.status, 200);
        for said in ["Emotet感染機器の注意喚起", "感染を確かめます", "<li>a K.K.</li>", "オランダ警察",
            "情報提供に関する取決め", "2021年2月22日", "0120-", "本物",
            "（2021年3月6日(土)現在）</caption>"] {
            assert!(page.text.contains(said), "{said}: {}", page.text);
        }
        let rows = [("配布件数", "12"), ("参加ISP（社）", "1"), ("実施報告のあったISP（社）", "1"),
            ("実施報告のないISP（社）", "0"), ("注意喚起実施件数", "非表示"), ("注意喚起実施率", "非表示")];
        for (label, number) in rows {
            let row = format!("<th scope=\"row\">{label}</th><td class=\"td-count\">{number}</td>");
            assert!(page.text.contains(&row), "{row}: {}", page.text);
        }
        for hidden in ["まだ見せない題", "b K.K.", "office", "editor-1", "2001:db8"] {
            assert!(!page.text.contains(hidden), "{hidden}: {}", page.text);
        }
        let english = opens("/en/campaigns/emotet").text;
        assert!(english.contains("the Dutch police") && english.contains("withheld"), "{english}");
        assert_eq!(opens("/campaigns/other").status, 404);
    }

    fn the_period_that_is_shown_ends_with_its_end_or_its_closing_whichever_came_first(centre) {
        centre.employs();
        campaign(&mut centre, "2021-04-30");
        for (to, last) in [("2021-03-21", "2021年3月20日(土)"), ("2021-04-30", "2021年4月1日(木)")] {
            let to = format!("to = \"{to}\"\nreport_by");
            enters(&centre, &draft("2021-04-30", "題").replace("report_by", &to));
            centre.on("2021-03-06");
            agrees(&centre);
            let link = "/campaigns/emotet\">題</a>";
            assert!(opened(&centre, "/genuine").contains(link));
            centre.on("2021-04-01T10:00:00+09:00");
            let close = ["campaign", "close", "emotet", "--reason", "over", "--by", "office-1"];
            centre.does(&close);
            for path in ["/campaigns", "/campaigns/emotet"] {
                let page = opened(&centre, path);
                let period = format!("2021年2月22日(月)から{last}まで");
                assert!(page.contains(&period), "a closing stretches no period: {page}");
                assert!(page.contains("この注意喚起は、2021年4月1日(木)に閉じました。"), "{page}");
            }
            assert!(!opened(&centre, "/").contains("/campaigns/emotet"), "it is over");
            centre.does(&[&close[..], &["--reopen"]].concat());
        }
    }

    fn lists_and_figures_go_by_what_two_people_agreed_to_last(centre) {
        centre.employs();
        centre.serves(&[provider("a", "static", &network(0))]);
        campaign(&mut centre, "2021-03-20");
        takes_part(&centre, "a");
        agrees(&centre);
        hands_over(&centre, &[named(&address(0, 1))]);
        // A later version that nobody agreed to: it would have ended, and asks for reports earlier.
        let later = draft("2021-03-02", "題").replace("report_by", "to = \"2021-03-01\"\nreport_by");
        enters(&centre, &later);
        centre.on("2021-03-05");
        let list = centre.prepares("a").expect("what was agreed to runs on");
        let line = centre.lines_of(&list).remove(0);
        assert_eq!((&line["campaign"][..], &line["report_by"][..10]), ("emotet", "2021-03-20"));
        centre.on("2021-03-06");
        centre.reports("a", &[notified(&list, 1, WARNED)]);
        let fields = ["notices", "notices_late", "notices_outside"];
        assert_eq!(numbers(&figures(&centre).0, &fields), [1, 0, 0], "in the period agreed to");
        let down = ["campaign", "publish", "emotet", "--take-down", "--reason", "a wrong number"];
        centre.does(&[&down[..], &["--by", "office-1"]].concat());
        assert_eq!(numbers(&figures(&centre).0, &fields), [1, 0, 0], "nobody agreed to the other");
        hands_over(&centre, &[named(&address(0, 2)).with("scan_run", "list-2")]);
        assert!(centre.prepares("a").is_some());
        agrees(&centre);
        assert_eq!(numbers(&figures(&centre).0, &fields), [0, 0, 1], "now two people did");
        hands_over(&centre, &[named(&address(0, 3)).with("scan_run", "list-3")]);
        assert_eq!(centre.prepares("a"), None, "it is over");
    }
}
