//! The page, its figure and its file tell the same, and withhold the same.

use super::*;
use crate::{
    config::Centre,
    effects::{
        funnel::{Row, STEPS, Share, Step},
        published::{Told, steps},
    },
    web::chart,
};

fn rows(of_detected: [u64; 11], of_warned: [u64; 11]) -> Vec<Row> {
    let share = |denominator, count, n| Share {
        denominator,
        count,
        n,
        estimate: Some(count as f64 / n as f64),
        interval: None,
    };
    let row = |place: usize| Row {
        group: "all".to_owned(),
        step: STEPS[place].0,
        of_detected: share("detected", of_detected[place], of_detected[0]),
        of_warned: share("warned", of_warned[place], of_warned[0]),
        reading: None,
    };
    (0..11).map(row).collect()
}

fn curve(group: &str, rate: f64) -> published::PublicCurve {
    let point = |day: u16| chart::Point {
        day,
        share: Thousandths::of((-rate * f64::from(day)).exp()),
        interval: None,
        at_risk: day.is_multiple_of(30).then_some(200 - u64::from(day)),
    };
    let points = (0..=180).step_by(5).map(point).collect();
    let series = Series { label: group.to_owned(), n: 200, points };
    published::PublicCurve { group: group.to_owned(), method: Method::Turnbull, series }
}

fn published() -> Published {
    let of_detected = [500, 480, 480, 60, 400, 300, 250, 90, 40, 35, 210];
    let of_warned = [300, 300, 300, 0, 300, 300, 250, 88, 40, 35, 150];
    Published {
        as_of: Moment::parse_day("2026-05-01").unwrap(),
        steps: steps(&rows(of_detected, of_warned)),
        by: By::Arm,
        curves: vec![curve("wait", 0.001), curve("=evil", 0.003)],
    }
}

#[test]
fn neither_a_small_cell_nor_a_difference_that_tells_one_is_told() {
    let mut told = Told::default();
    let counts = [100, 97, 90, 9, 0, 10, 90].map(|count| told.tell(count));
    assert_eq!(counts, [Some(100), None, Some(90), None, Some(0), Some(10), Some(90)]);

    let figures = published();
    let both = figures.steps.iter().flat_map(|step| [&step.of_detected, &step.of_warned]);
    let counts: Vec<u64> = both.flatten().map(|share| share.count).collect();
    for (place, a) in counts.iter().enumerate() {
        for b in &counts[..place] {
            assert!(!(1..10).contains(&a.abs_diff(*b)), "{a} and {b}");
        }
    }
    // 90 came, 88 of them warned: two who were not warned would be told.
    let came = figures.steps.iter().find(|step| step.step == Step::Came).unwrap();
    assert!(came.of_detected.is_some() && came.of_warned.is_none());
}

#[test]
fn the_file_holds_every_number_of_the_page() {
    let figures = published();
    for lang in Lang::ALL {
        let figure = figure(&figures, lang);
        let bytes = csv(&figures, lang).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with('\u{feff}'));
        assert!(text.contains("'=evil") && !text.contains(",=evil"));
        for step in figures.steps.iter().flat_map(|step| [&step.of_detected, &step.of_warned]) {
            match step {
                Some(share) => assert!(text.contains(&format!(",{},{},", share.count, share.n))),
                None => assert!(text.contains(&lang.say("withheld"))),
            }
        }
        for row in figure.table() {
            for (day, cell) in figure.table_days.iter().zip(row.cells) {
                let cell = cell.unwrap();
                let at_risk = cell.at_risk.map_or(String::new(), |n| n.to_string());
                let of = lang.say("csv-of-followed");
                let line = format!("{day},{of},,{},{},,,{at_risk},", row.n, cell.percent);
                assert!(text.contains(&line), "{line}\n{text}");
            }
        }
        // 1 − e^(−0.18) and 1 − e^(−0.54).
        assert!(figure.title.contains("16.5%") && figure.title.contains("41.7%"));
    }
}

#[test]
fn the_page_looks_as_it_was_agreed() {
    for (lang, name) in [(Lang::Ja, "statistics"), (Lang::En, "statistics-en")] {
        let page = Page {
            lang,
            path: "/statistics".to_owned(),
            query: String::new(),
            centre: Arc::new(Centre::placeholder()),
            visiting: false,
            at_work: None,
            refused: false,
        };
        let mut figures = published();
        figures.curves[1] = curve("phone", 0.003);
        let figure = figure(&figures, lang);
        let rows = figure.table();
        let page = Statistics { page, figures: Arc::new(figures), figure, rows };
        let body = page.render().unwrap();
        let main = body.split("<main id=\"main\" tabindex=\"-1\">").nth(1).unwrap();
        let lines = main.split("</main>").next().unwrap().lines();
        let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../../../tests/portal/snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, lines.join("\n")));
    }
}

#[test]
fn every_word_of_the_page_is_there_in_both_languages() {
    let keys = include_str!("../../../locales/ja/statistics.ftl").lines();
    for key in keys.filter_map(|line| line.split_once(" = ")).map(|(key, _)| key) {
        for lang in Lang::ALL {
            let values = ["day", "n", "group", "percent", "groups"];
            let values = values.map(|name| (name, &1 as &dyn std::fmt::Display));
            assert!(!lang.say_with(key, &values).contains("Unknown"), "{key}");
        }
    }
    for word in STEPS.iter().map(|(_, word)| format!("step-{word}")) {
        assert!(!Lang::En.say(&word).contains("Unknown"), "{word}");
    }
    for word in NAMED {
        assert!(!group(word, Lang::En).contains("Unknown"), "{word}");
    }
}

#[test]
fn figures_count_up_to_the_start_of_the_month_in_japan() {
    let now = Moment::parse("2026-05-31T16:00:00Z").unwrap();
    assert_eq!(published::month_start(now), Moment::parse_day("2026-06-01").unwrap());
}
