//! Feeds (フィード).
