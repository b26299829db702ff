//! `todoke completions`: completion scripts and the man page, from the same definition.

use std::io::Write as _;

use clap::{Args, CommandFactory as _, ValueEnum};

use super::{Cli, Ended};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke completions bash > ~/.local/share/bash-completion/\
                  completions/todoke")]
pub(super) struct Completions {
    /// What to print.
    kind: Kind,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Bash,
    Zsh,
    Fish,
    Man,
}

impl Completions {
    pub(super) fn run(&self) -> anyhow::Result<Ended> {
        let mut command = Cli::command();
        let mut out = Vec::new();
        let shell = match self.kind {
            Kind::Bash => clap_complete::Shell::Bash,
            Kind::Zsh => clap_complete::Shell::Zsh,
            Kind::Fish => clap_complete::Shell::Fish,
            Kind::Man => {
                clap_mangen::Man::new(command).render(&mut out)?;
                std::io::stdout().write_all(&out)?;
                return Ok(Ended::Done);
            }
        };
        clap_complete::generate(shell, &mut command, "todoke", &mut out);
        std::io::stdout().write_all(&out)?;
        Ok(Ended::Done)
    }
}
