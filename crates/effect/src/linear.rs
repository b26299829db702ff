//! Linear algebra for small symmetric matrices: no more than the tests of this crate need.

/// A pivot this small beside its diagonal entry is rounding noise: the matrix is singular.
const SINGULAR: f64 = 1e-10;

/// x′A⁻¹x for a symmetric positive definite A, of which only the lower triangle is read; `None`
/// when A is not positive definite within rounding.
pub(crate) fn quadratic_form(a: Vec<Vec<f64>>, x: &[f64]) -> Option<f64> {
    let (_, y) = factor(a, x)?;
    Some(y.iter().map(|value| value * value).sum())
}

/// A⁻¹x; conditions as for [`quadratic_form`].
pub(crate) fn solve(a: Vec<Vec<f64>>, x: &[f64]) -> Option<Vec<f64>> {
    let (l, mut y) = factor(a, x)?;
    for j in (0..y.len()).rev() {
        y[j] /= l[j][j];
        let (earlier, rest) = y.split_at_mut(j);
        for (value, entry) in earlier.iter_mut().zip(&l[j]) {
            *value -= entry * rest[0];
        }
    }
    Some(y)
}

/// Cholesky's A = LL′ with the solution y of Ly = x.
fn factor(mut a: Vec<Vec<f64>>, x: &[f64]) -> Option<(Vec<Vec<f64>>, Vec<f64>)> {
    let mut y = x.to_vec();
    for j in 0..y.len() {
        let (row, below) = a[j..].split_first_mut()?;
        let dot = |u: &[f64], v: &[f64]| u.iter().zip(v).map(|(a, b)| a * b).sum::<f64>();
        let pivot = row[j] - dot(&row[..j], &row[..j]);
        if !(pivot > SINGULAR * row[j] && pivot.is_finite()) {
            return None;
        }
        row[j] = pivot.sqrt();
        y[j] = (y[j] - dot(&row[..j], &y[..j])) / row[j];
        for lower in below {
            lower[j] = (lower[j] - dot(&row[..j], &lower[..j])) / row[j];
        }
    }
    Some((a, y))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    #[test]
    fn a_small_system_by_hand() {
        // A = [[4, 2], [2, 5]], A⁻¹ = [[5, −2], [−2, 4]]/16; x = (2, 4): A⁻¹x = (2, 12)/16.
        let a = vec![vec![4.0, 2.0], vec![2.0, 5.0]];
        let solved = solve(a.clone(), &[2.0, 4.0]).unwrap();
        assert!((solved[0] - 0.125).abs() < 1e-15 && (solved[1] - 0.75).abs() < 1e-15);
        assert!((quadratic_form(a, &[2.0, 4.0]).unwrap() - 52.0 / 16.0).abs() < 1e-14);
        assert_eq!(quadratic_form(vec![vec![1.0, 1.0], vec![1.0, 1.0]], &[1.0, 1.0]), None);
        assert_eq!(quadratic_form(vec![vec![0.0]], &[1.0]), None);
        assert_eq!(quadratic_form(vec![vec![f64::NAN]], &[1.0]), None);
    }
}
