// Plain descent on the leaves that are parameters, and the losses on its way.
//
//   parameters   places of those leaves
//   rate         how far a step goes against the gradient
//   rounds       what the leaves were in each round, and the loss there

// What each parameter becomes: w − rate · ∂L/∂w.
function descended(nodes, parameters, rate, gradient) {
  return parameters.map(i => nodes[i].data - rate * gradient[i]);
}

// A rate to begin with: one whose first step promises to take a fifth of the loss away, as 1, 2 or 5 · 10ⁿ.
function firstRate(loss, parameters, gradient) {
  const squares = parameters.reduce((sum, i) => sum + gradient[i] ** 2, 0);
  const rate = (0.2 * Math.abs(loss)) / squares;
  if (!(rate > 1e-12 && rate < 1e12)) return 0.1;
  const unit = 10 ** Math.floor(Math.log10(rate));
  return Number((unit * [5, 2, 1].find(k => k * unit <= rate * (1 + 1e-9))).toPrecision(1));
}

class Rounds {
  constructor(nodes, rules) {
    Object.assign(this, { nodes, rules, at: 0 });
    this.leaves = nodes.map((_, i) => i).filter(i => nodes[i].rule === null);
    this.kept = [this.now()];
    this.begin = nodes.map(({ data, locals }) => ({ data, locals }));
  }

  now() {
    const { leaves, nodes } = this;
    return { leaves: leaves.map(i => nodes[i].data), loss: nodes[nodes.length - 1].data };
  }

  get losses() {
    return this.kept.map(round => round.loss);
  }

  // Leaves were moved: what came after this round is no more.
  moved() {
    this.kept.splice(this.at, Infinity, this.now());
  }

  // A round more, in which these leaves have these numbers.
  next(places, numbers) {
    places.forEach((i, k) => (this.nodes[i].data = numbers[k]));
    evaluate(this.nodes, this.rules);
    this.kept.splice(++this.at, Infinity, this.now());
  }

  goTo(round) {
    this.at = round;
    this.leaves.forEach((i, k) => (this.nodes[i].data = this.kept[round].leaves[k]));
    evaluate(this.nodes, this.rules);
  }

  // The first round alone, with the numbers of the start.
  restart() {
    this.nodes.forEach((node, i) => Object.assign(node, this.begin[i]));
    this.at = 0;
    this.kept = [this.now()];
  }
}
