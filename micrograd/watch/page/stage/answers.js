// What every neuron and every output answers over the axes of the stage: on a grid of the plane, or along a line.
//
//   view     {x, y}: the spans of numbers that the stage shows; y is of the second input, or of the output
//   side     how many numbers an axis has: fewer while training, more when it stands still
//   what     whose answers: {neuron: place} or {output: place}
//   range    {middle, reach, soft}: what is white, how far from it is full colour; see `shadeAt`

const COARSE = 40, FINE = 96, ALONG = 160; // on a side of the plane; along a line
const LARGE = 1500; // parameters: more make the grid coarser
const BOUNDED = { tanh: [0, 1], sin: [0, 1], cos: [0, 1], erf: [0, 1], sigmoid: [0.5, 0.5] };

class Answers {
  constructor(page) {
    const { stage, X, y, validation } = page.scene, { shown } = stage;
    const rows = [...X, ...(validation?.X ?? [])], targets = [...y, ...(validation?.y ?? [])].flat();
    Object.assign(this, { page, shown, flat: stage.kind !== "plane", grids: new Map(), scratch: new Float64Array(0) });
    this.classes = page.scene.outputs.length > 1 && stage.classes !== null;
    this.targets = spanOf(targets, 0);
    const across = spanOf(rows.map(row => row[shown[0]] ?? 0), this.flat ? 0.05 : 0.14);
    const up = this.flat ? spanOf(targets, 0.12) : spanOf(rows.map(row => row[shown[1]]), 0.14);
    this.view = this.flat ? { x: across, y: up } : square(across, up);
  }

  get side() {
    const { page: { playing, scene }, flat } = this;
    if (flat) return ALONG;
    return Math.round((playing ? COARSE : FINE) / (scene.parameters.length > LARGE ? 1.5 : 1));
  }

  // How many points the grid has.
  get count() {
    return this.flat ? this.side : this.side ** 2;
  }

  // The inputs at all points of the grid, row after row from the top.
  get grid() {
    const { side, flat, view, shown, page } = this;
    if (this.grids.has(side)) return this.grids.get(side);
    const rest = page.scene.stage.rest, width = rest.length, made = new Float64Array(this.count * width);
    const along = ([low, high], k) => low + ((k + 0.5) / side) * (high - low);
    for (let k = 0; k < this.count; k++) {
      made.set(rest, k * width);
      made[k * width + shown[0]] = along(view.x, k % side);
      if (!flat) made[k * width + shown[1]] = along(view.y, side - 1 - Math.floor(k / side));
    }
    this.grids.set(side, made);
    return made;
  }

  // Compute them anew if the parameters are others.
  compute() {
    const { page: { training, scene } } = this, { p } = training, { side } = this;
    if (this.done === side && this.p.every((w, i) => w === p[i])) return;
    const found = scene.stage.kind === "none" ? null : training.answers(this.grid);
    Object.assign(this, { done: side, p: p.slice(), found });
  }

  // The numbers of one of them, over the grid; of several outputs, by how much this one is ahead of the others.
  of(what) {
    const { found, count, page: { scene } } = this;
    if (this.scratch.length !== count) this.scratch = new Float64Array(count);
    const { scratch } = this, { neuron, output } = what, many = scene.outputs.length, all = scene.neurons?.length ?? 0;
    for (let k = 0; k < count; k++) {
      if (output === undefined) scratch[k] = found.neurons[k * all + neuron];
      else if (this.classes) scratch[k] = ahead(found.outputs, k * many, many, output);
      else scratch[k] = found.outputs[k * many + output];
    }
    return scratch;
  }

  // Which of the numbers get which colour.
  range(what, values) {
    const { scene: { stage, neurons } } = this.page;
    const rule = what.output === undefined ? neurons[what.neuron].rule : null;
    if (rule in BOUNDED) return { middle: BOUNDED[rule][0], reach: BOUNDED[rule][1] };
    if (what.output !== undefined) {
      if (this.classes) return { middle: 0, reach: 1.5, soft: true };
      if (stage.threshold !== null) return { middle: stage.threshold, reach: 1.5, soft: true };
      const [low, high] = this.targets;
      return { middle: (low + high) / 2, reach: Math.max((high - low) / 2, 1e-12) };
    }
    let most = 1e-12;
    for (const value of values) if (Math.abs(value) > most) most = Math.abs(value);
    return { middle: 0, reach: Number.isFinite(most) ? most : 1 };
  }

  shades(what, theme) {
    if (!this.classes || what.output === undefined) return theme.shades;
    return theme.classShades[colourOf(what.output, this.page.scene.outputs.length)];
  }

  // What a neuron is to be seen as: an output where it is one.
  seenAs(neuron) {
    const output = this.page.scene.heads?.findIndex(head => head.neuron === neuron) ?? -1;
    return output >= 0 ? { output } : { neuron };
  }
}

// By how much one of several numbers is larger than the largest of the others.
function ahead(numbers, first, count, which) {
  let most = -Infinity;
  for (let k = 0; k < count; k++) if (k !== which && numbers[first + k] > most) most = numbers[first + k];
  return numbers[first + which] - most;
}

// Two spans as one square, where they are of one size; so circles stay round.
function square(x, y) {
  const [across, up] = [x, y].map(([low, high]) => high - low);
  if (Math.max(across, up) > 3 * Math.min(across, up)) return { x, y };
  const half = Math.max(across, up) / 2;
  return { x: around(x, half), y: around(y, half) };
}

function around([low, high], half) {
  return [(low + high) / 2 - half, (low + high) / 2 + half];
}
