//! The notice kit tells the truth for every line: who is told, in which words, and who is not.

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    apartments::{HOUSES, all_found, lets_flats, says},
    builders::{hit, not_notified, notified, provider},
    campaigns::{agrees, campaign, draft, enters, hands_over, named, takes_part},
    centre::{Answer, Centre, on_both_engines},
};

const MARCH: &str = "2026-03-30T10:00:00+09:00";
const APRIL: &str = "2026-04-01T08:00:00+09:00";
const LATER: &str = "2026-04-01T09:00:00+09:00";

/// Asks for the texts of a list.
fn asks(centre: &Centre, list: &str, kind: &str, lang: &str) -> Answer {
    let out = centre.desk().join("asked.csv").display().to_string();
    let texts = ["notice", "texts", list, "--kind", kind, "--lang", lang, "--out", &out];
    centre.tries(&[&texts[..], &["--by", "clerk-1"]].concat())
}

/// The letters of all lines of a list, those that were told as well.
fn asks_again(centre: &Centre, list: &str) -> Vec<HashMap<String, String>> {
    let out = centre.desk().join("again.csv").display().to_string();
    let texts = ["notice", "texts", list, "--kind", "letter", "--lang", "ja", "--out", &out];
    centre.does(&[&texts[..], &["--all", "--by", "clerk-1"]].concat());
    let bytes = std::fs::read(out).unwrap();
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap();
    csv::Reader::from_reader(bytes).deserialize().map(Result::unwrap).collect()
}

/// How many lines of a list get no text, by why.
fn left_out(centre: &Centre, list: &str) -> Vec<(String, i64)> {
    let answer = asks(centre, list, "letter", "ja").one().clone();
    let each =
        |one: &Value| (one["reason"].as_str().unwrap().to_owned(), one["lines"].as_i64().unwrap());
    let mut all: Vec<_> = answer["left_out"].as_array().unwrap().iter().map(each).collect();
    all.sort();
    all
}

fn counts(wanted: &[(&str, i64)]) -> Vec<(String, i64)> {
    wanted.iter().map(|(why, lines)| ((*why).to_owned(), *lines)).collect()
}

/// Who is told of each line, and in which wording.
fn told(centre: &Centre, list: &str) -> Vec<(String, String)> {
    let rows = centre.texts(list, "letter", "ja");
    rows.iter().map(|row| (row["addressee"].clone(), row["template_version"].clone())).collect()
}

fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    wanted.iter().map(|(to, wording)| ((*to).to_owned(), (*wording).to_owned())).collect()
}

on_both_engines! {
    fn a_line_of_which_nobody_can_be_told_gets_no_text_and_is_counted_by_why(centre) {
        lets_flats(&centre);
        says(&centre, HOUSES, &[]);
        all_found(&centre);
        centre.has_wordings();
        let list = centre.prepares("isp-a").unwrap();
        assert_eq!(told(&centre, &list), pairs(&[("association", "letter-manager-ja-1")]));
        assert_eq!(left_out(&centre, &list), counts(&[("unplaced", 4)]));
        let record = |ip: &str| centre.record_of(&list, ip);
        let private = |ip: &str| {
            not_notified(&list, record(ip), APRIL, "PENDING").with("placement", "private")
        };
        let homes = ["192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.10"].map(private);
        assert_eq!(centre.reports("isp-a", &homes).number("accepted"), 4);
        let (tenant, house) = (("tenant", "letter-ja-1"), ("association", "letter-manager-ja-1"));
        let mut now = told(&centre, &list);
        now.sort();
        assert_eq!(now, pairs(&[house, tenant, tenant]));
        let waits = [("nobody:APARTMENT_SHARED_DEVICE", 1), ("undecided", 1)];
        assert_eq!(left_out(&centre, &list), counts(&waits));

        // A person decides, and another home is found to be nobody's.
        let id = centre.case_of("192.0.2.9")["id"].as_str().unwrap().to_owned();
        let decide = ["apartments", "decide", &id, "--as", "tenant", "--reason", "asked"];
        centre.does(&[&decide[..], &["--by", "desk-1"]].concat());
        let gone = not_notified(&list, record("192.0.2.10"), LATER, "LOG_EXPIRED");
        assert_eq!(centre.reports("isp-a", &[gone]).number("accepted"), 1);
        let mut now = told(&centre, &list);
        now.sort();
        assert_eq!(now, pairs(&[house, tenant, tenant]));
        let waits = [("nobody:APARTMENT_SHARED_DEVICE", 1), ("nobody:LOG_EXPIRED", 1)];
        assert_eq!(left_out(&centre, &list), counts(&waits));
    }

    fn whoever_manages_a_building_is_told_of_its_device_and_of_none_at_home(centre) {
        lets_flats(&centre);
        says(&centre, HOUSES, &[]);
        let hall = hit("r1", MARCH, "192.0.2.11").with("device_type", "router");
        centre.takes(&[hall, hit("r1", MARCH, "192.0.2.7")]);
        centre.has_wordings();
        let list = centre.prepares("isp-a").unwrap();
        for kind in ["mail", "letter", "phone", "sms"] {
            for lang in ["ja", "ja-easy", "en", "zh-Hans", "vi", "ko", "pt-BR"] {
                let rows = centre.texts(&list, kind, lang);
                let version = format!("{kind}-manager-{lang}-1");
                assert_eq!((rows.len(), &rows[0]["template_version"]), (1, &version));
                assert_eq!(rows[0]["placement"], "shared");
                assert_eq!(rows[0]["state"], "no_report");
            }
        }
        let mail = &centre.texts(&list, "mail", "ja")[0];
        assert!(mail["subject"].starts_with("管理されている建物の機器"), "{mail:?}");
        assert!(mail["text"].contains("建物で共用している機器"), "{mail:?}");
        assert!(!mail["text"].contains("ご自宅"), "{mail:?}");

        // Where nobody approved a text for the building, its lines get none, and the office hears
        // what to do.
        let retire = ["wording", "retire", "mail-manager", "--lang", "ja", "--version", "1"];
        centre.does(&[&retire[..], &["--reason", "x", "--by", "reviewer-1"]].concat());
        let refused = asks(&centre, &list, "mail", "ja");
        assert_eq!(refused.status, 1);
        assert!(refused.stderr.contains("no wording of mail-manager is in force in ja"));
        assert!(refused.stderr.contains("todoke wording load"), "{refused:?}");
    }

    fn a_line_of_a_campaign_says_what_two_people_let_it_say_and_nothing_of_a_scan(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        campaign(&mut centre, "2021-04-30");
        takes_part(&centre, "isp-a");
        hands_over(&centre, &[named("192.0.2.7"), named("192.0.2.8")]);
        centre.has_wordings();
        centre.on("2021-02-22");
        let list = centre.prepares("isp-a").unwrap();
        let refused = asks(&centre, &list, "mail", "ja");
        assert_eq!(refused.status, 1);
        let words = "two people have to agree to what the campaign emotet says";
        assert!(refused.stderr.contains(words), "{refused:?}");
        assert!(refused.stderr.contains("todoke campaign publish emotet"), "{refused:?}");
        agrees(&centre);
        for kind in ["mail", "letter", "phone", "sms"] {
            for (lang, title) in
                [("ja", "Emotet感染機器の注意喚起"), ("en", "Help for devices infected by Emotet")]
            {
                let rows = centre.texts(&list, kind, lang);
                assert_eq!(rows.len(), 2);
                let row = &rows[0];
                let all = format!("{}\n{}", row["subject"], row["text"]);
                assert_eq!(row["template_version"], format!("{kind}-campaign-{lang}-1"));
                assert!(all.contains(title), "{all}");
                assert!(all.contains(&row["inquiry_id"]), "{all}");
                for wrong in ["調査", "ルータ", "電源", "10分", "check of", "router", "ten minutes"] {
                    assert!(!all.contains(wrong), "{wrong}: {all}");
                }
                assert_eq!([&row["campaign"], &row["remedy"], &row["effort"]], ["emotet", "", ""]);
                let page = &row["campaign_page"];
                assert!(page.ends_with("/campaigns/emotet"), "{page}");
                assert_eq!(all.contains(page), ["mail", "letter"].contains(&kind), "{all}");
            }
        }
        let letter = &centre.texts(&list, "letter", "ja")[0]["text"];
        let said = "オランダ警察が得た情報をもとに、お知らせしています。";
        assert!(letter.contains(said), "{letter}");
        let happened = "パソコンが Emotet に感染している可能性があります。";
        assert!(letter.contains(happened) && letter.contains("1. 感染を確かめます。"), "{letter}");
        let refused = asks(&centre, &list, "letter", "vi");
        let words = "the campaign emotet has no text in Vietnamese yet: write it at";
        assert!(refused.stderr.contains(words), "{refused:?}");
        centre.does(&["campaign", "publish", "emotet", "--take-down", "--reason", "a wrong number",
            "--by", "reviewer-1"]);
        assert_eq!(asks(&centre, &list, "mail", "ja").status, 1, "what was taken down is not sent");
        // One for providers alone needs two people as well, and is sent all the same.
        let alone = draft("2021-04-30", "Emotet感染機器の注意喚起");
        enters(&centre, &alone.replace("public = true", "public = false"));
        for by in ["office-1", "reviewer-1"] {
            assert_eq!(asks(&centre, &list, "mail", "ja").status, 1);
            centre.does(&["campaign", "publish", "emotet", "--by", by]);
        }
        let row = centre.texts(&list, "mail", "ja").remove(0);
        assert!(row["campaign_page"].ends_with("/id"), "without a page, its ID leads to its words");
        let listed = centre.tries(&["campaign", "list"]);
        assert_eq!(listed.one()["public"], false, "{listed:?}");
    }

    fn how_long_it_takes_and_what_it_costs_follows_from_the_remedy(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let old = hit("r1", MARCH, "192.0.2.8").with("weakness_code", "vulnerable_firmware");
        centre.takes(&[hit("r1", MARCH, "192.0.2.7"), old]);
        centre.has_wordings();
        let list = centre.prepares("isp-a").unwrap();
        let records = ["192.0.2.7", "192.0.2.8"].map(|ip| centre.record_of(&list, ip).to_string());
        for kind in ["mail", "letter", "phone"] {
            let rows = centre.texts(&list, kind, "ja");
            let of = |record: &String| {
                &rows.iter().find(|row| row["record_no"] == *record).unwrap()["text"]
            };
            let [weak, old] = [of(&records[0]), of(&records[1])];
            assert!(weak.contains("30分くらいで終わります。料金はかかりません。"), "{weak}");
            assert!(!weak.contains("買い替え"), "{weak}");
            assert!(old.contains("買い替えには、費用がかかります。"), "{old}");
            assert!(!old.contains("分くらい"), "{old}");
        }
    }

    fn a_notice_and_the_page_that_its_inquiry_id_leads_to_say_the_same_minutes(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let kinds = ["router", "camera", "nas", "dvr", "vpn-router", ""];
        let weak = (1..).zip(kinds).map(|(host, kind)| {
            hit("r1", MARCH, &format!("192.0.2.{host}")).with("device_type", kind)
        });
        let open = hit("r1", MARCH, "192.0.2.99").with("weakness_code", "exposed_service");
        centre.takes(&weak.chain([open]).collect::<Vec<_>>());
        centre.has_wordings();
        let list = centre.prepares("isp-a").unwrap();
        let site = centre.opens_its_site();
        let minutes = |words: &str, before: &str| -> String {
            let (head, _) = words.split_once("分くらい").expect(before);
            let digits: String = head.chars().rev().take_while(char::is_ascii_digit).collect();
            digits.chars().rev().collect()
        };
        let mut told = Vec::new();
        for row in centre.texts(&list, "letter", "ja") {
            let visitor = site.visitor();
            visitor.enters(&row["inquiry_id"]);
            let page = visitor.opens("/case").text;
            let said = minutes(&row["text"], "a letter says how long it takes");
            assert_eq!(said, minutes(&page, "so does the page"), "{row:?}");
            told.push(said);
        }
        told.sort();
        told.dedup();
        assert!(told.len() > 2, "devices differ: {told:?}");
    }

    fn whoever_was_told_what_a_campaign_says_finds_that_and_no_manual_of_a_device(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        campaign(&mut centre, "2021-04-30");
        takes_part(&centre, "isp-a");
        hands_over(&centre, &[named("192.0.2.7")]);
        let router = hit("r1", "2021-02-19T10:00:00+09:00", "192.0.2.8");
        centre.takes(&[router.with("device_type", "router")]);
        centre.has_wordings();
        let list = centre.prepares("isp-a").unwrap();
        agrees(&centre);
        let rows = centre.texts(&list, "letter", "ja");
        let of = |name: &str| rows.iter().find(|row| row["campaign"] == name).unwrap();
        let site = centre.opens_its_site();
        let visitor = site.visitor();
        visitor.enters(&of("emotet")["inquiry_id"]);
        let said = ["<h1>Emotet感染機器の注意喚起</h1>", "オランダ警察", "感染を確かめます。",
            "パソコンが <strong>Emotet</strong>", "tel:", "2021年2月18日", "/campaigns/emotet\"",
            "なくなったかどうかは、私たちには分かりません。"];
        let wrong = ["ルータ", "30分", "分くらい", "見つかった日", "調査で", "/case/manual",
            "/case/device", "/case/result", "手順を始める", "対処"];
        let shows = |path: &str, said: &[&str]| {
            let page = visitor.opens(path);
            assert_eq!(page.status, 200, "{path}");
            for words in said {
                assert!(page.text.contains(words), "{path}: {words}: {}", page.text);
            }
            for words in wrong {
                assert!(!page.text.contains(words), "{path}: {words}: {}", page.text);
            }
        };
        for path in ["/case", "/case/manual", "/case/manual/1", "/case/device", "/case/done",
            "/case/done/check?step-1=on", "/case/done/sent", "/case/result"] {
            shows(path, &said);
        }
        shows("/case/help", &["tel:", "問合せIDをお手元に"]);
        let marked = visitor.sends("/case/manual/1", &[("outcome", "done")]);
        assert_eq!(marked.onwards.as_deref(), Some("/case#main"));
        assert!(visitor.opens("/en/case").text.contains("Check for the infection."));
        // Taken down, it says nothing but whom to call; the next version is not yet anybody's.
        centre.does(&["campaign", "publish", "emotet", "--take-down", "--reason", "a wrong number",
            "--by", "office-1"]);
        enters(&centre, &draft("2021-04-30", "まだ見せない題"));
        shows("/case", &["緊急のお知らせ", "内容を見直しています", "tel:"]);
        let page = visitor.opens("/case").text;
        assert!(!page.contains("感染を確かめます") && !page.contains("まだ見せない題"), "{page}");
        assert!(!page.contains("/campaigns/emotet"), "{page}");
        // One that is meant for providers alone is told to whoever has the ID, and to nobody else.
        let alone = draft("2021-04-30", "内々の題").replace("public = true", "public = false");
        enters(&centre, &alone);
        agrees(&centre);
        shows("/case", &["<h1>内々の題</h1>", "感染を確かめます。"]);
        assert!(!visitor.opens("/case").text.contains("/campaigns/emotet"));
        // The device of a scan has its manual, as ever.
        let other = site.visitor();
        other.enters(&of("")["inquiry_id"]);
        let page = other.opens("/case").text;
        assert!(page.contains("30分くらい") && page.contains("/case/manual/1"), "{page}");
    }

    fn a_mail_merge_learns_who_is_told_where_the_device_stands_and_what_was_reported(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.takes(&["192.0.2.7", "192.0.2.8", "192.0.2.9"].map(|ip| hit("r1", MARCH, ip)));
        centre.has_wordings();
        let list = centre.prepares("isp-a").unwrap();
        let record = |ip: &str| centre.record_of(&list, ip);
        let reports = [
            notified(&list, record("192.0.2.7"), APRIL),
            not_notified(&list, record("192.0.2.8"), APRIL, "BOUNCED"),
        ];
        assert_eq!(centre.reports("isp-a", &reports).number("accepted"), 2);
        let rows = asks_again(&centre, &list);
        let columns = ["addressee", "placement", "state", "reason", "campaign"];
        let of = |ip: &str| {
            let no = record(ip).to_string();
            let row = rows.iter().find(|row| row["record_no"] == no).unwrap();
            columns.map(|column| row[column].clone())
        };
        assert_eq!(of("192.0.2.7"), ["subscriber", "", "notified", "", ""]);
        let returned = ["subscriber", "", "not_notified", "BOUNCED", ""];
        assert_eq!(of("192.0.2.8"), returned, "a letter may follow a mail that came back");
        assert_eq!(of("192.0.2.9"), ["subscriber", "", "no_report", "", ""]);
    }

    fn who_was_told_is_told_again_only_where_all_are_asked_for(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let ips = ["192.0.2.7", "192.0.2.8", "192.0.2.9"];
        centre.takes(&ips.map(|ip| hit("r1", MARCH, ip)));
        centre.has_wordings();
        let list = centre.prepares("isp-a").unwrap();
        let record = |ip: &str| centre.record_of(&list, ip);
        let returned = notified(&list, record(ips[1]), APRIL).with("delivery_result", "returned");
        centre.reports("isp-a", &[notified(&list, record(ips[0]), APRIL), returned]);
        let texts = centre.texts(&list, "letter", "ja");
        let mut left: Vec<String> = texts.iter().map(|row| row["record_no"].clone()).collect();
        left.sort();
        let mut wanted = [ips[1], ips[2]].map(|ip| record(ip).to_string());
        wanted.sort();
        assert_eq!(left, wanted, "a letter that came back told nobody");
        assert_eq!(left_out(&centre, &list), counts(&[("told_before", 1)]));
        assert_eq!(asks_again(&centre, &list).len(), 3);

        centre.scans("2026-04-08", "192.0.2.0/24", &[]);
        centre.scans("2026-04-15", "192.0.2.0/24", &[]);
        assert_eq!(centre.verifies().number("verified"), 3);
        let refused = asks(&centre, &list, "letter", "ja");
        assert_eq!(refused.status, 1);
        assert!(refused.stderr.contains("3 verified as mended"), "{refused:?}");
        assert!(refused.stderr.contains("--all"), "{refused:?}");
        assert_eq!(asks_again(&centre, &list).len(), 3, "a reprint takes all");
    }
}
