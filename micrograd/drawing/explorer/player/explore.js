// The player: goes forward and backward through the graph and a step of descent on, and follows leaves that are moved.
//
//   scene       what Python knows of the graph: nodes, leaves that get a slider, parameters, colours, what unfolds
//   walk        forward and backward through the graph, see `walk`; here it goes on, round after round

// Start every player of this graph on the page that is not playing yet.
function start(key, scene, rules, style) {
  for (const element of document.querySelectorAll(`.micrograd-explorer[data-graph="${key}"]:not([data-step])`)) {
    new Player(element, structuredClone(scene), rules, style).show();
  }
}

class Player extends Walk {
  constructor(element, scene, rules, style) {
    const { nodes } = scene, hindered = obstacle(nodes, rules);
    const parameters = hindered || scene.quiz ? [] : scene.parameters, updates = parameters.length > 0;
    super(element, scene, timelineOf(nodes, { order: scene.order, backward: !scene.quiz, updates }));
    Object.assign(this, { rules, parameters, obstacle: hindered, sliders: new Map() });
    if (this.root.data === undefined) evaluate(nodes, rules);
    this.rounds = new Rounds(nodes, rules);
    this.descent = updates ? new DescentBoard(this) : null;
    this.quiz = scene.quiz ? new Quiz(this) : null;
    this.build(stillPicture(element), style);
  }

  build(svg, style) {
    const { element: page, scene, descent, quiz, views } = this;
    const operated = this.operated();
    this.leaves = element("div", "leaves");
    this.hint = element("div", "hint", this.obstacle || this.advice());
    const boards = element("div", "boards");
    boards.append(this.leaves, ...(descent ? [descent.element] : []));
    views.add(svg);
    page.replaceChildren(
      element("style", "", style), ...operated, ...(quiz ? [quiz.board] : []),
      views.element, legend(scene), boards, this.hint, about(scene, descent !== null),
    );
    Object.assign(page, { tabIndex: 0, onkeydown: event => this.onKey(event) });
    page.setAttribute("role", "region");
    page.setAttribute("aria-label", `Player: ${scene.title}`);
    scene.leaves.forEach(i => this.addSlider(i));
  }

  // What a click in the picture does, in words; and for a node, as a function, null if nothing.
  advice() {
    if (this.quiz) return "A click on a box asks for its gradient.";
    const folded = this.scene.unfolded ? " A click on a shadowed box shows below what is in it." : "";
    return `A click on a leaf in the picture gives it a slider, too.${folded}`;
  }

  chosen(i) {
    if (this.quiz) return this.quiz.asks(i) ? () => this.quiz.ask(i) : null;
    return this.nodes[i].rule === null ? () => this.addSlider(i).inputs[0].focus() : null;
  }

  // ---- steps

  // From the end of a round into the next.
  next() {
    if (this.position < this.time.last || !this.descent) return super.next();
    this.descent.update();
    return 0;
  }

  previous() {
    const { time, position, rounds } = this;
    if (position > 0 || rounds.at === 0) return super.previous();
    rounds.goTo(rounds.at - 1);
    return time.last;
  }

  endsAt(position) {
    return !this.descent && super.endsAt(position);
  }

  // ---- what is seen

  now(beat) {
    const now = super.now(beat);
    if (stepAt(this.time, this.position).phase === "update") now.working = new Set(this.parameters);
    if (this.quiz) this.quiz.hide(now);
    return now;
  }

  show() {
    const { position, rounds, descent, quiz } = this;
    const step = stepAt(this.time, position), beat = this.beat(position), now = this.now(beat);
    this.tell(step, beat, now);
    if (step.phase === "update") now.nodes = this.updated(now.whole.gradient);
    this.views.paint(now);
    for (const [i, made] of this.sliders) {
      made.set(now.nodes[i].data);
      write(made.gradient, gradientText(now, i));
    }
    this.bar.show(this, step);
    if (descent) descent.show(this);
    if (quiz) quiz.show();
    Object.assign(this.element.dataset, { step: position, round: rounds.at });
  }

  // The nodes with the parameters after a step of descent.
  updated(gradient) {
    const nodes = [...this.nodes], after = this.descent.after(gradient);
    this.parameters.forEach((i, n) => (nodes[i] = { ...nodes[i], data: after[n] }));
    return nodes;
  }

  addSlider(i) {
    if (!this.sliders.has(i)) {
      const made = slider(this.nodes[i].name, this.rounds.begin[i].data, x => this.move(i, x));
      for (const input of made.inputs) input.disabled = this.obstacle !== "";
      made.row.dataset.i = i;
      this.sliders.set(i, made);
      this.leaves.append(made.row);
      this.hint.hidden = !this.obstacle && !this.scene.unfolded && this.sliders.size === this.rounds.leaves.length;
      this.show();
    }
    return this.sliders.get(i);
  }

  // ---- what one does

  stop() {
    super.stop();
    if (this.descent) this.descent.clock.stop();
  }

  move(i, x) {
    this.nodes[i].data = x;
    evaluate(this.nodes, this.rules);
    this.rounds.moved();
    this.show();
  }

  reset() {
    this.stop();
    this.rounds.restart();
    for (const made of this.sliders.values()) made.reset();
    this.show();
  }

  keys() {
    const { views, descent } = this, { owner } = views.last;
    return { ...super.keys(), Escape: () => owner && views.fold(owner), d: () => descent && descent.once() };
  }
}
