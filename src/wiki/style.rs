//! The style sheet and the icon, served apart so that browsers and the PoP keep
//! them.
//!
//! Their addresses change with their content, so they may be cached for ever
//! (`Cache-Control: public, max-age=31536000, immutable`).

/// The style sheet of all pages, `text/css; charset=utf-8`.
pub const STYLE_CSS: &str = include_str!("style.css");

/// The path that it is served under, without the version.
pub const STYLE_PATH: &str = "/-/style.css";

/// The icon of all pages, `image/svg+xml`. A page without one would have
/// browsers ask the origin for `/favicon.ico`.
pub const ICON_SVG: &str = include_str!("icon.svg");

/// The path that it is served under, without the version.
pub const ICON_PATH: &str = "/-/icon.svg";

const STYLE_DIGITS: [u8; 16] = hex(fnv1a(STYLE_CSS.as_bytes()));
const ICON_DIGITS: [u8; 16] = hex(fnv1a(ICON_SVG.as_bytes()));

/// Names the content of [`STYLE_CSS`]: 16 hexadecimal digits.
pub const STYLE_VERSION: &str = text(&STYLE_DIGITS);
/// Names the content of [`ICON_SVG`]: 16 hexadecimal digits.
pub const ICON_VERSION: &str = text(&ICON_DIGITS);

/// The address of the style sheet, as pages link it.
pub fn href() -> String {
    format!("{STYLE_PATH}?v={STYLE_VERSION}")
}

/// The address of the icon, as pages link it.
pub fn icon_href() -> String {
    format!("{ICON_PATH}?v={ICON_VERSION}")
}

const fn text(digits: &[u8; 16]) -> &str {
    match std::str::from_utf8(digits) {
        Ok(digits) => digits,
        Err(_) => "0",
    }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo); it tells versions apart, no more.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash
}

const fn hex(value: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    let mut at = 0;
    while at < 16 {
        digits[at] = b"0123456789abcdef"[((value >> (60 - 4 * at)) & 15) as usize];
        at += 1;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_hash_in_hexadecimal() {
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(&hex(fnv1a(b"a")), b"af63dc4c8601ec8c");
        assert_eq!(href(), format!("/-/style.css?v={:016x}", fnv1a(STYLE_CSS.as_bytes())));
    }

    #[test]
    fn the_style_sheet_loads_nothing_else() {
        assert!(!STYLE_CSS.contains("url(") && !STYLE_CSS.contains("@import"));
    }

    #[test]
    fn the_icon_loads_and_runs_nothing() {
        assert_eq!(icon_href(), format!("/-/icon.svg?v={:016x}", fnv1a(ICON_SVG.as_bytes())));
        assert!(!ICON_SVG.contains("href") && !ICON_SVG.contains("<script"));
    }
}
