//! Which device a case is about: how surely, by which rule, and what the visitor says of it.

use crate::{
    builders::{Row, csv, hit, provider, telnet_report},
    centre::{Centre, on_both_engines},
};

const DAY_1: &str = "2026-05-01T03:00:00+09:00";
const DAY_2: &str = "2026-05-08T03:00:00+09:00";

fn seen(ip: &str, maker: &str, model: &str) -> Row {
    hit("r1", DAY_1, ip).with("device_vendor", maker).with("device_model", model)
}

/// Maker, model, kind, confidence and rule.
type Told = (String, String, String, i64, String);

/// The devices of all cases, in order of their addresses.
fn devices(centre: &Centre) -> Vec<Told> {
    let told = |case: serde_json::Value| {
        let text = |name: &str| case[name].as_str().unwrap_or("-").to_owned();
        let sure = case["confidence"].as_i64().unwrap_or(-1);
        (text("maker"), text("model"), text("device_kind"), sure, text("identified_by"))
    };
    // Cases that were seen first at the same moment are listed by their spots.
    centre.cases().into_iter().map(told).collect()
}

fn told(maker: &str, model: &str, kind: &str, sure: i64, rule: &str) -> Told {
    (maker.into(), model.into(), kind.into(), sure, rule.into())
}

on_both_engines! {
    fn a_case_says_which_device_it_is_how_surely_and_by_which_rule(centre) {
        centre.on("2026-05-01");
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.takes(&[
            seen("192.0.2.1", "㈱バッファロー", "wsr-1166dhp3").with("device_type", "wifi"),
            seen("192.0.2.2", "メーカーA", "A-R100").with("device_type", "dvr"),
            seen("192.0.2.3", "", ""),
            seen("192.0.2.4", "バッファロー", ""),
        ]);
        let wanted = [
            told("Buffalo", "WSR-1166DHP3", "router", 94, "buffalo/airstation-model"),
            told("メーカーA", "A-R100", "dvr", 40, "feed"),
            told("-", "-", "-", -1, "-"),
            told("Buffalo", "-", "-", 30, "feed"),
        ];
        assert_eq!(devices(&centre), wanted);
        let id = centre.case_of("WSR-1166DHP3")["id"].as_str().unwrap().to_owned();
        let words = centre.command(&["case", "show", &id]).output().unwrap();
        let words = String::from_utf8(words.stdout).unwrap();
        let device = "device: Buffalo WSR-1166DHP3 router";
        let line = format!("{device} (confidence 94, by buffalo/airstation-model)");
        assert!(words.contains(&line), "{words}");
    }

    fn a_banner_tells_a_device_that_the_feed_does_not_name(centre) {
        centre.on("2026-05-01");
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.does(&["feed", "add", "sensor", "--format", "shadowserver", "--stream", "nicter"]);
        let row = |ip: &str, banner: &str| {
            telnet_report("2026-04-28 01:02:03", ip).with("banner", banner)
        };
        let rows = [
            row("192.0.2.1", "RTX1200 BootROM Ver. 1.01|login:"),
            row("192.0.2.2", "login:"),
        ];
        let name = "2026-04-28-scan_telnet-jp.csv";
        centre.ingests("sensor", name, csv(&rows));
        let known = told("Yamaha", "RTX1200", "vpn-router", 92, "yamaha/rtx-model");
        assert_eq!(devices(&centre), [known, told("-", "-", "-", -1, "-")]);
    }

    fn what_shows_a_device_again_changes_nothing_of_its_case(centre) {
        centre.on("2026-05-01");
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.takes(&[seen("192.0.2.1", "NEC", "")]);
        let before = devices(&centre);
        centre.on("2026-05-08");
        let again = hit("r2", DAY_2, "192.0.2.1").with("device_model", "WSR-1166DHP3");
        assert_eq!(centre.takes(&[again]).number("cases_extended"), 1);
        assert_eq!(devices(&centre), before);
    }

    fn words_that_the_catalogue_does_not_know_are_told_by_how_many_cases_bear_them(centre) {
        centre.on("2026-05-01");
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.takes(&[
            seen("192.0.2.1", "メーカーA", "A-R100"),
            seen("192.0.2.2", "Buffalo", "WSR-1166DHP3"),
            seen("192.0.2.3", "メーカーA", "A-R100"),
            seen("192.0.2.4", "㈱バッファロー", "XY-9000"),
            seen("192.0.2.5", "バッファロー", ""),
            seen("192.0.2.6", "", ""),
        ]);
        let gaps = centre.does(&["device", "gaps"]).lines;
        let gap = |gap: &serde_json::Value| {
            let model = gap["model"].as_str().unwrap().to_owned();
            (model, gap["cases"].as_i64().unwrap(), gap["knows_maker"].as_bool().unwrap())
        };
        let found: Vec<_> = gaps.iter().map(gap).collect();
        assert_eq!(found, [("A-R100".to_owned(), 2, false), ("XY-9000".to_owned(), 1, true)]);
        assert_eq!(centre.does(&["device", "gaps", "--limit", "1"]).lines.len(), 1);
    }

    fn what_the_visitor_says_stands_beside_what_the_rule_says(centre) {
        centre.on("2026-05-01");
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.takes(&[seen("192.0.2.1", "Buffalo", "WSR-1166DHP3")]);
        let shown = |centre: &Centre| {
            let id = centre.case_of("WSR-1166DHP3")["id"].as_str().unwrap().to_owned();
            centre.does(&["case", "show", &id]).lines.remove(0)
        };
        assert!(shown(&centre)["chosen"].is_null());
        let list = centre.prepares("isp-a").unwrap();
        let inquiry_id = centre.lines_of(&list).remove(0)["inquiry_id"].clone();
        {
            let site = centre.opens_its_site();
            let visitor = site.visitor();
            visitor.enters(&inquiry_id);
            visitor.sends("/case/device", &[("device", "camera")]);
        }
        let shown = shown(&centre);
        assert_eq!(shown["chosen"], "camera");
        assert_eq!((&shown["device_kind"], &shown["confidence"]), (&"router".into(), &94.into()));
    }
}

#[test]
fn an_editor_tries_rules_without_a_store() {
    let Some(centre) = Centre::open(crate::centre::Engine::Sqlite) else { return };
    let makers = centre.does(&["device", "list"]).lines;
    assert!(makers.len() >= 40);
    let buffalo = centre.does(&["device", "show", "㈱バッファロー"]).lines;
    assert_eq!(buffalo[0]["id"], "buffalo");
    assert!(buffalo.iter().any(|line| line["rule"] == "buffalo/airstation-model"));
    assert_eq!(centre.tries(&["device", "show", "nobody"]).status, 1);
    let aterm = centre.does(&["device", "identify", "--title", "Aterm WG1200HP3"]);
    assert_eq!(
        (&aterm.one()["maker"], &aterm.one()["model"]),
        (&"NEC".into(), &"WG1200HP3".into())
    );
    let ended = ["device", "identify", "--vendor", "D-Link", "--model", "DNS-320L"];
    assert_eq!(centre.does(&ended).one()["support"], "ended");
    assert_eq!(centre.tries(&["device", "identify", "--banner", "login:"]).status, 1);
    assert_eq!(centre.tries(&["device", "identify"]).status, 2);
}
