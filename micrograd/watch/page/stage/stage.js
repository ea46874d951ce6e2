// The stage: the samples, over what the model answers on the plane, or around its curve along the line.
//
//   brush    the place of the class that a click adds
//   several  whether outputs compete for the classes: the ground has the colour of the one that wins

const VEIL = 0.4; // how much the ground steps back behind the points
const HELP = "Click adds a point, or opens the graph of one below; drag moves it, right-click removes it.";

class Stage extends Panel {
  constructor(page) {
    const { scene, answers } = page, { kind, classes } = scene.stage, title = titleOfStage(scene);
    super(page, `mw-stage mw-on-${kind}`, title);
    Object.assign(this, { kind, classes, title, brush: classes ? classes.length - 1 : null });
    this.axes = new Axes(answers.view);
    this.score = classes ? new Score(page) : null;
    if (classes) this.head.append(this.score.root, this.brushes());
    this.takesFocus("the samples, as points");
    this.tip = new Tip(this.frame);
    const bold = scene.settings.batch === null ? "" : `Bold${kind === "plane" ? " rim" : ""}: the next batch. `;
    const small = scene.validation ? "Small squares: validation. " : "";
    const held = scene.inputs.filter((_, k) => !answers.shown.includes(k));
    const rest = held.length ? `${namesAre(held)} held at the mean.` : "";
    this.note([bold + small + HELP, rest, scene.stage.note].filter(Boolean).join(" "));
    this.points = new Points(this);
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
    this.group = element("div", "mw-brushes", "", { role: "radiogroup", "aria-label": "class of a new point" });
    this.classes.forEach(({ name }, k) => {
      const made = button("mw-brush", name, `a click adds a point of class ${name}`, () => this.choose(k));
      made.setAttribute("role", "radio");
      made.prepend(element("i", `mw-sign mw-class-${colourOf(k, this.classes.length)}`));
      this.group.append(made);
    });
    this.choose(this.brush);
    return this.group;
  }

  choose(brush) {
    this.brush = brush;
    [...this.group.children].forEach((made, k) => made.setAttribute("aria-checked", k === brush));
  }

  arrange(width, height) {
    const box = { x: 46, y: 4, width: width - 52, height: height - 42 }, { view: { x, y } } = this;
    const round = this.kind === "plane" && Math.abs(x[1] - x[0] - (y[1] - y[0])) < 1e-9;
    const side = Math.min(box.width, box.height), middle = box.x + Math.max(0, (box.width - side) / 2);
    this.axes.box = round ? { x: middle, y: box.y, width: side, height: side } : box;
  }

  // ---- what is seen

  show() {
    const { page, axes, width, height, canvas } = this, { theme, answers, scene, previewed } = page;
    if (!width) return;
    answers.compute();
    write(this.heading, previewed === null ? this.title : `What ${scene.neurons[previewed].name} answers`);
    const [across, up = scene.outputs.join(", ")] = answers.shown.map(k => scene.inputs[k]);
    const context = axes.prepare(canvas, width, height, theme, [across, up]);
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
    const what = previewed === null ? { output: 0 } : answers.seenAs(previewed);
    if (several) this.shadeWinners();
    else shadeInto(this.pixels, 0, answers, what, theme);
    this.ground.getContext("2d").putImageData(this.image, 0, 0);
    spread(context, this.ground, box, page.playing);
    context.fillStyle = css(theme.plane, VEIL);
    context.fillRect(box.x, box.y, box.width, box.height);
    context.beginPath();
    if (several) page.scene.outputs.forEach((_, output) => this.trace(context, answers.of({ output }), 0));
    else {
      const values = answers.of(what);
      for (const level of this.levels(answers.range(what, values))) this.trace(context, values, level);
    }
    const lineWidth = this.classes || previewed !== null ? 1.6 : 0.8;
    Object.assign(context, { strokeStyle: css(theme.ink, 0.85), lineWidth, lineCap: "round" });
    context.stroke();
  }

  trace(context, values, level) {
    traceContour(context, values, this.page.answers.side, level, this.axes.box);
  }

  // Where lines are drawn: the boundary; of a number that is predicted, lines of equal height.
  levels({ middle, reach }) {
    if (this.classes || this.page.previewed !== null) return [middle];
    return roundNumbers(middle - 1.5 * reach, middle + 1.5 * reach, 10);
  }

  // Of several classes, the colour of the one that wins, the paler the less it is ahead.
  shadeWinners() {
    const { pixels, page: { answers: { found: { outputs }, count }, theme, scene } } = this, n = scene.outputs.length;
    for (let k = 0; k < count; k++) {
      let best = 0;
      for (let j = 1; j < n; j++) if (outputs[k * n + j] > outputs[k * n + best]) best = j;
      const lead = ahead(outputs, k * n, n, best), share = lead === lead ? 0.85 * (lead / (0.6 + lead)) : 0;
      pixels[k] = packed(between(theme.plane, theme.classes[colourOf(best, n)], share));
    }
  }

  drawCurves(context) {
    const { page, axes } = this, { answers, theme, scene, previewed } = page, { box, view } = axes;
    Object.assign(context, { strokeStyle: css(theme.line), lineWidth: 1 });
    context.beginPath();
    const { threshold } = scene.stage, levels = threshold === null ? roundNumbers(...view.y, 5) : [threshold];
    for (const level of levels) {
      const [, y] = axes.place(0, level);
      context.moveTo(box.x, y);
      context.lineTo(box.x + box.width, y);
    }
    context.stroke();
    const many = scene.outputs.length, inputs = scene.inputs.length, [shown] = answers.shown;
    const curves = previewed === null ? scene.outputs.map((_, output) => ({ output })) : [{ neuron: previewed }];
    curves.forEach((what, k) => {
      const values = what.output === undefined || !answers.classes ? answers.of(what) : this.outputs(what.output);
      context.beginPath();
      values.forEach((value, i) => context.lineTo(...axes.place(answers.grid[i * inputs + shown], value)));
      const colour = many > 1 && previewed === null ? theme.classes[colourOf(k, many)] : theme.plus;
      Object.assign(context, { strokeStyle: css(colour), lineWidth: 3, lineJoin: "round" });
      context.stroke();
    });
  }

  // An output along the line as it is, where `of` tells how far it is ahead.
  outputs(output) {
    const { answers: { count, found }, scene } = this.page, n = scene.outputs.length;
    return Float64Array.from({ length: count }, (_, k) => found.outputs[k * n + output]);
  }
}

function titleOfStage({ stage: { kind, classes }, outputs }) {
  if (kind === "line") return classes ? "What the model answers" : "The curve through the points";
  if (classes) return "Decision boundary";
  return outputs.length > 1 ? `What the model answers: ${outputs[0]}` : "What the model answers";
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
