//! The life of a detection, told once from end to end through the commands and the site.
//!
//! One router stands open at an address that its ISP hands on after a month. The person mends it,
//! two scans prove it, and no step claims more than is known.

use crate::{
    builders::{Row, covered, hit, notified, provider, token},
    centre::on_both_engines,
};

const NET: &str = "198.18.4.0/24";

/// The router, found at `ip`.
fn router(run: &str, at: &str, ip: &str) -> Row {
    hit(run, at, ip).with("device_type", "router").with("device_model", "A-R100")
}

/// What the ISP says of the one record of `list`: a letter went to this line.
fn reported(list: &str, at: &str) -> Row {
    let row = notified(list, 1, at).with("notice_channel", "post");
    row.with("line_token", token('a')).with("token_epoch", "2026").with("arm", "post")
}

on_both_engines! {
    /// One address through all stages.
    fn a_detection_becomes_a_verified_fix(centre) {
        centre.serves(&[provider("isp-a", "dynamic:30", NET)]);

        // 1 feeds
        centre.on("2026-05-01");
        let taken = centre.takes(&[router("may", "2026-05-01T03:00:00+09:00", "198.18.4.20")]);
        assert_eq!((taken.number("rows"), taken.number("quarantined")), (1, 0));
        centre.learns(&[covered("may", "2026-05-01", NET)]);
        // 2 sightings
        assert_eq!((taken.number("sightings"), taken.number("repeats")), (1, 0));
        // 3 attribution
        let who = centre.does(&["lookup", "198.18.4.20"]);
        assert_eq!((&who.one()["isp"], &who.one()["basis"]), (&"isp-a".into(), &"declared".into()));
        assert_eq!(taken.number("unattributed"), 0);
        // 4 cases
        assert_eq!(taken.number("cases_opened"), 1);
        assert_eq!(centre.state_of("A-R100"), "open");
        // 5 campaigns
        assert!(centre.does(&["campaign", "list"]).lines.is_empty(), "no one-off list names it");
        // 6 notices
        let list = centre.prepares("isp-a").unwrap();
        let line = centre.lines_of(&list).remove(0);
        let inquiry_id = line["inquiry_id"].clone();
        assert_eq!(centre.standing(&list)["no_report"], 1);
        centre.on("2026-05-10");
        let report = reported(&list, "2026-05-05T10:00:00+09:00");
        assert_eq!(centre.reports("isp-a", &[report]).number("accepted"), 1);
        assert_eq!(centre.standing(&list)["no_report"], 0);
        // 7 portal
        {
            let site = centre.opens_its_site();
            let visitor = site.visitor();
            assert_eq!(visitor.opens("/case").text, visitor.opens("/id?again=1").text);
            assert_eq!(visitor.enters(&inquiry_id).onwards.as_deref(), Some("/case#main"));
            let case = visitor.opens("/case");
            assert!(case.text.contains("A-R100"), "{}", case.text);
            for secret in ["198.18.4.20", "isp-a", inquiry_id.as_str()] {
                assert!(!case.text.contains(secret), "the page shows {secret}");
            }
            assert_eq!(visitor.opens("/case/manual/1").status, 200);
            assert!(visitor.sends("/case/manual/1", &[("outcome", "done")]).status < 400);
            assert_eq!(visitor.says_done().status, 200);
            let result = visitor.opens("/en/case/result");
            assert!(!result.text.contains("No longer found"), "a claim is no proof");
        }
        assert!(centre.facts_of("A-R100").contains(&"claimed".to_owned()));
        // 8 verification
        let moved = router("2026-06-01", "2026-06-01T03:00:00+09:00", "198.18.4.77");
        centre.scans("2026-06-01", NET, &[moved]);
        centre.verifies();
        assert_eq!(centre.state_of("A-R100"), "open", "a new address waits for its line");
        let june = centre.prepares("isp-a").unwrap();
        centre.on("2026-06-05");
        centre.reports("isp-a", &[reported(&june, "2026-06-05T08:00:00+09:00")]);
        centre.verifies();
        assert_eq!(centre.state_of("A-R100"), "open", "the same line, at another address");
        assert_eq!(centre.prepares("isp-a"), None);
        centre.scans("2026-07-01", NET, &[]);
        centre.verifies();
        assert_eq!(centre.state_of("A-R100"), "clean_once");
        centre.scans("2026-08-01", NET, &[]);
        centre.verifies();
        assert_eq!(centre.state_of("A-R100"), "verified");
        {
            let site = centre.opens_its_site();
            let visitor = site.visitor();
            visitor.enters(&inquiry_id);
            let result = visitor.opens("/en/case/result");
            assert!(result.text.contains("No longer found"), "{}", result.text);
        }
        // 9 effects
        let funnel = centre.does(&["effect", "funnel"]);
        let steps = funnel.lines.iter().map(ToString::to_string).collect::<String>();
        assert!(steps.contains("verified") && steps.contains("claimed"), "{steps}");
    }
}
