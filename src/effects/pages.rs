//! `/statistics` and `/statistics.csv`: what is told to everybody, figure, table and file alike.

mod campaigns;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
};
use formats::safe_csv;
use tokio::sync::Mutex;

use super::{
    By, HORIZON_DAYS, Reading, TABLE_DAYS,
    published::{self, PublicShare, PublicStep, Published},
    survival::Method,
};
use crate::{
    access::doors::Door,
    app::App,
    time::Moment,
    web::{
        chart::{Figure, Series, TableRow, Thousandths, Width},
        error::PageResult,
        page::{Page, for_everybody, show},
        routes::Routes,
        texts::Lang,
    },
};

/// Microseconds for which figures are kept: they change with the month, verdicts come late.
const KEPT: i64 = 3_600_000_000;

/// When figures were compiled, and what they are.
type Kept = Arc<Mutex<Option<(Moment, Arc<Published>)>>>;

/// The routes of this stage.
pub fn routes() -> Routes {
    let kept = Kept::default();
    let also = Arc::clone(&kept);
    let all = Door::Public;
    Routes::new()
        .get("/statistics", all, async move |app, page| statistics(app, page, &kept).await)
        .get("/statistics.csv", all, async move |app, page| file(app, page, &also).await)
        .merge(campaigns::routes())
}

/// The figures; one request compiles them and others wait for it.
async fn figures(app: &App, kept: &Kept) -> anyhow::Result<Arc<Published>> {
    let now = app.now();
    let mut kept = kept.lock().await;
    if let Some((at, figures)) = &*kept
        && (at.0..at.0.saturating_add(KEPT)).contains(&now.0)
        && figures.as_of == published::month_start(now)
    {
        return Ok(Arc::clone(figures));
    }
    let figures = Arc::new(published::compile(&app.db, now).await?);
    *kept = Some((now, Arc::clone(&figures)));
    Ok(figures)
}

#[derive(Template)]
#[template(path = "effects/statistics.html")]
struct Statistics {
    page: Page,
    figures: Arc<Published>,
    figure: Figure,
    rows: Vec<TableRow>,
}

async fn statistics(State(app): State<App>, page: Page, kept: &Kept) -> PageResult {
    let figures = figures(&app, kept).await?;
    let figure = figure(&figures, page.lang);
    let rows = figure.table();
    Ok(for_everybody(show(&Statistics { page, figures, figure, rows })?))
}

impl Statistics {
    fn wide(&self) -> String {
        self.figure.svg(Width::Wide)
    }

    fn narrow(&self) -> String {
        self.figure.svg(Width::Narrow)
    }

    fn step(&self, step: &PublicStep) -> String {
        self.page.t(format!("step-{}", step.step.word()))
    }

    fn reading(&self) -> String {
        self.page.t(match self.figures.reading() {
            Reading::Effect => "statistics-effect",
            Reading::Comparison => "statistics-comparison",
        })
    }

    fn grouping(&self) -> String {
        self.page.t(if self.figures.by == By::Arm { "curve-by-arm" } else { "curve-by-channel" })
    }

    fn method(&self) -> String {
        let daily = self.figures.curves.iter().all(|curve| curve.method == Method::KaplanMeier);
        self.page.t(if daily { "curve-daily" } else { "curve-monthly" })
    }
}

/// The curves with their words in one language.
fn figure(figures: &Published, lang: Lang) -> Figure {
    let series = figures
        .curves
        .iter()
        .map(|curve| Series { label: group(&curve.group, lang), ..curve.series.clone() });
    let series: Vec<Series> = series.collect();
    let findings = series.iter().rev().filter_map(|series| {
        let fixed = Thousandths(1000 - series.at(HORIZON_DAYS)?.share.0);
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("group", &series.label), ("percent", &fixed.percent())];
        Some(lang.say_with("curve-finding-one", &values))
    });
    let findings = findings.collect::<Vec<_>>().join(&lang.say("list-comma"));
    let title = if findings.is_empty() {
        lang.say("curve-finding-none")
    } else {
        lang.say_with("curve-finding", &[("n", &HORIZON_DAYS), ("groups", &findings)])
    };
    Figure {
        id: "open-share".to_owned(),
        title,
        desc: lang.say("curve-desc"),
        x_label: lang.say("curve-x"),
        y_label: lang.say("curve-y"),
        at_risk_label: lang.say("curve-at-risk"),
        last_day: HORIZON_DAYS,
        table_days: std::iter::once(0).chain(TABLE_DAYS).collect(),
        stepped: figures.curves.iter().all(|curve| curve.method == Method::KaplanMeier),
        series,
    }
}

/// Groups that have a name of their own; another word is shown as it came.
const NAMED: [&str; 14] = [
    "wait",
    "email",
    "post",
    "sms",
    "phone",
    "visit",
    "walled_garden",
    "portal",
    "other",
    "notified",
    "not_notified",
    "pending",
    "forwarded",
    "no_report",
];

fn group(word: &str, lang: Lang) -> String {
    if NAMED.contains(&word) { lang.say(&format!("group-{word}")) } else { word.to_owned() }
}

async fn file(State(app): State<App>, page: Page, kept: &Kept) -> PageResult {
    let figures = figures(&app, kept).await?;
    let body = csv(&figures, page.lang)?;
    let name =
        format!("attachment; filename=\"todoke-statistics-{}.csv\"", figures.as_of.date_jst());
    let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned());
    let answer: Response = ([kind, (header::CONTENT_DISPOSITION, name)], body).into_response();
    Ok(for_everybody(answer))
}

/// Every number of the page in one file; a mark at its start tells spreadsheets that it is UTF-8.
fn csv(figures: &Published, lang: Lang) -> anyhow::Result<Vec<u8>> {
    let mut file = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    let columns =
        ["table", "item", "day", "denominator", "count", "n", "percent", "lower", "upper"];
    let head = columns.iter().chain(&["at-risk", "as-of"]);
    file.write_record(head.map(|column| lang.say(&format!("csv-{column}"))))?;
    let as_of = figures.as_of.date_jst();
    for step in &figures.steps {
        let name = lang.say(&format!("step-{}", step.step.word()));
        for (of, share) in [("detected", &step.of_detected), ("warned", &step.of_warned)] {
            let (of, table) = (lang.say(&format!("csv-of-{of}")), lang.say("csv-funnel"));
            let [count, n, percent, lower, upper] = fields(share.as_ref(), lang);
            let record = [table, name.clone(), String::new(), of, count, n, percent, lower, upper];
            file.write_record(record.into_iter().chain([String::new(), as_of.clone()]))?;
        }
    }
    for [name, n, day, percent, lower, upper, at_risk] in figure(figures, lang).records() {
        let (of, table) = (lang.say("csv-of-followed"), lang.say("csv-curve"));
        // A label comes from an ISP, and a spreadsheet must not run it.
        let name = safe_csv::guard(&name).into_owned();
        let record = [table, name, day, of, String::new(), n, percent, lower, upper];
        file.write_record(record.into_iter().chain([at_risk, as_of.clone()]))?;
    }
    Ok(file.into_inner()?)
}

fn fields(share: Option<&PublicShare>, lang: Lang) -> [String; 5] {
    let Some(share) = share else {
        let nothing = String::new;
        return [lang.say("withheld"), nothing(), nothing(), nothing(), nothing()];
    };
    let (lower, upper) = share.interval.clone().unwrap_or_default();
    let percent = share.percent.clone().unwrap_or_default();
    [share.count.to_string(), share.n.to_string(), percent, lower, upper]
}

#[cfg(test)]
mod tests;
