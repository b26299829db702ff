//! `todoke wording preview`: a wording with example values.

use std::path::Path;

use serde_json::json;

use crate::{
    app::App,
    cli::{Out, Refused},
    notices::{
        kit,
        wordings::{Way, Wording, text::parts},
    },
};

/// Shows a wording as its reader gets it.
pub(super) fn preview(
    app: &App,
    out: Out,
    wording: Wording,
    file: Option<&Path>,
) -> anyhow::Result<()> {
    let (way, name) = (wording.kind.way, wording.to_string());
    let kit = kit::sample(app, wording);
    if let Some(file) = file {
        if way != Way::Letter {
            return Err(Refused::because("only a letter is shown as PDF; leave --out away"));
        }
        crate::cli::notice::letters::sample(app, &kit, file)?;
        let words = format!("A sample is written to {}", file.display());
        return out.line(&json!({ "wording": name, "file": file }), words);
    }
    for sheet in &kit.sheets {
        let text = sheet.text();
        let body = text.plain(way);
        let parts = (way == Way::Sms).then(|| parts(&body));
        let heading = if text.subject.is_empty() { String::new() } else { text.subject + "\n\n" };
        let told = parts.map_or_else(String::new, |parts| format!("\n({parts} parts)"));
        out.line(
            &json!({
                "wording": name, "subject": heading.trim_end(), "text": body,
                "parts": parts,
            }),
            format!("{heading}{body}{told}"),
        )?;
    }
    Ok(())
}
