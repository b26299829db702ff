//! Mails that came back.
