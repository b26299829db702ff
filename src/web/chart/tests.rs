//! The figure's three readings agree to the digit, and what is drawn can be read.

use super::{Figure, Point, Series, Thousandths, Width, draw};

fn figure() -> Figure {
    let point = |day: u16, share: f64, at_risk: Option<u64>| Point {
        day,
        share: Thousandths::of(share),
        interval: Some((Thousandths::of(share - 0.05), Thousandths::of(share + 0.05))),
        at_risk,
    };
    let series = |label: &str, n: u64, rate: f64| Series {
        label: label.to_owned(),
        n,
        points: (0..=180)
            .step_by(5)
            .map(|day| point(day, (-rate * f64::from(day)).exp(), (day % 30 == 0).then_some(n)))
            .collect(),
    };
    Figure {
        id: "fixed".to_owned(),
        title: "A <finding> & more".to_owned(),
        desc: "How to read it".to_owned(),
        x_label: "days".to_owned(),
        y_label: "share".to_owned(),
        at_risk_label: "at risk".to_owned(),
        last_day: 180,
        table_days: vec![0, 30, 60, 90, 120, 180],
        stepped: false,
        series: vec![series("phone", 500, 0.003), series("=wait,1", 20, 0.0015)],
    }
}

#[test]
fn figure_table_and_csv_say_the_same_digits() {
    let figure = figure();
    let records = figure.records();
    let table = figure.table();
    for width in [Width::Wide, Width::Narrow] {
        let svg = figure.svg(width);
        let (left, right, top, bottom) = plot_of(&svg);
        for (place, series) in figure.series.iter().enumerate() {
            let drawn = curve_of(&svg, place);
            let rows: Vec<&[String; 7]> =
                records.iter().filter(|record| record[0] == series.label).collect();
            assert_eq!(drawn.len(), rows.len());
            for ((x, y), row) in drawn.into_iter().zip(&rows) {
                let (day, percent): (f64, f64) = (row[2].parse().unwrap(), row[3].parse().unwrap());
                // Half of the last digit of a coordinate.
                assert!((x - left - day / 180.0 * (right - left)).abs() <= 0.11, "{x} {day}");
                assert!((y - bottom + percent / 100.0 * (bottom - top)).abs() <= 0.11, "{y}");
            }
            for (day, cell) in figure.table_days.iter().zip(&table[place].cells) {
                let cell = cell.as_ref().unwrap();
                let row = rows.iter().find(|row| row[2] == day.to_string()).unwrap();
                let (lower, upper) = cell.interval.clone().unwrap();
                assert_eq!([&row[3], &row[4], &row[5]], [&cell.percent, &lower, &upper]);
                let at_risk = cell.at_risk.map_or(String::new(), |n| n.to_string());
                assert_eq!(row[6], at_risk);
            }
        }
    }
}

/// Left, right, top and bottom of the plot, from its lines at 0 and 100 %.
fn plot_of(svg: &str) -> (f64, f64, f64, f64) {
    let lines: Vec<(f64, f64, f64)> = svg
        .split("<path d=\"M")
        .skip(1)
        .filter(|path| path.contains("stroke-opacity"))
        .map(|path| {
            let (start, rest) = path.split_once('H').unwrap();
            let (x, y) = start.split_once(' ').unwrap();
            let right = rest.split('"').next().unwrap();
            (x.parse().unwrap(), y.parse().unwrap(), right.parse().unwrap())
        })
        .collect();
    (lines[0].0, lines[0].2, lines[4].1, lines[0].1)
}

/// Corners of the curve at that place.
fn curve_of(svg: &str, place: usize) -> Vec<(f64, f64)> {
    let curves = svg.split("<path d=\"M").skip(1).filter(|path| {
        path.contains("stroke-width=\"2.5\"") && path.split('"').next().unwrap().contains('L')
    });
    let way = curves.into_iter().nth(place).unwrap().split('"').next().unwrap();
    let corner = |corner: &str| {
        let (x, y) = corner.split_once(' ').unwrap();
        (x.parse().unwrap(), y.parse().unwrap())
    };
    way.split('L').map(corner).collect()
}

#[test]
fn a_drawing_has_a_name_escapes_its_words_and_carries_no_style() {
    for width in [Width::Wide, Width::Narrow] {
        let svg = figure().svg(width);
        assert!(svg.contains("role=\"img\"") && svg.contains("A &lt;finding&gt; &amp; more"));
        assert!(!svg.contains("style=") && !svg.contains("<script"));
        assert!(svg.contains("stroke-dasharray=\"8 4\""));
        assert!(svg.contains(draw::GREY), "a small group is grey");
    }
}

#[test]
fn every_colour_stands_out_from_white() {
    let channel = |hex: &str| {
        let value = f64::from(u8::from_str_radix(hex, 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let colours = draw::STROKES.iter().map(|(colour, _)| *colour).chain([draw::GREY]);
    for colour in colours {
        let light = 0.2126 * channel(&colour[1..3])
            + 0.7152 * channel(&colour[3..5])
            + 0.0722 * channel(&colour[5..7]);
        // WCAG 2.2, 1.4.11 asks for 3.
        assert!(1.05 / (light + 0.05) >= 3.0, "{colour}");
    }
}
