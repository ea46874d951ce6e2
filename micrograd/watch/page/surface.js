// The loss over two parameters, with lines of equal height, the path of descent, and the next step.
//
//   heights     log₁₀ of the loss above a little less than the least, over a grid; computed anew when the data or λ change
//   ball        where training stands; dragged, or put by a click, it is a new start

const GRID = 72, LINES = 14, LOOK_AHEAD = 200; // epochs that the view reaches out to

class Surface {
  constructor(page) {
    Object.assign(this, { page, every: 0, width: 0, drag: false });
    this.root = element("section", "mw-panel mw-stage mw-surface", "", { "aria-label": "loss surface" });
    const head = element("div", "mw-panel-head");
    head.append(page.heading("Loss surface and path of descent"));
    this.frame = element("div", "mw-frame");
    this.canvas = element("canvas", "mw-canvas", "", { tabindex: 0, role: "application", "aria-label": "the loss over the two parameters: arrow keys move the start" });
    this.canvas.dataset.lmSuppressShortcuts = "true";
    this.frame.append(this.canvas);
    this.tip = new Tip(this.frame);
    this.root.append(head, this.frame, element("div", "mw-note", "Deep blue: a small loss. Arrow: the next step. Drag the ball, or click, to start somewhere else."));
    this.axes = new Axes(this.viewAround());
    this.connect();
    new ResizeObserver(() => this.resize()).observe(this.frame);
  }

  // A view that holds the start and where descent leads from there.
  viewAround() {
    const { scene, code, updates } = this.page, ahead = new Training(structuredClone({ ...scene, validation: null }), code, updates);
    const seen = [[...ahead.p]];
    for (let epoch = 0; epoch < LOOK_AHEAD && ahead.diverged === null; epoch++) {
      ahead.runEpoch();
      if (ahead.p.every(Number.isFinite)) seen.push([...ahead.p]);
    }
    const [x, y] = [0, 1].map(k => spanOf(seen.map(p => p[k]), 0));
    const half = Math.max(2.5, 0.75 * (x[1] - x[0]), 0.75 * (y[1] - y[0]));
    return { x: around(x, half), y: around(y, half) };
  }

  get view() {
    return this.axes.view;
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.frame;
    if (!width || !height || (width === this.width && height === this.height)) return;
    Object.assign(this, { width, height });
    this.axes.box = { x: 46, y: 4, width: width - 52, height: height - 42 };
    this.page.repaint();
  }

  // ---- what is seen

  compute() {
    const { page, view: { x, y } } = this, { training, theme } = page, key = `${page.dataVersion} ${training.settings.penalty} ${theme.dark}`;
    if (this.computed === key) return;
    this.computed = key;
    const values = Float64Array.from({ length: GRID ** 2 }, (_, k) => {
      const i = k % GRID, j = Math.floor(k / GRID);
      return training.valueOf(Float64Array.of(x[0] + ((i + 0.5) / GRID) * (x[1] - x[0]), y[1] - ((j + 0.5) / GRID) * (y[1] - y[0])));
    });
    let least = Infinity, most = -Infinity;
    for (const value of values) if (Number.isFinite(value)) [least, most] = [Math.min(least, value), Math.max(most, value)];
    const below = least - 1e-3 * (most - least) - 1e-12;
    this.heights = values.map(value => (Number.isFinite(value) ? Math.log10(value - below) : Math.log10(most - below)));
    [this.low, this.high] = [Math.log10(least - below), Math.log10(most - below)];
    this.shade(theme);
  }

  shade({ low, high, plane }) {
    this.ground ??= Object.assign(document.createElement("canvas"), { width: GRID, height: GRID });
    const image = new ImageData(GRID, GRID), pixels = new Uint32Array(image.data.buffer);
    this.heights.forEach((height, k) => {
      const t = (height - this.low) / (this.high - this.low || 1);
      pixels[k] = packed(t < 0.5 ? between(low, high, 2 * t) : between(high, plane, 2 * t - 1));
    });
    this.ground.getContext("2d").putImageData(image, 0, 0);
  }

  show() {
    const { page: { theme, scene }, axes, width, height } = this, { box } = axes;
    if (!width) return;
    this.compute();
    const context = axes.prepare(this.canvas, width, height, theme, scene.parameterNames);
    Object.assign(context, { imageSmoothingEnabled: true, imageSmoothingQuality: "high" });
    context.drawImage(this.ground, box.x, box.y, box.width, box.height);
    this.drawLines(context, theme);
    this.drawPath(context, theme);
    context.restore();
  }

  drawLines(context, theme) {
    const { axes: { box }, heights, low, high } = this, [across, down] = [box.width / GRID, box.height / GRID];
    context.beginPath();
    for (let k = 0; k < LINES; k++) {
      contour(heights, GRID, low + ((k + 0.5) / LINES) * (high - low), (x0, y0, x1, y1) => {
        context.moveTo(box.x + (x0 + 0.5) * across, box.y + (y0 + 0.5) * down);
        context.lineTo(box.x + (x1 + 0.5) * across, box.y + (y1 + 0.5) * down);
      });
    }
    Object.assign(context, { strokeStyle: css(theme.ink, 0.22), lineWidth: 0.8 });
    context.stroke();
  }

  drawPath(context, theme) {
    const { axes, page } = this, { records, epoch, p } = page.training, path = [];
    for (let e = 0; e <= epoch; e++) if (records[e].p) path.push(axes.place(...records[e].p));
    path.push(axes.place(...p));
    context.beginPath();
    for (const point of path) context.lineTo(...point);
    context.lineJoin = "round";
    for (const [colour, lineWidth] of [[css(theme.card, 0.85), 5], [css(theme.lit), 2.2]]) {
      Object.assign(context, { strokeStyle: colour, lineWidth });
      context.stroke();
    }
    const every = Math.max(1, Math.ceil(path.length / 60));
    context.fillStyle = css(theme.lit);
    path.forEach(([x, y], k) => {
      if (k % every) return;
      context.beginPath();
      context.arc(x, y, 2.1, 0, 7);
      context.fill();
    });
    const [x, y] = path.at(-1), [u, v] = axes.place(...page.next.p);
    if (Math.hypot(u - x, v - y) > 2) arrow(context, x, y, u, v, theme);
    context.beginPath();
    context.arc(x, y, 7, 0, 7);
    Object.assign(context, { fillStyle: "#fff", strokeStyle: css(theme.lit), lineWidth: 3.5 });
    context.fill();
    context.stroke();
  }

  // ---- what one does

  connect() {
    const { canvas, page, axes, tip } = this, at = event => axes.numbers(...placeIn(canvas, event));
    canvas.onpointerdown = event => {
      if (event.button !== 0 || !axes.holds(...placeIn(canvas, event))) return;
      canvas.setPointerCapture(event.pointerId);
      tip.hide();
      this.drag = true;
      page.moveTo(at(event));
    };
    canvas.onpointermove = event => (this.drag ? page.moveTo(at(event)) : this.hover(event));
    canvas.onpointerup = canvas.onpointercancel = () => (this.drag = false);
    canvas.onpointerleave = () => tip.hide();
  }

  hover(event) {
    const { canvas, axes, page, tip } = this, [px, py] = placeIn(canvas, event), inside = axes.holds(px, py);
    canvas.style.cursor = inside ? "grab" : "";
    if (!inside) return tip.hide();
    const point = axes.numbers(px, py), [first, second] = page.scene.parameterNames;
    tip.show(px, py, `loss ${shown(page.training.valueOf(Float64Array.from(point)))}`, `${first} = ${shown(point[0])}, ${second} = ${shown(point[1])}`);
  }
}

function arrow(context, x, y, u, v, theme) {
  const angle = Math.atan2(v - y, u - x), barb = turn => [u - 8 * Math.cos(angle + turn), v - 8 * Math.sin(angle + turn)];
  for (const [colour, lineWidth] of [[css(theme.card, 0.9), 5], [css(theme.ink), 2]]) {
    Object.assign(context, { strokeStyle: colour, lineWidth, lineCap: "round" });
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(u, v);
    context.moveTo(...barb(-0.4));
    context.lineTo(u, v);
    context.lineTo(...barb(0.4));
    context.stroke();
  }
}
