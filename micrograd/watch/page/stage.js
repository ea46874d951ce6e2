// The stage: the samples, over what the model answers on the plane, or around its curve along the line.
//
//   previewed   of the page: the neuron whose answer is shown instead of the model's, while it is pointed at; or null
//   brush       the place of the class that a click adds

const TITLES = { plane: "What the model answers", line: "The curve through the points" };
const VEIL = 0.4; // how much the ground steps back behind the points

class Stage {
  constructor(page) {
    const { scene, answers } = page, { kind, classes } = scene.stage;
    Object.assign(this, { page, kind, classes, brush: classes ? classes.length - 1 : null, every: 0, width: 0 });
    this.axes = new Axes(answers.view);
    const first = kind === "plane" && scene.outputs.length > 1 ? `: ${scene.outputs[0]}` : "";
    this.title = classes && kind === "plane" ? "Decision boundary" : TITLES[kind] + first;
    this.heading = page.heading(this.title);
    this.root = element("section", `mw-panel mw-stage mw-on-${kind}`, "", { "aria-label": this.title });
    const head = element("div", "mw-panel-head");
    this.score = classes ? new Score(page) : null;
    head.append(this.heading, ...(classes ? [this.score.root] : []), ...(classes && kind === "plane" ? [this.brushes()] : []));
    this.frame = element("div", "mw-frame");
    this.canvas = element("canvas", "mw-canvas", "", { tabindex: 0, role: "application", "aria-label": "the samples, as points" });
    this.canvas.dataset.lmSuppressShortcuts = "true";
    this.frame.append(this.canvas);
    this.tip = new Tip(this.frame);
    const rim = scene.settings.batch === null ? "" : kind === "plane" ? "Bold rim: the next batch. " : "Bold: the next batch. ";
    const small = scene.validation ? "Small squares: validation. " : "";
    const held = scene.inputs.filter((_, k) => !answers.shown.includes(k)), rest = held.length ? ` ${namesAre(held)} held at the mean.` : "";
    this.root.append(head, this.frame, element("div", "mw-note", `${rim}${small}Click adds a point, drag moves it, right-click removes it.${rest}`));
    this.points = new Points(this);
    new ResizeObserver(() => this.resize()).observe(this.frame);
  }

  get view() {
    return this.axes.view;
  }

  // A sample's place on the canvas; along the line, that of its target k.
  place({ x, y }, k = 0) {
    const { shown } = this.page.answers;
    return this.axes.place(x[shown[0]], this.kind === "plane" ? x[shown[1]] : y[k]);
  }

  brushes() {
    const group = element("div", "mw-brushes", "", { role: "radiogroup", "aria-label": "class of a new point" });
    this.classes.forEach(({ name }, k) => {
      const made = button("mw-brush", name, `a click adds a point of class ${name}`, () => this.choose(k));
      made.setAttribute("role", "radio");
      made.prepend(element("i", `mw-sign mw-class-${colourOf(k, this.classes.length)}`));
      group.append(made);
    });
    this.group = group;
    this.choose(this.brush);
    return group;
  }

  choose(brush) {
    this.brush = brush;
    [...this.group.children].forEach((made, k) => made.setAttribute("aria-checked", k === brush));
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.frame;
    if (!width || !height || (width === this.width && height === this.height)) return;
    Object.assign(this, { width, height });
    const box = { x: 46, y: 4, width: width - 52, height: height - 42 };
    const { view: { x, y } } = this, round = this.kind === "plane" && Math.abs(x[1] - x[0] - (y[1] - y[0])) < 1e-9;
    if (round) {
      const side = Math.min(box.width, box.height);
      Object.assign(box, { x: box.x + Math.max(0, (box.width - side) / 2), width: side, height: side });
    }
    this.axes.box = box;
    this.page.repaint();
  }

  // ---- what is seen

  show() {
    const { page, axes, width, height } = this, { theme, answers, scene, previewed } = page;
    if (!width) return;
    answers.compute();
    write(this.heading, previewed === null ? this.title : `What ${scene.neurons[previewed].name} answers`);
    const names = answers.shown.map(k => scene.inputs[k]), up = this.kind === "plane" ? names[1] : scene.outputs.join(", ");
    const context = axes.prepare(this.canvas, width, height, theme, [names[0], up]);
    if (this.kind === "plane") this.drawGround(context);
    else this.drawCurves(context);
    this.points.draw(context);
    context.restore();
  }

  drawGround(context) {
    const { page, axes: { box } } = this, { answers, theme, previewed } = page, { side } = answers;
    this.ground ??= document.createElement("canvas");
    if (this.image?.width !== side) {
      Object.assign(this.ground, { width: side, height: side });
      this.image = new ImageData(side, side);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    const several = answers.classes && previewed === null;
    const what = previewed === null ? { output: 0 } : { neuron: previewed };
    if (several) this.shadeWinners();
    else shadeInto(this.pixels, 0, answers, previewed === null ? what : answers.seenAs(previewed), theme);
    this.ground.getContext("2d").putImageData(this.image, 0, 0);
    Object.assign(context, { imageSmoothingEnabled: true, imageSmoothingQuality: "high" });
    context.drawImage(this.ground, box.x, box.y, box.width, box.height);
    context.globalAlpha = VEIL;
    context.fillStyle = css(theme.plane);
    context.fillRect(box.x, box.y, box.width, box.height);
    context.globalAlpha = 1;
    context.beginPath();
    const line = level => contour(answers.scratch, side, level, (...ends) => this.segment(context, side, ends));
    if (several) {
      for (let output = 0; output < page.scene.outputs.length; output++) line((answers.of({ output }), 0));
    } else {
      const values = answers.of(what), { middle, reach } = answers.range(what, values);
      for (const level of this.levels(middle, reach)) line(level);
    }
    Object.assign(context, { strokeStyle: css(theme.ink, 0.85), lineWidth: this.classes || previewed !== null ? 1.6 : 0.8, lineCap: "round" });
    context.stroke();
  }

  // Where lines are drawn: the boundary; of a number that is predicted, lines of equal height.
  levels(middle, reach) {
    if (this.classes || this.page.previewed !== null) return [middle];
    return roundNumbers(middle - 1.5 * reach, middle + 1.5 * reach, 10);
  }

  segment(context, side, [x0, y0, x1, y1]) {
    const { box } = this.axes, [across, down] = [box.width / side, box.height / side];
    context.moveTo(box.x + (x0 + 0.5) * across, box.y + (y0 + 0.5) * down);
    context.lineTo(box.x + (x1 + 0.5) * across, box.y + (y1 + 0.5) * down);
  }

  // Of several classes, the colour of the one that wins, the paler the less it is ahead.
  shadeWinners() {
    const { pixels, page: { answers: { found, count }, theme, scene } } = this, n = scene.outputs.length;
    for (let k = 0; k < count; k++) {
      let best = 0;
      for (let output = 1; output < n; output++) if (found.outputs[k * n + output] > found.outputs[k * n + best]) best = output;
      const lead = ahead(found.outputs, k * n, n, best), share = lead === lead ? 0.85 * (lead / (0.6 + lead)) : 0;
      pixels[k] = packed(between(theme.plane, theme.classes[colourOf(best, n)], share));
    }
  }

  drawCurves(context) {
    const { page, axes } = this, { answers, theme, scene, previewed } = page, { box, view } = axes;
    Object.assign(context, { strokeStyle: css(theme.line), lineWidth: 1 });
    context.beginPath();
    for (const tick of roundNumbers(...view.y, 5)) {
      const [, y] = axes.place(0, tick);
      context.moveTo(box.x, y);
      context.lineTo(box.x + box.width, y);
    }
    context.stroke();
    const curves = previewed === null ? scene.outputs.map((_, output) => ({ output })) : [{ neuron: previewed }];
    curves.forEach((what, k) => {
      const values = answers.found && (what.output === undefined ? answers.of(what) : this.outputs(what.output));
      context.beginPath();
      values?.forEach((value, i) => context.lineTo(...axes.place(answers.grid[i * scene.inputs.length + answers.shown[0]], value)));
      Object.assign(context, { strokeStyle: css(curves.length > 1 ? theme.classes[colourOf(k, curves.length)] : theme.plus), lineWidth: 3, lineJoin: "round" });
      context.stroke();
    });
  }

  // An output along the line, as it is.
  outputs(output) {
    const { answers, scene } = this.page, n = scene.outputs.length;
    return Float64Array.from({ length: answers.count }, (_, k) => answers.found.outputs[k * n + output]);
  }
}

// How many samples are answered with their class.
class Score {
  constructor(page) {
    Object.assign(this, { page, every: 110, root: element("span", "mw-legend mw-score") });
  }

  show() {
    const { training } = this.page;
    write(this.root, `${training.right()} of ${training.data.N} right`);
  }
}

function namesAre(names) {
  return names.length > 1 ? `${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""} are` : `${names[0]} is`;
}

// The colour of class k of so many: two are red and blue as the signs of a number are.
function colourOf(k, many) {
  return many > 1 ? k % CLASSES.length : 1;
}
