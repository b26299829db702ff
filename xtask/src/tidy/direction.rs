//! Rules 1 and 2: base imports no stage; a stage imports no later one, and nothing from the top.

use super::Finding;
use super::order::{Standing, standing};
use super::tree::Tree;

/// Finds imports against the direction of the life of a detection.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, source) in tree.sources() {
        let Some(module) = file.module() else { continue };
        let Some(from) = standing(module) else { continue };
        for path in source.paths.iter().filter(|path| path.root == "crate") {
            let Some(to) = standing(&path.head) else { continue };
            if let Some(advice) = objection((module, from), (&path.head, to)) {
                findings.push(Finding::new(&file.path, path.line, "direction", advice));
            }
        }
    }
    findings
}

fn objection(from: (&str, Standing), to: (&str, Standing)) -> Option<String> {
    let ((from, here), (to, there)) = (from, to);
    match (here, there) {
        (Standing::Base, Standing::Stage(_) | Standing::Top) => Some(format!(
            "`{from}` lies under all stages: let the caller hand in what `{to}` knows"
        )),
        (Standing::Stage(_), Standing::Top) => {
            Some(format!("`{to}` calls stages; nothing in a stage calls `{to}`"))
        }
        (Standing::Stage(own), Standing::Stage(other)) if other > own => Some(format!(
            "`{to}` comes after `{from}`: let `{to}` pull by a query, or move the verb"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::planted(&[(path, text)])).len()
    }

    #[test]
    fn base_that_imports_a_stage_is_found() {
        assert_eq!(found("src/db/bulk.rs", "use crate::cases::Case;"), 1);
        assert_eq!(found("src/app.rs", "use crate::router;"), 1);
        assert_eq!(found("src/mail.rs", "use crate::{db::Db, app::App};"), 0);
    }

    #[test]
    fn a_stage_that_imports_a_later_one_is_found() {
        assert_eq!(found("src/cases/open.rs", "fn f() { crate::notices::prepare(); }"), 1);
        assert_eq!(found("src/cases.rs", "use super::notices;"), 1);
        assert_eq!(found("src/notices.rs", "use crate::{app::App, cases, isps};"), 0);
    }

    #[test]
    fn a_stage_that_imports_the_top_is_found() {
        assert_eq!(found("src/cases/pages.rs", "use crate::{router, app};"), 1);
        assert_eq!(found("src/router.rs", "use crate::cases;"), 0);
    }

    #[test]
    fn a_register_imports_no_stage_of_the_life() {
        assert_eq!(found("src/manuals.rs", "use crate::cases;"), 1);
        assert_eq!(found("src/site.rs", "use crate::devices;"), 0);
    }
}
