// The player: goes forward and backward through the graph and a step of descent on, and follows leaves that are moved.
//
//   scene      what Python knows of the graph: nodes, leaves that get a slider, parameters, colours, what unfolds
//   views      the pictures on the page: the whole, and below it what was unfolded
//   beat       the nodes of one step: one node, or all that a folded box stands for

// Start every player of this graph on the page that is not playing yet.
function start(key, scene, rules, style) {
  for (const root of document.querySelectorAll(`.micrograd-explorer[data-graph="${key}"]:not([data-step])`)) {
    new Player(root, structuredClone(scene), rules, style).show();
  }
}

class Player {
  constructor(root, scene, rules, style) {
    Object.assign(this, { root, scene, rules, nodes: scene.nodes, sliders: new Map(), views: [], position: 0 });
    this.obstacle = obstacle(this.nodes, rules);
    if (this.nodes[this.last].data === undefined) evaluate(this.nodes, rules);
    this.parameters = this.obstacle || scene.quiz ? [] : scene.parameters;
    this.time = timelineOf(this.nodes, { order: scene.order, backward: !scene.quiz, updates: this.parameters.length > 0 });
    this.rounds = new Rounds(this.nodes, rules);
    this.keyOf = this.keyOf.bind(this);
    this.clock = new Clock(() => this.tick());
    this.runner = new Clock(() => this.descend());
    this.build(stillPicture(root), style);
  }

  // Place of the root.
  get last() {
    return this.nodes.length - 1;
  }

  // The whole of backward.
  get whole() {
    return sweep(this.nodes, [...this.time.inner].reverse());
  }

  // ---- what stands on the page

  build(svg, style) {
    const { root, scene } = this;
    this.bar = transport(this);
    this.story = element("div", "story");
    this.said = element("p", "said", "", { role: "status", "aria-live": "polite" });
    this.pictures = element("div", "pictures");
    this.boards = element("div", "boards");
    this.leaves = element("div", "leaves");
    this.hint = element("div", "hint", this.obstacle || this.advice());
    this.openView(svg);
    this.boards.append(this.leaves);
    if (this.parameters.length) this.boards.append(this.descentBoard());
    if (scene.quiz) this.quiz = new Quiz(this);
    const told = [this.story, this.said, ...(this.quiz ? [this.quiz.board] : [])], below = [this.boards, this.hint];
    const explained = about(scene, this.parameters.length > 0);
    root.replaceChildren(element("style", "", style), this.bar.row, ...told, this.pictures, legend(scene), ...below, explained);
    Object.assign(root, { tabIndex: 0, onkeydown: event => this.onKey(event) });
    root.setAttribute("role", "region");
    root.setAttribute("aria-label", `Player: ${scene.title}`);
    scene.leaves.forEach(i => this.addSlider(i));
  }

  // What a click in the picture does.
  advice() {
    if (this.scene.quiz) return "A click on a box asks for its gradient.";
    const folded = this.scene.unfolded ? " A click on a shadowed box shows below what is in it." : "";
    return `A click on a leaf in the picture gives it a slider, too.${folded}`;
  }

  descentBoard() {
    const { nodes, last } = this, { name } = nodes[last];
    const board = element("div", "descent", "", { role: "group", "aria-label": "gradient descent" });
    this.rate = firstRate(nodes[last].data, this.parameters, this.whole.gradient);
    this.rateSlider = slider("rate", this.rate, rate => this.setRate(rate), LOGARITHMIC);
    this.rateSlider.gradient.remove();
    this.curve = curveOf(name, "step");
    this.reached = element("span", "reached");
    this.run = button("run", "▶ descend", "step after step, or pause", () => this.toggle(this.runner));
    const buttons = element("div", "buttons");
    buttons.append(button("one", "1 step", "one step of descent (D)", () => this.descendOnce()), this.run, this.reached);
    const head = element("div", "head", `Descent: w ← w − rate · ∂${name}/∂w`);
    board.append(head, buttons, this.rateSlider.row, this.curve.figure);
    return board;
  }

  // A picture more; clicks on leaves give them a slider, clicks on folded boxes unfold them below.
  openView(svg, owner = "", title = "") {
    const view = new View(svg, this.scene, owner);
    view.frame = frameOf(svg, title);
    this.pictures.append(view.frame.outer);
    this.views.push(view);
    const clickable = [...view.parts].filter(([key]) => this.action(key, owner));
    for (const [key, { group }] of clickable) {
      group.classList.add(this.folds(key, owner) ? "folds" : "movable");
      group.setAttribute("role", "button");
      group.setAttribute("tabindex", clickable.length <= 40 ? 0 : -1);
      group.dataset.lmSuppressShortcuts = "true";
      group.onclick = this.action(key, owner);
    }
    return view;
  }

  // Whether a click on a box unfolds it.
  folds(key, owner) {
    return key !== owner && this.scene.unfolded?.[key] !== undefined;
  }

  // What a click on a box does; null if nothing.
  action(key, owner) {
    if (this.folds(key, owner)) return () => this.unfold(key);
    const [, i] = /^n(\d+)$/.exec(key) ?? [];
    if (i === undefined) return null;
    if (this.scene.quiz) return this.scene.quiz.some(({ node }) => node === Number(i)) ? () => this.quiz.ask(Number(i)) : null;
    return this.nodes[i].rule === null ? () => this.addSlider(Number(i)).inputs[0].focus() : null;
  }

  async unfold(key) {
    if (this.views.some(view => view.owner === key)) {
      this.fold(key);
      return;
    }
    const { title, svg } = this.scene.unfolded[key], text = await inflated(svg);
    if (this.views.some(view => view.owner === key)) return;
    const { outer, top } = this.openView(svgOf(text), key, title).frame;
    outer.classList.add("unfolded");
    top.append(button("close", "×", "fold it again (Escape)", () => this.fold(key)));
    this.show();
    outer.scrollIntoView({ block: "nearest" });
  }

  fold(key) {
    this.views.find(view => view.owner === key).frame.outer.remove();
    this.views = this.views.filter(view => view.owner !== key);
    this.show();
  }

  // ---- steps

  // The boxes that may show a node, the finest first; the one that does.
  keysOf(i) {
    return [`n${i}`, ...(this.scene.homes?.[i] ?? [])];
  }

  keyOf(i) {
    return this.keysOf(i).find(key => this.views.some(view => view.parts.has(key)));
  }

  // Whether the step that leads to a position is one with the step before it: one box shows both.
  together(position) {
    const [before, step] = [position - 1, position].map(at => stepAt(this.time, at));
    if (before.phase !== step.phase || (step.phase !== "forward" && step.phase !== "backward")) return false;
    return this.keyOf(before.node) === this.keyOf(step.node);
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

  next() {
    const { time, position } = this;
    if (position === time.last) {
      if (this.parameters.length) this.update();
      return this.parameters.length ? 0 : position;
    }
    let reached = position + 1;
    while (reached < time.last && this.together(reached + 1)) reached++;
    return reached;
  }

  previous() {
    if (this.position > 0) return this.position - Math.max(1, this.beat(this.position).length);
    if (this.rounds.at === 0) return 0;
    this.rounds.goTo(this.rounds.at - 1);
    return this.time.last;
  }

  update() {
    this.rounds.next(this.parameters, descended(this.nodes, this.parameters, this.rate, this.whole.gradient));
  }

  // ---- what is seen

  now() {
    const { nodes, time, position, last, parameters } = this;
    const step = stepAt(time, position), beat = this.beat(position), done = handedOn(time, position);
    const whole = this.whole, found = sweep(nodes, done), inner = new Set(time.inner.slice(position));
    found.reached[last] = position >= time.seeded;
    const known = nodes.map((_, i) => !inner.has(i)), handed = new Set(done);
    const working = step.phase === "update" ? parameters : beat;
    const taking = step.phase === "seed" ? [] : beat.flatMap(i => nodes[i].operands.filter(isNode));
    const flowing = nodes.map((_, i) => handed.has(i)), shownBy = { unknown: "·", hidden: new Set() };
    const now = { nodes, known, found, whole, flowing, working: new Set(working), taking: new Set(taking), ...shownBy };
    if (this.quiz) this.quiz.hide(now);
    return { step, beat, now };
  }

  show() {
    const { step, beat, now } = this.now();
    const { views, sliders, root, position, rounds } = this;
    const story = storyOf(this, step, beat, now);
    this.story.replaceChildren(...written(story));
    write(this.said, story.spoken);
    if (step.phase === "update") now.nodes = this.updated(now.whole.gradient);
    for (const view of views) {
      view.paint(now);
      view.lit = view.light(now, i => this.keysOf(i));
    }
    for (const [i, made] of sliders) {
      made.set(now.nodes[i].data);
      write(made.gradient, gradientText(now, i));
    }
    this.bar.show(this, step);
    if (this.curve) this.showDescent();
    if (this.quiz) this.quiz.show(now);
    Object.assign(root.dataset, { step: position, round: rounds.at });
  }

  // The nodes with the parameters after the step of descent.
  updated(gradient) {
    const nodes = [...this.nodes], after = descended(nodes, this.parameters, this.rate, gradient);
    this.parameters.forEach((i, n) => (nodes[i] = { ...nodes[i], data: after[n] }));
    return nodes;
  }

  showDescent() {
    const { rounds, nodes, last } = this;
    this.rateSlider.set(this.rate);
    this.curve.draw(rounds.losses, rounds.at);
    write(this.reached, `step ${rounds.at}: ${nodes[last].name} = ${shown(nodes[last].data)}`);
    write(this.run, this.runner.runs ? "❚❚ pause" : "▶ descend");
  }

  // ---- what one does

  go(position) {
    this.position = Math.max(0, Math.min(this.time.last, position));
    this.show();
    for (const { frame, lit } of this.views) frame.follow(lit);
  }

  stop() {
    this.clock.stop();
    this.runner.stop();
  }

  jump(position) {
    this.stop();
    this.go(position);
  }

  toggle(clock) {
    const ran = clock.runs;
    this.stop();
    if (!ran) clock.start();
    const ended = this.position === this.time.last && !this.parameters.length;
    this.go(!ran && clock === this.clock && ended ? 0 : this.position);
  }

  tick() {
    const position = this.next();
    if (!this.root.isConnected || (position >= this.time.last && !this.parameters.length)) this.stop();
    this.go(position);
    return this.clock.runs;
  }

  // A whole round at once: a step, forward and backward.
  descend() {
    if (!this.root.isConnected) return false;
    this.update();
    this.go(this.time.whole);
    return Number.isFinite(this.nodes[this.last].data);
  }

  descendOnce() {
    this.stop();
    this.descend();
  }

  setRate(rate) {
    this.rate = rate;
    this.show();
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

  addSlider(i) {
    if (!this.sliders.has(i)) {
      const made = slider(this.nodes[i].name, this.rounds.begin[i].data, x => this.move(i, x));
      for (const input of made.inputs) input.disabled = this.obstacle !== "";
      made.row.dataset.i = i;
      made.set(this.nodes[i].data);
      this.sliders.set(i, made);
      this.leaves.append(made.row);
      this.hint.hidden = !this.obstacle && !this.scene.unfolded && this.sliders.size === this.rounds.leaves.length;
      write(made.gradient, gradientText(this.now().now, i));
    }
    return this.sliders.get(i);
  }

  onKey(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || ["INPUT", "SELECT", "SUMMARY"].includes(target.tagName)) return;
    const chosen = target.closest("[role=button]"), open = this.views[this.views.length - 1];
    const actions = {
      ArrowRight: () => this.jump(this.next()), ArrowLeft: () => this.jump(this.previous()),
      Home: () => this.jump(0), End: () => this.jump(Math.min(this.time.whole, this.time.last)),
      "+": () => open.frame.zoom(1.25), "-": () => open.frame.zoom(0.8), 0: () => open.frame.fit(),
      Escape: () => open.owner && this.fold(open.owner),
      d: () => this.curve && this.descendOnce(),
    };
    if (chosen && (key === "Enter" || key === " ")) chosen.dispatchEvent(new MouseEvent("click"));
    else if (key === " " && target.tagName !== "BUTTON") this.toggle(this.clock);
    else if (key in actions) actions[key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
