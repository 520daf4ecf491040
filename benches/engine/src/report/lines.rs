//! The chart of what grows: lines on scales of powers of ten, as SVG.

use super::chart::{power, text};
use crate::curves::{Curve, Line};

const LEFT: f64 = 70.0;
const PLOT: f64 = 330.0;
const PANEL: f64 = LEFT + PLOT + 170.0;
const TOP: f64 = 50.0;
const HEIGHT: f64 = 400.0;
const COLOURS: [&str; 10] = [
    "#641e16", "#c0392b", "#e67e22", "#f1948a", "#b7950b", "#1f618d", "#117a65", "#52be80",
    "#6c3483", "#7f8c9b",
];

/// All curves, side by side.
pub fn svg(curves: &[Curve]) -> String {
    let (width, height) = (PANEL * curves.len() as f64, TOP + HEIGHT + 50.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"11\" \
         fill=\"#222\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (index, curve) in curves.iter().enumerate() {
        draw(curve, PANEL * index as f64, &mut out);
    }
    out + "</svg>\n"
}

fn log(number: u64) -> f64 {
    (number.max(1) as f64).log10()
}

/// Where the line's points are, as logarithms: where measured, and how long it took.
fn points(curve: &Curve, line: &Line) -> Vec<(f64, f64)> {
    let both = curve.at.iter().zip(&line.times);
    both.filter_map(|(at, time)| Some((log(*at as u64), log(time.as_ref().ok()?.median_ns))))
        .collect()
}

fn draw(curve: &Curve, left: f64, out: &mut String) {
    let all: Vec<(f64, f64)> = curve.lines.iter().flat_map(|line| points(curve, line)).collect();
    let ends = |of: fn(&(f64, f64)) -> f64| {
        let numbers = all.iter().map(of);
        let (least, most) = numbers
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, m), n| (f64::min(l, n), f64::max(m, n)));
        if least < most { (least, most) } else { (0.0, 1.0) }
    };
    let (from, to) = ends(|point| point.0);
    let (least, most) = ends(|point| point.1);
    let (least, most) = (least.floor(), most.ceil());
    let x = |value: f64| left + LEFT + PLOT * (value - from) / (to - from);
    let y = |value: f64| TOP + HEIGHT * (most - value) / (most - least);
    *out +=
        &format!("<text x=\"{}\" y=\"24\" font-size=\"15\">{}</text>\n", left + 10.0, curve.title);
    for decade in least as i32..=most as i32 {
        let at = y(f64::from(decade));
        let (start, end) = (left + LEFT, left + LEFT + PLOT);
        *out += &format!("<path d=\"M{start} {at:.1}H{end}\" stroke=\"#ddd\"/>\n");
        *out += &text(start - 6.0, at + 4.0, "end", &power(decade));
    }
    for at in &curve.at {
        *out += &text(x(log(*at as u64)), TOP + HEIGHT + 18.0, "middle", &at.to_string());
    }
    *out += &text(left + LEFT + PLOT / 2.0, TOP + HEIGHT + 38.0, "middle", curve.over);
    let mut labels: Vec<(f64, &str, &str)> = Vec::new();
    for (line, colour) in curve.lines.iter().zip(COLOURS.into_iter().cycle()) {
        let points = points(curve, line);
        let Some(last) = points.last() else { continue };
        labels.push((y(last.1), &line.engine, colour));
        let places = points.iter().map(|point| format!("{:.1},{:.1}", x(point.0), y(point.1)));
        let places = places.collect::<Vec<_>>().join(" ");
        *out += &format!(
            "<polyline points=\"{places}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n"
        );
    }
    labels.sort_by(|one, two| one.0.total_cmp(&two.0));
    let mut above = f64::NEG_INFINITY;
    for (at, engine, colour) in labels {
        above = at.max(above + 13.0);
        *out += &format!(
            "<g fill=\"{colour}\">{}</g>\n",
            text(left + LEFT + PLOT + 8.0, above + 4.0, "start", engine)
        );
    }
}
