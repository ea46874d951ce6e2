// The scalar graph of a neuron, for a picture: of a large sum the largest terms alone, and in place of what is below
// and above it in the network the numbers that come from there.
//
//   part        {nodes, rules}: a graph of its own, as the player takes it; `from`: which a node is in the sample
//   rest        one leaf for the other terms of a sum;   opens   the neuron whose answer a leaf is
//   above       the node L of a neuron inside the network: the layers above, which say what ∂L/∂(its answer) is

const ABOVE = "…", MOST_TERMS = 6, MOST_ABOVE = 12; // of a sum; of a loss
const FEW_NODES = 48; // of a network that is shown as a whole

// All nodes of a sample as one part: of code that is no network, or a small one.
function wholePart({ nodes, rules, neurons }) {
  const made = nodes.map((node, i) => ({ ...node, from: i }));
  const products = neurons.flatMap(neuron => neuron.products.filter(i => i !== neuron.sum));
  products.forEach((i, k) => (made[i].name = `p${lowered(k + 1)}`)); // each has a name of its own
  return { nodes: made, rules };
}

// Neuron j: all its terms if `every`, else the largest, that of the weight `chosen` among them.
function neuronPart(sample, j, every, chosen) {
  const { nodes, neurons, rules } = sample, { products, sum, answer } = neurons[j];
  const kept = every || products.length <= MOST_TERMS + 1 ? products : largest(nodes, products, chosen);
  const dropped = new Set(products.filter(i => !kept.includes(i)));
  const others = new Set(neurons.map(neuron => neuron.answer).filter(i => i !== answer));
  const above = nodesAbove(sample, answer, others);
  const wanted = new Set(), waiting = above === null ? [answer] : [nodes.length - 1];
  while (waiting.length) {
    const i = waiting.pop();
    if (wanted.has(i) || dropped.has(i)) continue;
    wanted.add(i);
    if (!others.has(i)) waiting.push(...nodes[i].operands.filter(isNode));
  }
  const made = [], place = new Map();
  const add = node => made.push({ ...node, locals: [] }) - 1;
  for (const i of [...wanted].sort((a, b) => a - b)) {
    const node = nodes[i], leaf = { rule: null, formula: null, operands: [] };
    const operands = node.operands.filter(x => !dropped.has(x)).map(x => (isNode(x) ? place.get(x) : x));
    if (i === sum && dropped.size) {
      const rest = add({ name: "rest", role: "constant", ...leaf, terms: [...dropped] });
      operands.splice(kept.length, 0, rest);
      place.set(i, add({ ...node, from: i, operands, formula: summed(operands.length) }));
    } else if (others.has(i)) {
      place.set(i, add({ ...node, from: i, role: "input", ...leaf, opens: node.neuron }));
    } else place.set(i, add({ ...node, from: i, operands }));
  }
  if (above === null) {
    const formula = ["the layers above, of ", 0];
    add({ name: "L", symbol: ABOVE, role: "output", rule: ABOVE, formula, operands: [place.get(answer)], answer });
  }
  countElsewhere(made, sample);
  return { nodes: made, rules: { ...rules } };
}

// How many uses leaves have in the sample that are not seen: their gradient stays open.
function countElsewhere(nodes, { uses }) {
  for (const node of nodes) if (node.rule === null && node.from !== undefined) node.elsewhere = uses[node.from].length;
  for (const { operands } of nodes) for (const x of operands) if (nodes[x]?.elsewhere) nodes[x].elsewhere--;
}

// What is made of a neuron's answer, without another neuron between; null where there is one, or too much to be shown.
function nodesAbove({ nodes, uses }, answer, others) {
  const found = new Set(), waiting = [answer];
  while (waiting.length) {
    for (const [i] of uses[waiting.pop()]) {
      if (found.has(i)) continue;
      found.add(i);
      waiting.push(i);
    }
  }
  const ends = found.has(nodes.length - 1) || answer === nodes.length - 1;
  return ends && found.size <= MOST_ABOVE && ![...found].some(i => others.has(i)) ? found : null;
}

// The largest of some terms, in their order.
function largest(nodes, products, chosen) {
  const size = i => (nodes[nodes[i].operands[0]].parameter === chosen ? Infinity : Math.abs(nodes[i].data));
  return [...products].sort((a, b) => size(b) - size(a)).slice(0, MOST_TERMS).sort((a, b) => a - b);
}

// Give a part the numbers of its sample.
function renew({ nodes, rules }, sample) {
  for (const node of nodes) {
    if (node.terms) node.data = node.terms.reduce((sum, i) => sum + sample.nodes[i].data, 0);
    else if (node.rule === null) node.data = sample.nodes[node.from].data;
    else if (node.rule === ABOVE) {
      const loss = sample.nodes[sample.nodes.length - 1].data, slope = sample.gradient[node.answer];
      rules[ABOVE] = { forward: () => loss, locals: [() => slope], selects: false };
    }
  }
  evaluate(nodes, rules);
}
