//! Numbers for people: thousands separated, bytes in binary units, durations in words.

/// `1,234,567`
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 token`, `2,048 tokens`.
pub fn counted(n: u64, what: &str) -> String {
    format!("{} {what}{}", count(n), if n == 1 { "" } else { "s" })
}

/// `1.50 GiB`; below a KiB in bytes.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} B") } else { format!("{value:.2} {}", UNITS[unit]) }
}

/// Two sizes to be compared: exact too where rounding hides that they differ.
pub fn apart(a: u64, b: u64) -> (String, String) {
    let (rounded_a, rounded_b) = (bytes(a), bytes(b));
    if a == b || rounded_a != rounded_b {
        return (rounded_a, rounded_b);
    }
    (format!("{rounded_a} ({} bytes)", count(a)), format!("{rounded_b} ({} bytes)", count(b)))
}

/// `1.86 PFLOP`
pub fn flop(n: f64) -> String {
    const UNITS: [(f64, &str); 7] = [
        (1e21, "ZFLOP"),
        (1e18, "EFLOP"),
        (1e15, "PFLOP"),
        (1e12, "TFLOP"),
        (1e9, "GFLOP"),
        (1e6, "MFLOP"),
        (1e3, "kFLOP"),
    ];
    match UNITS.iter().find(|(size, _)| n >= *size) {
        Some((size, unit)) => format!("{:.2} {unit}", n / size),
        None => format!("{n:.0} FLOP"),
    }
}

/// `2 h 5 min`, `1 min 30 s`, `3.2 s`, `45 ms`
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "unknown".to_string();
    }
    if seconds < 1.0 {
        return format!("{:.1} ms", seconds * 1e3);
    }
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    let (days, hours) = (whole / 86_400, whole / 3600 % 24);
    let (minutes, rest) = (whole / 60 % 60, whole % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min {rest} s"),
        (0, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// `$1,234.56`
pub fn dollars(n: f64) -> String {
    let cents = (n * 100.0).round().max(0.0) as u64;
    format!("${}.{:02}", count(cents / 100), cents % 100)
}

/// `1.23 kWh`
pub fn energy(joules: f64) -> String {
    let kwh = joules / 3.6e6;
    if kwh < 0.1 { format!("{:.1} Wh", kwh * 1e3) } else { format!("{kwh:.2} kWh") }
}

/// A number with about four significant digits and no exponent where it is readable.
pub fn number(n: f64) -> String {
    let magnitude = n.abs();
    if magnitude != 0.0 && !(1e-3..1e7).contains(&magnitude) {
        return format!("{n:.3e}");
    }
    let decimals = match magnitude {
        m if m >= 1000.0 => 0,
        m if m >= 100.0 => 1,
        m if m >= 10.0 => 2,
        m if m >= 1.0 => 3,
        _ => 4,
    };
    format!("{n:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(124_439_808), "124,439,808");
        assert_eq!((counted(1, "token"), counted(2_048, "token")), ("1 token".into(), "2,048 tokens".into()));
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(80 << 30), "80.00 GiB");
        assert_eq!(apart(80 << 30, 1 << 30).0, "80.00 GiB");
        assert_eq!(apart((80 << 30) + 1, 80 << 30).0, "80.00 GiB (85,899,345,921 bytes)");
        assert_eq!(flop(3.15e23), "315.00 ZFLOP");
        assert_eq!(duration(0.0123), "12.3 ms");
        assert_eq!(duration(7505.0), "2 h 5 min");
        assert_eq!(dollars(1234.567), "$1,234.57");
        assert_eq!(energy(3.6e6), "1.00 kWh");
    }
}
