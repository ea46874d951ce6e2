// The quiz: gradients are hidden, the student types one; a hint is the next factor of the chain rule, never the answer.
//
//   question   {node, uses}: a gradient that is asked for, and the arrows that leave its node
//   found      nodes whose gradient was found, or shown at last
//   given      node -> how many hints were given

const NEAR = 0.02; // two digits are enough

class Quiz {
  constructor(player) {
    const { nodes, scene } = player;
    Object.assign(this, { player, nodes, questions: scene.quiz, found: new Set(), right: 0, given: new Map() });
    this.board = element("form", "quiz", "", { "aria-label": "quiz" });
    this.which = element("select", "which", "", { "aria-label": "which gradient" });
    for (const { node } of this.questions) this.which.append(element("option", "", this.nameOf(node), { value: node }));
    const typed = { type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": "your answer" };
    this.field = element("input", "answer", "", typed);
    this.hintButton = button("help", "hint", "the next factor of the chain rule", () => this.hint());
    this.verdict = element("div", "verdict", "", { role: "status", "aria-live": "polite" });
    this.hints = element("div", "hints", "", { "aria-live": "polite" });
    this.score = element("span", "count");
    const line = element("div", "buttons");
    const check = element("button", "check", "check", { type: "submit" });
    line.append(this.which, element("span", "", "="), this.field, check, this.hintButton, this.score);
    this.board.append(line, this.verdict, this.hints);
    this.which.onchange = () => this.ask(Number(this.which.value));
    this.board.onsubmit = event => { event.preventDefault(); this.check(); };
    this.asked = this.questions[0]?.node;
  }

  get question() {
    return this.questions.find(({ node }) => node === this.asked);
  }

  nameOf(node) {
    return `∂${this.player.root.name}/∂${this.nodes[node].name}`;
  }

  // Whether there is a question about a node.
  asks(i) {
    return this.questions.some(({ node }) => node === i);
  }

  // Only what was found is shown, and the node that is asked for.
  hide(now) {
    const last = this.nodes.length - 1;
    const reached = this.nodes.map((_, i) => i === last || this.found.has(i)), missing = this.nodes.map(() => 0);
    now.found = { gradient: now.whole.gradient, reached, missing, sums: [] };
    now.unknown = "?";
    now.hidden = new Set(this.questions.map(({ node }) => node).filter(node => !this.found.has(node)));
    if (now.known[last] && this.asked !== undefined) now.taking = new Set([this.asked]);
  }

  show() {
    this.which.value = this.asked;
    const score = `${this.right} of ${this.questions.length} found`;
    write(this.score, this.found.size < this.questions.length ? score : `Done: ${score}.`);
    write(this.hintButton, this.given.get(this.asked) >= this.steps().length ? "show the answer" : "hint");
    this.hintButton.disabled = this.found.has(this.asked);
  }

  ask(node) {
    if (node !== this.asked) {
      this.asked = node;
      this.field.value = this.verdict.textContent = "";
    }
    this.showHints();
    this.player.show();
    this.field.focus();
  }

  check() {
    const typed = this.field.value.trim().replaceAll("−", "-").replace(",", ".").replace("∞", "Infinity");
    const x = typed === "" ? NaN : Number(typed), { asked } = this, g = this.player.whole.gradient[asked];
    if (Number.isNaN(x) && typed !== "nan") {
      this.verdict.textContent = "Type a number, such as −0.25.";
      return;
    }
    if (!near(x, g)) {
      this.verdict.textContent = `Not yet. ${this.reason(x, g)}`;
      return;
    }
    if (!this.found.has(asked)) this.right++;
    this.found.add(asked);
    this.verdict.textContent = `Right: ${this.nameOf(asked)} = ${shown(g)}.`;
    this.goOn();
  }

  // What a wrong answer may come from.
  reason(x, g) {
    const { gradient } = this.player.whole, { uses } = this.question;
    const parts = uses.map(({ node, operand }) => flowOf(this.nodes[node], operand, gradient[node]));
    const locals = uses.map(({ node, operand }) => this.nodes[node].locals[operand] ?? 0);
    if (near(-x, g)) return "Its size is right: look at the sign.";
    if (uses.length > 1 && parts.some(part => near(x, part))) {
      return "That is what comes along one arrow: add up what comes along all.";
    }
    if (locals.some(local => near(x, local))) {
      return "That is a local derivative: it is still to be multiplied by the gradient that comes from above.";
    }
    if (uses.some(({ node }) => near(x, gradient[node]))) {
      return "That is the gradient that comes from above: it is still to be multiplied by the local derivative.";
    }
    return "A hint tells the next factor of the chain rule.";
  }

  // The hints in order: the chain rule, then of each arrow the factor from above and the local derivative.
  steps() {
    const { question, found, nodes } = this, last = nodes.length - 1;
    if (!question) return [];
    const above = node => (node === last ? "" : `${this.nameOf(node)} · `);
    const rule = question.uses.map(({ node, slope }) => above(node) + slope).join(" + ");
    const direct = question.uses.every(({ node }) => node === last), { gradient } = this.player.whole;
    const local = `It is a local derivative: that of ${computation(nodes, last)}`;
    const steps = [direct ? local : `${this.nameOf(question.node)} = ${rule}`];
    for (const { node, factor } of question.uses) {
      const known = `= ${shown(gradient[node])}, found already`, open = "is a question of its own: find it first";
      if (node !== last) steps.push(`${this.nameOf(node)} ${found.has(node) ? known : open}`);
      steps.push(...(direct ? factor.map(withoutNumber).filter(line => line !== "") : factor));
    }
    return [...new Set(steps)];
  }

  hint() {
    const given = this.given.get(this.asked) ?? 0;
    if (given >= this.steps().length) {
      this.found.add(this.asked);
      this.verdict.textContent = `${this.nameOf(this.asked)} = ${shown(this.player.whole.gradient[this.asked])}.`;
      this.goOn();
      return;
    }
    this.given.set(this.asked, given + 1);
    this.showHints();
    this.player.show();
  }

  showHints() {
    const lines = this.steps().slice(0, this.given.get(this.asked) ?? 0);
    this.hints.replaceChildren(...lines.map(line => element("div", "", line)));
  }

  // To the next question that is open.
  goOn() {
    const open = this.questions.filter(({ node }) => !this.found.has(node));
    if (open.length) this.asked = open[0].node;
    this.field.value = "";
    this.showHints();
    this.player.show();
    this.field.focus();
  }
}

function near(x, wanted) {
  return Object.is(x, wanted) || Math.abs(x - wanted) <= NEAR * Math.abs(wanted) || (wanted === 0 && x === 0);
}

// A line such as ∂L/∂e = 2e = −1.36 without its end, which here is the answer; "" where there is nothing else.
function withoutNumber(line) {
  const sides = line.split(" = ");
  return sides.length > 2 ? sides.slice(0, -1).join(" = ") : "";
}
