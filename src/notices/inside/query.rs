//! A question (照会): which events are wanted, in the parameters of n6.
//!
//! A parameter that is not known is refused: ignored, it would give more than was asked for.

use std::{net::IpAddr, str::FromStr};

use formats::{Issue, Proto, Weakness, isp_list::Line, n6};
use ipnet::IpNet;

use crate::time::Moment;

/// Which events are wanted (照会条件). Within a parameter any value fits, all parameters must.
#[derive(Clone, Debug, Default, PartialEq)]
#[doc(alias = "照会条件")]
pub struct Query {
    time: Span,
    modified: Span,
    /// For n6 an event that is no entry of a blacklist is active when it is seen.
    active: Span,
    /// Whether it asks for countries; no event of ours names one.
    names_countries: bool,
    confidences: Vec<String>,
    ips: Vec<IpAddr>,
    nets: Vec<IpNet>,
    asns: Vec<u32>,
    categories: Vec<String>,
    names: Vec<String>,
    protos: Vec<Proto>,
    dports: Vec<u16>,
    sports: Vec<u16>,
    sources: Vec<String>,
    ids: Vec<String>,
    /// How many of the newest.
    pub limit: Option<usize>,
}

/// From when to when: `max` is within, `until` is not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Span {
    min: Option<i64>,
    max: Option<i64>,
    until: Option<i64>,
}

impl Span {
    fn holds(&self, at: i64) -> bool {
        self.min.is_none_or(|min| min <= at)
            && self.max.is_none_or(|max| at <= max)
            && self.until.is_none_or(|until| at < until)
    }

    /// The first and the last moment that it holds.
    fn bounds(&self) -> (i64, i64) {
        let until = self.until.map_or(i64::MAX, |until| until.saturating_sub(1));
        (self.min.unwrap_or(i64::MIN), self.max.unwrap_or(i64::MAX).min(until))
    }
}

/// What is no question (照会の誤り).
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotAQuery {
    /// Nobody knows the parameter.
    #[error(
        "`{0}` is no parameter; there are time.min, time.max, time.until, the same of modified \
         and active, ip, ip.net, asn, cc, category, confidence, name, source, proto, dport, sport, \
         id and opt.limit"
    )]
    Unknown(String),
    /// It stands twice.
    #[error("`{0}` stands twice; separate its values by commas")]
    Twice(String),
    /// A value does not fit.
    #[error("`{0}`: {1}")]
    Bad(&'static str, &'static str),
}

/// What each parameter takes, in words.
const TIME: &str = "write a time such as 2026-04-01T00:00:00Z, or a date; it is UTC unless it says";
const PORT: &str = "write ports such as 23,2323";
const CONFIDENCE: &str = "write low, medium or high";
const LIMIT: &str = "write a number from 1 to 100000";

impl Query {
    /// The question of these parameters.
    pub fn of(parameters: &[(String, String)]) -> Result<Self, NotAQuery> {
        let mut query = Self::default();
        for (at, (name, value)) in parameters.iter().enumerate() {
            if parameters[..at].iter().any(|(before, _)| before == name) {
                return Err(NotAQuery::Twice(name.clone()));
            }
            query.take(name, value)?;
        }
        Ok(query)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), NotAQuery> {
        let time = |name| n6::moment(value).map(Some).map_err(|_| NotAQuery::Bad(name, TIME));
        match name {
            "time.min" => self.time.min = time("time.min")?,
            "time.max" => self.time.max = time("time.max")?,
            "time.until" => self.time.until = time("time.until")?,
            "modified.min" => self.modified.min = time("modified.min")?,
            "modified.max" => self.modified.max = time("modified.max")?,
            "modified.until" => self.modified.until = time("modified.until")?,
            "active.min" => self.active.min = time("active.min")?,
            "active.max" => self.active.max = time("active.max")?,
            "active.until" => self.active.until = time("active.until")?,
            "cc" => {
                list::<String>(value, ("cc", "write countries such as JP"))?;
                self.names_countries = true;
            }
            "confidence" => {
                let given: Vec<String> = list(value, ("confidence", CONFIDENCE))?;
                let known = ["low", "medium", "high"];
                if !given.iter().all(|word| known.contains(&word.as_str())) {
                    return Err(NotAQuery::Bad("confidence", CONFIDENCE));
                }
                self.confidences = given;
            }
            "ip" => self.ips = list(value, ("ip", "write addresses such as 192.0.2.7"))?,
            "ip.net" => self.nets = list(value, ("ip.net", "write networks such as 192.0.2.0/24"))?,
            "asn" => self.asns = list(value, ("asn", "write AS numbers such as 64496"))?,
            "proto" => self.protos = list(value, ("proto", "write tcp, udp or other"))?,
            "dport" => self.dports = list(value, ("dport", PORT))?,
            "sport" => self.sports = list(value, ("sport", PORT))?,
            "name" => self.names = list(value, ("name", "write names such as telnet"))?,
            "source" => {
                self.sources = list(value, ("source", "write names such as todoke.notice"))?;
            }
            "id" => self.ids = list(value, ("id", "write identifiers of events"))?,
            "category" => {
                self.categories = list(value, ("category", "write categories such as bots"))?;
            }
            "opt.limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=100_000).contains(limit));
                self.limit = Some(limit.ok_or(NotAQuery::Bad("opt.limit", LIMIT))?);
            }
            other => return Err(NotAQuery::Unknown(other.to_owned())),
        }
        Ok(())
    }

    /// Whether it says since when; a question without asks for all that ever was.
    pub fn says_since_when(&self) -> bool {
        [&self.time, &self.modified, &self.active].iter().any(|span| span.min.is_some())
    }

    /// Between which moments, both within, a line was seen that answers.
    pub(super) fn seen(&self) -> (Moment, Moment) {
        let (time, active) = (self.time.bounds(), self.active.bounds());
        (Moment(time.0.max(active.0)), Moment(time.1.min(active.1)))
    }

    /// The same of when it was listed or taken back.
    pub(super) fn changed(&self) -> (Moment, Moment) {
        let (min, max) = self.modified.bounds();
        (Moment(min), Moment(max))
    }

    /// Whether a line is wanted that stands on a list of this issue; the AS number is that of its
    /// case.
    pub(super) fn fits(&self, line: &Line, asn: Option<i64>, issue: &Issue) -> bool {
        let infected = line.weakness == Some(Weakness::Infected);
        let (served, called) =
            if infected { (line.peer_port, line.port) } else { (line.port, line.peer_port) };
        let asn = asn.and_then(|asn| u32::try_from(asn).ok());
        self.time.holds(line.detected_at)
            && self.modified.holds(line.withdrawn_at.unwrap_or(issue.issued_at))
            && self.active.holds(line.detected_at)
            && !self.names_countries
            && any(&self.confidences, Some(&n6::confidence(line).to_owned()))
            && any(&self.ips, Some(&line.ip))
            && (self.nets.is_empty() || self.nets.iter().any(|net| net.contains(&line.ip)))
            && any(&self.asns, asn.as_ref())
            && any(&self.categories, Some(&n6::category(line.weakness).to_owned()))
            && any(&self.names, n6::name(line).as_ref())
            && any(&self.protos, Some(&line.proto))
            && any(&self.dports, served.as_ref())
            && any(&self.sports, called.as_ref())
            && any(&self.sources, Some(&n6::source(line.stream)))
            && (self.ids.is_empty() || self.ids.contains(&n6::id(line, issue)))
    }
}

/// Whether one of the values asked for is the one that is there; none asked for is all.
fn any<T: PartialEq>(asked: &[T], there: Option<&T>) -> bool {
    asked.is_empty() || there.is_some_and(|there| asked.contains(there))
}

fn list<T: FromStr>(
    value: &str,
    (name, words): (&'static str, &'static str),
) -> Result<Vec<T>, NotAQuery> {
    let one = |one: &str| one.parse().ok().filter(|_| !one.is_empty());
    value
        .split(',')
        .map(str::trim)
        .map(one)
        .collect::<Option<_>>()
        .ok_or(NotAQuery::Bad(name, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Result<Query, NotAQuery> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(text).unwrap();
        Query::of(&pairs)
    }

    #[test]
    fn a_question_takes_lists_and_refuses_what_it_does_not_know() {
        let full = query(
            "time.min=2026-04-01&time.until=2026-05-01T00:00:00&ip=192.0.2.7,2001:db8::7\
             &ip.net=192.0.2.0/24&asn=64496&proto=tcp&dport=23,2323&opt.limit=5",
        );
        let full = full.unwrap();
        assert!(full.says_since_when());
        assert_eq!(full.seen(), (Moment(1_775_001_600_000_000), Moment(1_777_593_599_999_999)));
        assert_eq!(full.ips.len(), 2);
        assert_eq!((full.dports, full.limit), (vec![23, 2323], Some(5)));
        for (text, refused) in [
            ("ip.ne=192.0.2.0/24", "ip.ne"),
            ("time.min=yesterday", "time.min"),
            ("ip=192.0.2.0/24", "ip"),
            ("ip=", "ip"),
            ("dport=0x17", "dport"),
            ("opt.limit=0", "opt.limit"),
            ("confidence=sure", "confidence"),
            ("active.min=soon", "active.min"),
            ("ip=192.0.2.7&ip=192.0.2.8", "ip"),
        ] {
            let no = query(text).unwrap_err().to_string();
            assert!(no.starts_with(&format!("`{refused}`")), "{text}: {no}");
        }
    }

    #[test]
    fn max_is_within_and_until_is_not() {
        let span = Span { min: Some(1), max: Some(5), until: None };
        assert!(span.holds(1) && span.holds(5) && !span.holds(0) && !span.holds(6));
        let span = Span { until: Some(5), ..Span::default() };
        assert!(span.holds(4) && !span.holds(5));
    }
}
