// What a parameter does for the loss of one sample, told in lines, as `next_step` has them: forward, and backward.
//
//   graph       the numbers of the sample, see `sample_nodes`
//   owner       the neuron whose weight or bias the parameter is: its place, -1 where it is in none
//   uses        [node, operand] of the values that are computed from the parameter itself

const TERMS_TOLD = 2; // of a sum

function ownerOf({ neurons }, parameter) {
  return (neurons ?? []).findIndex(({ weights, bias }) => weights.includes(parameter) || bias === parameter);
}

function usesOf({ leaves, uses }, parameter) {
  const leaf = leaves.get(`parameter ${parameter}`);
  return leaf === undefined ? [] : uses[leaf];
}

function signed(x) {
  const text = shown(x);
  return text.startsWith("−") ? `(${text})` : text;
}

// A value with its formula.
function valueLine({ nodes }, i) {
  const formula = nodes[i].formula ? `= ${formulaOf(nodes[i], x => nodes[x].name)}` : "";
  return { name: nodes[i].name, text: formula, value: nodes[i].data };
}

// What is computed from a parameter on the way to the loss.
function forwardLines(graph, { scene, chosen }) {
  const { nodes, outputs } = graph, last = nodes.length - 1, owner = ownerOf(scene, chosen);
  const answers = outputs.filter(i => i !== last && nodes[i].rule !== null).slice(0, MOST_LISTED);
  const told = answers.map(i => ({ ...valueLine(graph, i), text: "what the model answers" }));
  const loss = { ...valueLine(graph, last), text: `${scene.lossName}(ŷ, y)` };
  const uses = usesOf(graph, chosen).slice(0, MOST_LISTED);
  if (owner < 0) return [...uses.map(([i]) => valueLine(graph, i)), ...told, loss];
  const { sum, answer } = graph.neurons[owner];
  const lines = [...sumLines(graph, scene, owner, chosen), ...(answer === sum ? [] : [valueLine(graph, answer)])];
  return [...lines, ...(outputs.includes(answer) ? [] : told), loss];
}

// Forward and backward of code whose values are too many to be told: what comes out.
function endLines({ scene, training, sample, chosen, probe }) {
  const { value, g } = training.sample(sample);
  const answer = (name, k) => ({ name, text: "what the model answers", value: probe.outputs[k] });
  const answers = scene.outputs.slice(0, MOST_LISTED).map(answer);
  const loss = { name: "L", text: `${scene.lossName}(ŷ, y)`, value };
  return [[...answers, loss], [{ name: `∂L/∂${scene.parameterNames[chosen]}`, text: "", value: g[chosen] }]];
}

// z = w·x + … in symbols and in numbers, the chosen term first.
function sumLines(graph, scene, owner, chosen) {
  const { nodes, leaves } = graph, { products, sum } = graph.neurons[owner], { weights, bias } = scene.neurons[owner];
  const order = products.map((_, k) => k).sort((a, b) => (weights[b] === chosen) - (weights[a] === chosen) || a - b);
  const first = order.slice(0, TERMS_TOLD).map(k => nodes[products[k]].operands.map(x => nodes[x]));
  const more = products.length - first.length;
  const symbols = first.map(([w, x]) => `${w.name}·${x.name}`);
  const numbers = first.map(([w, x]) => `${shown(w.data)}·${signed(x.data)}`);
  if (more > 0) {
    symbols.push(`… (${more} more)`);
    numbers.push("…");
  }
  if (bias !== null) {
    const leaf = nodes[leaves.get(`parameter ${bias}`)];
    symbols.push(leaf.name);
    numbers.push(shown(leaf.data));
  }
  return [
    { name: nodes[sum].name, text: `= ${symbols.join(" + ")}` },
    { name: "", text: `= ${numbers.join(" + ").replaceAll("+ −", "− ")}`, value: nodes[sum].data },
  ];
}

// How the gradient of one sample comes to a parameter.
function backwardLines(graph, { scene, chosen }) {
  const { nodes, gradient, outputs, leaves } = graph, owner = ownerOf(scene, chosen), uses = usesOf(graph, chosen);
  const slope = (i, text) => ({ name: `∂L/∂${nodes[i].name}`, text, value: gradient[i] });
  const answers = outputs.filter(i => nodes[i].rule !== null && i !== nodes.length - 1).slice(0, MOST_LISTED);
  const lines = answers.map(i => slope(i, "from the loss"));
  if (owner >= 0 && uses.length === 1) {
    return [...lines, ...neuronLines(graph, scene, owner, slope), termLine(graph, uses[0], owner)];
  }
  lines.push(...uses.slice(0, MOST_LISTED).map(use => partLine(graph, use)));
  if (uses.length === 1) return lines;
  const name = scene.parameterNames[chosen], value = gradient[leaves.get(`parameter ${chosen}`)] ?? 0;
  const text = uses.length ? `the sum of all ${uses.length}` : "the loss does not depend on it";
  return [...lines, { name: `∂L/∂${name}`, text, value }];
}

// From a neuron's answer to its sum.
function neuronLines({ neurons, nodes, uses, gradient, outputs }, scene, owner, slope) {
  const { sum, answer } = neurons[owner], lines = [], count = uses[answer].length;
  const down = count > 1 ? `the sum over its ${count} lines` : "handed down";
  if (!outputs.includes(answer)) lines.push(slope(answer, down));
  if (answer === sum) return lines;
  const local = signed(nodes[answer].locals[0] ?? 0), { symbol } = scene.neurons[owner];
  const factors = `${symbol}′(${nodes[sum].name}) · ∂L/∂${nodes[answer].name}`;
  return [...lines, slope(sum, `= ${factors} = ${local} × ${signed(gradient[answer])}`)];
}

// What a weight or a bias receives of the gradient of its sum.
function termLine(graph, [i, k], owner) {
  const { nodes, gradient, neurons } = graph, { sum } = neurons[owner], line = partLine(graph, [i, k]);
  if (nodes[i].rule !== "mul") return { ...line, text: `= ∂L/∂${nodes[sum].name}` };
  const x = nodes[nodes[i].operands[1 - k]];
  return { ...line, text: `= ${x.name} · ∂L/∂${nodes[sum].name} = ${signed(x.data)} × ${signed(gradient[sum])}` };
}

// What a parameter receives along one arrow.
function partLine({ nodes, gradient }, [i, k]) {
  const { name: called, locals, operands } = nodes[i], { name } = nodes[operands[k]], local = locals[k] ?? 0, g = gradient[i];
  const factors = `∂${called}/∂${name} · ∂L/∂${called} = ${signed(local)} × ${signed(g)}`;
  return { name: `∂L/∂${name}`, text: `= ${factors}`, value: g === 0 ? 0 : local * g };
}
