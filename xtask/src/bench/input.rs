//! A day's list as the Shadowserver report "Accessible Telnet" lays it out, all of it made up.
//!
//! Both days name the same devices, as lists of neighbouring days largely do: the second is
//! taken in against a store that knows every row.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::processes;

/// A generator that may lie beside this folder, with sample data of its own; preferred, since
/// figures then compare with those of other programs run on the same file.
const GENERATOR: &str = "../shared/data/generators/gen_csv.py";

/// Providers whose addresses a list names, by ASN, with a block each for a made-up table.
pub(super) const PROVIDERS: [(u32, [u8; 2]); 8] = [
    (2516, [27, 80]),
    (2518, [36, 8]),
    (2527, [42, 144]),
    (4685, [49, 96]),
    (4713, [58, 80]),
    (9605, [60, 32]),
    (17511, [61, 192]),
    (17676, [126, 0]),
];

const HEADER: &str = "\"timestamp\",\"ip\",\"protocol\",\"port\",\"hostname\",\"tag\",\"asn\",\
                      \"geo\",\"region\",\"city\",\"naics\",\"sic\",\"banner\"";
const PORTS: [u16; 8] = [23, 23, 23, 23, 23, 23, 2323, 5555];
const BANNERS: [&str; 4] = ["|BusyBox v1.19.4|login:", "|DVR-4ch|username:", "|HGW|login:", "||"];

/// Addresses of one provider.
struct Range {
    first: u32,
    asn: u32,
    /// How many addresses this range and all before it hold.
    end: u64,
}

/// The list of `date` with `rows` rows, made unless it is there from an earlier run.
pub(super) fn day(folder: &Path, tables: &[PathBuf], date: &str, rows: u64) -> Result<PathBuf> {
    let folder = folder.join(format!("input-{rows}"));
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    // The reader takes the kind of a report from its file's name.
    let file = folder.join(format!("{date}-scan_telnet-jp.csv"));
    if file.exists() {
        return Ok(file);
    }
    eprintln!("bench: making {}", file.display());
    // Under its name only once it is whole: an interrupted run leaves no short list behind.
    let part = file.with_extension("part");
    if Path::new(GENERATOR).exists() {
        let mut generate = processes::command("python3");
        generate.args([GENERATOR, &rows.to_string()]).arg(&part).args(["--date", date]);
        processes::output(&mut generate)?;
    } else {
        write_list(&part, &ranges(tables)?, (date, rows), Random(7411))?;
    }
    fs::rename(&part, &file).with_context(|| file.display().to_string())?;
    Ok(file)
}

/// A register in which every provider a list names is an ISP.
pub(super) fn isp_register(folder: &Path, list: &Path) -> Result<PathBuf> {
    let mut asns = BTreeSet::new();
    let reader = BufReader::new(File::open(list).with_context(|| list.display().to_string())?);
    for line in reader.lines().skip(1) {
        let line = line.with_context(|| list.display().to_string())?;
        asns.extend(line.split(',').nth(6).and_then(|asn| asn.parse::<u32>().ok()));
    }
    let rows = asns.iter().map(|asn| format!("as{asn},Provider {asn},,{asn},dynamic:30\n"));
    let text = format!("code,name,upstream,asns,lease_policy\n{}", rows.collect::<String>());
    let file = folder.join("isps.csv");
    fs::write(&file, text).with_context(|| file.display().to_string())?;
    Ok(file)
}

/// A list of `date` in `folder` with addresses of our providers alone; another seed, another list.
pub(crate) fn list(folder: &Path, date: &str, rows: u64, seed: u64) -> Result<PathBuf> {
    let (mut ranges, mut end) = (Vec::new(), 0);
    for (asn, [a, b]) in PROVIDERS {
        end += BLOCK;
        ranges.push(Range { first: Ipv4Addr::new(a, b, 0, 0).into(), asn, end });
    }
    let file = folder.join(format!("{date}-scan_telnet-jp.csv"));
    write_list(&file, &ranges, (date, rows), Random(seed))?;
    Ok(file)
}

/// Addresses of the block of each of our providers: four /16.
const BLOCK: u64 = 4 << 16;

/// A register in which our providers declare their blocks; of every other one, addresses stay with
/// their lines.
pub(crate) fn register() -> String {
    let row = |(place, (asn, [a, b])): (usize, &(u32, [u8; 2]))| {
        let lease = ["static", "dynamic:30"][place % 2];
        format!("as{asn},Provider {asn},{asn},{lease},{a}.{b}.0.0/14\n")
    };
    let rows: Vec<String> = PROVIDERS.iter().enumerate().map(row).collect();
    format!("code,name,asns,lease_policy,prefix\n{}", rows.concat())
}

/// A coverage file: on `day`, a run of that name looked at all blocks of our providers for what
/// the lists tell.
pub(crate) fn coverage(day: &str) -> String {
    let row = |(_, [a, b]): &(u32, [u8; 2])| {
        format!(
            "{day},{day}T00:00:00Z,{day}T23:59:59Z,{a}.{b}.0.0/14,tcp,23;2323;5555,\
             exposed_service,m1,complete,262144,1,0\n"
        )
    };
    let rows: Vec<String> = PROVIDERS.iter().map(row).collect();
    format!(
        "scan_run,from,to,prefix,proto,ports,weakness_code,method_version,status,attempted,\
         completeness,hits\n{}",
        rows.concat()
    )
}

/// What a provider reports of the first line of a list.
pub(crate) fn report(list: &str) -> String {
    let (at, token) = ("2026-11-23T08:00:00+09:00", "a".repeat(64));
    format!(
        "list_id,record_no,reported_at,state,identified,notice_channel,notice_at,line_token,\
         token_epoch\n{list},1,{at},notified,yes,email,{at},{token},2026\n"
    )
}

/// What `tables` say our providers hold.
fn ranges(tables: &[PathBuf]) -> Result<Vec<Range>> {
    let mut ranges = Vec::new();
    let mut end = 0;
    for table in tables {
        let text = fs::read_to_string(table).with_context(|| table.display().to_string())?;
        for (first, last, asn) in text.lines().filter_map(held) {
            end += u64::from(last.saturating_sub(first)) + 1;
            ranges.push(Range { first, asn, end });
        }
    }
    if ranges.is_empty() {
        bail!("the network table knows none of the providers a list names");
    }
    Ok(ranges)
}

/// First and last address and ASN of a row, where it is one of our providers'.
fn held(row: &str) -> Option<(u32, u32, u32)> {
    let mut fields = row.splitn(4, ',');
    let mut address = || fields.next()?.parse::<Ipv4Addr>().ok().map(u32::from);
    let (first, last) = (address()?, address()?);
    let asn = fields.next()?.parse().ok()?;
    PROVIDERS.iter().any(|(known, _)| *known == asn).then_some((first, last, asn))
}

fn write_list(
    file: &Path,
    ranges: &[Range],
    (date, rows): (&str, u64),
    mut random: Random,
) -> Result<()> {
    let create = File::create(file).with_context(|| file.display().to_string())?;
    let mut out = BufWriter::new(create);
    // Each address is equally likely, so that large providers get most rows.
    let total = ranges.last().map_or(1, |range| range.end);
    writeln!(out, "{HEADER}")?;
    for _ in 0..rows {
        let (address, asn) = pick(ranges, random.below(total));
        let second = random.below(86_400);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let (port, banner) = (random.of(&PORTS), random.of(&BANNERS));
        writeln!(
            out,
            "\"{date} {hour:02}:{minute:02}:{second:02}\",\"{address}\",\"tcp\",{port},\
             \"host.as{asn}.example.jp\",\"telnet\",{asn},\"JP\",\"TOKYO\",\"CHIYODA-KU\",517311,0,\
             \"{banner}\""
        )?;
    }
    out.flush().with_context(|| file.display().to_string())
}

/// The address `n` steps into the ranges, and whose it is.
fn pick(ranges: &[Range], n: u64) -> (Ipv4Addr, u32) {
    let at = ranges.partition_point(|range| range.end <= n);
    let before = if at == 0 { 0 } else { ranges[at - 1].end };
    let steps = u32::try_from(n - before).unwrap_or(0);
    (Ipv4Addr::from(ranges[at].first + steps), ranges[at].asn)
}

/// SplitMix64: short, and the same rows on every machine.
pub(crate) struct Random(pub(super) u64);

impl Random {
    /// Another seed, other rows.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    pub(super) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        let at = self.below(choices.len() as u64);
        choices[usize::try_from(at).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::{Random, Range, held, pick};

    #[test]
    fn a_table_row_is_read_whatever_the_organisation_is_called() {
        let (first, last, asn) = held("58.80.0.0,58.80.0.255,4713,\"A, B\"").unwrap();
        assert_eq!((last - first, asn), (255, 4713));
        assert!(held("58.80.0.0,58.80.0.255,1,Other").is_none());
        assert!(held("2001::,2001::1,4713,Six").is_none());
    }

    #[test]
    fn every_address_of_every_range_can_be_picked() {
        let ranges = [Range { first: 1, asn: 7, end: 2 }, Range { first: 9, asn: 8, end: 3 }];
        let picked: Vec<(u32, u32)> =
            (0..3).map(|n| pick(&ranges, n)).map(|(at, asn)| (at.into(), asn)).collect();
        assert_eq!(picked, [(1, 7), (2, 7), (9, 8)]);
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let draw = |mut random: Random| [random.below(100), random.below(100)];
        assert_eq!(draw(Random(1)), draw(Random(1)));
    }
}
