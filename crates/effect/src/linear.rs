//! Linear algebra for small symmetric matrices: no more than the tests of this crate need.

/// A pivot this small beside its diagonal entry is rounding noise: the matrix is singular.
const SINGULAR: f64 = 1e-10;

/// x′A⁻¹x for a symmetric positive definite A, by Cholesky's A = LL′ and forward substitution;
/// `None` when A is not positive definite within rounding.
pub(crate) fn quadratic_form(mut a: Vec<Vec<f64>>, x: &[f64]) -> Option<f64> {
    let mut y = x.to_vec();
    for j in 0..a.len() {
        let (above, rest) = a.split_at_mut(j);
        let scale = rest[0][j];
        // Row i of L lies in the lower triangle of row i of A.
        let mut solved = x[j];
        let mut pivot = scale;
        for (k, &y_k) in y[..above.len()].iter().enumerate() {
            pivot -= rest[0][k] * rest[0][k];
            solved -= rest[0][k] * y_k;
        }
        if !(pivot > SINGULAR * scale && pivot.is_finite()) {
            return None;
        }
        let root = pivot.sqrt();
        y[j] = solved / root;
        let (row, below) = rest.split_first_mut()?;
        row[j] = root;
        for lower in below {
            let dot: f64 = row[..j].iter().zip(&lower[..j]).map(|(a, b)| a * b).sum();
            lower[j] = (lower[j] - dot) / root;
        }
    }
    Some(y.iter().map(|value| value * value).sum())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    #[test]
    fn a_small_system_by_hand() {
        // A = [[4, 2], [2, 5]], A⁻¹ = [[5, −2], [−2, 4]]/16; x = (2, 4): (20 − 32 + 64)/16.
        let form = quadratic_form(vec![vec![4.0, 2.0], vec![2.0, 5.0]], &[2.0, 4.0]);
        assert!((form.unwrap() - 52.0 / 16.0).abs() < 1e-14);
        assert_eq!(quadratic_form(vec![vec![1.0, 1.0], vec![1.0, 1.0]], &[1.0, 1.0]), None);
        assert_eq!(quadratic_form(vec![vec![0.0]], &[1.0]), None);
        assert_eq!(quadratic_form(vec![vec![f64::NAN]], &[1.0]), None);
    }
}
