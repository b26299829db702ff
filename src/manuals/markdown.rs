//! Markdown to HTML or to lines (書式): paragraphs, lists and emphasis; raw HTML, links and pictures
//! fall away.
//!
//! A manual written by a maker, or through a stolen account, must not bring a script or a link.

use pulldown_cmark::{Event, Parser, Tag, TagEnd, html};

/// What is kept of a piece of Markdown.
fn kept(markdown: &str) -> impl Iterator<Item = Event<'_>> {
    Parser::new(markdown).filter(|event| {
        !matches!(
            event,
            Event::Html(_)
                | Event::InlineHtml(_)
                | Event::Start(Tag::HtmlBlock | Tag::Link { .. } | Tag::Image { .. })
                | Event::End(TagEnd::HtmlBlock | TagEnd::Link | TagEnd::Image)
        )
    })
}

/// The HTML of a piece of Markdown.
pub fn to_html(markdown: &str) -> String {
    let mut text = String::new();
    html::push_html(&mut text, kept(markdown));
    text
}

/// A piece of Markdown as lines for a mail or a letter: one for each paragraph, `1. ` and `- ` in
/// front of what is listed, and emphasis gone.
pub fn to_lines(markdown: &str) -> String {
    let mut lines = vec![String::new()];
    let mut lists = Vec::new();
    for event in kept(markdown) {
        let words = match event {
            Event::Start(Tag::List(first)) => {
                lists.push(first);
                None
            }
            Event::End(TagEnd::List(_)) => {
                lists.pop();
                None
            }
            Event::Start(Tag::Item) => {
                let mark = match lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                };
                lines.push(mark);
                None
            }
            Event::End(TagEnd::Item | TagEnd::Paragraph | TagEnd::Heading(_))
            | Event::HardBreak => {
                lines.push(String::new());
                None
            }
            Event::Text(words) | Event::Code(words) => Some(words),
            Event::SoftBreak => Some(" ".into()),
            _ => None,
        };
        if let (Some(words), Some(line)) = (words, lines.last_mut()) {
            line.push_str(&words);
        }
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{to_html, to_lines};

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

    #[test]
    fn lines_keep_steps_and_lose_emphasis_links_and_html() {
        let text = "## 見出し\n\nパソコンが **Emotet** に\n感染。\n\n3. 一\n4. [二](https://a.test)\n\n\
                    - 三\n- <b>四</b>\n\n1. 五\n\n   六\n";
        let lines = "見出し\nパソコンが Emotet に 感染。\n3. 一\n4. 二\n- 三\n- 四\n1. 五\n六";
        assert_eq!(to_lines(text), lines);
        assert_eq!(to_lines("<script>alert(1)</script>"), "");
    }
}
