//! The order of the life of a detection, which the rules hold everything else against.

/// What every stage may use. `app` holds clock, database and settings, which each verb takes.
pub(crate) const BASE: [&str; 13] = [
    "net",
    "time",
    "language",
    "ids",
    "db",
    "web",
    "mail",
    "jobs",
    "audit",
    "access",
    "config",
    "retention",
    "app",
];

/// Registers first, then the life of a detection.
pub(crate) const STAGES: [&str; 17] = [
    "isps",
    "devices",
    "manuals",
    "site",
    "feeds",
    "sightings",
    "attribution",
    "cases",
    "campaigns",
    "trials",
    "notices",
    "portal",
    "inquiries",
    "surveys",
    "verification",
    "effects",
    "reports",
];

/// What alone may use everything.
pub(crate) const TOP: [&str; 5] = ["intake", "check", "demo", "router", "cli"];

/// Where a module stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Base,
    /// With its place in [`STAGES`].
    Stage(usize),
    Top,
}

/// Where `module` stands; none when it has no place.
pub(crate) fn standing(module: &str) -> Option<Standing> {
    if BASE.contains(&module) {
        return Some(Standing::Base);
    }
    if TOP.contains(&module) {
        return Some(Standing::Top);
    }
    stage(module).map(Standing::Stage)
}

/// A stage's place in the order.
pub(crate) fn stage(module: &str) -> Option<usize> {
    STAGES.iter().position(|stage| *stage == module)
}
