//! Markdown to HTML (書式): paragraphs, lists and emphasis; raw HTML, links and pictures fall away.
//!
//! A manual written by a maker, or through a stolen account, must not bring a script or a link.

use pulldown_cmark::{Event, Parser, Tag, TagEnd, html};

/// The HTML of a piece of Markdown.
pub fn to_html(markdown: &str) -> String {
    let kept = Parser::new(markdown).filter(|event| {
        !matches!(
            event,
            Event::Html(_)
                | Event::InlineHtml(_)
                | Event::Start(Tag::HtmlBlock | Tag::Link { .. } | Tag::Image { .. })
                | Event::End(TagEnd::HtmlBlock | TagEnd::Link | TagEnd::Image)
        )
    });
    let mut text = String::new();
    html::push_html(&mut text, kept);
    text
}

#[cfg(test)]
mod tests {
    use super::to_html;

    #[test]
    fn raw_html_links_and_pictures_fall_away() {
        for hostile in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "[x](javascript:alert(1))",
            "![x](https://elsewhere.test/pixel.png)",
            "<div onclick=\"a\">\n\nb\n\n</div>",
            "[x]: javascript:a\n\n[x]",
        ] {
            let html = to_html(hostile);
            for bad in ["<script", "<img", "onerror", "javascript:", "<a", "<div", "https:"] {
                assert!(!html.contains(bad), "{hostile} gave {html}");
            }
        }
        assert_eq!(to_html("**a** < b"), "<p><strong>a</strong> &lt; b</p>\n");
    }
}
