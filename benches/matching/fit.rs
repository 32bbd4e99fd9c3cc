//! Logistic regression by Newton's method, with a ridge on standardised features.

const ROUNDS: usize = 30;

/// Weights of the features as they come, and the log-odds where all are zero.
#[derive(Debug, Clone)]
pub(crate) struct Fit<const N: usize> {
    pub(crate) weights: [f64; N],
    pub(crate) bias: f64,
}

pub(crate) fn dot<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Fits to rows; a larger `ridge` holds the weights nearer to zero.
pub(crate) fn logistic<const N: usize>(
    rows: &[([f64; N], bool)],
    ridge: f64,
    with_bias: bool,
) -> Fit<N> {
    let count = rows.len() as f64;
    let (mut means, mut scales) = ([0.0; N], [0.0; N]);
    for at in 0..N {
        let mean = rows.iter().map(|(row, _)| row[at]).sum::<f64>() / count;
        let square = rows.iter().map(|(row, _)| (row[at] - mean).powi(2)).sum::<f64>() / count;
        scales[at] = libm::sqrt(square).max(1e-9);
        means[at] = if with_bias { mean } else { 0.0 };
    }
    // The last one is the bias.
    let mut weights = vec![0.0; N + 1];
    for _ in 0..ROUNDS {
        let mut slope = vec![0.0; N + 1];
        let mut curve = vec![vec![0.0; N + 1]; N + 1];
        for (row, is_right) in rows {
            let mut x = vec![if with_bias { 1.0 } else { 0.0 }; N + 1];
            for at in 0..N {
                x[at] = (row[at] - means[at]) / scales[at];
            }
            let sum: f64 = x.iter().zip(&weights).map(|(x, w)| x * w).sum();
            let chance = 1.0 / (1.0 + libm::exp(-sum));
            let off = f64::from(u8::from(*is_right)) - chance;
            for i in 0..=N {
                slope[i] += off * x[i];
                for j in 0..=i {
                    curve[i][j] += chance * (1.0 - chance) * x[i] * x[j];
                }
            }
        }
        for i in 0..=N {
            for j in 0..i {
                curve[j][i] = curve[i][j];
            }
            let held = if i < N { ridge } else { 1e-9 };
            slope[i] -= held * weights[i];
            curve[i][i] += held;
        }
        let step = solve(curve, slope);
        for (weight, step) in weights.iter_mut().zip(&step) {
            *weight += step;
        }
        if step.iter().all(|step| step.abs() < 1e-10) {
            break;
        }
    }
    let mut fit = Fit { weights: [0.0; N], bias: weights[N] };
    for at in 0..N {
        fit.weights[at] = weights[at] / scales[at];
        fit.bias -= fit.weights[at] * means[at];
    }
    fit
}

/// Solves a symmetric system by elimination with the largest pivot.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for at in 0..size {
        let largest =
            (at..size).max_by(|a, b| matrix[*a][at].abs().total_cmp(&matrix[*b][at].abs()));
        let largest = largest.expect("a row");
        matrix.swap(at, largest);
        right.swap(at, largest);
        for row in at + 1..size {
            let factor = matrix[row][at] / matrix[at][at];
            for column in at..size {
                matrix[row][column] -= factor * matrix[at][column];
            }
            right[row] -= factor * right[at];
        }
    }
    for at in (0..size).rev() {
        let known: f64 = (at + 1..size).map(|column| matrix[at][column] * right[column]).sum();
        right[at] = (right[at] - known) / matrix[at][at];
    }
    right
}
