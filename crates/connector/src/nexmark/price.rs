//! Prices: `round(10^(6u) * 100)` in basic operations alone, so that no two libraries' `pow` can disagree.

use super::draw::Draw;

const TEN: [f64; 6] = [1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0];

/// 10^(i/16).
#[allow(clippy::excessive_precision)]
const ROOT: [f64; 16] = [
    1.0,
    1.1547819846894583,
    1.333521432163324,
    1.539926526059492,
    1.7782794100389228,
    2.0535250264571463,
    2.371373705661655,
    2.7384196342643614,
    3.1622776601683795,
    3.651741272548377,
    4.216965034285822,
    4.869675251658631,
    5.623413251903491,
    6.493816315762113,
    7.498942093324558,
    8.659643233600654,
];

/// A price in cents, from 100 to 100,000,000, evenly spread over the powers of ten.
#[inline]
pub fn price(draw: &mut Draw) -> i64 {
    let y = draw.double() * 6.0;
    let step = (y * 16.0) as usize;
    #[allow(clippy::approx_constant)]
    let z = (y - step as f64 / 16.0) * 2.302585092994046;
    let mut power = 1.0 + z * (1.0 / 9.0);
    for inverse in [1.0 / 8.0, 1.0 / 7.0, 1.0 / 6.0, 1.0 / 5.0, 1.0 / 4.0, 1.0 / 3.0, 1.0 / 2.0] {
        power = 1.0 + (z * inverse) * power;
    }
    power = 1.0 + z * power;
    ((TEN[step / 16] * ROOT[step % 16]) * power * 100.0 + 0.5) as i64
}
