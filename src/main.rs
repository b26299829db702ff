//! The `todoke` binary: parses, runs, and answers with an exit status.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    todoke::cli::run().await
}
