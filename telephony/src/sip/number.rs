//! Telephone numbers out of SIP addresses. Nothing of them is verified.

/// Digits of a number with its country code (ITU-T E.164; the database takes from 7 on).
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// The number that was dialled, from the user part of the request's address: `+` and digits. A trunk
/// may leave out the `+`.
pub(crate) fn dialled(user: &str) -> Option<String> {
    let user = plain(user)?;
    let digits = user.strip_prefix('+').or_else(|| user.strip_prefix("00")).unwrap_or(&user);
    e164(digits)
}

/// The number that calls, where its country is certain: it begins with `+` or `00`.
pub(crate) fn calling(user: &str) -> Option<String> {
    let user = plain(user)?;
    e164(user.strip_prefix('+').or_else(|| user.strip_prefix("00"))?)
}

/// Without parameters, separators for the eye (RFC 3966, section 5.1.1) and an escaped `+`.
fn plain(user: &str) -> Option<String> {
    let user = user.split(';').next()?.replace("%2B", "+").replace("%2b", "+");
    Some(user.chars().filter(|c| !"-.() ".contains(*c)).collect())
}

fn e164(digits: &str) -> Option<String> {
    let ok = digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0')
        && DIGITS.contains(&digits.len());
    ok.then(|| format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_trunks_write_them() {
        for user in ["+20225550100", "20225550100", "0020225550100", "%2B20-2-2555.0100;ext=1"] {
            assert_eq!(dialled(user).as_deref(), Some("+20225550100"), "{user}");
        }
        for user in ["", "reception", "+", "123", "+0123456789", "+1234567890123456", "+12a34567"] {
            assert_eq!(dialled(user), None, "{user}");
        }
    }

    #[test]
    fn a_caller_without_a_country_has_no_number() {
        assert_eq!(calling("+201001234567").as_deref(), Some("+201001234567"));
        assert_eq!(calling("00201001234567").as_deref(), Some("+201001234567"));
        for user in ["01001234567", "201001234567", "anonymous", "alice"] {
            assert_eq!(calling(user), None, "{user}");
        }
    }
}
