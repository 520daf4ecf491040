//! The chart: bars on a scale of powers of ten, as SVG without anything from outside.

use super::content::Report;
use super::tables::duration;
use crate::measure::{Cell, Row, TraceResults};
use crate::sample::Sample;

const LABEL: f64 = 170.0;
const BARS: f64 = 380.0;
const VALUE: f64 = 70.0;
const PANEL: f64 = LABEL + BARS + VALUE;
const LINE: f64 = 15.0;
const TOP: f64 = 70.0;

const OURS: &str = "#c0392b";
const PEER: &str = "#7f8c9b";

/// Both charts of a report, side by side.
pub fn svg(report: &Report) -> String {
    let sequential: Vec<&TraceResults> =
        report.measured.traces.iter().filter(|t| t.sequential).collect();
    let every: Vec<&TraceResults> = report.measured.traces.iter().collect();
    let cold = Panel::of("Cold apply of one edit, from bytes to bytes", &sequential, |r| &r.cold);
    let merge = Panel::of("Merging a whole history", &every, |row| &row.merge);
    let height = cold.height().max(merge.height()) + 30.0;
    let width = PANEL * 2.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"11\" \
         fill=\"#222\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    cold.draw(0.0, &mut out);
    merge.draw(PANEL, &mut out);
    out += &text(10.0, height - 10.0, "start", &report.below_charts());
    out + "</svg>\n"
}

struct Bar {
    engine: String,
    ours: bool,
    value: Cell<u64>,
}

struct Panel {
    title: &'static str,
    groups: Vec<(&'static str, Vec<Bar>)>,
}

impl Panel {
    fn of(
        title: &'static str,
        traces: &[&TraceResults],
        cell: impl Fn(&Row) -> &Option<Cell<Sample>>,
    ) -> Panel {
        let bar = |row: &Row| {
            let value = cell(row).as_ref()?;
            let value = value.as_ref().map(|sample| sample.median_ns).map_err(Clone::clone);
            Some(Bar { engine: row.engine.clone(), ours: row.ours, value })
        };
        let group = |trace: &&TraceResults| -> (&'static str, Vec<Bar>) {
            (trace.trace, trace.rows.iter().filter_map(bar).collect())
        };
        Panel { title, groups: traces.iter().map(group).collect() }
    }

    fn height(&self) -> f64 {
        let lines: usize = self.groups.iter().map(|(_, bars)| bars.len() + 2).sum();
        TOP + lines as f64 * LINE
    }

    /// The powers of ten between which all values are.
    fn decades(&self) -> (f64, f64) {
        let bars = self.groups.iter().flat_map(|(_, bars)| bars);
        let values = bars.filter_map(|bar| bar.value.as_ref().ok());
        let logs: Vec<f64> = values.map(|ns| (*ns.max(&1) as f64).log10()).collect();
        let least = logs.iter().copied().fold(f64::INFINITY, f64::min).floor();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max).ceil();
        if least < most { (least, most) } else { (0.0, 1.0) }
    }

    fn draw(&self, left: f64, out: &mut String) {
        let (least, most) = self.decades();
        let place = |log: f64| left + LABEL + BARS * (log - least) / (most - least);
        *out += &format!(
            "<text x=\"{}\" y=\"24\" font-size=\"15\">{}</text>\n",
            left + 10.0,
            self.title
        );
        for decade in least as i32..=most as i32 {
            let (x, bottom) = (place(f64::from(decade)), self.height());
            *out += &format!(
                "<path d=\"M{x:.1} {}V{bottom}\" stroke=\"#ddd\"/>\n{}",
                TOP - 18.0,
                text(x, TOP - 24.0, "middle", &power(decade))
            );
        }
        let mut y = TOP;
        for (trace, bars) in &self.groups {
            let label = left + 10.0;
            *out += &format!("<text x=\"{label}\" y=\"{y}\" font-weight=\"bold\">{trace}</text>\n");
            for bar in bars {
                y += LINE;
                *out += &text(left + LABEL - 6.0, y, "end", &bar.engine);
                let (end, value) = match &bar.value {
                    Ok(ns) => (place((*ns.max(&1) as f64).log10()), duration(*ns)),
                    Err(failure) => (left + LABEL, failure.to_string()),
                };
                *out += &format!(
                    "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"10\" fill=\"{}\"/>\n{}",
                    left + LABEL,
                    y - 9.0,
                    end - left - LABEL,
                    if bar.ours { OURS } else { PEER },
                    text(end + 4.0, y, "start", &value)
                );
            }
            y += 2.0 * LINE;
        }
    }
}

/// A power of ten of nanoseconds.
pub fn power(decade: i32) -> String {
    match decade {
        ..3 => format!("{} ns", 10i64.pow(decade.max(0) as u32)),
        3..6 => format!("{} µs", 10i64.pow(decade as u32 - 3)),
        6..9 => format!("{} ms", 10i64.pow(decade as u32 - 6)),
        _ => format!("{} s", 10i64.pow(decade as u32 - 9)),
    }
}

pub fn text(x: f64, y: f64, anchor: &str, content: &str) -> String {
    let content = content.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{content}</text>\n")
}
