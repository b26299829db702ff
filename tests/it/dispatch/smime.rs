//! S/MIME.
