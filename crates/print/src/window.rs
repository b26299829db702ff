//! The window of an envelope (窓付き封筒): where on the sheet the address must stand.
//!
//! 長形3号 (JIS S 5502: 120 × 235 mm) takes A4 folded in three (210 × 99 mm), and the sheet can slide
//! in it by the difference. Windows are not standardised. Postal practice asks for at least
//! 45 × 80 mm for an address; on the market 45 × 90 mm is usual for an envelope used lengthwise,
//! 20 mm from the left edge and 10 to 12 mm from the top, and the post recommends 12 mm or more
//! of paper around it. [`NAGAGATA_3`] is that one. Measure a window of another make and print one
//! letter before printing a thousand: what matters follows from the measures by arithmetic.
//!
//! Whatever the sheet slides to, the window shows a part of [`Window::clear`] and always
//! [`Window::seen`]: the address stands inside the latter, and nothing else inside the former. So
//! the post reads the whole address, and no stranger reads anything but the address.

/// A rectangle on the sheet in millimetres from its upper left corner (範囲).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// The left edge.
    pub left: f64,
    /// The upper edge.
    pub top: f64,
    /// The right edge.
    pub right: f64,
    /// The lower edge.
    pub bottom: f64,
}

/// An envelope with a window, used lengthwise; all in millimetres (窓付き封筒).
#[derive(Clone, Copy, Debug, PartialEq)]
#[doc(alias = "窓付き封筒")]
pub struct Window {
    /// How wide the envelope is.
    pub envelope_width: f64,
    /// How high.
    pub envelope_height: f64,
    /// From the envelope's left edge to the window's.
    pub left: f64,
    /// From the envelope's upper edge to the window's.
    pub top: f64,
    /// How wide the window is.
    pub width: f64,
    /// How high.
    pub height: f64,
}

/// A 長形3号 envelope with the usual window.
#[doc(alias = "長形3号")]
pub const NAGAGATA_3: Window = Window {
    envelope_width: 235.0,
    envelope_height: 120.0,
    left: 20.0,
    top: 11.0,
    width: 90.0,
    height: 45.0,
};

/// A4, of which a third shows.
const SHEET: (f64, f64) = (210.0, 99.0);

impl Window {
    /// How far the folded sheet can slide: to the right, and down.
    fn play(&self) -> (f64, f64) {
        (self.envelope_width - SHEET.0, self.envelope_height - SHEET.1)
    }

    /// What of the sheet the window shows wherever the sheet slid: here the address stands.
    pub fn seen(&self) -> Area {
        let (right, down) = self.play();
        Area {
            left: self.left,
            top: self.top,
            right: self.left + self.width - right,
            bottom: self.top + self.height - down,
        }
    }

    /// What of the sheet the window may show: here nothing but the address stands.
    pub fn clear(&self) -> Area {
        Area { left: 0.0, top: 0.0, right: self.left + self.width, bottom: self.top + self.height }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wherever_the_sheet_slides_the_window_shows_what_must_be_seen_and_nothing_else() {
        let window = NAGAGATA_3;
        let (seen, clear) = (window.seen(), window.clear());
        assert!(seen.right - seen.left >= 60.0 && seen.bottom - seen.top >= 20.0, "{seen:?}");
        for (x, y) in [(0.0, 0.0), (25.0, 0.0), (0.0, 21.0), (25.0, 21.0), (12.5, 10.5)] {
            // The window in the sheet's own measures, the sheet having slid by x and y.
            let (left, top) = (window.left - x, window.top - y);
            let (right, bottom) = (left + window.width, top + window.height);
            assert!(left <= seen.left && top <= seen.top, "{x} {y}");
            assert!(right >= seen.right && bottom >= seen.bottom, "{x} {y}");
            assert!(right <= clear.right && bottom <= clear.bottom, "{x} {y}");
        }
    }
}
