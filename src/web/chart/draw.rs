//! Drawing (描画): a figure as SVG text, wide or narrow.
//!
//! One scaled drawing would shrink to half on a phone, so there are two. Groups differ by dash as
//! well as by colour; words and axes take the colour of the text around them, which follows a
//! forced palette; labels have a halo, so that a curve behind them does not cut them.

use std::fmt::Write as _;

use super::{FEW, Figure, Point, Series, Thousandths};

/// For which screen (幅).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 640 units: groups are named beside their curves.
    Wide,
    /// 320 units: groups are named above.
    Narrow,
}

/// Colours of Okabe and Ito (2008) that stand out from white, each with its dash.
pub const STROKES: [(&str, &str); 5] = [
    ("#0072b2", "none"),
    ("#d55e00", "8 4"),
    ("#00795a", "2 4"),
    ("#000000", "10 3 2 3"),
    ("#a2427d", "14 5"),
];

/// The colour of groups that are too small to be relied on.
pub const GREY: &str = "#6b6b6b";

/// Size of all words, in units: on a screen of 320 pixels it renders at 12.6.
const WORDS: f64 = 14.0;

/// Height of a line of words.
const LINE: f64 = 18.0;

/// Where things stand, in units of the drawing.
struct Frame {
    width: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    height: f64,
    last_day: f64,
    wide: bool,
}

impl Frame {
    fn of(figure: &Figure, width: Width) -> Self {
        let groups = figure.series.len() as f64;
        let wide = width == Width::Wide;
        let longest = figure.series.iter().map(|series| breadth(&series.label)).fold(0.0, f64::max);
        let (whole, margin) =
            if wide { (640.0, longest.clamp(56.0, 150.0) + 16.0) } else { (320.0, 44.0) };
        let plot = if wide { 260.0 } else { 200.0 };
        let above = LINE + if wide { 10.0 } else { 10.0 + groups * LINE };
        let bottom = above + plot;
        let table = LINE * groups * if wide { 1.0 } else { 2.0 };
        Self {
            width: whole,
            left: margin,
            right: whole - if wide { margin } else { 18.0 },
            top: above,
            bottom,
            height: bottom + 3.0 * LINE + 14.0 + table,
            last_day: f64::from(figure.last_day.max(1)),
            wide,
        }
    }

    fn x(&self, day: u16) -> f64 {
        self.left + f64::from(day) / self.last_day * (self.right - self.left)
    }

    fn y(&self, share: Thousandths) -> f64 {
        self.bottom - f64::from(share.0) / 1000.0 * (self.bottom - self.top)
    }
}

/// How wide a text will be, roughly: half-width letters count for a little more than half.
fn breadth(text: &str) -> f64 {
    text.chars().map(|c| if c.is_ascii() { WORDS * 0.58 } else { WORDS }).sum()
}

/// The whole drawing.
pub(super) fn svg(figure: &Figure, width: Width) -> String {
    let frame = Frame::of(figure, width);
    let (w, h) = (frame.width, frame.height);
    let (kind, id) = if frame.wide { ("wide", &figure.id) } else { ("narrow", &figure.id) };
    let mut out = format!(
        "<svg class=\"td-chart td-chart-{kind}\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" \
         viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" font-size=\"{WORDS}\" \
         aria-labelledby=\"{id}-{kind}-title\" aria-describedby=\"{id}-{kind}-desc\">\
         <title id=\"{id}-{kind}-title\">{}</title><desc id=\"{id}-{kind}-desc\">{}</desc>",
        escaped(&figure.title),
        escaped(&figure.desc),
    );
    axes(&mut out, figure, &frame);
    for (place, series) in figure.series.iter().enumerate() {
        band(&mut out, series, place, &frame, figure.stepped);
    }
    for (place, series) in figure.series.iter().enumerate() {
        curve(&mut out, series, place, &frame, figure.stepped);
    }
    if frame.wide {
        names_beside(&mut out, figure, &frame);
    } else {
        names_above(&mut out, figure);
    }
    at_risk(&mut out, figure, &frame);
    out.push_str("</svg>");
    out
}

fn axes(out: &mut String, figure: &Figure, frame: &Frame) {
    let (left, right, bottom) = (frame.left, frame.right, frame.bottom);
    text(out, (if frame.wide { left } else { 0.0 }, LINE - 4.0), "start", &figure.y_label);
    for share in [0, 250, 500, 750, 1000].map(Thousandths) {
        let y = frame.y(share);
        let _ = write!(
            out,
            "<path d=\"M{left:.1} {y:.1}H{right:.1}\" stroke=\"currentColor\" \
             stroke-opacity=\"{}\" fill=\"none\"/>",
            if share.0 == 0 { 1.0 } else { 0.2 }
        );
        text(out, (left - 6.0, y + 5.0), "end", &format!("{}%", share.0 / 10));
    }
    for day in days(figure, frame) {
        let x = frame.x(day);
        let _ = write!(
            out,
            "<path d=\"M{x:.1} {bottom:.1}v5\" stroke=\"currentColor\" fill=\"none\"/>"
        );
        text(out, (x, bottom + LINE + 2.0), "middle", &day.to_string());
    }
    text(out, (right, bottom + 2.0 * LINE + 2.0), "end", &figure.x_label);
}

/// The days named under the axis: all of the table, or every second where it is narrow.
fn days(figure: &Figure, frame: &Frame) -> Vec<u16> {
    let room = (frame.right - frame.left) / 46.0;
    let mut days: Vec<u16> = Vec::new();
    for day in figure.table_days.iter().rev() {
        let least = frame.last_day / room;
        if days.last().is_none_or(|next| f64::from(next - day) >= least) {
            days.push(*day);
        }
    }
    days.reverse();
    days
}

/// The corners of a line through `ends`, which falls at once or evenly.
fn corners(ends: &[(f64, f64)], stepped: bool) -> String {
    let mut path = String::new();
    for (place, (x, y)) in ends.iter().enumerate() {
        let _ = match (place, stepped) {
            (0, _) => write!(path, "{x:.1} {y:.1}"),
            (_, true) => write!(path, "H{x:.1}V{y:.1}"),
            (_, false) => write!(path, "L{x:.1} {y:.1}"),
        };
    }
    path
}

fn band(out: &mut String, series: &Series, place: usize, frame: &Frame, stepped: bool) {
    let with: Vec<(&Point, (Thousandths, Thousandths))> =
        series.points.iter().filter_map(|point| Some((point, point.interval?))).collect();
    if with.len() < 2 {
        return;
    }
    let end = |of: fn((Thousandths, Thousandths)) -> Thousandths| -> Vec<(f64, f64)> {
        with.iter().map(|(point, ends)| (frame.x(point.day), frame.y(of(*ends)))).collect()
    };
    let (upper, mut lower) = (end(|ends| ends.1), end(|ends| ends.0));
    let mut way = corners(&upper, stepped);
    lower.reverse();
    for (place, (x, y)) in lower.iter().enumerate() {
        let _ = match (place, stepped) {
            (0, _) => write!(way, "V{y:.1}"),
            (_, true) => write!(way, "V{y:.1}H{x:.1}"),
            (_, false) => write!(way, "L{x:.1} {y:.1}"),
        };
    }
    let (colour, _) = stroke(series, place);
    let _ = write!(out, "<path d=\"M{way}Z\" fill=\"{colour}\" fill-opacity=\"0.13\"/>");
}

fn curve(out: &mut String, series: &Series, place: usize, frame: &Frame, stepped: bool) {
    let ends: Vec<(f64, f64)> =
        series.points.iter().map(|point| (frame.x(point.day), frame.y(point.share))).collect();
    if ends.is_empty() {
        return;
    }
    line(out, &corners(&ends, stepped), stroke(series, place));
}

fn line(out: &mut String, way: &str, (colour, dash): (&str, &str)) {
    let _ = write!(
        out,
        "<path d=\"M{way}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\" \
         stroke-dasharray=\"{dash}\"/>"
    );
}

fn stroke(series: &Series, place: usize) -> (&'static str, &'static str) {
    let (colour, dash) = STROKES[place % STROKES.len()];
    (if series.n < FEW { GREY } else { colour }, dash)
}

/// Names at the right ends of the curves, pushed apart where they would overlap.
fn names_beside(out: &mut String, figure: &Figure, frame: &Frame) {
    let mut ends: Vec<(f64, &Series)> = figure
        .series
        .iter()
        .filter_map(|series| Some((frame.y(series.points.last()?.share), series)))
        .collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = frame.top - LINE;
    for (y, _) in &mut ends {
        *y = f64::max(*y, free + LINE);
        free = *y;
    }
    let beyond = (free - frame.bottom).max(0.0);
    for (y, series) in ends {
        text(out, (frame.right + 8.0, y + 5.0 - beyond), "start", &series.label);
    }
}

/// Names above the plot, each behind a piece of its line.
fn names_above(out: &mut String, figure: &Figure) {
    let mut y = LINE - 4.0;
    for (place, series) in figure.series.iter().enumerate() {
        y += LINE;
        line(out, &format!("0 {:.1}H40", y - 5.0), stroke(series, place));
        text(out, (48.0, y), "start", &series.label);
    }
}

/// Numbers at risk under the axis.
fn at_risk(out: &mut String, figure: &Figure, frame: &Frame) {
    let mut y = frame.bottom + 3.0 * LINE + 8.0;
    text(out, (0.0, y), "start", &figure.at_risk_label);
    for series in &figure.series {
        y += LINE;
        text(out, (0.0, y), "start", &series.label);
        if !frame.wide {
            y += LINE;
        }
        for day in days(figure, frame) {
            let Some(point) = series.at(day) else { continue };
            let number = point.at_risk.map_or("–".to_owned(), |n| n.to_string());
            text(out, (frame.x(day), y), "middle", &number);
        }
    }
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, words: &str) {
    let _ = write!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"currentColor\" \
         stroke=\"#fff\" stroke-width=\"3\" paint-order=\"stroke\">{}</text>",
        escaped(words)
    );
}

/// Text that can stand between tags and in attributes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
