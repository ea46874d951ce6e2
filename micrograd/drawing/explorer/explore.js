// The player: steps through `backward` in the picture of a graph, and evaluates the graph anew when a leaf moves.
//
//   scene    what Python knows of the graph: its nodes, the leaves that get a slider, colours and widths
//   order    the inner nodes, the root first: one step each
//   whole    backward to the end; `found` is backward as far as the step that is shown

const SECOND = 1000;

// Start every player of this graph on the page that is not playing yet.
function start(key, scene, rules, style) {
  for (const root of document.querySelectorAll(`.micrograd-explorer[data-graph="${key}"]:not([data-step])`)) {
    new Player(root, structuredClone(scene), rules, style).show();
  }
}

class Player {
  constructor(root, scene, rules, style) {
    Object.assign(this, { root, rules, nodes: scene.nodes, look: scene.look, timer: null, sliders: new Map() });
    this.begin = this.nodes.map(({ data, locals }) => ({ data, locals }));
    this.order = this.nodes.map((_, i) => i).filter(i => this.nodes[i].rule !== null).reverse();
    this.position = this.order.length;
    this.obstacle = obstacle(this.nodes, rules);
    this.svg = pictureOf(root);
    this.parts = partsOf(this.svg);
    this.build(style);
    scene.leaves.forEach(i => this.addSlider(i));
    this.connect();
  }

  get last() {
    return this.nodes.length - 1;
  }

  // The node at work.
  get now() {
    return this.position ? this.order[this.position - 1] : this.last;
  }

  box(i) {
    return this.parts[`n${i}`];
  }

  // Calls visit(edge, node, i, k) for every arrow, from operand k of node i.
  eachEdge(visit) {
    this.nodes.forEach((node, i) => node.operands.forEach((x, k) => {
      if (isNode(x)) visit(this.parts[`n${i}.${k}`], node, i, k);
    }));
  }

  build(style) {
    this.bar = transport(this.order.length);
    this.control = Object.fromEntries([...this.bar.children].map(made => [made.className, made]));
    this.story = element("div", "story", "", { "aria-live": "polite" });
    this.figure = element("div", "figure");
    this.leaves = element("div", "leaves");
    this.figure.append(this.svg);
    this.hint = element("div", "hint", this.obstacle || "A click on a leaf in the picture gives it a slider, too.");
    this.root.replaceChildren(element("style", "", style), this.bar, this.story, this.figure, this.leaves, this.hint);
  }

  connect() {
    const { control, root } = this;
    control.first.onclick = () => this.jump(0);
    control.back.onclick = () => this.jump(this.position - 1);
    control.play.onclick = () => this.toggle();
    control.forward.onclick = () => this.jump(this.position + 1);
    control.last.onclick = () => this.jump(this.order.length);
    control.scrub.oninput = () => this.jump(Number(control.scrub.value));
    control.reset.onclick = () => this.reset();
    root.onkeydown = event => this.onKey(event);
    root.tabIndex = 0;
    this.nodes.forEach((node, i) => {
      if (node.rule !== null) return;
      this.box(i).group.classList.add("movable");
      this.box(i).group.onclick = () => this.addSlider(i).inputs[0].focus();
    });
  }

  // ---- what is seen

  show() {
    const whole = sweep(this.nodes, this.order);
    const found = sweep(this.nodes, this.order.slice(0, this.position));
    this.nodes.forEach((node, i) => {
      paintBox(this.box(i), node, found.gradient[i], found.reached[i], found.missing[i]);
    });
    let largest = 0;
    this.eachEdge((edge, node, i, k) => {
      largest = Math.max(largest, weight(edge, node, k, whole.gradient[i]));
    });
    this.eachEdge((edge, node, i, k) => paintEdge(edge, node, k, whole.gradient[i], largest, this.look));
    for (const [i, made] of this.sliders) {
      made.set(this.nodes[i].data);
      made.gradient.textContent = gradientText(found.gradient[i], found.reached[i], found.missing[i]);
    }
    this.light();
    this.tell(found);
    this.control.scrub.value = this.position;
    this.control.count.textContent = `step ${this.position} of ${this.order.length}`;
    this.control.play.textContent = this.timer === null ? "▶ play" : "❚❚ pause";
    this.root.dataset.step = this.position;
  }

  light() {
    const { now, position } = this;
    const done = new Set(this.order.slice(0, position));
    this.nodes.forEach((node, i) => {
      this.box(i).group.classList.toggle("lit", i === now);
      this.box(i).group.classList.toggle("receiving", position > 0 && this.nodes[now].operands.includes(i));
    });
    this.eachEdge((edge, node, i) => {
      edge.group.classList.toggle("waiting", !done.has(i));
      edge.group.classList.toggle("lit", position > 0 && i === now);
    });
  }

  tell(found) {
    const { nodes, now, story } = this;
    const { name, data } = nodes[this.last];
    const node = nodes[now];
    story.replaceChildren();
    if (!this.position) {
      const begin = `Forward is done: ${name} = ${shown(data)}. Backward begins with ∂${name}/∂${name} = 1.`;
      story.append(element("div", "head", begin));
      return;
    }
    story.append(element("div", "head", `${node.name} = ${node.formula} = ${shown(node.data)}`));
    const table = element("div", "sums");
    for (const line of arithmetic(nodes, now, found)) table.append(...line.map(text => element("span", "", text)));
    story.append(table);
    if (this.position === this.order.length) story.append(element("div", "end", this.summary(name)));
  }

  summary(name) {
    let products = 0;
    this.eachEdge(() => products++);
    return `Done: ${products} products gave all ${this.nodes.length} derivatives of ${name}; each was computed once `
      + "and handed on to all that needed it.";
  }

  // Keep the node at work in sight; the page itself does not move.
  follow() {
    const at = this.box(this.now).group.getBoundingClientRect();
    const frame = this.figure.getBoundingClientRect();
    if (at.left < frame.left || at.right > frame.right) {
      this.figure.scrollLeft += at.left + at.width / 2 - frame.left - frame.width / 2;
    }
    if (at.top < frame.top || at.bottom > frame.bottom) {
      this.figure.scrollTop += at.top + at.height / 2 - frame.top - frame.height / 2;
    }
  }

  // ---- what one does

  go(step) {
    this.position = Math.max(0, Math.min(this.order.length, step));
    this.show();
    this.follow();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
  }

  jump(step) {
    this.stop();
    this.go(step);
  }

  toggle() {
    if (this.timer !== null) {
      this.jump(this.position);
      return;
    }
    this.timer = setInterval(() => this.tick(), SECOND);
    this.go(this.position === this.order.length ? 0 : this.position);
  }

  tick() {
    if (!this.root.isConnected || this.position + 1 >= this.order.length) this.stop();
    this.go(this.position + 1);
  }

  move(i, x) {
    this.nodes[i].data = x;
    evaluate(this.nodes, this.rules);
    this.show();
  }

  reset() {
    this.nodes.forEach((node, i) => Object.assign(node, this.begin[i]));
    for (const made of this.sliders.values()) made.reset();
    this.show();
  }

  addSlider(i) {
    if (!this.sliders.has(i)) {
      const made = slider(this.nodes[i].name, this.begin[i].data, x => this.move(i, x));
      for (const input of made.inputs) input.disabled = this.obstacle !== "";
      made.row.dataset.i = i;
      made.set(this.nodes[i].data);
      this.sliders.set(i, made);
      this.leaves.append(made.row);
      this.hint.hidden = this.obstacle === "" && this.sliders.size + this.order.length === this.nodes.length;
    }
    return this.sliders.get(i);
  }

  onKey(event) {
    const { target, key } = event;
    if (target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowRight: this.position + 1, ArrowLeft: this.position - 1, Home: 0, End: this.order.length };
    if (key === " " && target.tagName !== "BUTTON") this.toggle();
    else if (key in steps) this.jump(steps[key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
