//! Rule 5: the life of a detection is told in one order, in three places.
//!
//! `src/lib.rs` by its `mod` lines, ARCHITECTURE.md by the rows between `<!-- life -->` and
//! `<!-- /life -->` (the first stage in backticks counts), and the story test by comments like
//! `// 4 cases`. A stage that does not exist yet is simply absent.

use super::Finding;
use super::order::{self, STAGES};
use super::tree::Tree;

const LIB: &str = "src/lib.rs";
const PAPER: &str = "ARCHITECTURE.md";
const STORY: &str = "tests/it/life_of_a_detection.rs";

/// A stage named at a line.
type Named = (usize, String);

/// Finds the places that tell the life differently.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let lib = in_lib(tree);
    let paper = in_paper(tree);
    let story = in_story(tree);
    let mut findings = Vec::new();
    for (file, stages) in [(LIB, &lib), (PAPER, &paper), (STORY, &story)] {
        findings.extend(out_of_order(file, stages));
    }
    for (file, stages, other_file, other) in
        [(PAPER, &paper, LIB, &lib), (LIB, &lib, PAPER, &paper)]
    {
        let absent = stages.iter().filter(|(_, name)| other.iter().all(|(_, known)| known != name));
        findings.extend(absent.map(|(line, name)| {
            let advice = format!("`{name}` stands here but not in {other_file}");
            Finding::new(file, *line, "life", advice)
        }));
    }
    findings.extend(homeless(tree));
    findings
}

fn in_lib(tree: &Tree) -> Vec<Named> {
    modules(tree).into_iter().filter(|(_, name)| order::stage(name).is_some()).collect()
}

fn modules(tree: &Tree) -> Vec<Named> {
    let source = tree.sources().find(|(file, _)| file.path == LIB);
    source.map_or(Vec::new(), |(_, source)| source.modules.clone())
}

/// Modules without a place: nobody could tell what they may import.
fn homeless(tree: &Tree) -> Vec<Finding> {
    let unknown = modules(tree).into_iter().filter(|(_, name)| order::standing(name).is_none());
    let advice = |name| format!("`{name}` has no place: give it one in xtask/src/tidy/order.rs");
    unknown.map(|(line, name)| Finding::new(LIB, line, "life", advice(name))).collect()
}

fn in_paper(tree: &Tree) -> Vec<Named> {
    let Some(paper) = tree.file(PAPER) else { return Vec::new() };
    let lines = (1..).zip(paper.text.lines());
    lines
        .skip_while(|(_, line)| line.trim() != "<!-- life -->")
        .take_while(|(_, line)| line.trim() != "<!-- /life -->")
        .filter_map(|(number, line)| {
            let mut quoted = line.split('`').skip(1).step_by(2);
            let stage = quoted.find(|word| order::stage(word).is_some())?;
            Some((number, stage.to_owned()))
        })
        .collect()
}

fn in_story(tree: &Tree) -> Vec<Named> {
    let Some((_, source)) = tree.sources().find(|(file, _)| file.path == STORY) else {
        return Vec::new();
    };
    let stage = |(line, comment): &(usize, String)| {
        let mut words = comment.trim_start_matches('/').split_whitespace();
        words.next()?.parse::<u32>().ok()?;
        let stage = words.next()?.trim_end_matches([':', '.', ',']);
        order::stage(stage).map(|_| (*line, stage.to_owned()))
    };
    source.comments.iter().filter_map(stage).collect()
}

fn out_of_order(file: &str, stages: &[Named]) -> Vec<Finding> {
    let place = |named: &Named| order::stage(&named.1);
    let wrong = stages.windows(2).filter(|pair| place(&pair[0]) > place(&pair[1]));
    wrong
        .map(|pair| {
            let (before, after) = (&pair[1].1, &pair[0].1);
            let advice =
                format!("`{before}` comes before `{after}`; the life is: {}", STAGES.join(" "));
            Finding::new(file, pair[1].0, "life", advice)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{LIB, PAPER, STORY, check};
    use crate::tidy::tree::Tree;

    const RIGHT: &str = "//! A.\npub mod feeds;\npub mod cases;\n";
    const TABLE: &str =
        "<!-- life -->\n| 1 | `feeds` |\n| 4 | `cases` after `feeds` |\n<!-- /life -->\n";

    fn found(lib: &str, paper: &str, story: &str) -> Vec<String> {
        let tree = Tree::planted(&[(LIB, lib), (PAPER, paper), (STORY, story)]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_order_everywhere_raises_nothing() {
        assert_eq!(found(RIGHT, TABLE, "// 1 feeds: a file\n// 4 cases\n"), [""; 0]);
    }

    #[test]
    fn a_swap_is_found_in_each_of_the_three() {
        let swapped = "pub mod cases;\npub mod feeds;\n";
        assert!(found(swapped, TABLE, "")[0].starts_with("src/lib.rs:2: life"));
        let paper = "<!-- life -->\n- `cases`\n- `feeds`\n<!-- /life -->\n";
        assert!(found(RIGHT, paper, "")[0].starts_with("ARCHITECTURE.md:3: life"));
        assert!(
            found(RIGHT, TABLE, "// 4 cases\n// 1 feeds\n")[0].contains("detection.rs:2: life")
        );
    }

    #[test]
    fn a_stage_missing_in_one_place_is_found() {
        assert_eq!(found("mod feeds;", TABLE, "").len(), 1);
        assert_eq!(found(RIGHT, "`feeds` and `cases`, but between no markers", "").len(), 2);
    }

    #[test]
    fn a_module_without_a_place_is_found() {
        let lib = format!("{RIGHT}mod plumbing;\n");
        assert!(found(&lib, TABLE, "")[0].contains("`plumbing` has no place"));
    }
}
