//! Maximum of the likelihood: Newton steps on the cells that carry mass.
//!
//! The mean log likelihood minus Σp, over p ≥ 0 without Σp = 1, has the same maximum (its
//! derivative along p is 1/c − 1 at c·p), so positivity is the only constraint left. Each round
//! lets in the best cell of every gap between cells with mass where D_j > 1 and takes a Newton
//! step with the exact Hessian −Σ 1\[j, l in i\]/Pᵢ²; a cell whose mass reaches 0 leaves. This is
//! the constrained Newton method of Wang 2007, J. R. Stat. Soc. B 69, with support reduction in
//! place of its least-squares step. It converges quadratically where EM needs thousands of
//! rounds. One round costs rows + cells + (cells with mass)³/3.

use super::innermost::Run;
use crate::linear;

const ROUNDS_MAX: usize = 1_000;
/// Largest deviation of D_j from 1 at which the search ends; rounding allows little less.
const TIGHT: f64 = 1e-12;
/// Deviation from which on rounds that come no closer are taken for rounding, and how many.
const CLOSE: f64 = 1e-7;
const FUTILE_ROUNDS: usize = 10;
/// Change of the objective that is rounding.
const ROUNDING: f64 = 1e-15;

pub(super) struct Solution {
    pub(super) mass: Vec<f64>,
    pub(super) mean_log_likelihood: f64,
    pub(super) kkt_max: f64,
    pub(super) iterations: usize,
}

pub(super) fn maximise(rows: &[Run], cells: usize) -> Solution {
    let mut mass = start(rows, cells);
    let mut best = (f64::INFINITY, mass.clone());
    let (mut iterations, mut futile) = (0, 0);
    while iterations < ROUNDS_MAX {
        let gradient = gradient(rows, &mass);
        let excess = deviation(&gradient, &mass);
        futile += 1;
        if excess < best.0 {
            best = (excess, mass.clone());
            futile = 0;
        }
        if excess <= TIGHT || (best.0 <= CLOSE && futile > FUTILE_ROUNDS) {
            break;
        }
        iterations += 1;
        let gaps = entering(&gradient, &mass);
        let top = gaps.iter().copied().max_by(|&a, &b| gradient[a].total_cmp(&gradient[b]));
        // Where many at once lead nowhere, one alone always leads upwards.
        let stepped = step(rows, &mut mass, &gradient, gaps)
            || step(rows, &mut mass, &gradient, top.into_iter().collect());
        if !stepped {
            break;
        }
    }
    let mut mass = best.1;
    let sum: f64 = mass.iter().sum();
    for p in &mut mass {
        *p /= sum;
    }
    let inside = contents(rows, &mass);
    Solution {
        mean_log_likelihood: rows.iter().zip(&inside).map(|(row, p)| row.share * p.ln()).sum(),
        kkt_max: gradient(rows, &mass).into_iter().fold(0.0, f64::max),
        mass,
        iterations,
    }
}

/// Equal masses on few cells such that every row holds one: the last cell of each row that holds
/// none yet, in the order in which rows end.
fn start(rows: &[Run], cells: usize) -> Vec<f64> {
    let mut order: Vec<&Run> = rows.iter().collect();
    order.sort_unstable_by_key(|row| row.to);
    let mut mass = vec![0.0; cells];
    let (mut chosen, mut covered) = (0.0, 0);
    for row in order {
        if row.from >= covered {
            covered = row.to;
            mass[row.to - 1] = 1.0;
            chosen += 1.0;
        }
    }
    for p in &mut mass {
        *p /= chosen;
    }
    mass
}

/// Mass held by each row.
fn contents(rows: &[Run], mass: &[f64]) -> Vec<f64> {
    let mut below = Vec::with_capacity(mass.len() + 1);
    below.push(0.0);
    below.extend(mass.iter().scan(0.0, |sum, p| {
        *sum += p;
        Some(*sum)
    }));
    rows.iter().map(|row| below[row.to] - below[row.from]).collect()
}

/// D_j of every cell.
fn gradient(rows: &[Run], mass: &[f64]) -> Vec<f64> {
    let mut change = vec![0.0; mass.len() + 1];
    for (row, inside) in rows.iter().zip(contents(rows, mass)) {
        change[row.from] += row.share / inside;
        change[row.to] -= row.share / inside;
    }
    let mut sum = 0.0;
    change[..mass.len()]
        .iter()
        .map(|step| {
            sum += step;
            sum
        })
        .collect()
}

/// How far the conditions of the maximum are from holding.
fn deviation(gradient: &[f64], mass: &[f64]) -> f64 {
    let cells = gradient.iter().zip(mass);
    cells.map(|(d, &p)| if p > 0.0 { (d - 1.0).abs() } else { d - 1.0 }).fold(0.0, f64::max)
}

/// The best cell of each gap between cells with mass, if mass there would help.
fn entering(gradient: &[f64], mass: &[f64]) -> Vec<usize> {
    let cells: Vec<usize> = (0..mass.len()).collect();
    let gaps = cells.split(|&cell| mass[cell] > 0.0);
    gaps.filter_map(|gap| gap.iter().copied().max_by(|&a, &b| gradient[a].total_cmp(&gradient[b])))
        .filter(|&cell| gradient[cell] > 1.0 + TIGHT)
        .collect()
}

/// One Newton step on the cells with mass and those that enter; false if nothing was gained.
fn step(rows: &[Run], mass: &mut [f64], gradient: &[f64], entering: Vec<usize>) -> bool {
    let mut support: Vec<usize> = (0..mass.len()).filter(|&cell| mass[cell] > 0.0).collect();
    support.extend(entering);
    support.sort_unstable();
    let inside = contents(rows, mass);
    let direction = loop {
        let Some(direction) = newton(rows, &inside, gradient, &support) else { return false };
        let before = support.len();
        let mut pushes = direction.iter();
        // A cell without mass can only gain some.
        support.retain(|&cell| pushes.next().is_some_and(|&push| mass[cell] > 0.0 || push > 0.0));
        if support.len() == before {
            break direction;
        }
    };
    let moves: Vec<(usize, f64)> = support.into_iter().zip(direction).collect();
    search(rows, mass, &moves)
}

/// The Newton direction on the cells of `support`.
fn newton(rows: &[Run], inside: &[f64], gradient: &[f64], support: &[usize]) -> Option<Vec<f64>> {
    let k = support.len();
    // Corner sums: a row that holds the places a..b of the support adds to all pairs within.
    let mut hessian = vec![vec![0.0; k + 1]; k + 1];
    for (row, p) in rows.iter().zip(inside) {
        let a = support.partition_point(|&cell| cell < row.from);
        let b = support.partition_point(|&cell| cell < row.to);
        if a < b {
            hessian[b - 1][a] += row.share / (p * p);
        }
    }
    for j in (0..k).rev() {
        for l in 0..=j {
            let earlier = if l > 0 { hessian[j][l - 1] } else { 0.0 };
            let both = if l > 0 { hessian[j + 1][l - 1] } else { 0.0 };
            hessian[j][l] += hessian[j + 1][l] + earlier - both;
        }
    }
    hessian.truncate(k);
    let slope: Vec<f64> = support.iter().map(|&cell| gradient[cell] - 1.0).collect();
    // Cells that no row tells apart make the Hessian singular; a ridge then shares their mass.
    let ridges = [0.0, 1e-12, 1e-9, 1e-6, 1e-3];
    ridges.into_iter().find_map(|ridge| {
        let mut ridged = hessian.clone();
        (0..k).for_each(|j| ridged[j][j] *= 1.0 + ridge);
        linear::solve(ridged, &slope)
    })
}

/// Goes along the moves as far as mass stays positive and the objective does not fall.
fn search(rows: &[Run], mass: &mut [f64], moves: &[(usize, f64)]) -> bool {
    let bound = moves
        .iter()
        .filter(|(_, push)| *push < 0.0)
        .map(|&(cell, push)| mass[cell] / -push)
        .fold(1.0, f64::min);
    let before = objective(rows, mass);
    let mut length = bound;
    for _ in 0..50 {
        let mut moved = mass.to_vec();
        for &(cell, push) in moves {
            let leaves = push < 0.0 && length * -push >= mass[cell] * (1.0 - 1e-14);
            moved[cell] = if leaves { 0.0 } else { (mass[cell] + length * push).max(0.0) };
        }
        let gained = objective(rows, &moved) - before;
        if gained >= -ROUNDING && moved != mass {
            mass.copy_from_slice(&moved);
            return true;
        }
        length /= 2.0;
    }
    false
}

/// Mean log likelihood minus the sum of the masses; −∞ where a row holds nothing.
fn objective(rows: &[Run], mass: &[f64]) -> f64 {
    let inside = contents(rows, mass);
    let log = |p: f64| if p > 0.0 { p.ln() } else { f64::NEG_INFINITY };
    let likelihood: f64 = rows.iter().zip(inside).map(|(row, p)| row.share * log(p)).sum();
    likelihood - mass.iter().sum::<f64>()
}
