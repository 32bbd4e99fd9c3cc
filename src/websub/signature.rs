//! Whether a delivery is the hub's (WebSub 7): the HMAC of its body.

use ring::hmac;

/// Returns whether `header`, the value of `X-Hub-Signature`, signs `body` with `secret`.
///
/// The header is `METHOD=HEX`, the method sha1, sha256, sha384 or sha512. What cannot be read is
/// no signature.
pub fn verify(header: &str, secret: &[u8], body: &[u8]) -> bool {
    let Some((method, hex)) = header.trim().split_once('=') else { return false };
    let Some(algorithm) = algorithm(method.trim()) else { return false };
    let Some(tag) = bytes(hex.trim()) else { return false };
    // SECURITY: compares in constant time, and refuses a tag that is cut short.
    hmac::verify(&hmac::Key::new(algorithm, secret), body, &tag).is_ok()
}

fn algorithm(method: &str) -> Option<hmac::Algorithm> {
    match method.to_ascii_lowercase().as_str() {
        // The standard has it, and most hubs send nothing else; HMAC does not rest on what
        // makes SHA-1 weak.
        "sha1" => Some(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        "sha256" => Some(hmac::HMAC_SHA256),
        "sha384" => Some(hmac::HMAC_SHA384),
        "sha512" => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else { return None };
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2202 3, test case 2, and RFC 4231 4.3.
    const KEY: &[u8] = b"Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";
    const SHA1: &str = "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
    const SHA256: &str = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const SHA384: &str = "sha384=af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47\
        e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649";
    const SHA512: &str = "sha512=164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
        9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";

    #[track_caller]
    fn check(header: &str, expected: bool) {
        assert_eq!(verify(header, KEY, BODY), expected, "{header}");
    }

    #[test]
    fn the_vectors_of_the_rfcs_verify_whatever_their_case() {
        for header in [SHA1, SHA256, SHA384, SHA512] {
            check(header, true);
            check(&header.to_uppercase(), true);
            check(&format!(" {header} "), true);
            assert!(!verify(header, KEY, b"what do ya want for something?"), "{header}");
            assert!(!verify(header, b"jefe", BODY), "{header}");
        }
    }

    #[test]
    fn what_is_no_signature_signs_nothing() {
        check("", false);
        check("sha1", false);
        check("sha1=", false);
        check("=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", false);
        check("md5=750c783e6ab0b503eaa86e310a5db738", false);
        check("sha256=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", false);
        check(SHA1.strip_suffix("79").unwrap(), false);
        check(SHA1.strip_suffix('9').unwrap(), false);
        check(&format!("{SHA1}00"), false);
        check("sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7cxy", false);
        check("sha1=éééééééééééééééééééé", false);
    }
}
