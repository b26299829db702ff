//! Findings (判定の候補): what each rule, and the feed itself, says of a device.

use super::{
    Evidence, FEED, Identified, Maker, Place, Rule,
    catalogue::{self, Sought},
    kind::Kind,
};

/// Bytes of a text that are looked at.
const TEXT_MAX: usize = 2_048;
/// How sure a maker is whose name stands in a text.
const MENTIONED: u8 = 40;
/// How much surer a rule is when the feed names its maker.
const AGREED: u8 = 6;
/// How much less sure when the feed names another that the catalogue knows.
const CONTRADICTED: u8 = 30;
/// Nothing is certain.
const SUREST: u8 = 99;

/// What the feed says in its own words, its maker's name made one with the catalogue's.
pub(super) fn of_feed(
    evidence: &Evidence<'_>,
    named: Option<&'static Maker>,
) -> Option<Identified> {
    let maker = named.map(|maker| maker.name.as_str()).or(told(evidence.maker));
    let model = told(evidence.model);
    let kind = match evidence.kind.map_or(Kind::Unknown, Kind::of_feed_word) {
        Kind::Unknown => named.map_or(Kind::Unknown, |maker| maker.kind),
        kind => kind,
    };
    let confidence = match (maker, model) {
        (Some(_), Some(_)) if named.is_some() => 50,
        (Some(_), Some(_)) => 40,
        (None, Some(_)) | (Some(_), None) => 30,
        (None, None) if kind != Kind::Unknown => 20,
        (None, None) => return None,
    };
    Some(Identified {
        maker: maker.map(str::to_owned),
        model: model.map(str::to_owned),
        kind,
        confidence,
        rule: FEED.to_owned(),
        support: None,
    })
}

/// A word, unless it is empty.
fn told(word: Option<&str>) -> Option<&str> {
    word.map(str::trim).filter(|word| !word.is_empty())
}

/// What the rules of the catalogue say, in its order for each text.
pub(super) fn of_rules(evidence: &Evidence<'_>, named: Option<&'static Maker>) -> Vec<Identified> {
    let own = evidence.model.map(|model| (Place::Model, model));
    let texts = own.into_iter().chain(evidence.texts.iter().copied());
    let held: Vec<(Place, &[u8], Sought)> = texts
        .flat_map(|(place, text)| {
            let text = &text.as_bytes()[..text.len().min(TEXT_MAX)];
            catalogue::held(text).map(move |sought| (place, text, sought))
        })
        .collect();
    let is = |one: &Maker, other: &Maker| one.id == other.id;
    let known = |maker: &Maker| {
        named.is_some_and(|named| is(named, maker))
            || held
                .iter()
                .any(|(_, _, sought)| matches!(sought, Sought::Mention(m) if is(m, maker)))
    };
    let found = held.iter().filter_map(|(place, text, sought)| match sought {
        Sought::Rule(maker, rule) => {
            let there = rule.at.is_empty() || rule.at.contains(place);
            let due = there && (!rule.needs_maker || known(maker));
            due.then(|| by_rule(maker, rule, text, named))
        }
        Sought::Mention(maker) => maker.mention.then(|| by_name(maker, named)),
    });
    found.collect()
}

fn by_rule(
    maker: &'static Maker,
    rule: &'static Rule,
    text: &[u8],
    named: Option<&'static Maker>,
) -> Identified {
    Identified {
        maker: Some(maker.name.clone()),
        model: rule.model_in(text),
        kind: if rule.kind == Kind::Unknown { maker.kind } else { rule.kind },
        confidence: weighed(rule.confidence, maker, named),
        rule: format!("{}/{}", maker.id, rule.name),
        support: None,
    }
}

fn by_name(maker: &'static Maker, named: Option<&'static Maker>) -> Identified {
    Identified {
        maker: Some(maker.name.clone()),
        model: None,
        kind: maker.kind,
        confidence: weighed(MENTIONED, maker, named),
        rule: format!("{}/name", maker.id),
        support: None,
    }
}

fn weighed(confidence: u8, maker: &Maker, named: Option<&'static Maker>) -> u8 {
    match named {
        Some(named) if named.id == maker.id => (confidence + AGREED).min(SUREST),
        Some(_) => confidence.saturating_sub(CONTRADICTED),
        None => confidence.min(SUREST),
    }
}
