//! What is given on the command line (引数): closed lists of words, bounded numbers, addresses.
//!
//! What the command line alone shows to be wrong is wrong usage (status 2), told by the parser
//! before the store is opened. What only the store or a file can show to be wrong is a refusal
//! (status 1).

use std::{error::Error, fmt::Display, str::FromStr};

use clap::{
    Args,
    builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser},
};
use formats::Stream;

/// A word out of a closed list, which the help and the completions of shells name.
pub(super) fn word_of<T>(
    words: impl IntoIterator<Item = &'static str>,
) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err: Error + Send + Sync + 'static> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse::<T>())
}

/// A stream.
pub(super) fn stream() -> impl TypedValueParser<Value = Stream> {
    word_of(Stream::ALL.iter().map(|stream| stream.code()))
}

/// A share from 0 to 1.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let share: Result<f64, _> = text.parse();
    let within = share.ok().filter(|share| (0.0..=1.0).contains(share));
    within.ok_or_else(|| "it must lie between 0 and 1".to_owned())
}

/// A number that is neither endless nor none.
pub(super) fn number(text: &str) -> Result<f64, String> {
    let number: Result<f64, _> = text.parse();
    number.ok().filter(|number| number.is_finite()).ok_or_else(|| "it is no number".to_owned())
}

/// A number above 0.
pub(super) fn above_zero(text: &str) -> Result<f64, String> {
    let above = number(text)?;
    if above > 0.0 { Ok(above) } else { Err("it must be above 0".to_owned()) }
}

/// Where to listen: a host and a port.
pub(super) fn listen(text: &str) -> Result<String, String> {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    match port.and_then(|(_, port)| port.parse::<u16>().ok()) {
        Some(_) => Ok(text.to_owned()),
        None => Err("it is no address with a port, such as 127.0.0.1:8080".to_owned()),
    }
}

/// A count with its noun: one row, two rows.
pub(super) fn how_many<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let ending = match noun {
        _ if count == N::from(1) => "",
        noun if noun.ends_with(['s', 'x']) => "es",
        _ => "s",
    };
    format!("{count} {noun}{ending}")
}

/// Of a file that was in already: what of its quarantine is left to act on.
pub(super) fn still_waiting(already_ingested: bool, waiting: i64) -> String {
    if already_ingested { format!(" the first time, {waiting} waiting now") } else { String::new() }
}

/// Who says something, and why, for whoever asks later.
#[derive(Debug, Args)]
pub(super) struct Saying {
    /// Why, for whoever asks later.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(super) reason: String,
    /// Who says so.
    #[arg(long, value_name = "NAME", env = "USER", value_parser = NonEmptyStringValueParser::new())]
    pub(super) by: String,
}
