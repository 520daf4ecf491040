//! Which addresses a page may point at.
//!
//! Only `http`, `https`, `mailto`, addresses relative to the wiki, and
//! fragments leave here; everything else is `None`, and the caller shows the
//! text without a link. The check decides by what a browser would see: it is
//! given the address after Markdown has resolved escapes and entities, refuses
//! every control character (browsers drop some of them *inside* a scheme), and
//! allows a scheme by name instead of forbidding the known bad ones.

use super::title::Title;

/// The longest address that is linked, in bytes.
pub const MAX_ADDRESS_BYTES: usize = 4096;

/// An address that is safe in an `href`, once HTML-escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The address.
    pub href: String,
    /// Whether it leads out of the wiki.
    pub external: bool,
}

/// The target of a link, or `None` if it must not be linked.
pub fn link(address: &str) -> Option<Target> {
    let address = plain(address)?;
    let external = match scheme(address) {
        Some(s) if is(s, "http") || is(s, "https") => true,
        Some(s) if is(s, "mailto") => false,
        Some(_) => return None,
        None => leaves_host(address),
    };
    Some(Target { href: encoded(address), external })
}

/// The source of an image, or `None` if it must not be loaded.
pub fn image(address: &str) -> Option<String> {
    let address = plain(address)?;
    let allowed = match scheme(address) {
        Some(s) => is(s, "http") || is(s, "https"),
        None => !address.is_empty() && !address.starts_with('#'),
    };
    allowed.then(|| encoded(address))
}

/// The target of `<someone@example.org>`.
pub fn mail(address: &str) -> Option<Target> {
    link(&format!("mailto:{address}"))
}

/// The target of a wiki link: a title, a title with `#section`, or `#section`
/// alone. `None` if the title is none.
pub fn wiki(name: &str) -> Option<Target> {
    let (title, section) = match name.split_once('#') {
        Some((title, section)) => (title, Some(slug(section))),
        None => (name, None),
    };
    let mut href = if title.trim().is_empty() && section.is_some() {
        String::new()
    } else {
        super::link::page(&Title::parse(title).ok()?)
    };
    if let Some(section) = section {
        href.push('#');
        href.push_str(&section);
    }
    Some(Target { href, external: false })
}

/// The `id` made of a heading's text: lower-case letters and digits with single
/// hyphens between, at most 80 characters, `section` if nothing is left.
///
/// Ids of the pages themselves hold a capital or a colon, so that no heading
/// can take one.
pub fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-')).take(80) {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(out.trim_end_matches('-').len());
    if out.is_empty() { "section".to_owned() } else { out }
}

/// The address without blanks around it, if it is short and printable.
fn plain(address: &str) -> Option<&str> {
    let address = address.trim_matches(' ');
    let printable =
        !address.chars().any(|c| c.is_control() || ('\u{fff0}'..='\u{ffff}').contains(&c));
    (printable && address.len() <= MAX_ADDRESS_BYTES).then_some(address)
}

/// What stands before a colon that stands before any `/`, `?` or `#`, be it a
/// well-formed scheme or not.
fn scheme(address: &str) -> Option<&str> {
    let end = address.find([':', '/', '?', '#'])?;
    address[end..].starts_with(':').then_some(&address[..end])
}

fn is(scheme: &str, name: &str) -> bool {
    scheme.eq_ignore_ascii_case(name)
}

/// Browsers read `\` as `/` here, and `//host` as another host.
fn leaves_host(address: &str) -> bool {
    let mut chars = address.chars();
    matches!((chars.next(), chars.next()), (Some('/' | '\\'), Some('/' | '\\')))
}

/// The address with what may not stand in a URL percent-encoded. Percent signs
/// stay: what was encoded already is not encoded twice.
fn encoded(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    for c in address.chars() {
        match c {
            ' ' => out.push_str("%20"),
            '"' => out.push_str("%22"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '\\' => out.push_str("%5C"),
            '`' => out.push_str("%60"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_may_be_linked() {
        for (address, href, external) in [
            ("http://a.example/x?y=z&q#f", "http://a.example/x?y=z&q#f", true),
            ("HTTPS://a.example", "HTTPS://a.example", true),
            ("mailto:a@b.example", "mailto:a@b.example", false),
            ("//a.example/x", "//a.example/x", true),
            ("\\/a.example", "%5C/a.example", true),
            ("Other_page", "Other_page", false),
            ("/wiki/A:B", "/wiki/A:B", false),
            ("./A:B", "./A:B", false),
            ("#part", "#part", false),
            ("?x=javascript:1", "?x=javascript:1", false),
            ("", "", false),
            (" a b\" ", "a%20b%22", false),
        ] {
            assert_eq!(link(address), Some(Target { href: href.into(), external }), "{address:?}");
        }
    }

    #[test]
    fn addresses_that_must_not_be_linked() {
        for address in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            " javascript:alert(1)",
            "java\nscript:alert(1)",
            "java\tscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "\u{0}javascript:alert(1)",
            "java\u{0}script:alert(1)",
            "\u{feff}javascript:alert(1)",
            "\u{200b}javascript:alert(1)",
            "\u{a0}javascript:alert(1)",
            "javascript\u{ff1a}:alert(1)",
            "data:text/html,<script>1</script>",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://a.example/1",
            "view-source:http://a.example",
            "x y:z",
            ":x",
            "http\u{85}://a.example",
        ] {
            assert_eq!(link(address), None, "{address:?}");
            assert_eq!(image(address), None, "{address:?}");
        }
        assert_eq!(link(&"a".repeat(MAX_ADDRESS_BYTES + 1)), None);
    }

    #[test]
    fn images_come_from_addresses_only() {
        assert_eq!(image("https://a.example/x.png").as_deref(), Some("https://a.example/x.png"));
        assert_eq!(image("/x.png").as_deref(), Some("/x.png"));
        for address in ["mailto:a@b.example", "#x", "", "data:image/svg+xml,x"] {
            assert_eq!(image(address), None, "{address:?}");
        }
    }

    #[test]
    fn wiki_links_name_titles_and_sections() {
        let href = |name| wiki(name).map(|t| t.href);
        assert_eq!(href("red wedding").as_deref(), Some("/wiki/Red_wedding"));
        assert_eq!(href("A#The End!").as_deref(), Some("/wiki/A#the-end"));
        assert_eq!(href("#The End").as_deref(), Some("#the-end"));
        assert_eq!(href("javascript:alert(1)").as_deref(), Some("/wiki/Javascript:alert(1)"));
        assert_eq!(href("../x"), None);
        assert_eq!(href("a<b"), None);
        assert_eq!(href(""), None);
    }

    #[test]
    fn slugs_are_lower_case_and_short() {
        assert_eq!(slug("  The *Rains* of Castamere  "), "the-rains-of-castamere");
        assert_eq!(slug("日本 語"), "日本-語");
        assert_eq!(slug("!?"), "section");
        assert_eq!(slug(&"ab ".repeat(100)).chars().count(), 80);
        assert!(slug("PageText: fn:1").chars().all(|c| !c.is_uppercase() && c != ':'));
    }
}
