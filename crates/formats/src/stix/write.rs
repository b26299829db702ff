//! A notice list as STIX 2.1: for each line a sighting, what was observed, and the address.
//!
//! Names of objects follow from what they are, so that the same list gives the same bytes, and an
//! address has the name that STIX gives it everywhere. The inquiry ID is an external reference of
//! the sighting; what STIX has no place for stands in an extension. A line that was taken back is a
//! later version of its sighting, revoked.

use std::collections::HashSet;
use std::io::{self, Write};
use std::net::IpAddr;

use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use crate::isp_list::Line;
use crate::issue::{self, Issue, Member, object, second, text, without};
use crate::{Proto, Weakness, stamp};

/// The namespace that STIX 2.1 gives names of observables (section 2.9).
const OBSERVABLES: Uuid = uuid!("00abedb4-aa42-466c-9c01-fed23315a9b7");
/// The marking of TLP amber, the same everywhere.
const AMBER: &str = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82";
/// Objects that do not change bear the time of this version of their shape.
const SHAPED: &str = "2026-04-01T00:00:00.000Z";
/// Our extension of sightings. Its name is the same wherever a centre runs.
const EXTENSION: &str = "extension-definition--0dfe2cd5-dafa-55ba-abd4-266e088eccbe";

/// Whose extension it is: this program's, whichever centre runs it.
const PROGRAM: &str = "identity--e1642836-46ff-5a9c-b4a6-a82bf5ea76ea";

/// What our extension says of a sighting.
pub(super) fn extension<'a>(sighting: &'a Value, name: &str) -> Option<&'a str> {
    sighting.get("extensions")?.get(EXTENSION)?.get(name)?.as_str()
}

/// オブジェクトの版: one object of a list, in one version.
#[doc(alias = "オブジェクトの版")]
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its id, `sighting--…`.
    pub id: String,
    /// When this version was made, in microseconds UTC but no finer than thousandths of a second;
    /// observables have none.
    pub modified: Option<i64>,
    /// The object.
    pub value: Value,
}

impl Version {
    /// Its type, `sighting`.
    pub fn kind(&self) -> &str {
        self.id.split("--").next().unwrap_or_default()
    }
}

/// Writes a list as a bundle.
pub fn write<'a>(
    out: &mut impl Write,
    lines: impl IntoIterator<Item = &'a Line>,
    issue: &Issue,
) -> io::Result<()> {
    let (mut known, mut bundle, mut first) = (HashSet::new(), None, true);
    let writer = Writer::new(issue);
    for line in lines {
        let id = bundle.get_or_insert_with(|| {
            issue.uuid(&["bundle", &line.list_id, &line.list_version.to_string()])
        });
        for object in writer.objects(line) {
            if !known.insert(object.id.clone()) {
                continue;
            }
            let before = if first {
                format!("{{\"type\":\"bundle\",\"id\":\"bundle--{id}\",\"objects\":[\n")
            } else {
                ",\n".to_owned()
            };
            out.write_all(before.as_bytes())?;
            serde_json::to_writer(&mut *out, &object.value)?;
            first = false;
        }
    }
    let end = if first {
        let id = issue.uuid(&["bundle"]);
        format!("{{\"type\":\"bundle\",\"id\":\"bundle--{id}\"}}\n")
    } else {
        "\n]}\n".to_owned()
    };
    out.write_all(end.as_bytes())?;
    out.flush()
}

/// 作成者: makes the objects of lines that one centre hands out.
#[doc(alias = "作成者")]
#[derive(Debug)]
pub struct Writer<'a> {
    issue: &'a Issue,
    centre: String,
    /// When the list was issued, as objects tell it.
    issued: String,
}

impl<'a> Writer<'a> {
    /// For a list of this issue.
    pub fn new(issue: &'a Issue) -> Self {
        let centre = format!("identity--{}", issue.uuid(&["identity", &issue.org, &issue.contact]));
        Self { issue, centre, issued: milli(issue.issued_at) }
    }

    /// The objects of a line, those first that others name: the centre, this program and its
    /// extension, what is wrong, the addresses, their traffic, what was observed, and last the
    /// sighting.
    pub fn objects(&self, line: &Line) -> Vec<Version> {
        let wrong = self.wrong(line);
        let device = address(line.ip);
        let peer = line.peer_ip.map(address);
        let traffic = traffic(line, &device.id, peer.as_ref().map(|peer| peer.id.as_str()));
        let observed = self.observed(line, &[&traffic.id, &device.id]);
        let sighting = self.sighting(line, &wrong.id, &observed.id);
        let shared = [self.centre(), self.program(), self.extension(), wrong, device];
        shared.into_iter().chain(peer).chain([traffic, observed, sighting]).collect()
    }

    fn made(&self, id: String, modified: Option<i64>, members: Vec<Member>) -> Version {
        let kind = id.split("--").next().unwrap_or_default().to_owned();
        let created = if modified.is_some() { self.issued.clone() } else { SHAPED.to_owned() };
        let version = modified.map_or_else(|| SHAPED.to_owned(), milli);
        let mut all = vec![
            ("type", Some(kind.into())),
            ("spec_version", Some("2.1".into())),
            ("id", Some(id.as_str().into())),
            ("created", Some(created.into())),
            ("modified", Some(version.as_str().into())),
        ];
        all.extend(members);
        let modified = modified.or_else(|| stamp::parse(SHAPED, None).ok());
        Version { id, modified, value: object(all) }
    }

    fn centre(&self) -> Version {
        let members = vec![
            ("name", Some(self.issue.org.as_str().into())),
            ("identity_class", Some("organization".into())),
            ("contact_information", Some(self.issue.contact.as_str().into())),
        ];
        self.made(self.centre.clone(), None, members)
    }

    fn program(&self) -> Version {
        let members =
            vec![("name", Some("Todoke".into())), ("identity_class", Some("system".into()))];
        self.made(PROGRAM.to_owned(), None, members)
    }

    fn extension(&self) -> Version {
        let members = vec![
            ("created_by_ref", Some(PROGRAM.into())),
            ("name", Some("todoke/isp-list".into())),
            ("description", Some("What a line of a notice list says beside the sighting".into())),
            ("schema", Some("todoke/isp-list/1".into())),
            ("version", Some("1.0.0".into())),
            ("extension_types", Some(json!(["property-extension"]))),
        ];
        self.made(EXTENSION.to_owned(), None, members)
    }

    /// What is wrong: malware, or a vulnerability by its number or in our own words.
    fn wrong(&self, line: &Line) -> Version {
        let mut members = vec![("created_by_ref", Some(self.centre.as_str().into()))];
        if line.weakness == Some(Weakness::Infected) {
            let family = text(line.malware_family.as_ref());
            let word = line.malware_family.as_deref().unwrap_or_default();
            let id = format!("malware--{}", self.issue.uuid(&["malware", word]));
            members.push(("is_family", Some(family.is_some().into())));
            members.push(("name", family));
            members.push(("malware_types", Some(json!(["bot"]))));
            return self.made(id, None, members);
        }
        let exposure = line.exposure();
        let cve = exposure.as_ref().and_then(issue::cve);
        let words = exposure.map_or_else(|| "unknown".to_owned(), |exposure| exposure.to_string());
        let id = format!("vulnerability--{}", self.issue.uuid(&["vulnerability", &words]));
        let reference = cve.as_ref().map(|cve| json!([{"external_id": cve, "source_name": "cve"}]));
        members.push(("name", Some(cve.unwrap_or(words).into())));
        members.push(("external_references", reference));
        self.made(id, None, members)
    }

    fn observed(&self, line: &Line, objects: &[&String]) -> Version {
        let id = format!("observed-data--{}", self.issue.uuid_of(line, "observed-data"));
        let seen = second(line.detected_at);
        let members = vec![
            ("created_by_ref", Some(self.centre.as_str().into())),
            ("object_marking_refs", Some(json!([AMBER]))),
            ("first_observed", Some(seen.as_str().into())),
            ("last_observed", Some(seen.into())),
            ("number_observed", Some(1.into())),
            ("object_refs", Some(json!(objects))),
        ];
        let issued_at = self.issue.issued_at;
        self.made(id, Some(issued_at - issued_at.rem_euclid(1_000)), members)
    }

    fn sighting(&self, line: &Line, wrong: &str, observed: &str) -> Version {
        let id = format!("sighting--{}", self.issue.uuid_of(line, "sighting"));
        let reference = |name: &str, id: String| json!({"external_id": id, "source_name": name});
        let list = format!("{}/{}", line.list_id, line.record_no);
        let references =
            [reference("todoke-inquiry", line.inquiry_id.clone()), reference("todoke-list", list)];
        let first = line.first_seen.filter(|first| *first <= line.detected_at);
        let mut extension = without(issue::own(line), &["first_seen", "weakness_code"]);
        extension.extend([
            ("extension_type", Some("property-extension".into())),
            ("severity", line.severity.map(|severity| severity.code().into())),
            ("fw_version", text(line.fw_version.as_ref())),
        ]);
        let members = vec![
            ("created_by_ref", Some(self.centre.as_str().into())),
            ("object_marking_refs", Some(json!([AMBER]))),
            ("confidence", line.confidence.map(|share| share.min(100).into())),
            ("external_references", Some(json!(references))),
            ("first_seen", first.map(|at| second(at).into())),
            ("last_seen", Some(second(line.detected_at).into())),
            ("sighting_of_ref", Some(wrong.into())),
            ("observed_data_refs", Some(json!([observed]))),
            ("where_sighted_refs", Some(json!([self.centre]))),
            ("revoked", line.is_withdrawn().then(|| true.into())),
            ("extensions", Some(json!({ EXTENSION: object(extension) }))),
        ];
        self.made(id, Some(version(line, self.issue.issued_at)), members)
    }
}

/// When the version of a sighting was made: with its list, or when its line was taken back, and
/// then at least a thousandth of a second later, which is how finely versions are told apart.
fn version(line: &Line, issued_at: i64) -> i64 {
    let at = line.withdrawn_at.map_or(issued_at, |at| at.max(issued_at + 1_000));
    at - at.rem_euclid(1_000)
}

/// A time to the thousandth of a second, which STIX asks for of versions.
fn milli(at: i64) -> String {
    let text = second(at);
    let fraction = at.rem_euclid(1_000_000) / 1_000;
    format!("{}.{fraction:03}Z", text.trim_end_matches('Z'))
}

fn observable(kind: &str, told: Vec<Member>, more: Vec<Member>) -> Version {
    // Canonical JSON: members in order, no blanks, small numbers and plain texts alone.
    let name = object(told.clone()).to_string();
    let id = format!("{kind}--{}", Uuid::new_v5(&OBSERVABLES, name.as_bytes()));
    let mut members = vec![
        ("type", Some(kind.into())),
        ("spec_version", Some("2.1".into())),
        ("id", Some(id.as_str().into())),
    ];
    members.extend(told.into_iter().chain(more));
    Version { id, modified: None, value: object(members) }
}

fn address(ip: IpAddr) -> Version {
    let kind = if ip.is_ipv4() { "ipv4-addr" } else { "ipv6-addr" };
    observable(kind, vec![("value", Some(ip.to_string().into()))], Vec::new())
}

fn traffic(line: &Line, device: &str, peer: Option<&str>) -> Version {
    let mut protocols = vec![if line.ip.is_ipv4() { "ipv4" } else { "ipv6" }];
    if line.proto != Proto::Other {
        protocols.push(line.proto.code());
    }
    let told = vec![
        ("src_ref", Some(device.into())),
        ("dst_ref", peer.map(Value::from)),
        ("src_port", line.port.map(Value::from)),
        ("dst_port", line.peer_port.map(Value::from)),
        ("protocols", Some(json!(protocols))),
    ];
    observable("network-traffic", told, Vec::new())
}
