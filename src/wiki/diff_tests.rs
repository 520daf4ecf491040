//! Diffs: examples, and the law that the rows rebuild both texts.

use super::*;

/// `-[old]text` with `{marked}` parts.
fn shown(old: &str, new: &str) -> Vec<String> {
    let join = |parts: &[Part<'_>]| -> String {
        parts
            .iter()
            .map(|p| if p.marked { format!("{{{}}}", p.text) } else { p.text.into() })
            .collect()
    };
    diff_rows(old, new)
        .iter()
        .map(|row| match row {
            Row::Same { old, new, text } => format!(" {old},{new} {text}"),
            Row::Removed { old, parts } => format!("-{old} {}", join(parts)),
            Row::Added { new, parts } => format!("+{new} {}", join(parts)),
            Row::Folded(lines) => format!("… {lines}"),
            Row::Cut => "cut".into(),
        })
        .collect()
}

#[test]
fn equal_texts_have_no_rows() {
    assert!(diff_rows("a\nb\n", "a\nb\n").is_empty());
    assert!(diff_rows("", "").is_empty());
}

#[test]
fn words_that_changed_are_marked() {
    assert_eq!(
        shown("The north remembers it.\n", "The north always remembers.\n"),
        ["-1 The north remembers {it}.", "+1 The north {always} remembers."]
    );
    assert_eq!(
        shown("one two three four, five\n", "one 2 3 four, five\n"),
        ["-1 one {two three} four, five", "+1 one {2 3} four, five"]
    );
    assert_eq!(
        shown("赤い婚礼の夜\n", "赤い婚礼の朝\n"),
        ["-1 赤い婚礼の{夜}", "+1 赤い婚礼の{朝}"]
    );
}

#[test]
fn lines_with_nothing_in_common_have_no_marks() {
    assert_eq!(shown("alpha beta\n", "x1 y2 z3 w4\n"), ["-1 alpha beta", "+1 x1 y2 z3 w4"]);
}

#[test]
fn a_line_end_at_the_end_of_the_text_is_a_change() {
    assert_eq!(shown("a b", "a b\n"), ["-1 a b", "+1 a b"]);
}

#[test]
fn long_unchanged_stretches_are_folded() {
    let old: String = (1..=30).map(|n| format!("line {n}\n")).collect();
    let new = old.replace("line 10\n", "line ten\n").replace("line 30\n", "");
    assert_eq!(
        shown(&old, &new),
        [
            "… 6",
            " 7,7 line 7",
            " 8,8 line 8",
            " 9,9 line 9",
            "-10 line {10}",
            "+10 line {ten}",
            " 11,11 line 11",
            " 12,12 line 12",
            " 13,13 line 13",
            "… 13",
            " 27,27 line 27",
            " 28,28 line 28",
            " 29,29 line 29",
            "-30 line 30",
        ]
    );
}

#[test]
fn texts_that_come_and_go() {
    assert_eq!(shown("", "a\nb"), ["+1 a", "+2 b"]);
    assert_eq!(shown("a\nb\n", ""), ["-1 a", "-2 b"]);
}

#[test]
fn huge_changes_are_cut_not_shown() {
    let new = "x\n".repeat(MAX_ROWS + 1);
    assert_eq!(diff_rows("", &new), [Row::Cut]);
    let far: String = (0..40_000).map(|n| if n % 9 == 0 { "y\n" } else { "x\n" }).collect();
    let near = "x\n".repeat(40_000);
    let rows = diff_rows(&near, &far);
    assert!(rows.len() <= MAX_ROWS && rows.last() == Some(&Row::Cut), "{}", rows.len());
}

#[test]
fn rows_rebuild_both_texts() {
    let pieces =
        ["a b c\n", "a b\n", "x\n", "\n", "日本 a\n", "a,b;c\r\n", "é\u{301} z\n", "# h\n"];
    let mut seed = 88_172_645_463_325_252_u64;
    let mut next = |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % n as u64) as usize
    };
    for _ in 0..3_000 {
        let old: String = (0..next(14)).map(|_| pieces[next(8)]).collect();
        let new: String = (0..next(14)).map(|_| pieces[next(8)]).collect();
        let new = if next(5) == 0 { new.trim_end().to_owned() } else { new };
        let rows = diff_rows(&old, &new);
        assert_eq!(rows.is_empty(), old == new);
        check(&rows, &old, &new);
    }
}

/// Walks the rows against the lines of both texts.
fn check(rows: &[Row<'_>], old: &str, new: &str) {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines_kept(), new.lines_kept());
    let (mut i, mut j) = (0, 0);
    let text = |parts: &[Part<'_>]| parts.iter().map(|p| p.text).collect::<String>();
    for row in rows {
        match row {
            Row::Same { old: o, new: n, text } => {
                assert_eq!((*o, *n, *text, *text), (i + 1, j + 1, old[i], new[j]));
                (i, j) = (i + 1, j + 1);
            }
            Row::Removed { old: o, parts } => {
                assert_eq!((*o, text(parts).as_str()), (i + 1, old[i]));
                i += 1;
            }
            Row::Added { new: n, parts } => {
                assert_eq!((*n, text(parts).as_str()), (j + 1, new[j]));
                j += 1;
            }
            Row::Folded(lines) => {
                assert!(*lines > 1 && old[i..i + lines] == new[j..j + lines]);
                (i, j) = (i + lines, j + lines);
            }
            Row::Cut => panic!("cut"),
        }
    }
    if !rows.is_empty() {
        assert_eq!((i, j), (old.len(), new.len()));
    }
}

trait LinesKept {
    fn lines_kept(&self) -> Vec<&str>;
}

impl LinesKept for str {
    fn lines_kept(&self) -> Vec<&str> {
        self.split_inclusive('\n').map(without_end).collect()
    }
}
