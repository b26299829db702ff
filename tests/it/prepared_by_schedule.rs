//! Lists come to be by themselves at the times that the centre settled, and not before.

use crate::{
    builders::{hit, provider},
    centre::{Answer, Centre, on_both_engines},
};

const MARCH: &str = "2026-03-30T10:00:00+09:00";

impl Centre {
    /// Settles when lists are prepared.
    fn prepares_at(&self, schedule: &str) {
        let text = format!(
            "name_ja = \"支援センター\"\nname_en = \"Support Centre\"\nphone = \"0120-111-222\"\n\
             hours_ja = \"平日\"\nhours_en = \"weekdays\"\ndomain = \"centre.example\"\n\n\
             [lists]\nprepare = \"{schedule}\"\n"
        );
        std::fs::write(self.data().join("centre.toml"), text).unwrap();
    }

    /// Lists that work which is due prepares at that time.
    fn works_at(&mut self, at: &str) -> Vec<String> {
        self.on(at);
        lists(&self.does(&["work", "--once"]))
    }
}

fn lists(answer: &Answer) -> Vec<String> {
    let lists = answer.lines.iter().filter_map(|line| line["notice"].as_str());
    lists.map(str::to_owned).collect()
}

on_both_engines! {
    fn every_provider_gets_its_list_at_the_hour_and_once(centre) {
        centre.prepares_at("0 6 * * *");
        centre.serves(&[
            provider("isp-a", "static", "192.0.2.0/24"),
            provider("isp-b", "static", "198.51.100.0/24"),
            provider("isp-c", "static", "203.0.113.0/24"),
        ]);
        centre.on("2026-04-01T07:00:00+09:00");
        centre.takes(&[hit("r1", MARCH, "192.0.2.7"), hit("r1", MARCH, "198.51.100.8")]);
        assert_eq!(centre.works_at("2026-04-01T07:01:00+09:00"), [""; 0], "six is over for today");
        assert_eq!(centre.works_at("2026-04-02T05:59:00+09:00"), [""; 0], "it is not six yet");
        let wanted = ["isp-a-20260402-001", "isp-b-20260402-001"];
        assert_eq!(centre.works_at("2026-04-02T06:00:00+09:00"), wanted);
        assert_eq!(centre.works_at("2026-04-02T06:30:00+09:00"), [""; 0]);
        assert_eq!(centre.works_at("2026-04-03T06:00:00+09:00"), [""; 0], "nothing waits");
    }

    fn two_nodes_prepare_one_list(centre) {
        centre.prepares_at("0 6 * * *");
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.on("2026-04-01T07:00:00+09:00");
        centre.takes(&[hit("r1", MARCH, "192.0.2.7")]);
        centre.does(&["work", "--once"]);
        centre.on("2026-04-02T06:00:00+09:00");
        let answers = centre.tries_at_once(3, &["work", "--once"]);
        let prepared: Vec<String> = answers.iter().flat_map(lists).collect();
        assert_eq!(prepared, ["isp-a-20260402-001"], "{answers:?}");
    }

    fn an_earlier_time_holds_at_once_and_without_one_nothing_is_prepared(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.on("2026-04-01T07:00:00+09:00");
        centre.takes(&[hit("r1", MARCH, "192.0.2.7")]);
        assert_eq!(centre.works_at("2026-04-02T06:00:00+09:00"), [""; 0]);
        centre.prepares_at("0 6 * * 1");
        centre.works_at("2026-04-02T07:00:00+09:00");
        centre.prepares_at("0 12 * * *");
        assert_eq!(centre.works_at("2026-04-02T11:00:00+09:00"), [""; 0]);
        assert_eq!(centre.works_at("2026-04-02T12:00:00+09:00"), ["isp-a-20260402-001"]);
    }

    fn a_time_that_is_none_is_told_with_an_example(centre) {
        centre.prepares_at("at six");
        let answer = centre.tries(&["work", "--once"]);
        assert_ne!(answer.status, 0);
        assert!(answer.stderr.contains("pattern of cron such as"), "{answer:?}");
    }
}
