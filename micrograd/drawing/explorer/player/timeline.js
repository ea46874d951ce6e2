// One round: forward through the inner nodes, then backward, then a step of descent if there are parameters.
//
//   position    how many steps of the round are done; 0 is its beginning, where only the leaves have numbers
//   inner       the inner nodes, operands before results
//   forward     position at which the root is known: a step for each inner node
//   seeded      one more step: backward begins with ∂root/∂root = 1
//   whole       position at which all gradients are known
//   last        the end of the round: `whole`, or a step more, which updates the parameters
function timelineOf(nodes, { order, backward = true, updates = false } = {}) {
  const inner = order ?? nodes.map((_, i) => i).filter(i => nodes[i].rule !== null);
  const forward = inner.length;
  const seeded = forward + 1, whole = seeded + inner.length;
  return { inner, forward, seeded, whole, last: !backward ? forward : updates ? whole + 1 : whole };
}

// What the step that led to a position did: its phase, the node at work, which step of its phase it was, of how many.
function stepAt({ inner, forward, seeded, whole }, position) {
  const root = inner.length ? inner[inner.length - 1] : 0;
  if (position === 0) return { phase: "beginning", node: null, number: 0, of: 0 };
  if (position <= forward) return { phase: "forward", node: inner[position - 1], number: position, of: forward };
  if (position === seeded) return { phase: "seed", node: root, number: 0, of: forward };
  if (position > whole) return { phase: "update", node: null, number: 1, of: 1 };
  const number = position - seeded;
  return { phase: "backward", node: inner[inner.length - number], number, of: forward };
}

// The inner nodes that backward has gone through at a position, the root first.
function handedOn({ inner, seeded, whole }, position) {
  return position <= seeded ? [] : inner.slice(inner.length - (Math.min(position, whole) - seeded)).reverse();
}
