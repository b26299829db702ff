//! Tests of the manuals: all are read, each device finds one, the order of steps is right.

use super::*;

fn manual(front: &str) -> Manual {
    let body = "# T\n\nB\n\n## S {#s}\n\nD\n";
    let front = format!("+++\n{front}\nminutes = 5\nsupport = \"supported\"\n+++\n{body}");
    Manual::parse(&front, body).unwrap()
}

const ROUTER: Device<'_> =
    Device { model: None, maker: None, kind: Kind::Router, exposure: "weak_credentials" };

#[test]
fn every_manual_is_read_and_short_enough() {
    assert!(all().len() >= 8);
    for manual in all() {
        for lang in Lang::ALL {
            for infected in [false, true] {
                let steps = manual.steps(lang, infected);
                assert!((3..=7).contains(&steps.len()), "{}", manual.fit.id);
                for step in steps {
                    let causes = step.causes.len();
                    assert!((2..=4).contains(&causes), "{} {}", manual.fit.id, step.action);
                    let words = step.title.chars().count();
                    assert!(words <= if lang == Lang::Ja { 25 } else { 45 }, "{}", step.title);
                    assert!(!step.body.is_empty());
                }
            }
        }
    }
}

#[test]
fn initialising_comes_before_the_password_and_the_plug_comes_last() {
    for manual in all().iter().filter(|manual| manual.fit.support == Support::Supported) {
        let actions: Vec<&str> =
            manual.steps(Lang::Ja, true).iter().map(|step| step.action.as_str()).collect();
        let at = |action: &str| actions.iter().position(|known| *known == action);
        if let (Some(initialise), Some(password)) = (at("initialise"), at("password")) {
            assert!(initialise < password, "{}", manual.fit.id);
        }
        if let (Some(password), Some(remote)) = (at("password"), at("remote-off")) {
            assert!(password < remote, "{}", manual.fit.id);
        }
        if manual.fit.exposures.is_empty() {
            assert_eq!(actions.last(), Some(&"power-cycle"), "{}", manual.fit.id);
            let weak = manual.steps(Lang::Ja, false);
            assert!(weak.iter().all(|step| step.action != "power-cycle"));
        }
    }
}

#[test]
fn a_manual_is_picked_by_model_then_maker_then_kind_then_exposure_then_for_anything() {
    let manuals = [
        manual("id = \"unknown\"\nkind = \"unknown\""),
        manual("id = \"open\"\nkind = \"unknown\"\nexposures = [\"amplifier\"]"),
        manual("id = \"router\"\nkind = \"router\""),
        manual("id = \"maker\"\nkind = \"router\"\nmaker = \"例示電機\""),
        manual("id = \"model\"\nkind = \"router\"\nmaker = \"例示電機\"\nmodel = \"AB-100\""),
    ];
    let best = |device| best_of(&manuals, device).fit.id.as_str();
    let maker = Some("例示電機");
    assert_eq!(best(Device { model: Some("ａｂ 100"), maker, ..ROUTER }), "model");
    assert_eq!(
        best(Device { model: Some("AB-100"), maker, kind: Kind::Unknown, ..ROUTER }),
        "model"
    );
    assert_eq!(best(Device { model: Some("AB-200"), maker, ..ROUTER }), "maker");
    assert_eq!(best(Device { maker: Some("別社"), ..ROUTER }), "router");
    assert_eq!(best(Device { exposure: "amplifier", ..ROUTER }), "router");
    let unknown = Device { kind: Kind::Unknown, ..ROUTER };
    assert_eq!(best(Device { exposure: "amplifier", ..unknown }), "open");
    assert_eq!(best(unknown), "unknown");
    assert_eq!(best(Device { kind: Kind::Nas, ..ROUTER }), "unknown");
}

#[test]
fn nobody_is_told_to_replace_a_device_on_a_guess() {
    for (kind, _) in KINDS {
        for exposure in ["weak_credentials", "vulnerable_firmware", "amplifier", "infected"] {
            let picked = super::best(Device { kind, exposure, ..ROUTER });
            assert_eq!(picked.fit.support, Support::Supported);
            assert!(picked.fit.kind == kind || picked.fit.kind == Kind::Unknown);
        }
    }
}

#[test]
fn the_words_of_feeds_name_kinds() {
    for (word, kind) in [
        ("router", Kind::Router),
        ("Home Gateway", Kind::Router),
        ("IP camera", Kind::Camera),
        ("DVR", Kind::Recorder),
        ("vpn-router", Kind::VpnRouter),
        ("NAS", Kind::Nas),
        ("printer", Kind::Unknown),
    ] {
        assert_eq!(Kind::of_feed_word(word), kind, "{word}");
    }
}

#[test]
fn a_manual_whose_languages_differ_or_whose_drawing_is_missing_is_refused() {
    let front = "+++\nid = \"a\"\nkind = \"nas\"\nminutes = 1\nsupport = \"supported\"\n+++\n";
    let one = "# T\n## S {#s}\nD\n";
    let two = "# T\n## S {#s}\nD\n## U {#u}\nD\n";
    assert!(Manual::parse(&format!("{front}{one}"), one).is_ok());
    assert!(Manual::parse(&format!("{front}{one}"), two).is_err());
    for bad in ["# T\n## S\nD\n", "# T\n", "T\n", "# T\n## S {#s}\n![a](no-such)\n"] {
        assert!(Manual::parse(&format!("{front}{bad}"), bad).is_err(), "{bad}");
    }
}
