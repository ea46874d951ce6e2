// The engine's arithmetic on the nodes of a scene: forward by the rules, and `backward`, whole or as far as some step.
//
//   nodes    operands before results, the root last; an operand is the place of a node, or {number}
//   rules    the rows of the table that the graph uses: {forward, locals, selects}; null where one is no JavaScript
//   locals   of a node: the local derivative for each operand, null where no gradient flows
//   elsewhere  how many uses a node has outside of what is seen of a graph, if it has some
const isNode = operand => typeof operand === "number";

function evaluate(nodes, rules) {
  for (const node of nodes) {
    if (node.rule === null) continue;
    const rule = rules[node.rule];
    const args = node.operands.map(x => (isNode(x) ? nodes[x].data : x.number));
    node.data = rule.forward(...args);
    node.locals = node.operands.map((x, k) => {
      const local = rule.locals[k];
      if (!isNode(x) || local === null) return null;
      const d = typeof local === "number" ? local : local(...args, node.data);
      return rule.selects && d === 0 ? null : d; // a branch not taken passes nothing, even of nan
    });
  }
}

// `backward` through the inner nodes `order`, the root first. `missing` counts what a node has yet to receive.
function sweep(nodes, order) {
  const [gradient, reached] = [0, false].map(x => nodes.map(() => x));
  const missing = nodes.map(({ elsewhere = 0 }) => elsewhere);
  const found = { gradient, missing, reached, sums: [] };
  for (const node of nodes) for (const x of node.operands) if (isNode(x)) found.missing[x]++;
  found.gradient[nodes.length - 1] = 1;
  found.reached[nodes.length - 1] = true;
  for (const i of order) found.sums = handOn(nodes, i, found);
  return found;
}

// One step: what each operand of node i receives.
function handOn(nodes, i, found) {
  const g = found.gradient[i];
  const sums = [];
  nodes[i].operands.forEach((x, k) => {
    if (!isNode(x)) return;
    const local = nodes[i].locals[k];
    const flow = g !== 0 && local !== null ? local * g : null; // a gradient of exactly 0 stops here
    if (flow !== null) found.gradient[x] += flow;
    found.reached[x] = true;
    found.missing[x]--;
    sums.push({ x, k, local, g, flow, total: found.gradient[x], complete: found.missing[x] === 0 });
  });
  return sums;
}

// Why this graph cannot be evaluated here; "" if it can.
function obstacle(nodes, rules) {
  const node = nodes.find(({ rule }) => rule !== null && rules[rule] === null);
  if (node === undefined) return "";
  const cure = "give its row in the table a definition, and partials that work on Values";
  return `Sliders are off: this page cannot evaluate “${node.rule}”; ${cure}.`;
}
