//! 調査リスト (`todoke/scan-list/1`): weak passwords and infections the project itself has found.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::sync::{Arc, LazyLock};

use crate::detection::words;
use crate::safe_csv::CsvWriter;
use crate::table::{Fault, Line, Sheet, due};
use crate::{
    Detail, Detection, Exposure, FileRefused, Kind, Notes, Outcome, Proto, Reading, Row, Rows,
    Severity, Stream, Weakness, address, stamp,
};

/// Columns that must be there and filled; `port` may be 0 or empty where none is known.
pub const REQUIRED: &[&str] = &[
    "scan_run",
    "record_no",
    "stream",
    "detected_at",
    "ip",
    "proto",
    "port",
    "method_version",
    "outcome",
];

/// Columns that may be there.
pub const OPTIONAL: &[&str] = &[
    "peer_ip",
    "peer_port",
    "application",
    "weakness_code",
    "credential_class",
    "cve",
    "malware_family",
    "device_vendor",
    "device_type",
    "device_model",
    "fw_version",
    "cert_sha256",
    "hostkey_sha256",
    "serial_hash",
    "evidence_hash",
    "confidence",
    "severity",
    "provenance",
];

/// Optional columns that [`Detail`] has no field for; they stand in `extra` under their names.
const EXTRA: [&str; 5] = ["application", "cve", "evidence_hash", "provenance", "confidence"];

/// The names under which they stand there, made once and shared by every row.
static EXTRA_NAMES: LazyLock<[Arc<str>; 7]> = LazyLock::new(|| {
    let [application, cve, evidence, provenance, confidence] = EXTRA;
    ["stream", "credential_class", application, cve, evidence, provenance, confidence]
        .map(Arc::from)
});

/// Every kind of a file is kept once; a file with more kinds than this makes them anew.
const KINDS_MAX: usize = 1024;

words! {
    /// The class of a weak password (認証情報の種別), never the password.
    #[doc(alias = "認証情報の種別")]
    CredentialClass {
        /// As the maker set it.
        FactoryDefault = "factory_default",
        /// A common word.
        Dictionary = "dictionary",
        /// `123456` and the like.
        Sequence = "sequence",
        /// None at all.
        Blank = "blank",
        /// Another.
        Other = "other",
    }
}

/// Opens a scan list for reading.
///
/// The weakness is `weakness_code`, else what the stream is about. The kind is `application`,
/// else the stream. `stream` itself and columns without a field stand in `detail.extra`.
pub fn open(input: impl Read + Send + 'static, reading: Reading) -> Result<Rows, FileRefused> {
    let mut sheet = Sheet::open(input, reading, "scan-list", [REQUIRED, OPTIONAL, &[]])?;
    let header = sheet.header.clone();
    let mut kinds = HashMap::new();
    let rows = std::iter::from_fn(move || {
        let row = sheet.next(&mut |line| detection(line, &mut kinds)).transpose()?;
        Some(row.map(|row| match row {
            Ok(detection) => Row::Detection(Box::new(detection)),
            Err(refused) => Row::Refused(refused),
        }))
    });
    Ok(Rows::new(header, rows))
}

fn detection(line: &Line<'_>, kinds: &mut HashMap<String, Kind>) -> Result<Detection, Fault> {
    let stream: Stream = due("stream", line.word("stream")?)?;
    let weakness = line.word("weakness_code")?.unwrap_or(weakness_of(stream));
    let application = line.code("application");
    let kind = kind(application.as_deref().unwrap_or(stream.code()), kinds);
    let severity: Option<Severity> = line.word("severity")?;
    let ip = due("ip", line.ip("ip")?)?;
    let mut detection = Detection {
        line: line.number,
        detected_at: due("detected_at", line.time("detected_at")?)?,
        ip,
        port: line.port("port")?,
        proto: due("proto", line.word::<Proto>("proto")?)?,
        peer_ip: line.ip("peer_ip")?,
        peer_port: line.port("peer_port")?,
        exposure: Exposure { weakness, kind },
        outcome: due("outcome", line.word::<Outcome>("outcome")?)?,
        severity: severity.unwrap_or(Severity::Unknown),
        severity_from_row: severity.is_some(),
        detail: detail(line, stream)?,
    };
    if address::is_special(ip) {
        detection.detail.notes.add(Notes::SPECIAL_ADDRESS);
    }
    if line.replaced_controls() {
        detection.detail.notes.add(Notes::CONTROL_REPLACED);
    }
    Ok(detection)
}

fn detail(line: &Line<'_>, stream: Stream) -> Result<Detail, Fault> {
    let text = |column| Ok::<_, Fault>(line.text(column, 1000)?.map(String::into_boxed_str));
    let mut detail = Detail {
        malware_family: text("malware_family")?,
        device_vendor: text("device_vendor")?,
        device_type: text("device_type")?,
        device_model: text("device_model")?,
        fw_version: text("fw_version")?,
        cert_sha256: text("cert_sha256")?,
        hostkey_sha256: text("hostkey_sha256")?,
        scan_run: Some(due("scan_run", text("scan_run")?)?),
        record_no: Some(due("record_no", text("record_no")?)?),
        method_version: Some(due("method_version", text("method_version")?)?),
        ..Detail::default()
    };
    line.number("confidence", 100)?;
    let class: Option<CredentialClass> = line.word("credential_class")?;
    let [stream_name, class_name, names @ ..] = &*EXTRA_NAMES;
    detail.extra.push((Arc::clone(stream_name), stream.code().into()));
    if let Some(class) = class {
        detail.extra.push((Arc::clone(class_name), class.code().into()));
    }
    for (column, name) in EXTRA.into_iter().zip(names) {
        if let Some(value) = text(column)? {
            detail.extra.push((Arc::clone(name), value));
        }
    }
    detail.extra.extend(line.others());
    if let Some(serial) = text("serial_hash")? {
        detail.tell_serial(&serial);
    }
    Ok(detail)
}

/// What a stream is about, where the row does not say.
const fn weakness_of(stream: Stream) -> Weakness {
    match stream {
        Stream::Notice => Weakness::WeakCredentials,
        Stream::Nicter | Stream::Campaign => Weakness::Infected,
        Stream::Firmware => Weakness::VulnerableFirmware,
        Stream::Reflector => Weakness::Amplifier,
    }
}

fn kind(word: &str, kinds: &mut HashMap<String, Kind>) -> Kind {
    if let Some(kind) = kinds.get(word) {
        return kind.clone();
    }
    let kind = Kind::bent(word);
    if kinds.len() < KINDS_MAX {
        kinds.insert(word.to_owned(), kind.clone());
    }
    kind
}

/// Writes a scan list row by row: UTF-8, CRLF, times in UTC.
pub struct Writer<W: Write>(CsvWriter<W>);

impl<W: Write> Writer<W> {
    /// Writes the header; a byte-order mark on request.
    pub fn new(out: W, bom: bool) -> io::Result<Self> {
        CsvWriter::new(out, bom, &[REQUIRED, OPTIONAL].concat()).map(Self)
    }

    /// Writes one detection. What [`Detail`] has no field for is taken from `extra` by its name.
    pub fn write(&mut self, stream: Stream, detection: &Detection) -> io::Result<()> {
        let (csv, detail) = (&mut self.0, &detection.detail);
        csv.shown(detail.scan_run.as_deref());
        csv.shown(detail.record_no.as_deref());
        csv.cell(stream.code());
        csv.cell(&stamp::utc(detection.detected_at));
        csv.cell(&detection.ip.to_string());
        csv.cell(detection.proto.code());
        csv.shown(detection.port);
        csv.shown(detail.method_version.as_deref());
        csv.cell(detection.outcome.code());
        csv.shown(detection.peer_ip);
        csv.shown(detection.peer_port);
        csv.cell(detail.extra("application").unwrap_or(detection.exposure.kind.as_str()));
        csv.cell(detection.exposure.weakness.code());
        csv.shown(detail.extra("credential_class"));
        csv.shown(detail.extra("cve"));
        csv.shown(detail.malware_family.as_deref());
        csv.shown(detail.device_vendor.as_deref());
        csv.shown(detail.device_type.as_deref());
        csv.shown(detail.device_model.as_deref());
        csv.shown(detail.fw_version.as_deref());
        csv.shown(detail.cert_sha256.as_deref());
        csv.shown(detail.hostkey_sha256.as_deref());
        csv.shown(detail.serial_hash.as_deref());
        csv.shown(detail.extra("evidence_hash"));
        csv.shown(detail.extra("confidence"));
        csv.shown(detection.severity_from_row.then_some(detection.severity));
        csv.shown(detail.extra("provenance"));
        csv.end_row()
    }

    /// Flushes and gives the output back.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}
