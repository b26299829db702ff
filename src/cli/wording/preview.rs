//! `todoke wording preview`: a wording with example values.

use std::path::Path;

use serde_json::json;

use crate::{
    app::App,
    cli::{Out, Refused},
    notices::{
        kit,
        wordings::{Kind, Wording, text::parts},
    },
};

/// Shows a wording as its reader gets it.
pub(super) fn preview(
    app: &App,
    out: Out,
    wording: Wording,
    file: Option<&Path>,
) -> anyhow::Result<()> {
    let kind = wording.kind;
    let kit = kit::sample(app, wording);
    if let Some(file) = file {
        if kind != Kind::Letter {
            return Err(Refused::because("only a letter is shown as PDF; leave --out away"));
        }
        crate::cli::notice::letters::sample(app, &kit, file)?;
        let words = format!("A sample is written to {}", file.display());
        return out.line(&json!({ "wording": kit.wording.to_string(), "file": file }), words);
    }
    for sheet in &kit.sheets {
        let text = kit.text(sheet);
        let body = text.plain(kind);
        let parts = (kind == Kind::Sms).then(|| parts(&body));
        let heading = if text.subject.is_empty() { String::new() } else { text.subject + "\n\n" };
        let told = parts.map_or_else(String::new, |parts| format!("\n({parts} parts)"));
        out.line(
            &json!({
                "wording": kit.wording.to_string(), "subject": heading.trim_end(), "text": body,
                "parts": parts,
            }),
            format!("{heading}{body}{told}"),
        )?;
    }
    Ok(())
}
