//! Roles (役割): what a person of the centre or of a provider may do, as a table and nowhere else.

use std::{fmt, str::FromStr};

/// A role (役割).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "役割")]
pub enum Role {
    /// Makes accounts and tokens; sees that files came, and no address.
    Administrator,
    /// Reads the audit log and who may do what.
    Auditor,
    /// Takes files in: sees addresses and raw files, works quarantine, approves batches.
    Intake,
    /// The office that supports providers (ISP支援事務局): chases, decides claims, runs campaigns.
    Office,
    /// Answers the phone and mails.
    Operator,
    /// Leads the desk.
    DeskLead,
    /// Writes manuals, pages and wordings.
    Editor,
    /// Approves what editors wrote.
    Reviewer,
    /// Reads figures.
    Analyst,
    /// The contact of a maker.
    Maker,
    /// Runs a provider's own office: its people, networks and keys.
    IspManager,
    /// A provider's abuse desk: fetches lists, reports back.
    IspStaff,
}

/// Something that not everybody may do (操作).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "操作")]
pub enum Act {
    /// See which files came and what became of them, in numbers.
    SeeFeeds,
    /// See rows and raw files, which bear addresses.
    ReadRaw,
    /// Close, reopen, mend and retry rows in quarantine.
    WorkQuarantine,
    /// Let a batch pass the volume gate, or withdraw it.
    Approve,
    /// Invite people of the centre, suspend and end accounts, make tokens.
    ManageAccounts,
    /// Read the audit log and the matrix of who may do what.
    ReadAudit,
    /// See how providers stand: who fetched, who reported, what runs out.
    SeeOffice,
    /// Note reminders, place cases in apartment houses, look after contacts.
    WorkOffice,
    /// Decide what providers claim and propose.
    DecideClaims,
    /// See wordings and their versions.
    SeeWordings,
    /// Draft a wording, or what a campaign says in one more language.
    DraftWording,
    /// Approve a wording that somebody else drafted.
    ApproveWording,
    /// See campaigns before they are public.
    SeeCampaigns,
    /// Open campaigns, invite providers, close.
    RunCampaigns,
    /// Approve that a campaign that somebody else wrote goes public.
    ApproveCampaign,
    /// See the lines of the own provider, addresses included, and fetch its lists.
    SeeLines,
    /// Report on the lines of the own provider.
    ReportBack,
    /// Claim networks, change contacts, keys and delivery of the own provider.
    ManageProvider,
    /// Invite people of the own provider, suspend and end their accounts.
    ManageColleagues,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::SeeFeeds,
        Self::ReadRaw,
        Self::WorkQuarantine,
        Self::Approve,
        Self::ManageAccounts,
        Self::ReadAudit,
        Self::SeeOffice,
        Self::WorkOffice,
        Self::DecideClaims,
        Self::SeeWordings,
        Self::DraftWording,
        Self::ApproveWording,
        Self::SeeCampaigns,
        Self::RunCampaigns,
        Self::ApproveCampaign,
        Self::SeeLines,
        Self::ReportBack,
        Self::ManageProvider,
        Self::ManageColleagues,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::SeeFeeds => "see-feeds",
            Self::ReadRaw => "read-raw",
            Self::WorkQuarantine => "work-quarantine",
            Self::Approve => "approve",
            Self::ManageAccounts => "manage-accounts",
            Self::ReadAudit => "read-audit",
            Self::SeeOffice => "see-office",
            Self::WorkOffice => "work-office",
            Self::DecideClaims => "decide-claims",
            Self::SeeWordings => "see-wordings",
            Self::DraftWording => "draft-wording",
            Self::ApproveWording => "approve-wording",
            Self::SeeCampaigns => "see-campaigns",
            Self::RunCampaigns => "run-campaigns",
            Self::ApproveCampaign => "approve-campaign",
            Self::SeeLines => "see-lines",
            Self::ReportBack => "report-back",
            Self::ManageProvider => "manage-provider",
            Self::ManageColleagues => "manage-colleagues",
        }
    }
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Administrator,
        Self::Auditor,
        Self::Intake,
        Self::Office,
        Self::Operator,
        Self::DeskLead,
        Self::Editor,
        Self::Reviewer,
        Self::Analyst,
        Self::Maker,
        Self::IspManager,
        Self::IspStaff,
    ];

    /// What this role may do.
    pub fn acts(self) -> &'static [Act] {
        match self {
            // Who makes accounts can make one for intake, under a name that then stands everywhere.
            Self::Administrator => &[Act::SeeFeeds, Act::ManageAccounts],
            Self::Auditor => &[Act::ReadAudit],
            Self::Intake => &[Act::SeeFeeds, Act::ReadRaw, Act::WorkQuarantine, Act::Approve],
            Self::Office => &[
                Act::SeeOffice,
                Act::WorkOffice,
                Act::DecideClaims,
                Act::SeeWordings,
                Act::DraftWording,
                Act::ApproveWording,
                Act::SeeCampaigns,
                Act::RunCampaigns,
                Act::ApproveCampaign,
            ],
            Self::Editor => &[Act::SeeWordings, Act::DraftWording, Act::SeeCampaigns],
            Self::Reviewer => {
                &[Act::SeeWordings, Act::ApproveWording, Act::SeeCampaigns, Act::ApproveCampaign]
            }
            Self::IspManager => {
                &[Act::SeeLines, Act::ReportBack, Act::ManageProvider, Act::ManageColleagues]
            }
            Self::IspStaff => &[Act::SeeLines, Act::ReportBack],
            // Their pages are not there yet; they see their own account.
            Self::Operator | Self::DeskLead | Self::Analyst | Self::Maker => &[],
        }
    }

    /// Whether this role may do it.
    pub fn may(self, act: Act) -> bool {
        self.acts().contains(&act)
    }

    /// Whether whoever has it belongs to a provider.
    pub fn is_of_provider(self) -> bool {
        matches!(self, Self::IspManager | Self::IspStaff)
    }

    /// Whether a passkey is the only second factor that will do (NIST SP 800-63B, AAL3 in spirit).
    pub fn needs_passkey(self) -> bool {
        self == Self::Administrator
    }

    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
            Self::Intake => "intake",
            Self::Office => "isp-office",
            Self::Operator => "desk-operator",
            Self::DeskLead => "desk-lead",
            Self::Editor => "editor",
            Self::Reviewer => "reviewer",
            Self::Analyst => "analyst",
            Self::Maker => "maker",
            Self::IspManager => "isp-manager",
            Self::IspStaff => "isp-staff",
        }
    }
}

/// A word that names no role.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no role; `todoke account add --help` lists them")]
pub struct NotARole(String);

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Role {
    type Err = NotARole;

    fn from_str(word: &str) -> Result<Self, NotARole> {
        let known = Self::ALL.into_iter().find(|role| role.word() == word);
        known.ok_or_else(|| NotARole(word.to_owned()))
    }
}

impl TryFrom<String> for Role {
    type Error = NotARole;

    fn try_from(word: String) -> Result<Self, NotARole> {
        word.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_for_intake_and_for_the_provider_whose_they_are() {
        for role in Role::ALL {
            assert_eq!(role.may(Act::ReadRaw), role == Role::Intake, "{role}");
            assert_eq!(role.may(Act::SeeLines), role.is_of_provider(), "{role}");
        }
    }

    #[test]
    fn nobody_of_a_provider_may_do_what_the_centre_does() {
        for role in Role::ALL.into_iter().filter(|role| role.is_of_provider()) {
            let own = [Act::SeeLines, Act::ReportBack, Act::ManageProvider, Act::ManageColleagues];
            assert!(role.acts().iter().all(|act| own.contains(act)), "{role}");
        }
    }

    #[test]
    fn whoever_drafts_and_may_approve_too_is_told_apart_by_name_alone() {
        let both: Vec<_> = Role::ALL
            .into_iter()
            .filter(|role| role.may(Act::DraftWording) && role.may(Act::ApproveWording))
            .collect();
        // Of these the verbs of approval refuse the author; see `wordings`, `campaigns`, `claims`.
        assert_eq!(both, [Role::Office]);
    }
}
