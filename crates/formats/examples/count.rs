//! Counts the rows of a Shadowserver report, or of a `scan-list`, and says how fast they were read:
//! `cargo run --release -p formats --example count -- FILE [TYPE]`.

use std::fs::File;
use std::time::Instant;

use formats::unpack::Limits;
use formats::{Reading, Row, scan_list, shadowserver, unpack};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: count FILE [TYPE]")?;
    let declared = std::env::args().nth(2);
    let began = Instant::now();
    let file = unpack::unpack_within(&path, File::open(&path)?, Limits::FEED)?;
    let name = file.name.clone();
    // Nothing is dated after the year 9999.
    let reading = Reading::at(i64::MAX);
    let rows = match declared.as_deref() {
        Some("scan-list") => scan_list::open(file, reading)?,
        declared => shadowserver::open(&name, declared, file, reading)?,
    };
    let (mut detections, mut refused, mut kept) = (0_u64, 0_u64, 0_usize);
    for row in rows {
        match row? {
            Row::Detection(detection) => {
                detections += 1;
                kept += detection.detail.extra.len();
            }
            Row::Refused(_) => refused += 1,
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let all = detections + refused;
    println!("rows {all} detections {detections} refused {refused} extra cells {kept}");
    println!("{seconds:.3} s, {:.2} M rows/s", all as f64 / seconds / 1e6);
    Ok(())
}
