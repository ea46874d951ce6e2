// What a parameter does for the loss of one sample, told in lines, as `next_step` has them: forward, and backward.
//
//   graph       the numbers of the sample, see `sample_nodes`
//   owner       the neuron whose weight or bias the parameter is

// The neuron that has a parameter, by place; -1 where it is in none.
function ownerOf({ neurons }, parameter) {
  return (neurons ?? []).findIndex(({ weights, bias }) => weights.includes(parameter) || bias === parameter);
}

// What is computed from a parameter on the way to the loss, each with its formula and number.
function forwardLines(graph, { scene, chosen }) {
  const { nodes, outputs } = graph, last = nodes.length - 1, owner = ownerOf(scene, chosen);
  const told = i => ({ name: nodes[i].name, text: `= ${formulaOf(nodes[i], x => nodes[x].name)}`, value: nodes[i].data });
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
    { name: nodes[sum].name, text: `= ${[...symbols, ...rest, ...biases].join(" + ")}` },
    { name: "", text: `= ${[...numbers, ...rest.map(() => "…"), ...given.map(shown)].join(" + ").replaceAll("+ −", "− ")}`, value: nodes[sum].data },
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
  const slope = (i, text) => ({ name: `∂L/∂${nodes[i].name}`, text, value: gradient[i] });
  const end = outputs.filter(i => nodes[i].rule !== null && i !== nodes.length - 1).slice(0, MOST_LISTED).map(i => slope(i, "from the loss"));
  const uses = usesOf(graph, chosen), parts = uses.slice(0, MOST_LISTED).map(([i, k]) => partLine(nodes, gradient, name, i, k));
  const total = gradient[graph.leaves.get(`parameter ${chosen}`)] ?? 0;
  const whole = { name: `∂L/∂${name}`, text: uses.length ? `the sum of all ${uses.length}` : "the loss does not depend on it", value: total };
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
  return { name: `∂L/∂${name}`, text: `= ${factors}`, value: g === 0 ? 0 : local * g };
}
