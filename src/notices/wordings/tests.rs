//! What a wording may say, and how the shipped ones read.

use super::{
    language::Language,
    plain::{self, Finding},
    shipped,
    text::{MANDATORY, NotAText, variables_of},
    *,
};

const LETTER_JA: Of = (Way::Letter.to(Audience::Subscriber), Language::Ja);

/// A way of telling subscribers.
fn by(way: Way) -> Kind {
    way.to(Audience::Subscriber)
}

fn text(body: &str) -> Text {
    Text::parse(&format!("# 件名\n\n{body}\n{{inquiry_id}} {{phone}} {{genuine}}"))
}

fn version(version: i64, from: Option<i64>, retired: Option<i64>) -> Wording {
    Wording {
        approved_at: from.map(Moment),
        approved_by: from.map(|_| "b".to_owned()),
        from_at: from.map(Moment),
        retired_at: retired.map(Moment),
        retired_by: retired.map(|_| "b".to_owned()),
        ..drafted(LETTER_JA, version, &text("本文"), ("a", Moment(0)))
    }
}

#[test]
fn the_version_that_came_into_force_last_is_in_force_and_a_retired_one_brings_none_back() {
    let all = [version(1, Some(10), None), version(2, Some(20), Some(40)), version(3, None, None)];
    let at = |at| in_force(&all, LETTER_JA, Moment(at)).map(|wording| wording.version);
    assert_eq!(
        [at(9), at(10), at(19), at(20), at(39), at(40)],
        [None, Some(1), Some(1), Some(2), Some(2), None]
    );
    assert_eq!(
        in_force(&all, (by(Way::Letter), Language::Ko), Moment(30)).map(|it| it.version),
        None
    );
}

#[test]
fn a_version_that_was_retired_before_its_day_replaces_nothing() {
    let all = [version(1, Some(10), None), version(2, Some(30), Some(20))];
    for at in [10, 20, 30, 40] {
        let found = in_force(&all, LETTER_JA, Moment(at)).map(|wording| wording.version);
        assert_eq!(found, Some(1), "{at}");
        assert_eq!(edition(&all, Moment(at)).as_deref(), Some("kit-1"), "{at}");
    }
}

#[test]
fn the_edition_counts_the_moments_at_which_the_kit_changed() {
    let all =
        [version(1, Some(10), None), version(2, Some(10), Some(40)), version(3, None, Some(15))];
    let at = |at| edition(&all, Moment(at));
    assert_eq!(at(9), None);
    assert_eq!(at(10).as_deref(), Some("kit-1"));
    assert_eq!(at(39).as_deref(), Some("kit-1"), "a draft that is given up changes no kit");
    assert_eq!(at(40).as_deref(), Some("kit-2"));
}

#[test]
fn a_variable_nobody_fills_in_or_a_mandatory_one_that_is_missing_is_refused() {
    let check = |body: &str| text(body).check(LETTER_JA);
    assert_eq!(check("{isp}の{device}"), Ok(()));
    assert_eq!(
        check("{password}"),
        Err(NotAText::Unknown("password".to_owned(), 2, Audience::Subscriber))
    );
    for broken in ["{isp", "isp}", "{is{p}", "{{isp}}"] {
        let refused = check(broken);
        assert!(
            matches!(refused, Err(NotAText::Brace(2) | NotAText::Unknown(..))),
            "{broken}: {refused:?}"
        );
    }
    for missing in MANDATORY {
        let others = MANDATORY.into_iter().filter(|name| *name != missing);
        let body = others.map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(" ");
        let refused = Text::parse(&format!("# 件名\n{body}")).check(LETTER_JA);
        assert_eq!(refused, Err(NotAText::Missing(missing)));
    }
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let check = |way, text: &str| Text::parse(text).check((by(way), Language::Ja));
    let all = "{inquiry_id}{phone}{genuine}";
    assert_eq!(check(Way::Mail, all), Err(NotAText::NoSubject));
    assert_eq!(check(Way::Sms, &format!("# a\n{all}")), Err(NotAText::Subject));
    assert_eq!(check(Way::Mail, "# a\n"), Err(NotAText::Empty));
    assert_eq!(check(Way::Mail, &format!("# a\n\u{7}{all}")), Err(NotAText::Control(2)));
    let long = "あ".repeat(9_000);
    assert!(matches!(check(Way::Mail, &format!("# a\n{long}{all}")), Err(NotAText::TooLong(_))));
    let long = "あ".repeat(700);
    let refused = check(Way::Sms, &format!("{long}{all}"));
    assert!(matches!(refused, Err(NotAText::TooManyParts(11..))), "{refused:?}");
}

#[test]
fn a_short_message_of_70_characters_is_one_part_and_one_more_makes_two() {
    assert_eq!(text::parts(&"あ".repeat(70)), 1);
    assert_eq!(text::parts(&"あ".repeat(71)), 2);
    assert_eq!(text::parts(&"あ".repeat(134)), 2);
    assert_eq!(text::parts(&"あ".repeat(135)), 3);
    assert_eq!(text::parts(&"😀".repeat(35)), 1, "two units each");
    assert_eq!(text::parts(&"😀".repeat(36)), 2);
}

/// The shipped text of each kind in each language, with the values of an example.
fn filled() -> impl Iterator<Item = (Of, Text)> {
    shipped::all().map(|of| {
        let example = fill::example(of);
        (of, shipped::text(of).filled(|name| example.get(name)))
    })
}

#[test]
fn every_kind_is_shipped_in_every_language_and_can_be_sent() {
    assert_eq!(shipped::all().count(), 84);
    for of in shipped::all() {
        assert_eq!(shipped::text(of).check(of), Ok(()), "{of:?}");
    }
    for ((kind, language), text) in filled() {
        let all = format!("{}{}", text.subject, text.body);
        assert!(!all.contains(['{', '}']), "{kind:?} {language:?}");
        assert!(all.contains(fill::SAMPLE_ID), "{kind:?} {language:?}");
        let parts = text::parts(&text.body);
        assert!(kind.way != Way::Sms || parts <= 3, "{language:?} takes {parts} parts");
    }
}

#[test]
fn the_words_around_speak_of_every_weakness_and_every_device_in_every_language() {
    for language in Language::ALL {
        let words = shipped::words(language);
        for weakness in formats::Weakness::ALL {
            assert!(words.finding.contains_key(weakness.code()), "{language:?} {weakness:?}");
            assert!(words.remedy.contains_key(weakness.code()), "{language:?} {weakness:?}");
            assert!(words.effort.contains_key(weakness.code()), "{language:?} {weakness:?}");
        }
        let devices = crate::devices::kind::KINDS;
        assert!(devices.iter().all(|(_, word)| words.device.contains_key(*word)), "{language:?}");
        assert_eq!(words.device.len(), devices.len());
        assert_eq!(words.finding.len(), formats::Weakness::ALL.len());
    }
}

#[test]
fn the_shipped_japanese_is_plain() {
    let mut findings = Vec::new();
    for ((kind, language), text) in filled() {
        for finding in plain::findings(language, &text) {
            findings.push(format!("{kind:?} {language:?}: {finding}"));
        }
    }
    for language in [Language::Ja, Language::JaEasy] {
        let words = shipped::words(language);
        let all = [&words.finding, &words.remedy, &words.effort, &words.device];
        let all = all.into_iter().flat_map(shipped::Texts::values);
        for words in all.chain([&words.caption, &words.number]) {
            let text = Text { subject: String::new(), body: words.clone() };
            findings.extend(plain::findings(language, &text).iter().map(ToString::to_string));
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn the_lint_sees_length_office_words_and_a_request_for_a_secret() {
    let findings = |language, words: &str| {
        plain::findings(language, &Text { subject: String::new(), body: words.to_owned() })
    };
    assert_eq!(findings(Language::Ja, &"あ".repeat(40)), []);
    assert!(matches!(findings(Language::Ja, &"あ".repeat(41))[..], [Finding::Long(_, 41, 40)]));
    let easy = "番号（ばんごう）を ".repeat(10);
    assert_eq!(findings(Language::JaEasy, &easy), [], "readings and spaces are not counted");
    assert!(matches!(findings(Language::JaEasy, &"あ".repeat(31))[..], [Finding::Long(_, 31, 30)]));
    assert!(matches!(
        findings(Language::Ja, "当該機器等")[..],
        [Finding::Word("等", _), Finding::Word("当該", _)]
    ));
    let asks = findings(Language::Ja, "パスワードを入力してください。");
    assert!(matches!(asks[..], [Finding::Asks(_)]), "{asks:?}");
    assert_eq!(findings(Language::Ja, "https://todoke.example/a-very-long-address/of-a-page"), []);
    assert_eq!(findings(Language::En, &"word ".repeat(50)), []);
}

/// What says in each language that nobody asks for a password, and that it costs nothing.
fn promises(language: Language) -> [&'static str; 2] {
    match language {
        Language::Ja => ["パスワードやカード番号を聞くことはありません", "料金はいただきません"],
        Language::JaEasy => ["パスワードや カードの 番号（ばんごう）は ききません", "いりません"],
        Language::En => ["Nobody asks for a password", "There is no fee"],
        Language::ZhHans => ["不会询问密码", "不收取任何费用"],
        Language::Vi => ["Không ai hỏi mật khẩu", "Không thu phí"],
        Language::Ko => ["비밀번호나 카드 번호를 묻지 않습니다", "비용을 받지 않습니다"],
        Language::PtBr => ["Ninguém pede senha", "Não há cobrança"],
    }
}

#[test]
fn every_letter_and_mail_promises_never_to_ask_for_a_password_or_money() {
    for ((kind, language), text) in filled() {
        if matches!(kind.way, Way::Letter | Way::Mail) {
            let promised = promises(language).iter().all(|promise| text.body.contains(promise));
            assert!(promised, "{kind:?} {language:?}");
        }
    }
}

#[test]
fn a_mail_is_plain_text_with_headings_and_a_box() {
    let text = Text::parse("# s\n## 見出し\n1. 手順\n- 項目\n> 箱\n> 中身\n");
    assert_eq!(text.plain(Way::Mail), "■ 見出し\n1. 手順\n・項目\n■ 箱\n・中身");
    assert_eq!(text.subject, "s");
}

#[test]
fn every_variable_is_filled_in_for_whom_it_is_meant() {
    for audience in Audience::ALL {
        let of = (Way::Mail.to(audience), Language::En);
        let example = fill::example(of);
        let is_filled = |name: &str| example.get(name).is_some_and(|words| !words.is_empty());
        assert!(variables_of(audience).all(|(name, _)| is_filled(name)), "{audience:?}");
        assert_eq!(example.get("password"), None);
    }
}

#[test]
fn what_a_scan_found_cannot_be_said_in_a_text_of_a_campaign_nor_the_other_way_round() {
    let check = |name: &str, audience: Audience| {
        text(&format!("{{{name}}}")).check((Way::Letter.to(audience), Language::Ja))
    };
    for name in ["finding", "remedy", "effort", "device"] {
        assert_eq!(check(name, Audience::Manager), Ok(()));
        let refused = check(name, Audience::Campaign);
        assert_eq!(refused, Err(NotAText::Unknown(name.to_owned(), 2, Audience::Campaign)));
    }
    for name in ["title", "source", "happened", "to_do", "campaign_page"] {
        assert_eq!(check(name, Audience::Campaign), Ok(()));
        assert!(matches!(check(name, Audience::Subscriber), Err(NotAText::Unknown(..))));
    }
}

/// What says in each language that something is at home, that it takes minutes, and that it is
/// bought anew.
fn told(language: Language) -> [&'static str; 3] {
    match language {
        Language::Ja => ["ご自宅", "{minutes}分くらい", "買い替え"],
        Language::JaEasy => ["おうち", "{minutes}分", "かいかえ"],
        Language::En => ["your home", "{minutes} minutes", "replaced"],
        Language::ZhHans => ["家中", "{minutes}分钟", "更换"],
        Language::Vi => ["trong nhà", "{minutes} phút", "thay"],
        Language::Ko => ["가정", "{minutes}분", "교체"],
        Language::PtBr => ["sua casa", "{minutes} minutos", "trocado"],
    }
}

#[test]
fn whoever_manages_a_building_is_told_of_nothing_at_home() {
    for ((kind, language), text) in filled() {
        let all = format!("{}{}", text.subject, text.body);
        let [home, ..] = told(language);
        let is_said = all.contains(home);
        let may_be = kind.audience == Audience::Subscriber && kind.way != Way::Phone;
        assert!(!is_said || kind.audience == Audience::Subscriber, "{kind} {language:?}");
        assert!(is_said || !may_be, "the words of this test are those of the texts: {kind}");
    }
}

#[test]
fn minutes_without_a_fee_stand_beside_no_remedy_that_may_be_a_new_device() {
    for language in Language::ALL {
        let words = shipped::words(language);
        let [_, minutes, bought] = told(language);
        let firmware = "vulnerable_firmware";
        assert!(words.remedy[firmware].contains(bought), "{language:?}");
        assert!(!words.effort[firmware].contains(minutes), "{language:?}");
        assert!(words.effort["weak_credentials"].contains(minutes), "{language:?}");
        for of in shipped::all().filter(|of| of.1 == language) {
            let text = shipped::text(of);
            for manual in crate::manuals::all() {
                let minutes = minutes.replace("{minutes}", &manual.fit.minutes.to_string());
                assert!(!text.body.contains(&minutes), "only the effort says how long: {of:?}");
            }
        }
    }
}

/// What says in each language that something was looked for, or that it is a device.
fn of_scans(language: Language) -> &'static [&'static str] {
    match language {
        Language::Ja => &["調査", "ルータ", "機器"],
        Language::JaEasy => &["インターネットを しらべました", "きかい", "ルータ"],
        Language::En => &["check of", "next check", "router", "device"],
        Language::ZhHans => &["检查", "设备", "路由器"],
        Language::Vi => &["kiểm tra ngày", "thiết bị", "Lần kiểm tra"],
        Language::Ko => &["점검", "기기"],
        Language::PtBr => &["verificação", "aparelho"],
    }
}

#[test]
fn a_text_of_a_campaign_speaks_of_no_scan_no_device_at_home_and_no_next_check() {
    for ((kind, language), text) in filled() {
        if kind.audience == Audience::Campaign {
            let all = format!("{}{}", text.subject, text.body);
            for wrong in of_scans(language) {
                assert!(!all.contains(wrong), "{kind} {language:?}: {wrong}");
            }
        }
    }
}
