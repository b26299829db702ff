//! QR codes (QRコード): a text as a picture that a phone reads, drawn into the page itself.

use anyhow::Context as _;
use qrcode::{EcLevel, QrCode, render::svg};

/// The SVG of `text`, dark on white with the quiet zone that readers need.
pub fn svg(text: &str) -> anyhow::Result<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .context("the text is too long for a QR code")?;
    let picture = code.render::<svg::Color<'_>>().min_dimensions(220, 220).build();
    // A declaration of XML has no place inside a page.
    Ok(picture.split_once("?>").map_or(picture.as_str(), |(_, drawing)| drawing).to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_code_is_a_drawing_of_its_own_without_a_declaration() {
        let drawing = super::svg("otpauth://totp/todoke.example:desk-1?secret=ABCD").unwrap();
        assert!(drawing.starts_with("<svg") && !drawing.contains("<?xml"));
    }
}
