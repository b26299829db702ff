//! The menu of work (作業の目次): which pages somebody may open, and where among them they are.
//!
//! Whoever may open many finds them in groups: all groups stand on each page, and of the pages
//! those of the group that one is in. It needs no script, and stays short on a phone.

use super::page::Page;
use crate::access::roles::Act;

/// Pages that stand side by side without groups.
const SIDE_BY_SIDE: usize = 7;

/// A first page of some kind of work (作業の入り口).
struct Entry {
    /// The key of the group's word.
    group: &'static str,
    path: &'static str,
    /// The key of its word.
    words: &'static str,
    act: Act,
    /// What else lies behind it, beside the paths below its own.
    beside: &'static [&'static str],
}

const fn entry(
    group: &'static str,
    (path, words): (&'static str, &'static str),
    act: Act,
    beside: &'static [&'static str],
) -> Entry {
    Entry { group, path, words, act, beside }
}

const INTAKE: &[&str] = &["/admin/approvals", "/admin/files", "/admin/quarantine"];

/// All of them; those of a group stand together.
const ENTRIES: &[Entry] = &[
    entry("menu-intake", ("/admin/feeds", "feeds-title"), Act::SeeFeeds, INTAKE),
    entry("menu-people", ("/admin/accounts", "accounts-title"), Act::ManageAccounts, &[]),
    entry("menu-people", ("/admin/tokens", "tokens-title"), Act::ManageAccounts, &[]),
    entry("menu-people", ("/admin/audit", "audit-title"), Act::ReadAudit, &[]),
    entry("menu-people", ("/admin/access", "matrix-title"), Act::ReadAudit, &[]),
    entry("menu-isps", ("/admin/isps", "office-board-title"), Act::SeeOffice, &[]),
    entry("menu-isps", ("/admin/claims", "claims-title"), Act::DecideClaims, &[]),
    entry("menu-isps", ("/admin/apartments", "apartments-title"), Act::SeeOffice, &[]),
    entry("menu-isps", ("/admin/resellers", "tiers-title"), Act::SeeOffice, &[]),
    entry("menu-texts", ("/admin/wordings", "wordings-title"), Act::SeeWordings, &[]),
    entry(
        "menu-texts",
        ("/admin/campaigns", "campaigns-admin-title"),
        Act::SeeCampaigns,
        &["/admin/new-campaign"],
    ),
    entry("menu-to-do", ("/isp", "office-title"), Act::SeeLines, &[]),
    entry("menu-to-do", ("/isp/campaigns", "campaigns-offered-title"), Act::SeeLines, &[]),
    entry("menu-receive", ("/isp/downloads", "office-downloads-title"), Act::SeeLines, &[]),
    entry("menu-receive", ("/isp/delivery", "delivery-title"), Act::ManageProvider, &[]),
    entry("menu-receive", ("/isp/keys", "keys-title"), Act::ManageProvider, &[]),
    entry("menu-receive", ("/isp/tokens", "tokens-title"), Act::ManageProvider, &[]),
    entry("menu-report", ("/isp/lines", "office-lines-title"), Act::SeeLines, &[]),
    entry(
        "menu-report",
        ("/isp/report", "office-report-title"),
        Act::ReportBack,
        &["/isp/receipts"],
    ),
    entry("menu-texts", ("/isp/kit", "kit-title"), Act::SeeLines, &[]),
    entry("menu-own", ("/isp/settings", "settings-title"), Act::ManageProvider, &[]),
    entry("menu-own", ("/isp/networks", "networks-title"), Act::ManageProvider, &[]),
    entry("menu-own", ("/isp/buildings", "buildings-title"), Act::ManageProvider, &[]),
    entry("menu-own", ("/isp/contacts", "contacts-title"), Act::ManageProvider, &[]),
    entry("menu-own", ("/isp/resellers", "resellers-title"), Act::ManageProvider, &[]),
    entry("menu-own", ("/isp/colleagues", "colleagues-title"), Act::ManageColleagues, &[]),
];

/// Whether `path` is this one or lies below it.
fn is_below(path: &str, one: &str) -> bool {
    path.strip_prefix(one).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Entry {
    /// Whether that page lies behind this one.
    fn leads_to(&self, path: &str) -> bool {
        // The first page of a provider lies above all its others.
        let is_own = if self.path == "/isp" { path == "/isp" } else { is_below(path, self.path) };
        is_own || self.beside.iter().any(|one| is_below(path, one))
    }
}

/// One way on (行き先).
#[derive(Clone, Debug)]
pub struct Link {
    /// Where it leads.
    pub href: String,
    /// Its word.
    pub words: String,
    /// `page` where it leads to the page itself, `true` where that lies behind it, or nothing.
    pub current: &'static str,
}

/// The menu of a page (目次).
#[derive(Clone, Debug)]
pub struct Menu {
    /// The groups; none where all pages stand side by side.
    pub groups: Vec<Link>,
    /// The pages of the group that the page is in, where that has more than one; else all pages.
    pub links: Vec<Link>,
}

impl Menu {
    /// The menu of whoever is at work on that page.
    pub fn of(page: &Page) -> Self {
        let role = page.at_work.as_ref().map(|at_work| at_work.role);
        let may = |entry: &&Entry| role.is_some_and(|role| role.may(entry.act));
        let open: Vec<&Entry> = ENTRIES.iter().filter(may).collect();
        let link = |path: &str, key: &str, is_here: bool| {
            let is_it = page.path == path;
            let current = if is_it {
                "page"
            } else if is_here {
                "true"
            } else {
                ""
            };
            Link { href: page.href(path), words: page.t(key), current }
        };
        let to = |entry: &&Entry| link(entry.path, entry.words, entry.leads_to(&page.path));
        let account = link("/account", "account-title", is_below(&page.path, "/account"));
        if open.len() <= SIDE_BY_SIDE {
            let links = open.iter().map(to).chain([account]).collect();
            return Self { groups: Vec::new(), links };
        }
        let here = open.iter().find(|entry| entry.leads_to(&page.path)).map(|entry| entry.group);
        let mut groups = Vec::new();
        for group in open.chunk_by(|one, next| one.group == next.group) {
            let is_here = Some(group[0].group) == here;
            groups.push(link(group[0].path, group[0].group, is_here));
        }
        groups.push(account);
        let within = open.iter().filter(|entry| Some(entry.group) == here);
        let mut links: Vec<Link> = within.map(to).collect();
        if links.len() == 1 {
            links.clear();
        }
        Self { groups, links }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_lies_behind_one_entry_at_most() {
        for (path, behind) in [
            ("/isp", Some("/isp")),
            ("/isp/lines/x/1/report", Some("/isp/lines")),
            ("/isp/receipts/7", Some("/isp/report")),
            ("/isp/reporting", None),
            ("/admin/new-campaign", Some("/admin/campaigns")),
            ("/admin/files/1", Some("/admin/feeds")),
            ("/account", None),
        ] {
            let found: Vec<_> = ENTRIES.iter().filter(|one| one.leads_to(path)).collect();
            assert_eq!(found.iter().map(|one| one.path).next(), behind, "{path}");
            assert!(found.len() <= 1, "{path}");
        }
    }
}
