// A walk through a graph, forward and backward: where it is, what is known there, what it says, how it goes on.
//
//   element     the part of the page in which it is seen; where that is taken away the walk ends
//   scene       what is known of the graph: its nodes, of which the last is the root, and colours
//   time        the steps, see `timeline`;   position   how many of them are done
//   views       the pictures in which it is seen: they say which nodes are one step, those that one box shows
//   beat        the nodes of one step: one node, or all that a folded box stands for
//   now         what is known at a position, see `picture`
class Walk {
  constructor(element, scene, time) {
    const { nodes } = scene;
    Object.assign(this, { element, scene, nodes, time, root: nodes[nodes.length - 1], position: 0 });
    this.clock = new Clock(() => this.tick());
    this.views = new Views(this);
  }

  // The whole of backward.
  get whole() {
    return sweep(this.nodes, [...this.time.inner].reverse());
  }

  // The elements that operate it and say what it does.
  operated() {
    this.bar = transport(this);
    this.story = element("div", "story");
    this.said = element("p", "said", "", { role: "status", "aria-live": "polite" });
    return [this.bar.row, this.story, this.said];
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

  // Where the next step leads to, and the one before.
  next() {
    const { last } = this.time;
    let reached = Math.min(this.position + 1, last);
    while (reached < last && this.together(reached + 1)) reached++;
    return reached;
  }

  previous() {
    return this.position > 0 ? this.position - Math.max(1, this.beat(this.position).length) : 0;
  }

  // Whether there is nothing to go on to from a position.
  endsAt(position) {
    return position >= this.time.last;
  }

  // ---- what is seen

  now(beat) {
    const { nodes, time, position, whole } = this, { phase } = stepAt(time, position);
    const done = handedOn(time, position), found = sweep(nodes, done);
    found.reached[nodes.length - 1] = position >= time.seeded;
    const waiting = new Set(time.inner.slice(position)), handed = new Set(done);
    const taking = phase === "seed" ? [] : beat.flatMap(i => nodes[i].operands.filter(isNode));
    const now = { nodes, found, whole, unknown: "·", hidden: new Set() };
    Object.assign(now, { working: new Set(beat), taking: new Set(taking) });
    now.known = nodes.map((_, i) => !waiting.has(i));
    now.flowing = nodes.map((_, i) => handed.has(i));
    return now;
  }

  // Whether it goes on faster than one can listen.
  get quiet() {
    return this.clock.runs && this.clock.speed > 1;
  }

  // What the step that led to where it is did, in words.
  tell(step, beat, now) {
    const story = storyOf(this, step, beat, now);
    this.story.replaceChildren(...written(story));
    if (!this.quiet) write(this.said, story.spoken);
  }

  // ---- what one does

  go(position) {
    this.position = Math.max(0, Math.min(this.time.last, position));
    this.show();
    this.views.follow();
  }

  stop() {
    this.clock.stop();
  }

  jump(position) {
    this.stop();
    this.go(position);
  }

  toggle(clock) {
    const ran = clock.runs, ended = this.endsAt(this.position);
    this.stop();
    if (!ran) clock.start();
    this.go(!ran && clock === this.clock && ended ? 0 : this.position);
  }

  tick() {
    const position = this.next();
    if (!this.element.isConnected || this.endsAt(position)) this.stop();
    this.go(position);
    return this.clock.runs;
  }

  // What keys do.
  keys() {
    const { frame } = this.views.last;
    return {
      ArrowRight: () => this.jump(this.next()), ArrowLeft: () => this.jump(this.previous()),
      Home: () => this.jump(0), End: () => this.jump(Math.min(this.time.whole, this.time.last)),
      "+": () => frame.zoom(1.25), "-": () => frame.zoom(0.8), 0: () => frame.fit(),
    };
  }

  onKey(event) {
    const { target, key } = event, actions = this.keys();
    const chosen = target.closest("[role=button]"), own = ["INPUT", "SELECT", "SUMMARY"].includes(target.tagName);
    if (own || event.ctrlKey || event.metaKey || event.altKey) return;
    if (chosen && (key === "Enter" || key === " ")) chosen.dispatchEvent(new MouseEvent("click"));
    else if (key === " " && target.tagName !== "BUTTON") this.toggle(this.clock);
    else if (key in actions) actions[key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
