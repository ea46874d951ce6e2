// A small chart: a line, points, an axis below that names what it counts.

function chartOf(width, height) {
  const figure = shape("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, width, height, role: "img" });
  const [left, right, top, bottom] = [48, width - 10, 12, height - 22];

  // Draw [x, y] pairs; `zero` says that the chart reaches down to 0, `dot` that the end of the line has one.
  function draw({ line, points = [], axis, said, zero = false, dot = false }) {
    const finite = pairs => pairs.map(pair => pair.map(Number)).filter(pair => pair.every(Number.isFinite));
    const [curve, dots] = [line, points].map(finite);
    const [xs, ys] = [0, 1].map(k => [...curve, ...dots].map(pair => pair[k]));
    const [xLow, xHigh] = reached(xs), [yLow, yHigh] = reached(zero ? [0, ...ys] : ys);
    const x = value => left + ((right - left) * (value - xLow)) / (xHigh - xLow);
    const y = value => bottom - ((bottom - top) * (value - yLow)) / (yHigh - yLow);
    const made = [shape("text", { x: left - 8, y: height - 5, "text-anchor": "end" }, axis)];
    for (const tick of ticks(yLow, yHigh)) {
      made.push(shape("line", { class: "rule", x1: left, x2: right, y1: y(tick), y2: y(tick) }));
      made.push(shape("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, shown(tick)));
    }
    for (const tick of ticks(xLow, xHigh)) {
      made.push(shape("text", { x: x(tick), y: height - 5, "text-anchor": "middle" }, shown(tick)));
    }
    for (const [a, b] of dots) made.push(shape("circle", { class: "point", cx: x(a), cy: y(b), r: 3 }));
    const places = curve.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`);
    made.push(shape("polyline", { class: "line", points: places.join(" ") }));
    if (dot && curve.length) {
      const [a, b] = curve[curve.length - 1];
      made.push(shape("circle", { class: "end", cx: x(a), cy: y(b), r: 4 }));
    }
    figure.replaceChildren(...made);
    figure.setAttribute("aria-label", said);
  }
  return { figure, draw };
}

// From the least to the greatest of some numbers, with some room where they are all the same.
function reached(numbers) {
  if (!numbers.length) return [0, 1];
  const [low, high] = [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))];
  return high > low ? [low, high] : [low, low + 1];
}

const MOST_DRAWN = 600;

// At most about so many of some pairs, the last among them.
function thinned(pairs) {
  const step = Math.ceil(pairs.length / MOST_DRAWN);
  return pairs.filter((_, k) => (pairs.length - 1 - k) % step === 0);
}
