//! Licence expressions as in `Cargo.toml`: `MIT OR Apache-2.0`, `(A OR B) AND C`, `A WITH E`.

/// Whether `expression` can be met by licences for which `allowed` holds.
///
/// What does not read as an expression is refused: better one question too many.
pub(crate) fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    // The slash is how packages wrote OR before there were expressions.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    reader.any() == Some(true) && reader.words.is_empty()
}

struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a dyn Fn(&str) -> bool,
}

impl<'a> Reader<'a> {
    fn any(&mut self) -> Option<bool> {
        let mut met = self.all()?;
        while self.takes("OR") {
            met |= self.all()?;
        }
        Some(met)
    }

    fn all(&mut self) -> Option<bool> {
        let mut met = self.one()?;
        while self.takes("AND") {
            met &= self.one()?;
        }
        Some(met)
    }

    fn one(&mut self) -> Option<bool> {
        if self.takes("(") {
            let met = self.any()?;
            return self.takes(")").then_some(met);
        }
        let name = self.next()?;
        if self.takes("WITH") {
            let exception = self.next()?;
            return Some((self.allowed)(&format!("{name} WITH {exception}")));
        }
        Some((self.allowed)(name))
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = &self.words[1..];
        }
        found
    }

    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        (!["OR", "AND", "WITH", ")"].contains(first)).then_some(*first)
    }
}

#[cfg(test)]
mod tests {
    use super::satisfied;

    fn with_mit_and_isc(expression: &str) -> bool {
        satisfied(expression, &|name| ["MIT", "ISC", "Apache-2.0 WITH LLVM"].contains(&name))
    }

    #[test]
    fn one_allowed_choice_is_enough() {
        assert!(with_mit_and_isc("GPL-3.0 OR MIT"));
        assert!(with_mit_and_isc("MIT/Unlicense"));
        assert!(with_mit_and_isc("Apache-2.0 WITH LLVM OR GPL-2.0"));
        assert!(!with_mit_and_isc("GPL-3.0 OR Apache-2.0"));
    }

    #[test]
    fn every_part_that_applies_together_must_be_allowed() {
        assert!(with_mit_and_isc("(MIT OR GPL-3.0) AND ISC"));
        assert!(!with_mit_and_isc("(MIT OR ISC) AND OpenSSL"));
        assert!(with_mit_and_isc("OpenSSL AND MIT OR ISC"));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for broken in ["", "MIT OR", "(MIT", "MIT ISC", "MIT )", "MIT WITH"] {
            assert!(!with_mit_and_isc(broken), "{broken}");
        }
    }
}
