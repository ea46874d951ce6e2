// A small curve of numbers over their places, such as losses over steps of descent.
//
//   draw(values, at)   the curve; the values after `at` are pale, the one there has a dot

// Round numbers between a and b, some three of them.
function ticks(a, b) {
  const unit = 10 ** Math.floor(Math.log10((b - a) / 2));
  const step = unit * [5, 2, 1].find(k => k * unit <= (b - a) / 2 * (1 + 1e-9));
  const first = Math.ceil(a / step - 1e-9);
  return Array.from({ length: Math.max(0, Math.floor(b / step + 1e-9) - first + 1) }, (_, k) => (first + k) * step);
}

function curveOf(name, over, width = 300, height = 130) {
  const figure = shape("svg", { class: "curve", viewBox: `0 0 ${width} ${height}`, width, height, role: "img" });
  const [left, right, top, bottom] = [46, width - 10, 10, height - 22];

  function scales(values) {
    const finite = values.filter(Number.isFinite);
    let low = Math.min(0, ...finite), high = Math.max(...finite, low);
    if (high === low) high = low + 1;
    high += 0.06 * (high - low);
    const most = Math.max(10, values.length - 1);
    const x = k => left + (right - left) * (k / most);
    const y = value => bottom - (bottom - top) * ((value - low) / (high - low));
    return { x, y, low, high, most };
  }

  function line(values, from, to, { x, y }, pale) {
    const points = [];
    for (let k = from; k <= to; k++) {
      if (Number.isFinite(values[k])) points.push(`${x(k).toFixed(1)},${y(values[k]).toFixed(1)}`);
    }
    return shape("polyline", { class: pale ? "line pale" : "line", points: points.join(" ") });
  }

  function draw(values, at) {
    const scale = scales(values);
    const made = [];
    for (const tick of ticks(scale.low, scale.high)) {
      made.push(shape("line", { class: "rule", x1: left, x2: right, y1: scale.y(tick), y2: scale.y(tick) }));
      made.push(shape("text", { x: left - 6, y: scale.y(tick) + 4, "text-anchor": "end" }, shown(tick)));
    }
    for (const tick of ticks(0, scale.most).filter(Number.isInteger)) {
      made.push(shape("text", { x: scale.x(tick), y: height - 5, "text-anchor": "middle" }, tick || `${over} 0`));
    }
    made.push(line(values, at, values.length - 1, scale, true), line(values, 0, at, scale, false));
    if (Number.isFinite(values[at])) made.push(shape("circle", { cx: scale.x(at), cy: scale.y(values[at]), r: 4 }));
    figure.replaceChildren(...made);
    const spread = at ? ` from ${shown(values[0])}` : "";
    figure.setAttribute("aria-label", `${name} at ${over} ${at}: ${shown(values[at])}${spread}`);
  }
  return { figure, draw };
}
