// The player: goes forward and backward through the graph and a step of descent on, and follows leaves that are moved.
//
//   scene       what Python knows of the graph: nodes, leaves that get a slider, parameters, colours, what unfolds
//   position    where it is in a round, see `timeline`
//   beat        the nodes of one step: one node, or all that a folded box stands for
//   now         what is known there, see `picture`

// Start every player of this graph on the page that is not playing yet.
function start(key, scene, rules, style) {
  for (const element of document.querySelectorAll(`.micrograd-explorer[data-graph="${key}"]:not([data-step])`)) {
    new Player(element, structuredClone(scene), rules, style).show();
  }
}

class Player {
  constructor(element, scene, rules, style) {
    const { nodes } = scene;
    Object.assign(this, { element, scene, rules, nodes, position: 0, sliders: new Map() });
    this.root = nodes[nodes.length - 1];
    this.obstacle = obstacle(nodes, rules);
    if (this.root.data === undefined) evaluate(nodes, rules);
    this.parameters = this.obstacle || scene.quiz ? [] : scene.parameters;
    const updates = this.parameters.length > 0;
    this.time = timelineOf(nodes, { order: scene.order, backward: !scene.quiz, updates });
    this.rounds = new Rounds(nodes, rules);
    this.clock = new Clock(() => this.tick());
    this.views = new Views(this);
    this.descent = updates ? new DescentBoard(this) : null;
    this.quiz = scene.quiz ? new Quiz(this) : null;
    this.build(stillPicture(element), style);
  }

  // The whole of backward.
  get whole() {
    return sweep(this.nodes, [...this.time.inner].reverse());
  }

  build(svg, style) {
    const { element: page, scene, descent, quiz, views } = this;
    this.bar = transport(this);
    this.story = element("div", "story");
    this.said = element("p", "said", "", { role: "status", "aria-live": "polite" });
    this.leaves = element("div", "leaves");
    this.hint = element("div", "hint", this.obstacle || this.advice());
    const boards = element("div", "boards");
    boards.append(this.leaves, ...(descent ? [descent.element] : []));
    views.add(svg);
    page.replaceChildren(
      element("style", "", style), this.bar.row, this.story, this.said, ...(quiz ? [quiz.board] : []),
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

  // Whether the step that leads to a position is one with the step before it: one box shows both.
  together(position) {
    const [before, step] = [position - 1, position].map(at => stepAt(this.time, at));
    if (before.phase !== step.phase || (step.phase !== "forward" && step.phase !== "backward")) return false;
    return this.views.keyOf(before.node) === this.views.keyOf(step.node);
  }

  // The nodes of the step that led to a position, the last first.
  beat(position) {
    const nodes = [];
    for (let at = position; at > 0; at--) {
      nodes.push(stepAt(this.time, at).node);
      if (!this.together(at)) break;
    }
    return nodes.filter(i => i !== null);
  }

  // Where the next step leads to; from the end of a round into the next.
  next() {
    const { time, position, descent } = this;
    if (position === time.last) {
      if (descent) descent.update();
      return descent ? 0 : position;
    }
    let reached = position + 1;
    while (reached < time.last && this.together(reached + 1)) reached++;
    return reached;
  }

  previous() {
    const { time, position, rounds } = this;
    if (position > 0) return position - Math.max(1, this.beat(position).length);
    if (rounds.at === 0) return 0;
    rounds.goTo(rounds.at - 1);
    return time.last;
  }

  // ---- what is seen

  now(step, beat) {
    const { nodes, time, position, parameters, whole } = this;
    const done = handedOn(time, position), found = sweep(nodes, done);
    found.reached[nodes.length - 1] = position >= time.seeded;
    const waiting = new Set(time.inner.slice(position)), handed = new Set(done);
    const working = new Set(step.phase === "update" ? parameters : beat);
    const taking = step.phase === "seed" ? [] : beat.flatMap(i => nodes[i].operands.filter(isNode));
    const now = { nodes, found, whole, unknown: "·", hidden: new Set(), working, taking: new Set(taking) };
    now.known = nodes.map((_, i) => !waiting.has(i));
    now.flowing = nodes.map((_, i) => handed.has(i));
    if (this.quiz) this.quiz.hide(now);
    return now;
  }

  show() {
    const { position, rounds, descent, quiz } = this;
    const step = stepAt(this.time, position), beat = this.beat(position), now = this.now(step, beat);
    const story = storyOf(this, step, beat, now);
    this.story.replaceChildren(...written(story));
    if (!this.clock.runs || this.clock.speed <= 1) write(this.said, story.spoken); // faster than one can listen
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

  go(position) {
    this.position = Math.max(0, Math.min(this.time.last, position));
    this.show();
    this.views.follow();
  }

  stop() {
    this.clock.stop();
    if (this.descent) this.descent.clock.stop();
  }

  jump(position) {
    this.stop();
    this.go(position);
  }

  toggle(clock) {
    const ran = clock.runs, ended = this.position === this.time.last && !this.descent;
    this.stop();
    if (!ran) clock.start();
    this.go(!ran && clock === this.clock && ended ? 0 : this.position);
  }

  tick() {
    const position = this.next();
    if (!this.element.isConnected || (position >= this.time.last && !this.descent)) this.stop();
    this.go(position);
    return this.clock.runs;
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

  onKey(event) {
    const { target, key } = event, { last } = this.views;
    const chosen = target.closest("[role=button]"), own = ["INPUT", "SELECT", "SUMMARY"].includes(target.tagName);
    if (own || event.ctrlKey || event.metaKey || event.altKey) return;
    const actions = {
      ArrowRight: () => this.jump(this.next()), ArrowLeft: () => this.jump(this.previous()),
      Home: () => this.jump(0), End: () => this.jump(Math.min(this.time.whole, this.time.last)),
      "+": () => last.frame.zoom(1.25), "-": () => last.frame.zoom(0.8), 0: () => last.frame.fit(),
      Escape: () => last.owner && this.views.fold(last.owner),
      d: () => this.descent && this.descent.once(),
    };
    if (chosen && (key === "Enter" || key === " ")) chosen.dispatchEvent(new MouseEvent("click"));
    else if (key === " " && target.tagName !== "BUTTON") this.toggle(this.clock);
    else if (key in actions) actions[key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
