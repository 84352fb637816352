//! Arithmetic beyond 128 bits, for rates over days of many clients.

/// `a * b / divide`, rounded down, also where the product is beyond 128 bits.
///
/// # Panics
/// If the quotient is beyond 128 bits, or `divide` is 0 or beyond 127.
pub fn mul_div(a: u128, b: u128, divide: u128) -> u128 {
    if let Some(product) = a.checked_mul(b) {
        return product / divide;
    }
    let (high, low) = wide_product(a, b);
    assert!(
        high < divide && divide >> 127 == 0,
        "{a} * {b} / {divide} is too large"
    );
    // Long division, bit by bit: it is needed once for each window.
    let (mut quotient, mut rest) = (0, high);
    for bit in (0..128).rev() {
        rest = (rest << 1) | ((low >> bit) & 1);
        if rest >= divide {
            rest -= divide;
            quotient |= 1 << bit;
        }
    }
    quotient
}

/// The product in 256 bits, high half first.
fn wide_product(a: u128, b: u128) -> (u128, u128) {
    const LOW: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & LOW, b >> 64, b & LOW);
    let middle = a1 * b0 + ((a0 * b0) >> 64);
    let (carry, middle) = {
        let (sum, over) = middle.overflowing_add(a0 * b1);
        (u128::from(over) << 64, sum)
    };
    (
        a1 * b1 + (middle >> 64) + carry,
        (middle << 64) | ((a0 * b0) & LOW),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_beyond_128_bits_are_divided_exactly() {
        assert_eq!(mul_div(7, 10, 3), 23);
        assert_eq!(mul_div(0, u128::MAX, 5), 0);
        assert_eq!(mul_div(1 << 84, 1 << 113, 1 << 112), 1 << 85);
        assert_eq!(wide_product(u128::MAX, u128::MAX), (u128::MAX - 1, 1));
        // 288 windows of 600 s, rescaled from 150 to 100 requests a second.
        let window = 150_000_000 * 600_000_000_000_u128;
        let (asked, all) = (100_000_000 * 172_800_000_000_000_u128, 288 * window);
        assert_eq!(mul_div(window, asked, all), 100_000_000 * 600_000_000_000);
        assert_eq!(
            mul_div(window << 40, asked, all << 40),
            100_000_000 * 600_000_000_000
        );
        assert_eq!(
            mul_div((window << 40) + 1, asked, all << 40),
            100_000_000 * 600_000_000_000
        );
    }
}
