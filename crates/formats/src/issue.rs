//! 発行: who hands a list out and when, and what its lines say in the formats of other programs.
//!
//! Those have no place for the version of a list: it changes with each line that is taken back, and
//! a program that compares events would take all the others for new.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::isp_list::Line;
use crate::{Exposure, Proto, Weakness, stamp};

/// 発行: who hands a list out, and when.
///
/// The same issue and the same lines give the same bytes, names of objects included.
#[doc(alias = "発行")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// The name of whoever hands it out.
    pub org: String,
    /// The mail address for questions.
    pub contact: String,
    /// The domain, which tells one's objects from those of everybody else.
    pub domain: String,
    /// When the list was prepared, in microseconds UTC.
    pub issued_at: i64,
}

impl Issue {
    /// The name of an object, the same for the same words.
    pub(crate) fn uuid(&self, words: &[&str]) -> Uuid {
        let own = Uuid::new_v5(&Uuid::NAMESPACE_DNS, self.domain.as_bytes());
        Uuid::new_v5(&own, words.join("\n").as_bytes())
    }

    /// The name of what a line says; once taken back it says something else.
    pub(crate) fn uuid_of(&self, line: &Line, what: &str) -> Uuid {
        self.uuid(&[what, &line.list_id, &line.record_no.to_string()])
    }
}

/// A member of an object; nothing where it is absent.
pub(crate) type Member = (&'static str, Option<Value>);

/// An object of the members that are there, in the order of the alphabet.
pub(crate) fn object(mut members: Vec<Member>) -> Value {
    members.sort_by_key(|(name, _)| *name);
    let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect::<Map<_, _>>())
}

/// A text that is there unless it is empty.
pub(crate) fn text(value: Option<&String>) -> Option<Value> {
    value.filter(|value| !value.trim().is_empty()).map(|value| Value::from(value.as_str()))
}

/// What a line says that other formats have no place for, by the names of our own columns.
pub(crate) fn own(line: &Line) -> Vec<Member> {
    let japan = |at: i64| Some(Value::from(stamp::japan(at)));
    let path = (!line.upstream_path.is_empty()).then(|| Value::from(line.upstream_path.clone()));
    vec![
        ("list_id", Some(line.list_id.as_str().into())),
        ("record_no", Some(line.record_no.into())),
        ("inquiry_id", Some(line.inquiry_id.as_str().into())),
        ("isp_code", Some(line.isp_code.as_str().into())),
        ("action", Some(line.action.code().into())),
        ("stream", Some(line.stream.code().into())),
        ("exposure", line.exposure().map(|exposure| exposure.to_string().into())),
        ("weakness_code", line.weakness.map(|weakness| weakness.code().into())),
        ("identify_by", japan(line.identify_by)),
        ("report_by", japan(line.report_by)),
        ("first_seen", line.first_seen.and_then(japan)),
        ("repeat_count", line.repeat_count.map(Value::from)),
        ("device_vendor", text(line.device_vendor.as_ref())),
        ("device_type", text(line.device_type.as_ref())),
        ("device_model", text(line.device_model.as_ref())),
        ("evidence_hash", text(line.evidence_hash.as_ref())),
        ("manual_id", text(line.manual_id.as_ref())),
        ("campaign", text(line.campaign.as_ref())),
        ("template_version", text(line.template_version.as_ref())),
        ("placement_hint", line.placement_hint.map(|hint| hint.code().into())),
        ("upstream_path", path),
        ("network_kind", text(line.network_kind.as_ref())),
        ("reason_hint", line.reason_hint.map(|hint| hint.code().into())),
    ]
}

/// The members of a list without these.
pub(crate) fn without(mut members: Vec<Member>, names: &[&str]) -> Vec<Member> {
    members.retain(|(name, _)| !names.contains(name));
    members
}

/// The number of a vulnerability that an exposure is named after: `cve_2024_12345`.
pub(crate) fn cve(exposure: &Exposure) -> Option<String> {
    let (year, number) = exposure.kind.as_str().strip_prefix("cve_")?.split_once('_')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = exposure.weakness == Weakness::VulnerableFirmware
        && year.len() == 4
        && (number.len() == 4 || number.len() > 4 && !number.starts_with('0'))
        && digits(year)
        && digits(number);
    fits.then(|| format!("CVE-{year}-{number}"))
}

/// The protocol, unless it is neither of the two with ports.
pub(crate) fn proto(line: &Line) -> Option<Value> {
    (line.proto != Proto::Other).then(|| line.proto.code().into())
}

/// A time in UTC to the second, as logs of providers tell it.
pub(crate) fn second(at: i64) -> String {
    stamp::utc(at - at.rem_euclid(1_000_000))
}
