//! What a campaign says in languages beside Japanese and English: for whom there is a text, for
//! whom there is none, and whose text is older than the Japanese.

use std::process::Command;

use serde_json::Value;

use crate::{
    builders::provider,
    campaigns::{draft, enters, hands_over, named, takes_part},
    centre::{Answer, Centre, on_both_engines},
};

const TITLE: &str = "Emotet感染機器の注意喚起";

/// What it says in Vietnamese.
const VI: &str = r#"
[translations.vi]
title = "Thông báo về thiết bị nhiễm Emotet"
source = "cảnh sát Hà Lan"
handed_over_by = "Interpol và Cơ quan Cảnh sát Quốc gia Nhật Bản"
basis = "thỏa thuận trao đổi thông tin"
happened = "Một máy tính có thể đã bị nhiễm **Emotet**."
to_do = "1. Kiểm tra xem máy có bị nhiễm không.\n2. Đổi mật khẩu thư điện tử."
"#;

fn in_vietnamese(title: &str) -> String {
    format!("{}{VI}", draft("2021-04-30", title))
}

fn is_agreed_to(centre: &Centre) {
    for by in ["office-1", "reviewer-1"] {
        centre.does(&["campaign", "publish", "emotet", "--by", by]);
    }
}

/// A list of two lines under the name of a campaign that says what `draft` says.
fn listed(centre: &mut Centre, draft: &str) -> String {
    centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
    centre.on("2021-02-22");
    centre.does(&["feed", "add", "police", "--format", "scan-list", "--stream", "campaign"]);
    enters(centre, draft);
    takes_part(centre, "isp-a");
    hands_over(centre, &[named("192.0.2.7"), named("192.0.2.8")]);
    centre.has_wordings();
    centre.on("2021-02-22");
    centre.prepares("isp-a").unwrap()
}

fn asks(centre: &Centre, list: &str, kind: &str, lang: &str) -> Answer {
    let out = centre.desk().join("asked.csv").display().to_string();
    let texts = ["notice", "texts", list, "--kind", kind, "--lang", lang, "--out", &out];
    centre.tries(&[&texts[..], &["--by", "clerk-1"]].concat())
}

/// How the text in a language stands, and of which version that tells.
fn stands(centre: &Centre, language: &str) -> (String, Option<i64>) {
    let shown = centre.does(&["campaign", "show", "emotet"]);
    let all = shown.lines[0]["translations"].as_array().unwrap();
    let one = all.iter().find(|one| one["language"] == language).unwrap();
    (one["state"].as_str().unwrap().to_owned(), one["version"].as_i64())
}

on_both_engines! {
    fn a_line_of_a_campaign_is_told_in_each_language_that_it_speaks_and_in_its_words_alone(centre) {
        let list = listed(&mut centre, &in_vietnamese(TITLE));
        is_agreed_to(&centre);
        for kind in ["mail", "letter", "phone", "sms"] {
            let rows = centre.texts(&list, kind, "vi");
            assert_eq!(rows.len(), 2);
            assert_eq!(rows[0]["template_version"], format!("{kind}-campaign-vi-1"));
            let all = format!("{}{}", rows[0]["subject"], rows[0]["text"]);
            assert!(all.contains("Thông báo về thiết bị nhiễm Emotet"), "{all}");
            for other in [TITLE, "オランダ警察", "the Dutch police", "Devices infected"] {
                assert!(!all.contains(other), "{kind}: {all}");
            }
        }
        let letter = &centre.texts(&list, "letter", "vi")[0]["text"];
        for said in ["do cảnh sát Hà Lan thu thập", "có thể đã bị nhiễm Emotet.",
            "2. Đổi mật khẩu thư điện tử.", "/campaigns/emotet/vi"] {
            assert!(letter.contains(said), "{said}: {letter}");
        }
    }

    fn lines_of_a_campaign_without_a_text_in_a_language_are_counted_and_told_in_no_other(centre) {
        let list = listed(&mut centre, &in_vietnamese(TITLE));
        is_agreed_to(&centre);
        for lang in ["ja-easy", "zh-Hans", "ko", "pt-BR"] {
            let refused = asks(&centre, &list, "mail", lang);
            assert_eq!(refused.status, 1, "{refused:?}");
            let where_to = format!("write it at /admin/campaigns/emotet/draft/{lang}");
            assert!(refused.stderr.contains(&where_to), "{refused:?}");
        }
        let korean = asks(&centre, &list, "letter", "ko");
        assert!(korean.stderr.contains("the campaign emotet has no text in Korean yet"));
        assert_eq!(centre.standing(&list)["exports"], 0, "nothing was handed out");

        // Beside lines that get one they are counted by the same reason.
        let other = crate::builders::hit("r1", "2021-02-20T10:00:00+09:00", "192.0.2.9");
        centre.takes(&[other]);
        hands_over(&centre, &[named("192.0.2.10")]);
        let mixed = centre.prepares("isp-a").unwrap();
        let answer = asks(&centre, &mixed, "mail", "ko");
        assert_eq!(answer.status, 0, "{answer:?}");
        let left_out = &answer.one()["left_out"];
        assert_eq!(*left_out, serde_json::json!([{ "reason": "campaign_language", "lines": 1 }]));
        let rows = centre.texts(&mixed, "mail", "ko");
        assert_eq!((rows.len(), &rows[0]["template_version"][..]), (1, "mail-ko-1"));
    }

    fn a_text_that_two_people_have_not_agreed_to_yet_is_not_sent(centre) {
        let list = listed(&mut centre, &draft("2021-04-30", TITLE));
        is_agreed_to(&centre);
        assert!(asks(&centre, &list, "mail", "vi").stderr.contains("no text in Vietnamese yet"));
        let added = enters(&centre, &in_vietnamese(TITLE));
        assert_eq!(added.one()["languages"], serde_json::json!(["ja", "en", "vi"]));
        let waits = asks(&centre, &list, "mail", "vi");
        assert!(waits.stderr.contains("two people have to agree"), "{waits:?}");
        assert_eq!(centre.texts(&list, "mail", "ja").len(), 2, "the version agreed to holds");
        is_agreed_to(&centre);
        assert_eq!(centre.texts(&list, "mail", "vi").len(), 2);
        // A draft without the language takes it out, and says so.
        let lost = enters(&centre, &draft("2021-04-30", TITLE));
        assert!(lost.stderr.contains("no text in vi any more"), "{lost:?}");
        assert_eq!(centre.texts(&list, "mail", "vi").len(), 2, "what was agreed to has it");
    }

    fn a_text_older_than_the_japanese_is_marked_until_somebody_holds_it_against_it(centre) {
        let _ = listed(&mut centre, &draft("2021-04-30", TITLE));
        assert_eq!(stands(&centre, "vi"), ("missing".to_owned(), None));
        enters(&centre, &in_vietnamese(TITLE));
        assert_eq!(stands(&centre, "vi"), ("current".to_owned(), Some(2)));
        enters(&centre, &in_vietnamese("改題"));
        assert_eq!(stands(&centre, "vi"), ("stale".to_owned(), Some(3)));
        // Days are no words: a new deadline makes no text older.
        let later = in_vietnamese("改題").replace("2021-04-30", "2021-05-31");
        enters(&centre, &later);
        assert_eq!(stands(&centre, "vi"), ("stale".to_owned(), Some(3)));
        enters(&centre, &format!("{later}checked = \"2021-02-22\"\n"));
        assert_eq!(stands(&centre, "vi"), ("current".to_owned(), Some(5)));
        assert_eq!(stands(&centre, "ko"), ("missing".to_owned(), None));
        let listed = centre.does(&["campaign", "list"]);
        assert_eq!(listed.lines[0]["languages"], serde_json::json!(["ja", "en", "vi"]));
    }

    fn half_a_language_or_too_long_a_text_is_refused_and_hard_japanese_is_told(centre) {
        let _ = listed(&mut centre, &draft("2021-04-30", TITLE));
        let refused = |old: &str, new: &str, why: &str| {
            let file = centre.file("half.toml", in_vietnamese(TITLE).replace(old, new));
            let answer = centre.tries(&["campaign", "add", "emotet", &file, "--by", "editor-1"]);
            assert_eq!(answer.status, 1, "{answer:?}");
            assert!(answer.stderr.contains(why), "{why}: {answer:?}");
        };
        refused("basis = \"thỏa thuận trao đổi thông tin\"", "", "missing field `basis`");
        refused("\"cảnh sát Hà Lan\"", "\" \"", "`provenance.source` is empty in vi");
        refused("translations.vi", "translations.fr", "`fr` is no language of notices");
        refused("\"オランダ警察\"", &format!("\"{}\"", "あ".repeat(301)), "301 characters in ja");
        assert_eq!(centre.does(&["campaign", "list"]).lines[0]["version"], 1, "nothing was kept");
        let hard = enters(&centre, &draft("2021-04-30", "当該機器等の警告"));
        assert!(hard.stderr.contains("advice: ja: avoid 当該"), "{hard:?}");
        assert_ne!(hard.one()["advice"], Value::from(0));
    }

    fn letters_in_vietnamese_and_korean_are_printed_with_their_letters(centre) {
        if !cfg!(feature = "print") {
            return;
        }
        let ko = VI.replace("translations.vi", "translations.ko").replace(
            "Thông báo về thiết bị nhiễm Emotet",
            "Emotet에 감염된 기기에 관한 안내",
        );
        let list = listed(&mut centre, &format!("{}{ko}", in_vietnamese(TITLE)));
        is_agreed_to(&centre);
        for (lang, title) in [
            ("vi", "Thông báo về thiết bị nhiễm Emotet"), ("ko", "감염된 기기에 관한 안내"),
        ] {
            let folder = centre.desk().join("letters");
            let out = folder.display().to_string();
            let letters = ["notice", "letters", &list, "--lang", lang, "--out", &out];
            let answer = centre.tries(&[&letters[..], &["--by", "clerk-1"]].concat());
            if answer.stderr.contains("fonts-noto-cjk") {
                println!("skipped: {}", answer.stderr);
                return;
            }
            assert_eq!(answer.number("letters"), 2, "{answer:?}");
            let file = folder.join(format!("{list}.{lang}.pdf")).display().to_string();
            let Ok(read) = Command::new("pdftotext").args([&file, "-"]).output() else {
                println!("skipped: no pdftotext");
                return;
            };
            let read = String::from_utf8(read.stdout).unwrap();
            assert!(read.contains(title), "{read}");
            assert_eq!(read.matches('\u{c}').count(), 2, "one page each");
        }
    }
}
