//! Markdown: what is supported, what must never come out, and what it costs.

use std::time::Instant;

use super::*;

fn html(source: &str) -> String {
    render(source, None).html
}

#[test]
fn the_supported_syntax() {
    for (source, want) in [
        (
            "a *b* **c** ~~d~~ `e<`",
            "<p>a <em>b</em> <strong>c</strong> <del>d</del> <code>e&lt;</code></p>\n",
        ),
        ("a\\\nb", "<p>a<br>\nb</p>\n"),
        ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"),
        ("3. a", "<ol start=\"3\">\n<li>a</li>\n</ol>\n"),
        ("- [x] a", "<ul>\n<li><input type=\"checkbox\" disabled checked> a</li>\n</ul>\n"),
        ("> a", "<blockquote>\n<p>a</p>\n</blockquote>\n"),
        ("```rust\nlet a;\n```", "<pre><code class=\"language-rust\">let a;\n</code></pre>\n"),
        ("---", "<hr>\n"),
        ("[[red wedding]]", "<p><a href=\"/wiki/Red_wedding\">red wedding</a></p>\n"),
        ("[[Robb|the king]]", "<p><a href=\"/wiki/Robb\">the king</a></p>\n"),
        ("[[a{b]]", "<p><span class=\"dead\">a{b</span></p>\n"),
        ("[a](b \"t\")", "<p><a href=\"b\" title=\"t\">a</a></p>\n"),
        ("<me@a.example>", "<p><a href=\"mailto:me@a.example\">me@a.example</a></p>\n"),
        (
            "![a *b*](c.png)",
            "<p><img src=\"c.png\" alt=\"a b\" loading=\"lazy\" \
             referrerpolicy=\"no-referrer\"></p>\n",
        ),
    ] {
        assert_eq!(html(source), want, "{source:?}");
    }
}

#[test]
fn external_links_are_not_endorsed() {
    let want = "<p><a href=\"https://a.example/?b&amp;c\" class=\"external\" \
                rel=\"nofollow noopener\">a</a></p>\n";
    assert_eq!(html("[a](https://a.example/?b&c)"), want);
}

#[test]
fn tables_align_by_class() {
    let table = html("|a|b|\n|:-:|-:|\n|1|2|");
    assert!(table.contains("<th class=\"center\">a</th><th class=\"right\">b</th></tr></thead>"));
    assert!(
        table.contains("<td class=\"center\">1</td><td class=\"right\">2</td></tr>"),
        "{table}"
    );
    assert!(!table.contains("style="));
}

#[test]
fn headings_have_unique_ids() {
    let page = render("# A b\n\n## a B\n\n# A-b-1\n\n# !\n", None);
    let ids: Vec<&str> = page.contents.iter().map(|heading| heading.id.as_str()).collect();
    assert_eq!(ids, ["a-b", "a-b-1", "a-b-1-1", "section"]);
    assert!(page.html.contains("<h2 id=\"a-b\">A b</h2>"), "{}", page.html);
}

#[test]
fn section_links_follow_the_outline() {
    let title = Title::parse("T").unwrap();
    let source = "# A\n\n> # quoted\n\n## B\n";
    let page = render(source, Some(&title)).html;
    assert_eq!(page.matches("action=edit").count(), 2);
    assert!(page.contains("href=\"/wiki/T?action=edit&amp;section=2\""), "{page}");
    assert_eq!(crate::wiki::outline::section(source, 2), Some("## B\n"));
}

#[test]
fn footnotes_go_to_the_end() {
    let page = html("a[^x] b[^\"y] c[^x]\n\n[^\"y]: why\n\n[^x]: ex\n\nend");
    assert!(
        page.contains("<a id=\"fnref:1\" href=\"#fn:1\" aria-label=\"Note 1\">[1]</a>"),
        "{page}"
    );
    assert_eq!(page.matches("id=\"fnref:1\"").count(), 1);
    let (text, notes) = page.split_once("<section").unwrap();
    assert!(text.contains("end") && !text.contains("why"));
    assert!(notes.find("ex").unwrap() < notes.find("why").unwrap(), "{notes}");
}

#[test]
fn raw_html_is_text() {
    for source in [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<div>\n\n*x*\n\n</div>",
        "<!-- <script> -->",
        "<svg/onload=alert(1)>",
        "<?php ?>",
        "<![CDATA[<script>]]>",
        "- <style>*{}</style>",
        "# <iframe src=javascript:alert(1)>",
        "|<b>|\n|-|\n|<i>|",
        "![<b>](x.png \"<i>\")",
        "a[^1]\n\n[^1]: <script>",
        "`<b>`",
        "    <b>",
        "[<b>](<x\"onclick=alert(1)>)",
        "&lt;script&gt; &#60;script&#62;",
        "```\"><script>\nx\n```",
        "[[a\"onclick=x|<b>]]",
    ] {
        assert_safe(&html(source), source);
    }
}

#[test]
fn addresses_cannot_carry_script() {
    for address in [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "&#106;avascript:alert(1)",
        "&#x6A;avascript:alert(1)",
        "java&Tab;script:alert(1)",
        "java&#10;script:alert(1)",
        "&#1;javascript:alert(1)",
        "javascript&colon;alert(1)",
        "javascript\\:alert(1)",
        "%20javascript:alert(1)",
        "data:text/html;base64,PHNjcmlwdD4=",
        "DATA:image/svg+xml,<svg/onload=alert(1)>",
        "vbscript:msgbox(1)",
        "x\"onmouseover=\"alert(1)",
        "x'onmouseover='alert(1)",
        "https://a.example/\"><script>",
    ] {
        for source in [
            format!("[a]({address})"),
            format!("[a](<{address}>)"),
            format!("[a]( {address} \"t\")"),
            format!("![a]({address})"),
            format!("![a](<{address}>)"),
            format!("<{address}>"),
            format!("[a]\n\n[a]: {address}"),
            format!("[a]\n\n[a]: <{address}> \"'>\""),
            format!("[[{address}]]"),
            format!("[[{address}|x]]"),
            format!("![[{address}]]"),
            format!("# [a]({address})"),
        ] {
            assert_safe(&html(&source), &source);
        }
    }
}

#[test]
fn random_markup_stays_safe_and_well_formed() {
    let pieces = [
        "<",
        ">",
        "\"",
        "'",
        "&",
        "[",
        "]",
        "(",
        ")",
        "!",
        "[[",
        "]]",
        "|",
        "\n",
        "\n\n",
        " ",
        "    ",
        "- ",
        "1. ",
        "> ",
        "# ",
        "*",
        "**",
        "_",
        "~~",
        "`",
        "```",
        "a",
        "javascript:",
        "https://x.y",
        "<b>",
        "</b>",
        "<script>",
        "[^1]",
        "[^1]: ",
        "|-|-|",
        "\\",
        "&#106;",
        "onclick=x",
        "\u{0}",
        "é",
        "<!--",
        "-->",
        ": ",
        "- [ ] ",
        "\t",
        "---",
    ];
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % n as u64) as usize
    };
    for _ in 0..20_000 {
        let source: String = (0..next(24)).map(|_| pieces[next(pieces.len())]).collect();
        assert_safe(&html(&source), &source);
        let cut = render_within(&source, None, next(80)).html;
        assert_safe(&cut, &source);
    }
}

/// The output is read tag by tag: only elements and attributes made here, only
/// allowed addresses, and every element closed in order.
fn assert_safe(html: &str, source: &str) {
    const VOID: [&str; 4] = ["br", "hr", "img", "input"];
    const ELEMENTS: &str = " p em strong del sup sub code pre ul ol li blockquote a span h2 h3 h4 \
        h5 h6 div table thead tbody tr th td section br hr img input ";
    const ATTRIBUTES: &str = " href class rel title src alt loading referrerpolicy id start \
        type disabled checked value aria-label ";
    let mut open = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        assert!(!rest[..at].contains('>'), "stray > in {html:?} from {source:?}");
        let tag = &rest[at + 1..];
        let end = tag.find('>').unwrap_or_else(|| panic!("open tag in {html:?} from {source:?}"));
        let (tag, after) = (&tag[..end], &tag[end + 1..]);
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{html:?} from {source:?}");
            continue;
        }
        let name = tag.split(' ').next().unwrap();
        assert!(ELEMENTS.contains(&format!(" {name} ")), "<{name}> in {html:?} from {source:?}");
        for (key, value) in attributes(&tag[name.len()..]) {
            assert!(ATTRIBUTES.contains(&format!(" {key} ")), "{key} in {html:?} from {source:?}");
            if key == "href" || key == "src" {
                assert_address(&value, source);
            }
        }
        if !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(!rest.contains('>') && open.is_empty(), "{open:?} in {html:?} from {source:?}");
}

/// `key="value"` pairs; values cannot hold a quote, being escaped.
fn attributes(mut text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start();
        if text.is_empty() {
            return found;
        }
        let end = text.find(['=', ' ']).unwrap_or(text.len());
        let key = text[..end].to_owned();
        text = &text[end..];
        let mut value = String::new();
        if let Some(quoted) = text.strip_prefix("=\"") {
            let end = quoted.find('"').unwrap();
            value = quoted[..end].replace("&amp;", "&");
            text = &quoted[end + 1..];
        }
        found.push((key, value));
    }
}

fn assert_address(address: &str, source: &str) {
    let seen: String = address.chars().filter(|c| !c.is_control() && *c != ' ').collect();
    let before = seen.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let allowed = match before.split_once(':') {
        Some((scheme, _)) => ["http", "https", "mailto"].contains(&scheme),
        None => true,
    };
    assert!(allowed, "{address:?} from {source:?}");
}

#[test]
fn the_output_is_cut_at_its_limit_and_still_well_formed() {
    let source = "> - *a* [b](c)\n\n".repeat(1000);
    let page = render_within(&source, None, 10_000);
    assert!(page.truncated && page.html.len() < 11_000 && page.html.contains("too long"));
    assert_safe(&page.html, "long");
}

#[test]
fn the_source_is_cut_at_a_line_or_a_character() {
    let lines = "é words\n".repeat(MAX_SOURCE_BYTES / 8);
    let shown = beginning(&lines);
    assert!(shown.ends_with('\n') && shown.len() > MAX_SOURCE_BYTES - 10);
    let line = "é".repeat(MAX_SOURCE_BYTES);
    assert_eq!(beginning(&line).len(), MAX_SOURCE_BYTES);
    assert!(render(&lines, None).truncated && !render("a\n", None).truncated);
}

#[test]
fn deep_and_hostile_pages_cost_little() {
    const BYTES: usize = 256 * 1024;
    let fill = |piece: &str| piece.repeat(BYTES / piece.len());
    let wide = format!("|{}\n|{}\n{}", fill("a|"), fill("-|"), "|\n".repeat(20_000));
    for (name, source) in [
        ("quotes", fill(">")),
        ("quotes in lists", fill("> - ")),
        ("lists", fill("- ")),
        ("stairs", (0..700).map(|n| format!("{}- a\n", " ".repeat(2 * n))).collect()),
        ("emphasis", fill("*a **b ")),
        ("stars", fill("*a_")),
        ("brackets", fill("[")),
        ("links in links", fill("[a](")),
        ("images", fill("![")),
        ("images closed", format!("{}{}", fill("!["), fill("](x)"))),
        ("wiki links", fill("[[a|")),
        ("code ticks", (1..700).map(|n| format!("{} ", "`".repeat(n))).collect()),
        ("tags", fill("<a ")),
        ("comments", fill("<!--")),
        ("references", format!("{}\n\n[a]: /{}", fill("[a]"), "x".repeat(4000))),
        ("same headings", fill("# a\n")),
        ("footnotes", fill("[^a]\n\n[^a]: [^a]\n\n")),
        ("wide table", wide),
        ("entities", fill("&amp;")),
        ("tildes", fill("~~a ~b")),
    ] {
        let started = Instant::now();
        let page = render(&source, None);
        let took = started.elapsed();
        eprintln!(
            "{name}: {} KiB in, {} KiB out, {} ms{}",
            source.len() / 1024,
            page.html.len() / 1024,
            took.as_millis(),
            if page.truncated { ", cut" } else { "" }
        );
        assert!(page.html.len() <= MAX_HTML_BYTES + 64 * 1024, "{name}");
        assert!(depth(&page.html) <= MAX_DEPTH + 8, "{name}: {} deep", depth(&page.html));
        assert!(took.as_secs() < 10, "{name} took {took:?}");
    }
}

fn depth(html: &str) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    for tag in html.split('<').skip(1) {
        match tag.as_bytes().first() {
            Some(b'/') => now -= 1,
            _ if ["br", "hr", "img", "input"].iter().any(|void| tag.starts_with(void)) => {}
            _ => now += 1,
        }
        most = most.max(now);
    }
    most
}
