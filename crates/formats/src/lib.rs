//! Reads and writes the exchange formats of device detections (検知): pure functions from bytes to
//! rows, with neither network, database nor clock.
//!
//! Every reader holds the same four promises. It goes by column name, never by position. Its
//! memory does not grow with the file. A row is either understood or [`Refused`] with line,
//! column, reason and bytes, and stops no other row. No credential leaves the reader.
//!
//! | module | format |
//! |---|---|
//! | [`shadowserver`] | Shadowserver report CSV, all scan and event types, old and new names |
//! | [`scan_list`] | `todoke/scan-list/1`: weak passwords and infections found by the project |
//! | [`intelmq`] | IntelMQ events: JSON lines, one array, nested objects |
//! | [`n6`] | n6 events: JSON lines, one array, single objects; a row per address |
//! | [`mapped_csv`] | any other CSV, by a mapping of its columns kept as data |
//! | [`coverage`] | `todoke/coverage/1`: what a scan run really covered (走査範囲) |
//! | [`report_back`] | `todoke/report-back/1`: what the ISP did (注意喚起状況報告) |
//! | [`bounce`] | delivery status notifications, and bounces in words (不達通知) |
//! | [`recog`] | Recog fingerprints: banner → maker, product, device (機器指紋) |
//! | [`isp_list`] | `todoke/isp-list/1`: what the ISP is asked to do (通知明細) |
//! | [`stix`] | STIX 2.1 bundles and TAXII 2.1 envelopes: sightings of devices |
//! | [`misp`] | MISP events: addresses of devices, with the time they were seen |
//! | [`xarf`] | XARF 4, 3 and before: abuse reports, those that are about a weak device |
//!
//! A notice list is also written as [`intelmq::write`], [`xarf::write`], [`stix::write`] and
//! [`n6::write`], for programs that know none of ours; an [`Issue`] says who hands it out.
//!
//! [`unfold()`] opens what these files come in: zip, gzip, zstd and mails.
//!
//! ```
//! use formats::{Reading, Row, shadowserver};
//!
//! let report = "timestamp,ip,protocol,port\n\
//!     2026-11-22 01:02:03,192.0.2.7,tcp,2323\n\
//!     2026-11-22 01:02:03,192.0.2.300,tcp,23\n";
//! let now = 1_795_392_000_000_000;
//! let input = std::io::Cursor::new(report);
//! let rows = shadowserver::open("scan_telnet.csv", None, input, Reading::at(now))?;
//! let told: Vec<String> = rows
//!     .map(|row| match row.expect("a slice never fails") {
//!         Row::Detection(d) => format!("{} at {}", d.exposure, d.ip),
//!         Row::Refused(refused) => refused.to_string(),
//!     })
//!     .collect();
//! assert_eq!(told[0], "exposed_service/telnet at 192.0.2.7");
//! assert_eq!(told[1], "line 3, column ip: this is not an IP address");
//! # Ok::<(), formats::FileRefused>(())
//! ```

mod detail;
mod detection;
mod draft;
mod header;
mod issue;
mod json_rows;
mod json_value;
mod jsonl;
mod mail;
mod reading;
mod refusal;
mod split;
mod table;
mod text;
mod window;

pub mod address;
pub mod bounce;
pub mod coverage;
pub mod credentials;
pub mod intelmq;
pub mod isp_list;
pub mod mapped_csv;
pub mod misp;
pub mod n6;
pub mod recog;
pub mod report_back;
pub mod safe_csv;
pub mod scan_list;
pub mod shadowserver;
pub mod stamp;
pub mod stix;
pub mod unfold;
pub mod unpack;
pub mod xarf;

pub use detail::{Detail, Notes};
pub use detection::{
    Detection, Exposure, Kind, Outcome, Proto, Severity, Stream, UnknownWord, Weakness,
};
pub use header::Header;
pub use issue::Issue;
pub use reading::{Encoding, Reading};
pub use refusal::{FileRefused, Legible, Reason, Refused, Row, Rows};
pub use unfold::unfold;
pub use unpack::unpack;
