//! The chart of what grows: lines on scales of powers of ten, as SVG. Ours are the thick ones.

use super::chart::{power, text};
use super::content::Report;
use super::tables::grouped;
use crate::curves::{Curve, Line};

const LEFT: f64 = 70.0;
const PLOT: f64 = 330.0;
const PANEL: f64 = LEFT + PLOT + 170.0;
const TOP: f64 = 50.0;
const HEIGHT: f64 = 300.0;
const ROW: f64 = TOP + HEIGHT + 60.0;

/// Panels beside each other.
const COLUMNS: usize = 2;

/// The height of a label.
const LABEL: f64 = 13.0;

const OURS: [&str; 4] = ["#c0392b", "#e67e22", "#b9770e", "#7b1a10"];
const PEERS: [&str; 6] = ["#1f618d", "#117a65", "#52be80", "#6c3483", "#af7ac5", "#7f8c9b"];

/// All curves of a report.
pub fn svg(report: &Report) -> String {
    let curves = &report.measured.curves;
    let rows = curves.len().div_ceil(COLUMNS);
    let (width, height) = (PANEL * COLUMNS as f64, ROW * rows as f64 + 30.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"11\" \
         fill=\"#222\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    let colours = colours(curves);
    for (index, curve) in curves.iter().enumerate() {
        let (x, y) = (PANEL * (index % COLUMNS) as f64, ROW * (index / COLUMNS) as f64);
        out += &format!("<g transform=\"translate({x} {y})\">\n");
        Panel::of(curve).draw(&colours, &mut out);
        out += "</g>\n";
    }
    out += &text(10.0, height - 10.0, "start", &report.below_charts());
    out + "</svg>\n"
}

/// An engine's colour is the same in all panels.
fn colours(curves: &[Curve]) -> Vec<(&str, &'static str)> {
    let (mut ours, mut peers) = (OURS.into_iter().cycle(), PEERS.into_iter().cycle());
    let mut colours: Vec<(&str, &str)> = Vec::new();
    for line in curves.iter().flat_map(|curve| &curve.lines) {
        if colours.iter().all(|(engine, _)| *engine != line.engine) {
            let colour = if line.ours { ours.next() } else { peers.next() };
            colours.extend(colour.map(|colour| (line.engine.as_str(), colour)));
        }
    }
    colours
}

fn log(number: u64) -> f64 {
    (number.max(1) as f64).log10()
}

/// The line's points, as logarithms: where measured, and how long it took.
fn points(curve: &Curve, line: &Line) -> Vec<(f64, f64)> {
    let both = curve.at.iter().zip(&line.times);
    both.filter_map(|(at, time)| Some((log(*at as u64), log(time.as_ref().ok()?.median_ns))))
        .collect()
}

/// Scales, as logarithms: from the least to the most.
struct Panel<'a> {
    curve: &'a Curve,
    across: (f64, f64),
    up: (f64, f64),
}

impl<'a> Panel<'a> {
    fn of(curve: &'a Curve) -> Panel<'a> {
        let all: Vec<_> = curve.lines.iter().flat_map(|line| points(curve, line)).collect();
        let ends = |of: fn(&(f64, f64)) -> f64| {
            let least = all.iter().map(of).fold(f64::INFINITY, f64::min);
            let most = all.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
            if least < most { (least, most) } else { (0.0, 1.0) }
        };
        let (least, most) = ends(|point| point.1);
        Panel { curve, across: ends(|point| point.0), up: (least.floor(), most.ceil()) }
    }

    fn x(&self, at: f64) -> f64 {
        LEFT + PLOT * (at - self.across.0) / (self.across.1 - self.across.0)
    }

    fn y(&self, time: f64) -> f64 {
        TOP + HEIGHT * (self.up.1 - time) / (self.up.1 - self.up.0)
    }

    fn draw(&self, colours: &[(&str, &str)], out: &mut String) {
        self.draw_scales(out);
        // Ours above the others.
        let (ours, peers): (Vec<&Line>, Vec<&Line>) =
            self.curve.lines.iter().partition(|line| line.ours);
        let mut labels: Vec<(f64, String)> = Vec::new();
        for line in peers.into_iter().chain(ours) {
            let points = points(self.curve, line);
            let Some(last) = points.last() else { continue };
            let colour = colours.iter().find(|(engine, _)| *engine == line.engine);
            let colour = colour.map_or("#222", |(_, colour)| colour);
            let (width, weight) = if line.ours { (2.5, "bold") } else { (1.2, "normal") };
            let label = text(0.0, 4.0, "start", &line.engine);
            let label = format!("<g fill=\"{colour}\" font-weight=\"{weight}\">{label}</g>");
            labels.push((self.y(last.1), label));
            let mut path = String::new();
            for (at, time) in points {
                let (x, y) = (self.x(at), self.y(time));
                path += &format!("{x:.1},{y:.1} ");
                *out += &format!(
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{width}\" fill=\"{colour}\"/>\n"
                );
            }
            *out += &format!(
                "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" \
                 stroke-width=\"{width}\"/>\n"
            );
        }
        draw_labels(labels, out);
    }

    fn draw_scales(&self, out: &mut String) {
        let (end, bottom) = (LEFT + PLOT, TOP + HEIGHT);
        *out += &format!("<text x=\"10\" y=\"24\" font-size=\"15\">{}</text>\n", self.curve.title);
        for decade in self.up.0 as i32..=self.up.1 as i32 {
            let y = self.y(f64::from(decade));
            *out += &format!("<path d=\"M{LEFT} {y:.1}H{end}\" stroke=\"#ddd\"/>\n");
            *out += &text(LEFT - 8.0, y + 4.0, "end", &power(decade));
        }
        for at in &self.curve.at {
            *out += &text(self.x(log(*at as u64)), bottom + 18.0, "middle", &grouped(*at));
        }
        *out += &text(LEFT + PLOT / 2.0, bottom + 36.0, "middle", self.curve.over);
    }
}

/// Draws each label beside the end of its line, or as little below as keeps it clear of the one
/// above; all of them further up where that went below the panel.
fn draw_labels(mut labels: Vec<(f64, String)>, out: &mut String) {
    labels.sort_by(|one, two| one.0.total_cmp(&two.0));
    let mut above = f64::NEG_INFINITY;
    for (y, _) in &mut labels {
        *y = y.max(above + LABEL);
        above = *y;
    }
    let mut below = TOP + HEIGHT + LABEL;
    for (y, label) in labels.iter_mut().rev() {
        *y = y.min(below - LABEL);
        below = *y;
        *out += &format!("<g transform=\"translate({} {y:.1})\">{label}</g>\n", LEFT + PLOT + 8.0);
    }
}
