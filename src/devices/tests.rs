//! Tests of the catalogue: every rule decides its own example, and no name means two makers.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

/// The evidence that an example writes as words and texts by their names.
fn evidence(rule: &Rule) -> Evidence<'_> {
    let mut evidence = Evidence::default();
    for (name, text) in &rule.example {
        let place = match name.as_str() {
            "maker" => {
                evidence.maker = Some(text);
                continue;
            }
            "model" => {
                evidence.model = Some(text);
                continue;
            }
            "banner" => Place::Banner,
            "title" => Place::Title,
            "server" => Place::Server,
            "sysdescr" => Place::Sysdescr,
            "subject" => Place::Subject,
            "issuer" => Place::Issuer,
            other => panic!("{other} is no evidence"),
        };
        evidence.texts.push((place, text));
    }
    evidence
}

fn seen<'a>(maker: &'a str, model: &'a str) -> Evidence<'a> {
    Evidence { maker: Some(maker), model: Some(model), ..Evidence::default() }
}

fn text(place: Place, text: &str) -> Evidence<'_> {
    Evidence { texts: vec![(place, text)], ..Evidence::default() }
}

fn told(evidence: &Evidence<'_>) -> (String, String, Kind, String) {
    let found = identify(evidence).unwrap();
    let or = |text: Option<String>| text.unwrap_or_default();
    (or(found.maker), or(found.model), found.kind, found.rule)
}

#[test]
fn every_rule_decides_its_own_example() {
    for maker in makers() {
        for rule in &maker.rules {
            let name = format!("{}/{}", maker.id, rule.name);
            let found = identify(&evidence(rule)).unwrap_or_else(|| panic!("{name}: nothing"));
            assert_eq!(found.rule, name, "{:?}", rule.example);
            assert_eq!(found.maker.as_deref(), Some(maker.name.as_str()), "{name}");
            assert!(rule.kind == Kind::Unknown || found.kind == rule.kind, "{name}");
            if let Some(wanted) = &rule.finds {
                assert_eq!(found.model.as_ref(), Some(wanted), "{name}");
            } else {
                assert_eq!(found.model, None, "{name} finds a model, so say which");
            }
        }
    }
}

#[test]
fn no_alias_stands_twice_and_none_means_two_makers() {
    let mut known: HashMap<String, &str> = HashMap::new();
    for maker in makers() {
        let mut own = std::collections::HashSet::new();
        for alias in &maker.aliases {
            assert!(own.insert(alias), "{}: {alias} stands twice", maker.id);
        }
        for name in maker.names() {
            let name_folded = folded(name);
            assert!(!name_folded.is_empty(), "{}: {name}", maker.id);
            if let Some(other) = known.insert(name_folded, maker.id) {
                assert_eq!(other, maker.id, "{name} means two makers");
            }
        }
    }
}

#[test]
fn the_catalogue_is_well_kept() {
    assert!(makers().len() >= 40, "{}", makers().len());
    for maker in makers() {
        assert!(!maker.rules.is_empty(), "{}", maker.id);
        for (no, rule) in maker.rules.iter().enumerate() {
            let name = format!("{}/{}", maker.id, rule.name);
            assert!((50..=95).contains(&rule.confidence), "{name}");
            assert!(maker.rules[..no].iter().all(|other| other.name != rule.name), "{name} twice");
            let needs = rule.needs_maker && !rule.example.contains_key("maker");
            let mentioned = rule.example.values().any(|text| text.contains(&maker.name));
            assert!(!needs || mentioned, "{name}: its example must name the maker");
        }
        for ended in &maker.ended {
            assert!(ended.source.len() > 10 && !ended.models.is_empty(), "{}", maker.id);
        }
    }
}

#[test]
fn a_maker_is_the_same_however_a_feed_spells_it() {
    for name in [
        "Buffalo",
        "BUFFALO INC.",
        "Buffalo, Inc",
        "㈱バッファロー",
        "株式会社バッファロー",
        "バッファロー（株）",
        "ﾊﾞｯﾌｧﾛｰ",
        " ＢＵＦＦＡＬＯ ",
    ] {
        assert_eq!(maker_called(name).map(|maker| maker.id), Some("buffalo"), "{name}");
    }
    for (name, id) in [
        ("TP-LINK TECHNOLOGIES CO., LTD.", "tp-link"),
        ("tplink", "tp-link"),
        ("I-O DATA DEVICE, INC.", "iodata"),
        ("株式会社アイ・オー・データ機器", "iodata"),
        ("日本電気㈱", "nec"),
        ("NEC Platforms, Ltd.", "nec"),
        ("corega K.K.", "corega"),
        ("ASUSTeK COMPUTER INC.", "asus"),
        ("Axis Communications AB", "axis"),
    ] {
        assert_eq!(maker_called(name).map(|maker| maker.id), Some(id), "{name}");
    }
    assert!(maker_called("メーカーA").is_none() && maker_called("").is_none());
}

#[test]
fn what_the_catalogue_does_not_know_stays_in_the_words_of_the_feed() {
    let mut unknown = seen("メーカーA", "A-R100");
    unknown.kind = Some("dvr");
    let found = identify(&unknown).unwrap();
    assert_eq!(
        (found.maker.as_deref(), found.model.as_deref()),
        (Some("メーカーA"), Some("A-R100"))
    );
    assert_eq!((found.kind, found.confidence, found.rule.as_str()), (Kind::Recorder, 40, FEED));
    assert_eq!(identify(&Evidence::default()), None);
    assert_eq!(identify(&seen(" ", "")), None);
    assert_eq!(identify(&text(Place::Banner, "login: ")), None);
}

#[test]
fn a_feed_that_agrees_makes_a_rule_surer_and_one_that_contradicts_less_so() {
    let sure = |evidence: &Evidence<'_>| {
        let found = identify(evidence).unwrap();
        (found.maker.unwrap(), found.confidence)
    };
    let model = "WSR-1166DHP";
    assert_eq!(
        sure(&Evidence { model: Some(model), ..Evidence::default() }),
        ("Buffalo".into(), 88)
    );
    assert_eq!(sure(&seen("㈱バッファロー", model)), ("Buffalo".into(), 94));
    assert_eq!(sure(&seen("NEC", model)), ("Buffalo".into(), 58));
    // A maker that the catalogue does not know says nothing against it.
    assert_eq!(sure(&seen("OEM", model)), ("Buffalo".into(), 88));
}

#[test]
fn one_name_of_two_makers_is_told_apart_by_the_maker_alone() {
    let model = "TS-251+";
    assert_eq!(told(&seen("", model)).3, FEED);
    assert_eq!(told(&seen("QNAP Systems, Inc.", model)).3, "qnap/model");
    let mut beside = seen("", model);
    beside.texts.push((Place::Subject, "O=QNAP Systems Inc., CN=QNAP NAS"));
    assert_eq!(told(&beside), ("QNAP".into(), "TS-251+".into(), Kind::Nas, "qnap/model".into()));
    assert_eq!(told(&seen("", "TS-WRLP")).0, "I-O DATA");
}

#[test]
fn what_the_surest_finding_leaves_open_the_feed_fills_if_it_means_the_same_maker() {
    let mut own = seen("バッファロー", "XY-9000");
    own.texts.push((Place::Banner, "Basic realm=\"AirStation\""));
    let router = ("Buffalo".to_owned(), "XY-9000".to_owned(), Kind::Router);
    let found = told(&own);
    assert_eq!((found.0, found.1, found.2), router);
    assert_eq!(found.3, "buffalo/airstation");
    own.maker = Some("OEM");
    assert_eq!(told(&own).1, "");
}

#[test]
fn a_pattern_within_a_longer_word_is_no_model() {
    assert_eq!(told(&seen("", "XWSR-1166DHP")).3, FEED);
    assert_eq!(told(&text(Place::Title, "機種WSR-1166DHPの設定")).1, "WSR-1166DHP");
    assert_eq!(told(&text(Place::Title, "wsr-1166dhp")).1, "WSR-1166DHP");
    // A server's rule reads no banner.
    assert_eq!(identify(&text(Place::Banner, "uc-httpd 1.0.0")), None);
}

#[test]
fn a_model_whose_support_ended_says_so() {
    assert_eq!(identify(&seen("D-Link", "DNS-320L")).unwrap().support, Some(Support::Ended));
    assert_eq!(identify(&seen("D-Link", "DIR-882")).unwrap().support, None);
}

#[test]
fn databases_of_the_data_folder_are_asked_beside_the_catalogue() {
    let data = tempfile::tempdir().unwrap();
    let asked = |evidence: &Evidence<'_>| {
        identify_with(evidence, &Fingerprints::load(data.path()).unwrap())
    };
    let banner = "SSH-2.0-Example_1.0 EX-100";
    assert_eq!(asked(&text(Place::Banner, banner)), None);
    let recog = data.path().join("recog");
    std::fs::create_dir(&recog).unwrap();
    let database = |matches: &str, pattern: &str, device: &str| {
        format!(
            "<fingerprints matches='{matches}'><fingerprint pattern='{pattern}'>
             <description>Example</description><param pos='0' name='hw.vendor' value='{device}'/>
             <param pos='1' name='hw.model'/><param pos='0' name='hw.device' value='IP Camera'/>
             </fingerprint></fingerprints>"
        )
    };
    std::fs::write(recog.join("ssh.xml"), database("ssh.banner", "(EX-.*)$", "アクシス")).unwrap();
    std::fs::write(recog.join("other.xml"), database("tls.jarm", "(.*)", "Other")).unwrap();
    std::fs::write(recog.join("bad.xml"), "<!DOCTYPE a>").unwrap();
    let found = asked(&text(Place::Banner, banner)).unwrap();
    assert_eq!((found.maker.as_deref(), found.model.as_deref()), (Some("Axis"), Some("EX-100")));
    assert_eq!((found.kind, found.confidence), (Kind::Camera, 65));
    assert_eq!(found.rule, "recog/ssh.banner: Example");
    let loaded = Fingerprints::load(data.path()).unwrap();
    assert_eq!((loaded.len(), loaded.refused.len()), (1, 1));
    assert!(loaded.refused[0].starts_with("bad: at byte"), "{:?}", loaded.refused);
    // A rule of the catalogue that is surer wins.
    assert_eq!(
        asked(&text(Place::Banner, "SSH-2.0-x RTX1200 EX-1")).unwrap().rule,
        "yamaha/rtx-model"
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_no_finding_is_certain(
        maker in proptest::option::of("\\PC{0,12}"), model in "\\PC{0,24}", other in "(?s).{0,60}",
    ) {
        let mut evidence = seen("", &model);
        evidence.maker = maker.as_deref();
        let places = [Place::Banner, Place::Title, Place::Server, Place::Sysdescr, Place::Issuer];
        evidence.texts.extend(places.map(|place| (place, other.as_str())));
        if let Some(found) = identify(&evidence) {
            prop_assert!(found.confidence < 100);
            prop_assert!(found.maker.is_some() || found.model.is_some() || found.rule == FEED);
        }
    }

    #[test]
    fn a_folded_name_holds_letters_and_digits_alone(name in "\\PC{0,20}") {
        let once = folded(&name);
        prop_assert!(once.chars().all(char::is_alphanumeric), "{}", once);
    }
}
