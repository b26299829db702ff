//! Statistics through the command line.
