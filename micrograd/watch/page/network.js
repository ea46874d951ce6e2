// The network: a tile for every neuron, a line for every weight, as wide as the weight or its gradient is large.
//
//   lines    what the lines show: "weights", or "gradients" of the next batch
//   over     what the mouse or the focus is at, see `NetworkLayout.under`; null where nothing

const OFTEN = 24; // milliseconds between two drawings while training plays: every other frame
const MOST_WIRES = 600; // are drawn, the largest
const WIDEST = 6, ROOMY = 80; // points: of a line, and around a line; where there is less lines are thinner

class Network {
  constructor(page) {
    const { scene } = page;
    Object.assign(this, { page, lines: "weights", over: null, every: OFTEN, width: 0, neurons: scene.neurons });
    this.layout = new NetworkLayout(scene);
    this.tiles = new Tiles(page);
    this.root = element("section", "mw-panel mw-network", "", { "aria-label": "the network" });
    const switcher = choiceOf([["weights", "weights"], ["gradients", "gradients ∇"]], "weights", name => this.show((this.lines = name)));
    const legend = element("span", "mw-legend");
    legend.append(element("i", "mw-key mw-plus"), "positive ", element("i", "mw-key mw-minus"), "negative");
    const head = element("div", "mw-panel-head");
    head.append(page.heading("The network"), legend, labelled("lines show", switcher));
    this.frame = element("div", "mw-frame");
    this.canvas = element("canvas", "mw-canvas", "", { "aria-hidden": "true" });
    this.buttons = element("div", "mw-neurons", "", { role: "group", "aria-label": "neurons: arrow keys move, Enter opens the scalar graph" });
    this.frame.append(this.canvas, this.buttons);
    this.tip = new Tip(this.frame);
    const answers = scene.stage.kind === "plane" ? "what it answers over the plane of the inputs" : "what it answers along the input";
    const tells = scene.stage.kind === "none" ? "its answer to the chosen sample" : answers;
    this.root.append(head, this.frame, element("div", "mw-note", `Tile of a neuron: ${tells}. The small square at its corner is its bias. Click a tile for its arithmetic, drag a line or a bias up or down to change it.`));
    new NetworkMouse(this);
    new ResizeObserver(() => this.resize()).observe(this.frame);
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.frame;
    if (!width || !height || (width === this.width && height === this.height)) return;
    Object.assign(this, { width, height });
    this.layout.arrange(width, height);
    this.shown = this.layout.nodes.filter(node => node.neuron !== undefined).map(node => node.neuron);
    this.drawn = null;
    this.makeButtons();
    this.page.repaint();
  }

  // Invisible buttons over the tiles: focus, names and clicks for those who do not use a mouse.
  makeButtons() {
    this.buttons.replaceChildren(...this.layout.nodes.filter(node => node.neuron !== undefined).map((node, k) => {
      const { neuron, x, y, size } = node, made = element("button", "mw-neuron", "", { type: "button", tabindex: k ? -1 : 0 });
      Object.assign(made.style, { left: `${x - size / 2}px`, top: `${y - size / 2}px`, width: `${size}px`, height: `${size}px` });
      made.onclick = () => this.page.openNeuron(neuron);
      made.onfocus = () => this.point({ node });
      made.onblur = () => this.point(null);
      made.onkeydown = event => this.onKey(event, node);
      node.button = made;
      return made;
    }));
    this.name();
  }

  onKey(event, node) {
    if (!event.key.startsWith("Arrow")) return;
    const next = this.layout.neighbour(node, event.key);
    node.button.tabIndex = -1;
    next.button.tabIndex = 0;
    next.button.focus();
    event.preventDefault();
    event.stopPropagation();
  }

  name() {
    const { p } = this.page.training;
    for (const { neuron, button: made } of this.layout.nodes) {
      if (!made) continue;
      const { name, layer, bias, nodes } = this.neurons[neuron];
      give(made, "aria-label", nodes ? `feature ${name}` : `neuron ${name}, layer ${layer}${bias === null ? "" : `, bias ${shown(p[bias])}`}`);
    }
  }

  // The mouse or the focus is at something else: the stage shows what that neuron answers.
  point(over) {
    const same = (this.over?.node ?? null) === (over?.node ?? null) && (this.over?.wire ?? null) === (over?.wire ?? null);
    this.over = over;
    if (same && !over?.bias) return;
    this.page.preview(over?.node?.neuron ?? null);
    if (over === null) this.tip.hide();
    else if (over.node && over.node.neuron !== undefined) this.tellNeuron(over.node);
    this.page.repaint();
  }

  tellNeuron({ neuron, x, y, size }) {
    const { name, symbol, bias, nodes } = this.neurons[neuron], { training: { p }, sample, probe } = this.page;
    const sum = `Σ w·x${bias === null ? "" : " + b"}`;
    const said = [bias === null ? "" : `b = ${shown(p[bias])}`, sample === null ? "" : `sample ${sample + 1}: ${shown(probe.neurons[neuron])}`];
    this.tip.show(x + size / 2 - 8, y + 4, nodes ? name : `${name} = ${symbol ? `${symbol}(${sum})` : sum}`, said.filter(Boolean).join(" · "));
  }

  tellWeight(parameter, x, y, moving) {
    const { scene, training, next } = this.page;
    const more = moving ? "up: larger · down: smaller" : "drag up or down to change it · click: the next step for it";
    this.tip.show(x, y, `${scene.parameterNames[parameter]} = ${shown(training.p[parameter])}`, `∇ ${shown(next.g[parameter])}`, more);
  }

  // ---- what is seen

  show() {
    const { page, canvas, width, height } = this;
    if (!width) return;
    page.answers.compute();
    if (this.theme !== page.theme || this.drawn !== page.answers.found) this.tiles.compute(this.shown);
    Object.assign(this, { theme: page.theme, drawn: page.answers.found });
    const context = sharp(canvas, width, height);
    this.drawWires(context);
    for (const node of this.layout.nodes) this.drawNode(context, node);
    this.drawNames(context);
    if (!page.playing) this.name();
  }

  drawWires(context) {
    const { page, layout: { wires }, over } = this, { theme, training, chosen } = page;
    const numbers = this.lines === "weights" ? training.p : page.next.g;
    const size = wire => Math.abs(numbers[wire.parameter]), sizes = new Map(wires.map(wire => [wire, size(wire)]));
    const order = [...wires].sort((a, b) => sizes.get(a) - sizes.get(b)).slice(-MOST_WIRES);
    const largest = Math.max(1e-30, order.length ? sizes.get(order.at(-1)) : 0), crowd = Math.min(1, Math.sqrt((this.width * this.height) / wires.length) / ROOMY);
    const focus = over?.node ?? over?.bias ?? null;
    for (const wire of order) {
      const share = Math.min(1, sizes.get(wire) / largest), related = focus === null || wire.from === focus || wire.to === focus;
      const quiet = 0.05 + 0.05 * crowd + 0.85 * share ** (2 - crowd);
      context.globalAlpha = focus === null ? quiet : related ? 0.35 + 0.65 * share : 0.08 * quiet;
      context.lineWidth = 0.6 + (WIDEST * (0.15 + 0.85 * crowd) - 0.6) * share ** (2 - crowd);
      context.strokeStyle = css(numbers[wire.parameter] >= 0 ? theme.plus : theme.minus);
      stroke(context, wire);
    }
    context.globalAlpha = 1;
    for (const wire of wires) {
      if (wire !== over?.wire && (wire.parameter !== chosen || focus !== null)) continue;
      Object.assign(context, { strokeStyle: css(theme.lit), lineWidth: wire === over?.wire ? 3.5 : 2.2 });
      stroke(context, wire);
    }
  }

  drawNode(context, node) {
    const { page, tiles } = this, { theme, probe, opened } = page, { size } = node;
    const [x, y] = [node.x - size / 2, node.y - size / 2], round = size > 40 ? 8 : size > 20 ? 5 : 3;
    context.save();
    context.beginPath();
    context.roundRect(x, y, size, size, round);
    context.fillStyle = css(theme.plane);
    context.fill();
    context.clip();
    if (node.neuron === undefined) drawInput(context, page, node.input, x, y, size);
    else tiles.draw(context, node.neuron, x, y, size, probe?.neurons[node.neuron] ?? 0);
    if (page.sample !== null && page.answers.view && !page.answers.flat) {
      const [u, v] = page.along(page.sample);
      dot(context, x + u * size, y + (1 - v) * size, size > 40 ? 3 : size > 20 ? 2 : 1.4, theme);
    }
    context.restore();
    const lit = node.neuron !== undefined && (this.over?.node === node || opened?.neuron === node.neuron);
    context.beginPath();
    context.roundRect(x, y, size, size, round);
    Object.assign(context, { lineWidth: lit ? 2.5 : 1, strokeStyle: lit ? css(theme.lit) : css(theme.soft, 0.6) });
    context.stroke();
    const bias = this.neurons[node.neuron]?.bias ?? null;
    if (bias !== null) this.drawBias(context, node, bias);
  }

  drawBias(context, node, bias) {
    const { page: { training, theme, chosen }, over } = this, b = training.p[bias], [x, y] = biasPlace(node);
    const half = node.size > 20 ? 4 : 2.5, lit = chosen === bias || over?.bias === node;
    context.beginPath();
    context.roundRect(x - half, y - half, 2 * half, 2 * half, half / 2);
    context.fillStyle = css(between(theme.plane, b > 0 ? theme.plus : theme.minus, Math.min(1, 0.15 + 0.85 * Math.abs(b))));
    context.fill();
    Object.assign(context, { lineWidth: lit ? 2 : 1, strokeStyle: lit ? css(theme.lit) : css(theme.card) });
    context.stroke();
  }

  drawNames(context) {
    const { layout, neurons, page } = this, { theme, scene, training, sample, probe } = page;
    const write = (text, x, y, align, colour, size = 12) => {
      Object.assign(context, { font: `${size}px ${theme.font}`, textAlign: align, textBaseline: "middle", fillStyle: css(colour) });
      context.fillText(text, x, y);
    };
    layout.columns.forEach((column, l) => {
      for (const node of column) {
        if (l === 0) write(cut(scene.inputs[node.input] ?? neurons[node.neuron].name, 7), node.x - node.size / 2 - 7, node.y, "right", theme.ink);
        else if (l === layout.layers) {
          write(neurons[node.neuron].name, node.x + node.size / 2 + 8, node.y - (sample === null ? 0 : 8), "left", theme.ink);
          if (sample !== null && probe) write(shown(probe.neurons[node.neuron]), node.x + node.size / 2 + 8, node.y + 8, "left", theme.soft);
        } else if (column.length <= GREATEST_NAMES) write(neurons[node.neuron].name, node.x, node.y + node.size / 2 + 11, "center", theme.soft);
      }
      const last = column.at(-1);
      if (layout.folded[l]) write(`+ ${layout.folded[l]} more`, last.x, last.y + last.size + 2, "center", theme.soft, 11);
    });
    if (layout.wires.length > 4) return;
    for (const wire of layout.wires) {
      const [x, y] = layout.along(wire, 0.5);
      write(`${scene.parameterNames[wire.parameter]} = ${shown(training.p[wire.parameter])}`, x, y - 14, "center", theme.soft);
    }
  }
}

function stroke(context, { from, to }) {
  const [x0, x1] = [from.x + from.size / 2, to.x - to.size / 2], middle = (x0 + x1) / 2;
  context.beginPath();
  context.moveTo(x0, from.y);
  context.bezierCurveTo(middle, from.y, middle, to.y, x1, to.y);
  context.stroke();
}

// An input over the plane is a slope of colours, along the line a diagonal; one that is held has the colour of white.
function drawInput(context, { theme, answers, scene }, input, x, y, size) {
  const axis = answers.shown.indexOf(input);
  if (axis < 0 || scene.stage.kind === "none") return;
  if (answers.flat) {
    Object.assign(context, { strokeStyle: css(theme.soft), lineWidth: 1.5 });
    context.beginPath();
    context.moveTo(x, y + size);
    context.lineTo(x + size, y);
    context.stroke();
    return;
  }
  const slope = axis === 0 ? context.createLinearGradient(x, 0, x + size, 0) : context.createLinearGradient(0, y + size, 0, y);
  [theme.minus, theme.plane, theme.plus].forEach((colour, k) => slope.addColorStop(k / 2, css(between(theme.plane, colour, 0.8))));
  context.fillStyle = slope;
  context.fillRect(x, y, size, size);
}

function cut(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
