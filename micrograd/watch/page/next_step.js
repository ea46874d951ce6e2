// The next step, told for one parameter: forward and backward on one sample, the mean over the batch, the update.
//
//   chosen      the parameter, sample: the sample, as the page has them
//   line        {name, text, value}: what it is, how it comes about, its number
//   shares      what each sample of the batch adds to the gradient, whose mean it is

const MOST_LISTED = 4, MOST_BARS = 400; // numbers of a sample, uses of a parameter; samples of a batch with a bar each
const CARDS = ["Forward", "Backward", "Mean over the batch", "Update"];

class NextStep {
  constructor(page) {
    Object.assign(this, { page, pace: "text" });
    const { scene } = page;
    this.sample = scene.neurons === null && scene.graph === null ? null : new SampleNodes(page);
    this.root = element("section", "mw-panel mw-next", "", { "aria-label": "the next step, for one parameter" });
    this.weight = element("select", "", "", { "aria-label": "parameter" });
    this.weight.append(...scene.parameterNames.map((name, i) => element("option", "", name, { value: i })));
    this.weight.onchange = () => page.choose(Number(this.weight.value));
    this.who = element("select", "", "", { "aria-label": "sample" });
    this.who.onchange = () => page.chooseSample(Number(this.who.value));
    const head = element("div", "mw-panel-head"), cards = element("div", "mw-cards");
    head.append(page.heading("The next step, for one weight"), labelled("weight", this.weight), labelled("sample", this.who));
    this.bodies = CARDS.map((title, k) => {
      const card = element("div", "mw-card"), body = element("div", "mw-lines");
      card.append(element("div", "mw-card-head", `${k + 1}  ${title}`), body);
      cards.append(card);
      return body;
    });
    this.bars = new Bars(page);
    this.bodies[2].after(this.bars.figure, this.bars.note);
    this.root.append(head, cards);
  }

  show() {
    const { page, sample, who, weight } = this, { training, chosen } = page;
    if (who.length !== page.points.length) {
      who.replaceChildren(...page.points.map((_, i) => element("option", "", String(i + 1), { value: i })));
    }
    weight.value = chosen;
    who.value = page.sample;
    const { x, y } = page.points[page.sample], target = [y].flat();
    const told = { name: "sample", text: `x = ${listed(x)}, y = ${listed(target)}`, value: "" };
    const graph = sample?.compute(x, target, training.p);
    this.fill(0, [told, ...(graph ? forwardLines(graph, page) : [])]);
    this.fill(1, graph ? backwardLines(graph, page) : []);
    this.showMean();
    this.fill(3, this.updateLines());
  }

  showMean() {
    const { training, chosen, scene, foretold } = this.page, { places, g } = foretold, name = scene.parameterNames[chosen];
    const shares = places.map(i => training.sample(i).g[chosen]);
    const mean = shares.reduce((a, b) => a + b, 0) / shares.length, { penalty } = training.settings;
    const lines = [{ name: `(1/${shares.length}) Σ ∂Lᵢ/∂${name}`, text: "", value: shown(mean) }];
    if (scene.penalty.own !== null) lines.push({ name: `∂penalty/∂${name}`, text: scene.penalty.own, value: shown(g[chosen] - mean) });
    else if (penalty) lines.push({ name: `2 λ ${name}`, text: "from λ Σ w²", value: shown(2 * penalty * training.p[chosen]) });
    lines.push({ name: "∇", text: lines.length > 1 ? "the sum" : "", value: shown(g[chosen]) });
    this.fill(2, lines);
    this.bars.draw(places, shares, mean);
  }

  // The update as the rule has it, and what it comes to.
  updateLines() {
    const { training, chosen, scene, updates, foretold } = this.page, { rule, rate } = training;
    const at = list => list.map(moment => moment[chosen]), before = training.stateOf === rule.name ? at(training.state) : rule.moments.map(() => 0);
    const name = scene.parameterNames[chosen];
    const values = { p: training.p[chosen], g: foretold.g[chosen], result: foretold.p[chosen], rate };
    Object.assign(values, { moments: before, made: at(foretold.state), columns: updates[rule.name].columns(training.steps, rate) });
    const lines = updateLines(rule, scene.symbols, name, values).flatMap(line => [
      { name: `${line.name} ←`, text: line.formula, value: "" }, { name: "", text: `= ${line.numbers}`, value: line.result },
    ]);
    const { value } = lines[lines.length - 1];
    lines[lines.length - 1].value = "";
    return [...lines, { name, text: "", value, last: true }];
  }

  fill(card, lines) {
    this.bodies[card].replaceChildren(...lines.map(({ name, text, value, last }) => {
      const line = element("div", last ? "mw-line mw-result" : "mw-line"), say = element("span", "mw-say");
      if (name) say.append(element("span", "mw-name", name), " ");
      say.append(element("span", "mw-soft", text));
      line.append(say, element("span", "mw-value", value === "" ? "" : `= ${value}`));
      return line;
    }));
  }
}

function labelled(text, control) {
  const label = element("label", "mw-setting", text);
  label.append(" ", control);
  return label;
}

function listed(numbers) {
  const texts = numbers.slice(0, MOST_LISTED).map(shown);
  if (numbers.length === 1) return texts[0];
  return `(${texts.join(", ")}${numbers.length > MOST_LISTED ? ", …" : ""})`;
}

// The neuron that has a parameter, by place; -1 where it is in none.
function ownerOf({ neurons }, parameter) {
  return (neurons ?? []).findIndex(({ weights, bias }) => weights.includes(parameter) || bias === parameter);
}

// What is computed from a parameter on the way to the loss, each with its formula and number.
function forwardLines(graph, { scene, chosen }) {
  const { nodes, outputs } = graph, last = nodes.length - 1, owner = ownerOf(scene, chosen);
  const told = i => ({ name: nodes[i].name, text: `= ${formulaOf(nodes[i], x => nodes[x].name)}`, value: shown(nodes[i].data) });
  const ends = [...outputs.filter(i => i !== last).slice(0, MOST_LISTED), last].map(i => (
    nodes[i].rule === null ? told(last) : { ...told(i), text: i === last ? `${scene.lossName}(ŷ, y)` : "what the model answers" }));
  if (owner < 0) return [...usesOf(graph, chosen).map(([i]) => told(i)), ...ends];
  const { sum, answer } = graph.neurons[owner];
  const lines = sumLines(graph, scene, scene.neurons[owner], graph.neurons[owner], chosen);
  if (answer !== sum) lines.push(told(answer));
  return [...lines, ...(outputs.includes(answer) ? ends.slice(-1) : ends)];
}

// z = w·x + … in symbols and in numbers, the chosen term first.
function sumLines({ nodes }, scene, neuron, { products, sum }, chosen) {
  const order = products.map((_, k) => k).sort((a, b) => (neuron.weights[b] === chosen) - (neuron.weights[a] === chosen) || a - b);
  const first = order.slice(0, 2), more = products.length - first.length;
  const factors = k => nodes[products[k]].operands.map(x => nodes[x]);
  const bias = neuron.bias === null ? [] : [neuron.bias];
  const symbols = first.map(k => factors(k).map(({ name }) => name).join("·"));
  const numbers = first.map(k => factors(k).map(({ data }, n) => (n ? signed(data) : shown(data))).join("·"));
  const rest = more > 0 ? [`… (${more} more)`] : [];
  const biases = bias.map(i => scene.parameterNames[i]), given = bias.map(i => nodes.find(({ parameter }) => parameter === i).data);
  return [
    { name: nodes[sum].name, text: `= ${[...symbols, ...rest, ...biases].join(" + ")}`, value: "" },
    { name: "", text: `= ${[...numbers, ...rest.map(() => "…"), ...given.map(shown)].join(" + ").replaceAll("+ −", "− ")}`, value: shown(nodes[sum].data) },
  ];
}

function signed(x) {
  return shown(x).startsWith("−") ? `(${shown(x)})` : shown(x);
}

// [node, operand] for each use of a parameter.
function usesOf({ leaves, uses }, parameter) {
  const leaf = leaves.get(`parameter ${parameter}`);
  return leaf === undefined ? [] : uses[leaf];
}

// How the gradient of one sample comes to a parameter.
function backwardLines(graph, { scene, chosen }) {
  const { nodes, gradient, outputs } = graph, name = scene.parameterNames[chosen], owner = ownerOf(scene, chosen);
  const slope = (i, text) => ({ name: `∂L/∂${nodes[i].name}`, text, value: shown(gradient[i]) });
  const end = outputs.filter(i => nodes[i].rule !== null && i !== nodes.length - 1).slice(0, MOST_LISTED).map(i => slope(i, "from the loss"));
  const uses = usesOf(graph, chosen), parts = uses.slice(0, MOST_LISTED).map(([i, k]) => partLine(nodes, gradient, name, i, k));
  const total = gradient[graph.leaves.get(`parameter ${chosen}`)] ?? 0;
  const whole = { name: `∂L/∂${name}`, text: uses.length ? `the sum of all ${uses.length}` : "the loss does not depend on it", value: shown(total) };
  if (owner < 0 || uses.length !== 1) return [...end, ...parts, ...(uses.length === 1 ? [] : [whole])];
  const { sum, answer } = graph.neurons[owner], lines = outputs.includes(answer) ? end : [...end.slice(0, 1)];
  if (!outputs.includes(answer)) {
    const lineCount = graph.uses[answer].length;
    lines.push(slope(answer, lineCount > 1 ? `the sum over its ${lineCount} lines` : "handed down"));
  }
  if (answer !== sum) {
    const local = nodes[answer].locals[0] ?? 0, { symbol } = scene.neurons[owner];
    lines.push(slope(sum, `= ${symbol}′(${nodes[sum].name}) · ∂L/∂${nodes[answer].name} = ${signed(local)} × ${signed(gradient[answer])}`));
  }
  const [[product, k]] = uses, x = nodes[product].rule === "mul" && product !== sum ? nodes[nodes[product].operands[1 - k]] : null;
  if (x === null) return [...lines, ...parts];
  const factors = `= ${x.name} · ∂L/∂${nodes[sum].name} = ${signed(x.data)} × ${signed(gradient[sum])}`;
  return [...lines, { ...parts[0], text: factors }];
}

// What a parameter receives along one arrow.
function partLine(nodes, gradient, name, i, k) {
  const local = nodes[i].locals[k] ?? 0, g = gradient[i], called = nodes[i].name;
  const factors = `∂${called}/∂${name} · ∂L/∂${called} = ${signed(local)} × ${signed(g)}`;
  return { name: `∂L/∂${name}`, text: `= ${factors}`, value: shown(g === 0 ? 0 : local * g) };
}
