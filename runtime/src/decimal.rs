//! Exact decimal numbers: the type `decimal`. Never rounds, never goes through floating point.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An exact decimal number of at most 38 digits, 38 of them after the point.
///
/// There is one representation per number: `1.50` and `1.5` are the same value and print as `1.5`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "(i128, u8)", into = "(i128, u8)")]
pub struct Decimal {
    /// The digits; no trailing zero unless `scale` is 0, and below 10³⁸ in magnitude.
    coefficient: i128,
    /// How many of the digits stand after the point.
    scale: u8,
}

/// Why a text is no [`Decimal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalError {
    /// Not written like a number.
    Malformed,
    /// More than 38 digits before or after the point.
    TooLong,
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DecimalError::Malformed => "not a decimal number",
            DecimalError::TooLong => "a decimal number has at most 38 digits",
        })
    }
}

impl std::error::Error for DecimalError {}

const MAX_DIGITS: u8 = 38;
const BOUND: i128 = 10i128.pow(38);

// Worked out when this is compiled, where a mistake would show.
#[allow(clippy::indexing_slicing)]
const POWERS: [i128; MAX_DIGITS as usize + 1] = {
    let mut powers = [1; MAX_DIGITS as usize + 1];
    let mut i = 1;
    while i < powers.len() {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

fn power_of_ten(exponent: u8) -> Option<i128> {
    POWERS.get(usize::from(exponent)).copied()
}

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal { coefficient: 0, scale: 0 };

    /// `coefficient × 10^-scale`, or `None` if that has too many digits.
    #[must_use]
    pub fn new(coefficient: i128, scale: u8) -> Option<Decimal> {
        // Dividing 128 bits takes a function call, and nearly all numbers are small.
        match i64::try_from(coefficient) {
            Ok(small) => Decimal::small(small, scale),
            Err(_) => Decimal::large(coefficient, scale),
        }
    }

    fn small(mut coefficient: i64, mut scale: u8) -> Option<Decimal> {
        while scale > 0 && coefficient % 10 == 0 {
            coefficient /= 10;
            scale -= 1;
        }
        (scale <= MAX_DIGITS).then_some(Decimal { coefficient: coefficient.into(), scale })
    }

    fn large(mut coefficient: i128, mut scale: u8) -> Option<Decimal> {
        while scale > 0 && coefficient % 10 == 0 {
            coefficient /= 10;
            scale -= 1;
        }
        let fits = scale <= MAX_DIGITS && coefficient > -BOUND && coefficient < BOUND;
        fits.then_some(Decimal { coefficient, scale })
    }

    /// Reads a JSON number token (`-1.5e3`) or a claw literal (`1_000.50`).
    pub fn parse(text: &str) -> Result<Decimal, DecimalError> {
        if let Some(decimal) = Decimal::short(text) {
            return Ok(decimal);
        }
        Decimal::parse_any(text)
    }

    /// Most numbers: digits, perhaps a point between them, and no more than fit into a machine word.
    fn short(text: &str) -> Option<Decimal> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = rest.split_once('.').unwrap_or((rest, "0"));
        if whole.is_empty() || fraction.is_empty() || rest.len() > 17 {
            return None;
        }
        let magnitude = whole
            .bytes()
            .chain(fraction.bytes())
            .try_fold(0i64, |n, digit| digit.is_ascii_digit().then(|| 10 * n + i64::from(digit - b'0')))?;
        let signed = i128::from(if negative { -magnitude } else { magnitude });
        Decimal::new(signed, u8::try_from(fraction.len()).ok()?)
    }

    fn parse_any(text: &str) -> Result<Decimal, DecimalError> {
        let parts = NumberParts::split(text).ok_or(DecimalError::Malformed)?;
        let (digits, exponent) = parts.significant();
        if digits.is_empty() {
            return Ok(Decimal::ZERO);
        }
        if digits.len() > usize::from(MAX_DIGITS) {
            return Err(DecimalError::TooLong);
        }
        let mut coefficient: i128 = digits.parse().map_err(|_| DecimalError::Malformed)?;
        let scale = if exponent >= 0 {
            let up = u8::try_from(exponent).ok().and_then(power_of_ten).ok_or(DecimalError::TooLong)?;
            coefficient = coefficient.checked_mul(up).ok_or(DecimalError::TooLong)?;
            0
        } else {
            u8::try_from(exponent.unsigned_abs()).map_err(|_| DecimalError::TooLong)?
        };
        let signed = if parts.negative { -coefficient } else { coefficient };
        Decimal::new(signed, scale).ok_or(DecimalError::TooLong)
    }

    /// The number as an `int`, if it is integral and fits.
    #[must_use]
    pub fn to_i64(self) -> Option<i64> {
        if self.scale == 0 { i64::try_from(self.coefficient).ok() } else { None }
    }

    /// Below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.coefficient < 0
    }

    /// At most 18 digits, before and after the point together: sums of such numbers that are modest themselves fit in
    /// whatever order they are made.
    pub(crate) fn is_modest(self) -> bool {
        self.scale <= 18 && self.coefficient.unsigned_abs() < 10u128.pow(18)
    }

    /// The exact sum, or `None` if it has too many digits.
    #[must_use]
    pub fn checked_add(self, other: Decimal) -> Option<Decimal> {
        let scale = self.scale.max(other.scale);
        Decimal::new(self.at_scale(scale)?.checked_add(other.at_scale(scale)?)?, scale)
    }

    /// The exact difference, or `None` if it has too many digits.
    #[must_use]
    pub fn checked_sub(self, other: Decimal) -> Option<Decimal> {
        self.checked_add(other.negated())
    }

    /// The exact product, or `None` if it has too many digits.
    #[must_use]
    pub fn checked_mul(self, other: Decimal) -> Option<Decimal> {
        let scale = self.scale.checked_add(other.scale)?;
        Decimal::new(self.coefficient.checked_mul(other.coefficient)?, scale)
    }

    /// The number with the other sign.
    #[must_use]
    pub fn negated(self) -> Decimal {
        // The magnitude is below 10³⁸, far from where negation overflows.
        Decimal { coefficient: -self.coefficient, scale: self.scale }
    }

    fn at_scale(self, scale: u8) -> Option<i128> {
        if self.scale == scale {
            return Some(self.coefficient);
        }
        let power = power_of_ten(scale.checked_sub(self.scale)?)?;
        match (i64::try_from(self.coefficient), i64::try_from(power)) {
            // Never overflows.
            (Ok(coefficient), Ok(power)) => Some(i128::from(coefficient) * i128::from(power)),
            _ => self.coefficient.checked_mul(power),
        }
    }

    /// The whole part, and the fraction in units of 10⁻³⁸; both carry the sign.
    fn split(self) -> (i128, i128) {
        let unit = power_of_ten(self.scale).unwrap_or(1);
        let up = power_of_ten(MAX_DIGITS.saturating_sub(self.scale)).unwrap_or(1);
        // The fraction is below 10^scale, so widening it to 38 digits stays below 10³⁸.
        (self.coefficient / unit, (self.coefficient % unit).saturating_mul(up))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        if self.scale == other.scale {
            return self.coefficient.cmp(&other.coefficient);
        }
        let scale = self.scale.max(other.scale);
        match (self.at_scale(scale), other.at_scale(scale)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => self.split().cmp(&other.split()),
        }
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Decimal {
        Decimal { coefficient: i128::from(value), scale: 0 }
    }
}

impl From<Decimal> for (i128, u8) {
    fn from(value: Decimal) -> (i128, u8) {
        (value.coefficient, value.scale)
    }
}

impl TryFrom<(i128, u8)> for Decimal {
    type Error = DecimalError;
    fn try_from((coefficient, scale): (i128, u8)) -> Result<Decimal, DecimalError> {
        Decimal::new(coefficient, scale).ok_or(DecimalError::TooLong)
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;
    fn from_str(text: &str) -> Result<Decimal, DecimalError> {
        Decimal::parse(text)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.coefficient < 0 { "-" } else { "" };
        let digits = self.coefficient.unsigned_abs();
        if self.scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let unit = power_of_ten(self.scale).map_or(1, i128::unsigned_abs);
        let (whole, fraction) = (digits / unit, digits % unit);
        write!(f, "{sign}{whole}.{fraction:0width$}", width = usize::from(self.scale))
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decimal({self})")
    }
}

/// A number's text, taken apart.
struct NumberParts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> NumberParts<'a> {
    /// `-?digits(.digits)?([eE][+-]?digits)?`, with `_` between digits.
    fn split(text: &'a str) -> Option<NumberParts<'a>> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if is_digits(fraction) => (whole, fraction),
            Some(_) => return None,
            None => (mantissa, ""),
        };
        is_digits(whole).then_some(NumberParts { negative, whole, fraction, exponent })
    }

    /// The digits without zeros at either end, and the power of ten that they count.
    fn significant(&self) -> (String, i64) {
        let mut digits: String = self.whole.chars().chain(self.fraction.chars()).filter(|c| *c != '_').collect();
        let fraction = self.fraction.chars().filter(|c| *c != '_').count();
        let mut exponent = self.exponent.saturating_sub(i64::try_from(fraction).unwrap_or(i64::MAX));
        while digits.ends_with('0') {
            digits.pop();
            exponent = exponent.saturating_add(1);
        }
        let zeros = digits.len() - digits.trim_start_matches('0').len();
        digits.drain(..zeros);
        (digits, exponent)
    }
}

fn is_digits(text: &str) -> bool {
    let separated = !text.starts_with('_') && !text.ends_with('_') && !text.contains("__");
    !text.is_empty() && separated && text.bytes().all(|b| b.is_ascii_digit() || b == b'_')
}

/// An exponent beyond 64 bits is as good as the largest: the number is zero or too long either way.
fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Half of the range, so that adjusting it by a number of digits cannot wrap.
    let value = digits.parse::<i64>().unwrap_or(i64::MAX).min(i64::MAX / 2);
    Some(if negative { -value } else { value })
}

/// A JSON number token in plain decimal notation without superfluous zeros: `-1.50e2` is `-150`.
///
/// `None` if the token is malformed or its plain form has more than `max` characters. Any two tokens
/// of equal value give the same text, and no others do.
pub(crate) fn plain_decimal(token: &str, max: usize) -> Option<String> {
    let parts = NumberParts::split(token)?;
    let (digits, exponent) = parts.significant();
    if digits.is_empty() {
        return Some("0".to_owned());
    }
    let sign = if parts.negative { "-" } else { "" };
    let zeros = usize::try_from(exponent.unsigned_abs()).ok().filter(|n| *n <= max)?;
    let plain = if exponent >= 0 {
        format!("{sign}{digits}{}", "0".repeat(zeros))
    } else if let Some((whole, fraction)) =
        digits.len().checked_sub(zeros).filter(|n| *n > 0).and_then(|n| digits.split_at_checked(n))
    {
        format!("{sign}{whole}.{fraction}")
    } else {
        format!("{sign}0.{}{digits}", "0".repeat(zeros.saturating_sub(digits.len())))
    };
    (plain.len() <= max).then_some(plain)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn one_form_per_number() {
        for (text, plain) in [
            ("0", "0"),
            ("-0", "0"),
            ("0.000", "0"),
            ("0e99999999999999999999", "0"),
            ("1.50", "1.5"),
            ("1e2", "100"),
            ("-12.5E-1", "-1.25"),
            ("1_000.50", "1000.5"),
            ("1e-3", "0.001"),
            ("007", "7"),
            ("100e-2", "1"),
            ("0.1e1", "1"),
            ("1E+2", "100"),
        ] {
            assert_eq!(d(text).to_string(), plain, "{text}");
            assert_eq!(plain_decimal(text, 400).unwrap(), plain, "{text}");
        }
    }

    #[test]
    fn refuses() {
        for text in ["", "-", ".5", "5.", "1e", "1e+", "+1", "1__0", "_1", "1_", "0x1", "1.2.3", "٣", "1 ", "NaN"] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::Malformed), "{text}");
            assert_eq!(plain_decimal(text, 400), None, "{text}");
        }
        for text in ["1e38", "1e-39", "123456789012345678901234567890123456789", "1e999999999999999999999"] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::TooLong), "{text}");
        }
        assert_eq!(plain_decimal("1e400", 400), None);
        assert_eq!(plain_decimal("5e-324", 400).unwrap().len(), 326);
    }

    #[test]
    fn never_rounds() {
        assert_eq!(d("1e37").checked_add(d("1e-38")), None);
        assert_eq!(d("0.1").checked_add(d("0.2")).unwrap(), d("0.3"));
        assert_eq!(d("99999999999999999999999999999999999999").checked_add(d("1")), None);
        assert_eq!(d("1e20").checked_mul(d("1e20")), None);
        assert!(d("1e37") > d("1e-38"));
        assert!(d("-1.5") < d("-1.25"));
    }

    /// A number with up to nine places, and that number in units of 10⁻⁹.
    fn small() -> impl Strategy<Value = (Decimal, i128)> {
        (any::<i64>(), 0u8..=9).prop_map(|(c, s)| {
            let unit = 10i128.pow(u32::from(9 - s));
            (Decimal::new(i128::from(c), s).unwrap(), i128::from(c) * unit)
        })
    }

    proptest! {
        #[test]
        fn short_ones_are_read_like_others(text in r"-?[0-9_]{0,12}(\.[0-9]{0,8})?|[0-9.eE-]{0,6}|-?[0-9]{15,20}") {
            if let Some(short) = Decimal::short(&text) {
                prop_assert_eq!(Decimal::parse_any(&text), Ok(short));
            }
        }

        #[test]
        fn agrees_with_integers((a, x) in small(), (b, y) in small()) {
            prop_assert_eq!(a.cmp(&b), x.cmp(&y));
            prop_assert_eq!(a == b, x == y);
            prop_assert_eq!(a.checked_add(b), Decimal::new(x + y, 9));
            prop_assert_eq!(a.checked_sub(b), Decimal::new(x - y, 9));
            if let Some(product) = x.checked_mul(y) {
                prop_assert_eq!(a.checked_mul(b), Decimal::new(product, 18));
            }
        }

        #[test]
        fn round_trips(c in -BOUND + 1..BOUND, s in 0u8..=38) {
            let a = Decimal::new(c, s).unwrap();
            let text = a.to_string();
            prop_assert_eq!(d(&text), a);
            prop_assert_eq!(plain_decimal(&text, 400), Some(text));
        }

        #[test]
        fn never_panics(text in "[-+0-9._eE]{0,60}|.{0,20}") {
            let number = Decimal::parse(&text);
            let plain = plain_decimal(&text, 400);
            if let (Ok(number), Some(plain)) = (number, plain) {
                prop_assert_eq!(number.to_string(), plain);
            }
        }
    }

    fn decimal() -> impl Strategy<Value = Decimal> {
        let coefficient = prop_oneof![-1_000i128..1_000, any::<i64>().prop_map(i128::from), 1 - BOUND..BOUND];
        (coefficient, 0u8..=MAX_DIGITS).prop_filter_map("too many digits", |(c, scale)| Decimal::large(c, scale))
    }

    proptest! {
        #[test]
        fn small_numbers_are_numbers(coefficient: i64, zeros in 0u32..6, scale in 0u8..80) {
            let coefficient = coefficient / 10i64.pow(zeros) * 10i64.pow(zeros);
            prop_assert_eq!(Decimal::small(coefficient, scale), Decimal::large(coefficient.into(), scale));
        }

        #[test]
        fn the_order_is_that_of_whole_parts_and_fractions(a in decimal(), b in decimal()) {
            prop_assert_eq!(a.cmp(&b), a.split().cmp(&b.split()));
        }

        #[test]
        fn widening_is_multiplying(a in decimal(), scale in 0u8..=MAX_DIGITS) {
            let power = scale.checked_sub(a.scale).and_then(|by| 10i128.checked_pow(by.into()));
            prop_assert_eq!(a.at_scale(scale), power.and_then(|power| a.coefficient.checked_mul(power)));
        }
    }
}
