//! The closed lists of words (選択肢) in a report back.

use crate::detection::words;

words! {
    /// What became of the record (通知状況).
    #[doc(alias = "通知状況")]
    State {
        /// The subscriber was told.
        Notified = "notified",
        /// The subscriber was not told; `reason_code` says why.
        NotNotified = "not_notified",
        /// Not yet decided.
        Pending = "pending",
        /// Handed on to who can tell the subscriber.
        Forwarded = "forwarded",
    }
}

words! {
    /// Whether the line was identified (契約者特定).
    #[doc(alias = "契約者特定")]
    Identified {
        /// It was.
        Yes = "yes",
        /// It was not.
        No = "no",
        /// Not stated.
        Unknown = "unknown",
    }
}

words! {
    /// Why the subscriber was not told (未通知理由).
    #[doc(alias = "未通知理由")]
    ReasonCode {
        /// The connection log is gone.
        LogExpired = "LOG_EXPIRED",
        /// The address is shared, and the list names no port.
        IpSharedNoPort = "IP_SHARED_NO_PORT",
        /// The device serves a whole building.
        ApartmentSharedDevice = "APARTMENT_SHARED_DEVICE",
        /// A reseller holds the subscriber.
        ResellerForwarded = "RESELLER_FORWARDED",
        /// The address belongs to no subscriber of this ISP.
        NotOurCustomer = "NOT_OUR_CUSTOMER",
        /// The contract has ended.
        ContractEnded = "CONTRACT_ENDED",
        /// No means to reach the subscriber.
        NoContact = "NO_CONTACT",
        /// The notice came back.
        Bounced = "BOUNCED",
        /// Told before, for the same matter.
        AlreadyNotified = "ALREADY_NOTIFIED",
        /// Left untold by the trial.
        SuppressedByTrialArm = "SUPPRESSED_BY_TRIAL_ARM",
        /// The subscriber wants no notices.
        CustomerRefused = "CUSTOMER_REFUSED",
        /// Not yet done.
        Pending = "PENDING",
    }
}

words! {
    /// How the subscriber was told (通知手段).
    #[doc(alias = "通知手段")]
    Channel {
        /// Electronic mail.
        Email = "email",
        /// Letter.
        Post = "post",
        /// Short message.
        Sms = "sms",
        /// Telephone.
        Phone = "phone",
        /// Visit.
        Visit = "visit",
        /// A page put before the connection.
        WalledGarden = "walled_garden",
        /// The member page of the ISP.
        Portal = "portal",
        /// Another way.
        Other = "other",
    }
}

words! {
    /// Whether the notice arrived (送達結果).
    #[doc(alias = "送達結果")]
    DeliveryResult {
        /// It arrived.
        Delivered = "delivered",
        /// The mail bounced.
        Bounced = "bounced",
        /// The letter came back.
        Returned = "returned",
        /// Not known.
        Unknown = "unknown",
    }
}

words! {
    /// Who was told (通知先).
    #[doc(alias = "通知先")]
    Recipient {
        /// The subscriber.
        Subscriber = "subscriber",
        /// The owner of the building.
        Owner = "owner",
        /// The company that manages the building.
        ManagementCompany = "management_company",
        /// The association of the owners.
        Association = "association",
        /// A tenant.
        Tenant = "tenant",
    }
}

words! {
    /// Where the device stands (設置場所).
    #[doc(alias = "設置場所")]
    Placement {
        /// In the shared part of a building.
        Shared = "shared",
        /// In a home.
        Private = "private",
        /// In both.
        Both = "both",
        /// Not known.
        Unknown = "unknown",
    }
}
