//! Rules 3 and 4: where the web and SQL libraries may be named, what handlers of one provider may
//! reach, and what leaf crates know.

use super::Finding;
use super::source::Path;
use super::tree::{File, Tree};

const WEB: [&str; 3] = ["axum", "axum_extra", "askama"];

/// Files beside `store.rs` and `db/` that define newtypes both engines store.
const NEWTYPES: [&str; 3] = ["src/ids.rs", "src/time.rs", "src/net.rs"];

/// Finds libraries named where they do not belong.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, source) in tree.sources() {
        for path in &source.paths {
            let advice = if file.path.starts_with("crates/") {
                in_leaf(&path.root)
            } else {
                in_stage(file, path)
            };
            if let Some(advice) = advice {
                findings.push(Finding::new(&file.path, path.line, "libraries", advice));
            }
        }
    }
    findings.extend(tree.files.iter().flat_map(in_manifest));
    findings.extend(tree.files.iter().flat_map(past_the_scope));
    findings
}

/// Lines of pages that take the application out of one provider's scope.
fn past_the_scope(file: &File) -> Vec<Finding> {
    let is_page = file.path.strip_prefix("src/").is_some_and(serves_pages);
    let lines = (1..).zip(file.text.lines()).filter(|_| is_page);
    lines
        .filter(|(_, line)| !line.trim_start().starts_with("//") && line.contains(".app()"))
        .map(|(number, _)| {
            let advice = "a handler keeps to its provider: give the stage a verb that takes the \
                          `Tenant`";
            Finding::new(&file.path, number, "libraries", advice.to_owned())
        })
        .collect()
}

fn in_stage(file: &File, path: &Path) -> Option<String> {
    let own = file.path.strip_prefix("src/")?;
    let test = path.test || file.is_test();
    let name = path.root.as_str();
    if WEB.contains(&name) && !test && !serves_pages(own) {
        return Some(format!("`{name}` belongs in pages.rs, web/ or router.rs"));
    }
    let makes_routes = name == "axum" && ["Router", "routing"].contains(&path.head.as_str());
    if makes_routes && !test && !(own.starts_with("web/") || own == "router.rs") {
        let advice = "a route without a door: build it with `web::routes::Routes`";
        return Some(advice.to_owned());
    }
    let value = path.attribute || ["Type", "FromRow"].contains(&path.head.as_str());
    if name == "sqlx" && !test && !value && !stores(&file.path) {
        return Some("`sqlx` belongs in store.rs or db/: move the query there".to_owned());
    }
    None
}

fn serves_pages(own: &str) -> bool {
    let named = |part: &str| part == "pages.rs" || part == "pages";
    own == "router.rs" || own == "web.rs" || own.starts_with("web/") || own.split('/').any(named)
}

fn stores(path: &str) -> bool {
    let own = path.strip_prefix("src/").unwrap_or(path);
    let named = |part: &str| part == "store.rs" || part == "store";
    own == "db.rs"
        || own.starts_with("db/")
        || own.split('/').any(named)
        || NEWTYPES.contains(&path)
}

fn in_leaf(name: &str) -> Option<String> {
    ["todoke", "sqlx", "axum"].contains(&name).then(|| {
        format!("a leaf crate is useful to a stranger: it knows no `{name}`; take plain values")
    })
}

/// The same for the dependencies a leaf crate states.
fn in_manifest(file: &File) -> Vec<Finding> {
    if !(file.path.starts_with("crates/") && file.path.ends_with("Cargo.toml")) {
        return Vec::new();
    }
    let lines = file.text.lines().enumerate();
    lines
        .filter_map(|(index, line)| {
            let name = line.split(['=', '.', ' ']).next()?;
            Some(Finding::new(&file.path, index + 1, "libraries", in_leaf(name)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::planted(&[(path, text)])).len()
    }

    #[test]
    fn the_web_outside_pages_is_found() {
        let text = "use axum::extract::State;\n#[derive(askama::Template)]\nstruct A;";
        assert_eq!(found("src/cases.rs", text), 2);
        for path in ["src/cases/pages.rs", "src/web/form.rs", "src/web.rs", "src/router.rs"] {
            assert_eq!(found(path, text), 0, "{path}");
        }
    }

    #[test]
    fn a_route_without_a_door_is_found() {
        let text = "use axum::Router;";
        assert_eq!(found("src/cases/pages.rs", text), 1);
        assert_eq!(found("src/web/routes.rs", text), 0);
        assert_eq!(found("src/router.rs", text), 0);
    }

    #[test]
    fn a_handler_that_leaves_its_provider_is_found() {
        let text = "fn page(tenant: Tenant) { all(&tenant.app().db) }";
        assert_eq!(found("src/cases/pages/lines.rs", text), 1);
        assert_eq!(found("src/cases.rs", text), 0);
        assert_eq!(found("src/cases/pages.rs", "// Nothing takes tenant.app() here."), 0);
    }

    #[test]
    fn sql_outside_the_store_is_found() {
        let text = "fn f() { sqlx::query(\"\"); }";
        assert_eq!(found("src/cases.rs", text), 1);
        assert_eq!(found("src/cases/store.rs", text), 0);
        assert_eq!(found("src/db/bulk.rs", text), 0);
    }

    #[test]
    fn derives_on_rows_and_newtypes_are_no_sql() {
        assert_eq!(found("src/cases.rs", "#[derive(sqlx::FromRow)]\nstruct A;"), 0);
        assert_eq!(found("src/ids.rs", "impl sqlx::Encode for Id {}"), 0);
    }

    #[test]
    fn a_leaf_crate_that_knows_the_product_is_found() {
        assert_eq!(found("crates/formats/src/lib.rs", "use todoke::Case;"), 1);
        assert_eq!(found("crates/formats/src/lib.rs", "//! For todoke::Case.\n"), 0);
        assert_eq!(found("crates/effect/Cargo.toml", "[dependencies]\nsqlx = \"0.9\"\n"), 1);
        assert_eq!(found("crates/effect/Cargo.toml", "[dependencies]\nsqlx.workspace = true\n"), 1);
    }
}
