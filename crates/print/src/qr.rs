//! A QR code (二次元コード) as a drawing of one path, which prints sharp at any size.

use std::fmt::Write as _;

use qrcode::{EcLevel, QrCode};

/// Modules of quiet paper around the code (ISO/IEC 18004 asks for four).
const QUIET: usize = 4;

/// More than a QR code can say.
#[derive(Debug, thiserror::Error)]
#[error("{0} bytes are too many for a QR code")]
pub struct TooLong(usize);

/// The code that says `text`, as SVG; a sixth of it may be lost to dirt or a fold.
pub fn svg(text: &str) -> Result<String, TooLong> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M);
    let code = code.map_err(|_| TooLong(text.len()))?;
    let size = code.width();
    let dark = code.to_colors().into_iter().map(|color| color.select(true, false));
    let dark: Vec<bool> = dark.collect();
    let whole = size + 2 * QUIET;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\">\
         <path d=\""
    );
    for (y, row) in dark.chunks(size).enumerate() {
        for (x, width) in runs(row) {
            let (x, y) = (x + QUIET, y + QUIET);
            let written = write!(svg, "M{x} {y}h{width}v1h-{width}z");
            written.expect("a String takes whatever is written");
        }
    }
    svg.push_str("\"/></svg>");
    Ok(svg)
}

/// The dark runs of a row: where each begins and how long it is.
fn runs(row: &[bool]) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut at = 0;
    for run in row.chunk_by(|a, b| a == b) {
        if run[0] {
            runs.push((at, run.len()));
        }
        at += run.len();
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_drawn_by_its_dark_runs() {
        assert_eq!(runs(&[true, true, false, true]), [(0, 2), (3, 1)]);
        assert_eq!(runs(&[false, false]), []);
    }

    #[test]
    fn what_no_code_can_say_is_refused() {
        assert!(svg(&"x".repeat(5_000)).is_err());
        assert!(svg("https://todoke.example/id#48213-90417-66206").unwrap().contains("<path"));
    }
}
