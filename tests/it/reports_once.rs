//! Exactly once for reports whose type stands in their name: the same bytes may be two reports, and
//! one report has many names.

use std::fmt::Write as _;

use proptest::{collection::vec, prelude::*};
use todoke::feeds::Format;

use crate::{
    centre::Engine,
    exactly_once::{STORIES, on_rooms, packed, providers},
    room::{Room, Story},
};

/// Types whose reports have all columns of these files.
const TYPES: [&str; 3] = ["scan_telnet", "scan_ssh", "device_id"];

/// How a report of a type is called; the last name says none.
const NAMES: [&str; 5] = [
    "2026-05-12-TYPE-jp.csv",
    "2026-05-13-17-TYPE-jp.csv.gz",
    "TYPE.csv",
    "TYPE-japan-geo~1.csv",
    "report.csv",
];

const ADDRESSES: [&str; 5] = ["198.18.0.1", "198.18.1.1", "198.18.2.1", "198.18.9.1", "no address"];

const TIMES: [&str; 4] =
    ["2026-05-11 14:59:59", "2026-05-11 15:00:00", "2026-05-31 15:00:00", "never"];

/// A row that stands in the reports of some types.
#[derive(Clone, Debug)]
struct Reported {
    types: Vec<bool>,
    address: usize,
    time: usize,
    port: u16,
}

fn reported() -> impl Strategy<Value = Reported> {
    // Rows of all types are frequent: only they make equal bytes of several types.
    let types =
        prop_oneof![2 => Just(vec![true; TYPES.len()]), 1 => vec(any::<bool>(), TYPES.len())];
    let rare = |len: usize| prop_oneof![20 => 0..len - 1, 1 => Just(len - 1)];
    (types, rare(ADDRESSES.len()), rare(TIMES.len()), 22..24_u16)
        .prop_map(|(types, address, time, port)| Reported { types, address, time, port })
}

/// How rows are dealt out to reports, and under which names these come.
#[derive(Clone, Debug)]
struct Deal {
    rows: Vec<Reported>,
    order: Vec<usize>,
    /// How many rows go in each report, again and again.
    lengths: Vec<usize>,
    /// Under which names each report comes, again and again.
    names: Vec<Vec<usize>>,
    /// How many take files in at the same time.
    tasks: usize,
}

fn deal() -> impl Strategy<Value = Deal> {
    vec(reported(), 1..=20).prop_flat_map(|rows| {
        let order = Just((0..rows.len()).collect::<Vec<_>>()).prop_shuffle();
        let names = vec(vec(0..NAMES.len(), 1..4), 1..4);
        (Just(rows), order, vec(1..12_usize, 1..4), names, 1..=3_usize).prop_map(
            |(rows, order, lengths, names, tasks)| Deal { rows, order, lengths, names, tasks },
        )
    })
}

/// A file: name, bytes.
type Named = (String, Vec<u8>);

fn text(rows: &[&Reported]) -> String {
    let mut text = String::from("timestamp,severity,ip,protocol,port,hostname,tag,asn\n");
    for Reported { address, time, port, .. } in rows {
        let (at, ip) = (TIMES[*time], ADDRESSES[*address]);
        writeln!(text, "{at},high,{ip},tcp,{port},,,0").unwrap();
    }
    text
}

fn called(name: &str, kind: &str, text: &str) -> Named {
    let is_packed = name == NAMES[1];
    let bytes = if is_packed { packed(text) } else { text.as_bytes().to_vec() };
    (name.replace("TYPE", kind), bytes)
}

impl Deal {
    /// All rows of each type in one report.
    fn plain(&self) -> Vec<Named> {
        let rows: Vec<&Reported> = self.rows.iter().collect();
        of_each_type(&rows).map(|(kind, text)| called(NAMES[2], kind, &text)).collect()
    }

    /// The reports of the deal. One that comes under a name without a type comes under a name with
    /// one too, before it or after.
    fn files(&self) -> Vec<Named> {
        let mut rest: Vec<&Reported> = self.order.iter().map(|place| &self.rows[*place]).collect();
        let (mut lengths, mut names) = (self.lengths.iter().cycle(), self.names.iter().cycle());
        let mut files = Vec::new();
        while !rest.is_empty() {
            let length = lengths.next().map_or(1, |length| rest.len().min(*length));
            let piece: Vec<&Reported> = rest.drain(..length).collect();
            for (kind, text) in of_each_type(&piece) {
                let names = names.next().into_iter().flatten().map(|name| NAMES[*name]);
                let mut named: Vec<Named> = names.map(|name| called(name, kind, &text)).collect();
                named.push(called(NAMES[0], kind, &text));
                files.extend(named);
            }
        }
        files
    }
}

fn of_each_type(rows: &[&Reported]) -> impl Iterator<Item = (&'static str, String)> {
    TYPES.iter().enumerate().filter_map(|(no, kind)| {
        let own: Vec<&Reported> = rows.iter().filter(|row| row.types[no]).copied().collect();
        (!own.is_empty()).then(|| (*kind, text(&own)))
    })
}

/// Takes files in by so many tasks at once, each in a folder of its own.
async fn takes(story: &Story<'_>, files: &[Named], tasks: usize) {
    let task = |which: usize| async move {
        for (no, (name, bytes)) in files.iter().enumerate().skip(which).step_by(tasks) {
            let taken = story.takes_from(&no.to_string(), 0, name, bytes).await;
            // The same bytes may be in by another name by now; if not, this one is of no use.
            let is_fine = taken.refused.is_none() || name == NAMES[4];
            assert!(is_fine, "{name}: {taken:?}");
        }
    };
    futures::future::join_all((0..tasks).map(task)).await;
}

async fn comes_to_the_same(room: &Room, deal: &Deal) -> Result<(), TestCaseError> {
    let story = room.begins_with(&providers(), &["notice"], &Format::Shadowserver).await;
    takes(&story, &deal.plain(), 1).await;
    let wanted = story.hash().await;
    let story = room.begins_with(&providers(), &["notice"], &Format::Shadowserver).await;
    takes(&story, &deal.files(), deal.tasks).await;
    prop_assert_eq!(story.hash().await, wanted);
    Ok(())
}

#[test]
fn the_same_reports_under_any_names_and_in_any_order_come_to_the_same_state_on_sqlite() {
    on_rooms(Engine::Sqlite, STORIES, deal, comes_to_the_same);
}

#[test]
fn the_same_reports_under_any_names_and_in_any_order_come_to_the_same_state_on_postgres() {
    on_rooms(Engine::Postgres, STORIES, deal, comes_to_the_same);
}
