//! Todoke (届け).
