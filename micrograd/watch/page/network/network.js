// The network: a tile for every neuron, a line for every weight, as wide as the weight or its gradient is large.
//
//   lines    what the lines show: "weights", or "gradients" of the next batch
//   over     what the mouse or the focus is at, see `NetworkLayout.under`; null where nothing

const OFTEN = 24; // milliseconds between two drawings while training plays: every other frame
const MOST_WIRES = 600; // are drawn, the largest
const WIDEST = 4.6; // points
const USUAL = 0.97; // of all weights: those beyond are drawn as this one, lest a single one makes all others faint
const TELLS = {
  plane: "what it answers over the plane of the inputs", line: "what it answers along the input",
  none: "its answer to the chosen sample",
};

class Network extends Panel {
  constructor(page) {
    const { scene } = page;
    super(page, "mw-network", "The network", OFTEN);
    Object.assign(this, { lines: "weights", over: null, neurons: scene.neurons });
    this.layout = new NetworkLayout(scene);
    this.tiles = new Tiles(page);
    const legend = element("span", "mw-legend");
    legend.append(element("i", "mw-key mw-plus"), "positive ", element("i", "mw-key mw-minus"), "negative");
    const kinds = [["weights", "weights"], ["gradients", "gradients ∇"]];
    this.head.append(legend, labelled("lines show", choiceOf(kinds, "weights", kind => this.showLines(kind))));
    const label = "neurons: arrow keys move, Enter opens the scalar graph";
    this.buttons = element("div", "mw-neurons", "", { role: "group", "aria-label": label });
    this.frame.append(this.buttons);
    this.tip = new Tip(this.frame);
    const biased = scene.neurons.some(({ bias }) => (bias ?? null) !== null);
    this.note(`Tile of a neuron: ${TELLS[scene.stage.kind]}. ${biased ? "The small square at its corner is its bias. " : ""}`
      + `Click a tile for its arithmetic, drag a line${biased ? " or a bias" : ""} up or down to change it.`);
    new NetworkMouse(this);
  }

  showLines(lines) {
    this.lines = lines;
    this.page.repaint();
  }

  arrange(width, height) {
    this.layout.arrange(width, height);
    this.shown = this.layout.nodes.filter(node => node.neuron !== undefined).map(node => node.neuron);
    this.drawn = null;
    this.makeButtons();
  }

  // Invisible buttons over the tiles: focus, names and clicks for those who do not use a mouse.
  makeButtons() {
    const nodes = this.layout.nodes.filter(node => node.neuron !== undefined);
    this.buttons.replaceChildren(...nodes.map((node, k) => {
      const { neuron, x, y, size } = node, side = `${size}px`;
      const made = element("button", "mw-neuron", "", { type: "button", tabindex: k ? -1 : 0 });
      Object.assign(made.style, { left: `${x - size / 2}px`, top: `${y - size / 2}px`, width: side, height: side });
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
      const { name, layer, bias, nodes } = this.neurons[neuron], more = bias === null ? "" : `, bias ${shown(p[bias])}`;
      give(made, "aria-label", nodes ? `feature ${name}` : `neuron ${name}, layer ${layer}${more}`);
    }
  }

  // The mouse or the focus is at something else: the stage shows what that neuron answers.
  point(over) {
    const [before, now] = [this.over, over].map(at => at?.node ?? at?.wire ?? at?.bias ?? null);
    this.over = over;
    if (before === now) return;
    this.page.preview(over?.node?.neuron ?? null);
    if (over === null) this.tip.hide();
    else if (over.node && over.node.neuron !== undefined) this.tellNeuron(over.node);
    this.page.repaint();
  }

  tellNeuron({ neuron, x, y, size }) {
    const { name, symbol, bias, nodes } = this.neurons[neuron], { training: { p }, sample, probe } = this.page;
    const sum = `Σ w·x${bias === null ? "" : " + b"}`, said = [];
    if (bias !== null) said.push(`b = ${shown(p[bias])}`);
    if (sample !== null) said.push(`sample ${sample + 1}: ${shown(probe.neurons[neuron])}`);
    const formula = nodes ? name : `${name} = ${symbol ? `${symbol}(${sum})` : sum}`;
    this.tip.show(x + size / 2 - 8, y + 4, formula, said.join(" · "));
  }

  tellWeight(parameter, x, y, moving) {
    const { scene, training: { p }, next } = this.page, name = scene.parameterNames[parameter];
    const help = moving ? "up: larger · down: smaller" : "drag up or down to change it · click: the next step for it";
    this.tip.show(x, y, `${name} = ${shown(p[parameter])}`, `∇ ${shown(next.g[parameter])}`, help);
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
    const sizes = new Map(wires.map(wire => [wire, Math.abs(numbers[wire.parameter])]));
    const order = [...wires].sort((a, b) => sizes.get(a) - sizes.get(b)).slice(-MOST_WIRES);
    const largest = Math.max(1e-30, sizes.get(order[Math.ceil(USUAL * (order.length - 1))]) ?? 0);
    const focus = over?.node ?? over?.bias ?? null, share = wire => Math.min(1, sizes.get(wire) / largest);
    const size = wire => share(wire) ** (1.3 + 2.7 * (1 - wire.room)); // where lines are many, the largest stand out
    const draw = (wire, alpha, colour, more) => {
      const lineWidth = 0.5 + WIDEST * (0.15 + 0.8 * wire.room) * size(wire) + more;
      Object.assign(context, { globalAlpha: alpha, strokeStyle: css(colour), lineWidth });
      stroke(context, wire);
    };
    const sign = wire => (numbers[wire.parameter] >= 0 ? theme.plus : theme.minus);
    for (const wire of order) {
      const alone = 0.08 + (0.3 + 0.55 * wire.room) * size(wire), related = wire.from === focus || wire.to === focus;
      draw(wire, focus === null ? alone : related ? 0.35 + 0.65 * share(wire) : 0.08 * alone, sign(wire), 0);
    }
    for (const wire of wires) {
      if (wire !== over?.wire && (wire.parameter !== chosen || focus !== null)) continue;
      draw(wire, 1, theme.lit, wire === over?.wire ? 4 : 3);
      draw(wire, 1, sign(wire), 0);
    }
    context.globalAlpha = 1;
  }

  drawNode(context, node) {
    const { page, tiles, over } = this, { theme, probe, opened, answers, sample } = page, { size, neuron } = node;
    const [x, y] = [node.x - size / 2, node.y - size / 2], round = size > 40 ? 8 : size > 20 ? 5 : 3;
    context.save();
    context.beginPath();
    context.roundRect(x, y, size, size, round);
    context.fillStyle = css(theme.plane);
    context.fill();
    context.clip();
    if (neuron === undefined) drawInput(context, page, node.input, x, y, size);
    else tiles.draw(context, neuron, x, y, size, probe?.neurons[neuron] ?? 0);
    if (sample !== null && !answers.flat) {
      const [u, v] = page.along(sample);
      dot(context, x + u * size, y + (1 - v) * size, size > 40 ? 3 : size > 20 ? 2 : 1.4, theme);
    }
    context.restore();
    const lit = neuron !== undefined && (over?.node === node || opened?.neuron === neuron);
    context.beginPath();
    context.roundRect(x, y, size, size, round);
    Object.assign(context, { lineWidth: lit ? 2.5 : 1, strokeStyle: lit ? css(theme.lit) : css(theme.soft, 0.6) });
    context.stroke();
    const bias = this.neurons[neuron]?.bias ?? null;
    if (bias !== null) this.drawBias(context, node, bias);
  }

  drawBias(context, node, bias) {
    const { page: { training, theme, chosen }, over } = this, b = training.p[bias], [x, y] = biasPlace(node);
    const half = node.size > 20 ? 4 : 2.5, lit = chosen === bias || over?.bias === node;
    const share = Math.min(1, 0.15 + 0.85 * Math.abs(b));
    context.beginPath();
    context.roundRect(x - half, y - half, 2 * half, 2 * half, half / 2);
    context.fillStyle = css(between(theme.plane, b > 0 ? theme.plus : theme.minus, share));
    context.fill();
    Object.assign(context, { lineWidth: lit ? 2 : 1, strokeStyle: css(lit ? theme.lit : theme.card) });
    context.stroke();
  }

  drawNames(context) {
    const { layout, neurons, page } = this, { theme, scene, training, sample, probe } = page;
    const say = (text, x, y, textAlign, colour, size = 12) => {
      const font = `${size}px ${theme.font}`;
      Object.assign(context, { font, textAlign, textBaseline: "middle", fillStyle: css(colour) });
      context.fillText(text, x, y);
    };
    layout.columns.forEach((column, l) => {
      for (const { input, neuron, x, y, size } of column) {
        if (l === 0) say(cut(scene.inputs[input] ?? neurons[neuron].name, 7), x - size / 2 - 7, y, "right", theme.ink);
        else if (l === layout.layers) {
          say(neurons[neuron].name, x + size / 2 + 8, y - (sample === null ? 0 : 8), "left", theme.ink);
          if (sample !== null) say(shown(probe.neurons[neuron]), x + size / 2 + 8, y + 8, "left", theme.soft);
        } else if (column.length <= GREATEST_NAMES) {
          say(neurons[neuron].name, x, y + size / 2 + 11, "center", theme.soft);
        }
      }
      const { x, y, size } = column.at(-1);
      if (layout.folded[l]) say(`+ ${layout.folded[l]} more`, x, y + size + 2, "center", theme.soft, 11);
    });
    if (!layout.few) return;
    for (const wire of layout.wires) {
      const [x, y] = layout.along(wire, 0.5), name = scene.parameterNames[wire.parameter];
      say(`${name} = ${shown(training.p[wire.parameter])}`, x, y - 14, "center", theme.soft);
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

// An input over the plane is a slope of colours, along the line a diagonal; one that is held is blank.
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
  const slope = context.createLinearGradient(...(axis === 0 ? [x, 0, x + size, 0] : [0, y + size, 0, y]));
  const colours = [theme.minus, theme.plane, theme.plus].map(colour => css(between(theme.plane, colour, 0.8)));
  colours.forEach((colour, k) => slope.addColorStop(k / 2, colour));
  context.fillStyle = slope;
  context.fillRect(x, y, size, size);
}

function cut(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
