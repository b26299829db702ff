//! Assets (部品): style sheets, one small script and our own drawings, built into the binary.

use std::sync::OnceLock;

use axum::{
    extract::Path,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest as _, Sha256};

use super::routes::Routes;
use crate::access::{doors::Door, keys::to_hex};

macro_rules! embedded {
    ($($name:literal: $kind:expr,)+) => {
        /// Every asset: name, type, bytes.
        const ASSETS: &[(&str, &str, &[u8])] = &[$(
            ($name, $kind, include_bytes!(concat!("../../assets/", $name))),
        )+];
    };
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

embedded! {
    "tokens.css": CSS,
    "todoke.css": CSS,
    "id.js": SCRIPT,
    "sign-in.js": SCRIPT,
    "passkey.js": SCRIPT,
    "icon.svg": SVG,
    "pictures/where-the-id-stands.svg": SVG,
    "pictures/router.svg": SVG,
    "pictures/camera.svg": SVG,
    "pictures/nas.svg": SVG,
    "pictures/recorder.svg": SVG,
    "pictures/vpn-router.svg": SVG,
    "pictures/unknown.svg": SVG,
    "pictures/not-mine.svg": SVG,
    "pictures/unused.svg": SVG,
    "pictures/label.svg": SVG,
    "pictures/reset.svg": SVG,
    "pictures/settings-page.svg": SVG,
    "pictures/password.svg": SVG,
    "pictures/update.svg": SVG,
    "pictures/remote-off.svg": SVG,
    "pictures/power-cycle.svg": SVG,
    "pictures/replace.svg": SVG,
    "pictures/ports.svg": SVG,
}

/// The address of an asset; it changes with the content, so that it may be kept for long.
pub fn href(name: &str) -> String {
    format!("/assets/{name}?v={}", version())
}

/// Whether there is a drawing of that name.
pub fn has_picture(name: &str) -> bool {
    let wanted = format!("pictures/{name}.svg");
    ASSETS.iter().any(|(name, _, _)| *name == wanted)
}

/// The route of all assets.
pub fn routes() -> Routes {
    Routes::new().get("/assets/{*name}", Door::Public, asset)
}

async fn asset(Path(name): Path<String>) -> Response {
    const KEPT: [(HeaderName, &str); 1] =
        [(header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    match ASSETS.iter().find(|(known, _, _)| *known == name) {
        Some((_, kind, bytes)) => (KEPT, [(header::CONTENT_TYPE, *kind)], *bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let mut hash = Sha256::new();
        for (_, _, bytes) in ASSETS {
            hash.update(bytes);
        }
        to_hex(&hash.finalize())[..12].to_owned()
    })
}
