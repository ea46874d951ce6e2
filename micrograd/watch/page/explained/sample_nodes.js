// All numbers of one sample, forward and backward, by the arithmetic of the player: of a network each sum Σ w·x + b is
// one node, of other code each value.
//
//   nodes       as the player has them, operands first, the loss last; a leaf says which number it is: {input},
//               {target}, {parameter}: their places, or it has a number of its own
//   neurons     for each neuron the places of its products, its sum and its answer
//   outputs     places of the model's outputs

const SUM = "Σ", MOST_SUMMANDS = 8; // of which a formula is written out

class SampleNodes {
  // Those of a page, computed for its sample; null where there are too many.
  static of(page) {
    const { scene, sample, points, training, kept } = page;
    if (scene.neurons === null && scene.graph === null) return null;
    page.sampleNodes ??= new SampleNodes(page);
    if (kept.get("sample nodes") !== sample) page.sampleNodes.compute(points[sample].x, points[sample].y, training.p);
    kept.set("sample nodes", sample);
    return page.sampleNodes;
  }

  constructor({ scene, rules }) {
    Object.assign(this, { scene, nodes: [], neurons: [], leaves: new Map(), rules: { ...rules } });
    if (scene.neurons === null) this.fromGraph(scene.graph);
    else this.fromNetwork();
    this.uses = this.nodes.map(() => []);
    this.nodes.forEach((node, i) => node.operands.forEach((x, k) => isNode(x) && this.uses[x].push([i, k])));
  }

  fromGraph({ nodes, outputs }) {
    this.nodes = nodes.map(node => ({ locals: [], ...node }));
    this.outputs = outputs;
    this.nodes.forEach(({ parameter }, i) => parameter !== undefined && this.leaves.set(`parameter ${parameter}`, i));
  }

  add(node) {
    this.nodes.push({ role: "inner", rule: null, formula: null, operands: [], locals: [], data: NaN, ...node });
    return this.nodes.length - 1;
  }

  leaf(kind, k, name, role = kind) {
    const key = `${kind} ${k}`;
    if (!this.leaves.has(key)) this.leaves.set(key, this.add({ name, role, [kind]: k }));
    return this.leaves.get(key);
  }

  parameter(k) {
    return this.leaf("parameter", k, this.scene.parameterNames[k]);
  }

  applied(rule, operands, name) {
    const symbol = this.scene.symbols[rule];
    return this.add({ rule, operands, name, symbol, formula: piecesOf(rule, symbol, operands) });
  }

  fromNetwork() {
    const { scene } = this;
    scene.neurons.forEach((neuron, j) => this.neurons.push(this.neuron(neuron, j)));
    const widest = Math.max(...scene.neurons.map(({ weights }) => weights.length + 1));
    this.rules[SUM] = { forward: (...xs) => xs.reduce((a, b) => a + b), locals: Array(widest).fill(1), selects: false };
    const head = [], loss = [];
    const operand = x => {
      if ("number" in x) return x;
      if ("neuron" in x) return this.neurons[x.neuron].answer;
      if ("head" in x) return head[x.head];
      if ("loss" in x) return loss[x.loss];
      if ("output" in x) return this.outputs[x.output];
      if ("input" in x) return this.input(x.input);
      return this.leaf("target", x.target, scene.targets === 1 ? "y" : `y${lowered(x.target + 1)}`, "constant");
    };
    let spare = 0;
    const chain = (list, made) => list.forEach(({ rule, operands }) => (
      made.push(this.applied(rule, operands.map(operand), `v${lowered(++spare)}`))));
    chain(scene.head, head);
    this.outputs = scene.heads.map(operand);
    this.outputs.forEach((i, k) => (this.nodes[i].name = scene.outputs[k]));
    chain(scene.loss, loss);
    if (loss.length) Object.assign(this.nodes[this.nodes.length - 1], { name: "L", role: "output" });
  }

  input(k) {
    return this.leaf("input", k, this.scene.inputs[k]);
  }

  // A function of the inputs, which neurons see beside them.
  feature({ name, nodes }, j) {
    const made = [], taken = x => ("number" in x ? x : "input" in x ? this.input(x.input) : made[x.node]);
    for (const { rule, operands } of nodes) {
      made.push(this.applied(rule, operands.map(taken), `${name} ${made.length + 1}`));
    }
    const answer = made.at(-1);
    Object.assign(this.nodes[answer], { name, neuron: j });
    return { products: [], sum: answer, answer };
  }

  neuron(known, j) {
    if (known.nodes) return this.feature(known, j);
    const { name, sum, rule, symbol, bias, weights, sources } = known;
    const products = weights.map((w, k) => {
      const { input, neuron } = sources[k];
      const x = neuron === undefined ? this.input(input) : this.neurons[neuron].answer;
      return this.applied("mul", [this.parameter(w), x], `p${lowered(k + 1)}`);
    });
    const summands = bias === null ? products : [...products, this.parameter(bias)];
    const total = summands.length === 1 ? products[0]
      : this.add({ rule: SUM, symbol: SUM, operands: summands, formula: summed(summands.length) });
    this.nodes[total].name = rule === null ? name : sum;
    const formula = [`${symbol}(`, 0, ")"];
    const answer = rule === null ? total : this.add({ rule, symbol, operands: [total], name, formula });
    this.nodes[answer].neuron = j;
    return { products, sum: total, answer };
  }

  // Compute everything for a sample.
  compute(x, y, p) {
    for (const node of this.nodes) {
      if (node.parameter !== undefined) node.data = p[node.parameter];
      else if (node.input !== undefined) node.data = x[node.input];
      else if (node.target !== undefined) node.data = y[node.target];
    }
    evaluate(this.nodes, this.rules);
    const inner = this.nodes.map((_, i) => i).filter(i => this.nodes[i].rule !== null);
    this.gradient = sweep(this.nodes, inner.reverse()).gradient;
    return this;
  }
}

function lowered(k) {
  return String(k).replace(/\d/g, d => "₀₁₂₃₄₅₆₇₈₉"[d]);
}

// The formula of a sum of so many; of many the first and the last.
function summed(count) {
  const places = count <= MOST_SUMMANDS ? Array.from({ length: count }, (_, k) => k) : [0, 1, -1, count - 1];
  return places.flatMap((k, n) => [...(n ? [" + "] : []), k < 0 ? "…" : k]);
}
