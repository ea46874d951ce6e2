// The loss over two parameters, with lines of equal height, the path of descent, and the next step.
//
//   heights     log₁₀ of the loss above a little less than the least, over a grid; anew when the samples or λ change
//   ball        where training stands; dragged, or put by a click, it is a new start

const GRID = 72, LINES = 14, LOOK_AHEAD = 200; // epochs that the view reaches out to
const NUDGES = 60; // steps of an arrow key across the view

class Surface extends Panel {
  constructor(page) {
    super(page, "mw-stage mw-surface", "Loss surface and path of descent");
    Object.assign(this, { drag: false, axes: new Axes(this.viewAround()) });
    this.takesFocus("the loss over the two parameters: arrow keys move the start");
    this.tip = new Tip(this.frame);
    this.note("Strong blue: a small loss. Arrow: the next step. Drag the ball, or click, to start somewhere else.");
    this.connect();
  }

  // A view that holds the start and where descent leads from there.
  viewAround() {
    const { scene, code, updates } = this.page, future = new Training({ ...scene, validation: null }, code, updates);
    const seen = [[...future.p]];
    for (let epoch = 0; epoch < LOOK_AHEAD && future.diverged === null; epoch++) {
      future.runEpoch();
      if (future.p.every(Number.isFinite)) seen.push([...future.p]);
    }
    const [x, y] = [0, 1].map(k => spanOf(seen.map(p => p[k]), 0));
    const half = Math.max(2.5, 0.75 * (x[1] - x[0]), 0.75 * (y[1] - y[0]));
    return { x: around(x, half), y: around(y, half) };
  }

  get view() {
    return this.axes.view;
  }

  arrange(width, height) {
    this.axes.box = { x: 46, y: 4, width: width - 52, height: height - 42 };
  }

  // ---- what is seen

  compute() {
    const { page, view: { x, y } } = this, { training, theme } = page;
    const key = `${page.dataVersion} ${training.settings.penalty} ${theme.dark}`;
    if (this.computed === key) return;
    this.computed = key;
    const at = ([low, high], k) => low + ((k + 0.5) / GRID) * (high - low);
    const values = Float64Array.from({ length: GRID ** 2 }, (_, k) => {
      return training.valueOf(Float64Array.of(at(x, k % GRID), at(y, GRID - 1 - Math.floor(k / GRID))));
    });
    const finite = values.filter(Number.isFinite), least = Math.min(...finite), most = Math.max(...finite);
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
    spread(context, this.ground, box);
    this.drawLines(context, theme);
    this.drawPath(context, theme);
    context.restore();
  }

  drawLines(context, theme) {
    const { axes: { box }, heights, low, high } = this;
    context.beginPath();
    for (let k = 0; k < LINES; k++) traceContour(context, heights, GRID, low + ((k + 0.5) / LINES) * (high - low), box);
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
    canvas.onkeydown = event => this.onKey(event);
  }

  onKey(event) {
    const { page, view: { x, y } } = this, [a, b] = page.training.p;
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    page.moveTo([a + (move[0] * (x[1] - x[0])) / NUDGES, b + (move[1] * (y[1] - y[0])) / NUDGES]);
    event.preventDefault();
    event.stopPropagation();
  }

  hover(event) {
    const { canvas, axes, page, tip } = this, [px, py] = placeIn(canvas, event), inside = axes.holds(px, py);
    canvas.style.cursor = inside ? "grab" : "";
    if (!inside) return tip.hide();
    const point = axes.numbers(px, py), loss = page.training.valueOf(Float64Array.from(point));
    const named = page.scene.parameterNames.map((name, k) => `${name} = ${shown(point[k])}`);
    tip.show(px, py, `loss ${shown(loss)}`, named.join(", "));
  }
}

function arrow(context, x, y, u, v, theme) {
  const angle = Math.atan2(v - y, u - x);
  const barb = turn => [u - 8 * Math.cos(angle + turn), v - 8 * Math.sin(angle + turn)];
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
