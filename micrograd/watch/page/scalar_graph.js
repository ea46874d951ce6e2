// The scalar graph of a neuron or of a sample: it plays forward and backward as the player of `explore` does.
//
//   part        what is shown of the sample, see `neuron_graph`
//   opened      {neuron: its place} or {sample: true}, as the page has it; null while nothing is

const STORY_ROOM = 400;

class GraphWalk extends Walk {
  constructor(element, scene, panel) {
    super(element, scene, timelineOf(scene.nodes));
    this.panel = panel;
    this.rounds = { at: 0 };
  }

  // What a click on a node does: its parameter is chosen, the neuron below opens.
  chosen(i) {
    const { page } = this.panel, { parameter, opens } = this.nodes[i];
    if (opens !== undefined) return () => page.openNeuron(opens);
    return parameter === undefined ? null : () => page.choose(parameter);
  }

  show() {
    const step = stepAt(this.time, this.position), beat = this.beat(this.position), now = this.now(beat);
    this.tell(step, beat, now);
    this.views.paint(now);
    this.bar.show(this, step);
  }
}

class ScalarGraph {
  constructor(page) {
    Object.assign(this, { page, every: false, shown: "", walk: null, pace: "text" });
    this.sample = page.scene.neurons === null && page.scene.graph === null ? null : new SampleNodes(page);
    this.root = element("section", "mw-panel mw-graph", "", { "aria-label": "scalar graph" });
    this.title = page.heading("");
    this.all = button("mw-toggle", "", "show every term of the sum, or the largest", () => this.toggleTerms());
    this.close = button("mw-close", "✕", "close the scalar graph (Esc)", () => page.closeGraph());
    const head = element("div", "mw-panel-head");
    head.append(this.title, this.all, this.close);
    this.body = element("div", "micrograd-explorer", "", { tabindex: 0, role: "region", "aria-label": "forward and backward" });
    this.body.dataset.lmSuppressShortcuts = "true";
    this.body.onkeydown = event => this.walk?.onKey(event);
    this.root.append(head, this.body);
  }

  toggleTerms() {
    this.every = !this.every;
    give(this.all, "aria-pressed", String(this.every));
    this.show();
  }

  // What is open: a neuron, or null for the whole sample.
  get neuron() {
    const { scene, opened } = this.page;
    if (scene.neurons === null || this.sample.nodes.length <= FEW_NODES) return null;
    return opened.neuron ?? scene.neurons.length - 1;
  }

  show() {
    const { page, sample } = this;
    const opened = page.opened ?? (page.scene.neurons === null ? { sample: true } : null);
    this.root.hidden = opened === null;
    if (opened === null) return this.stop();
    if (sample === null) return write(this.title, "The graph of a sample has too many values to be played here");
    const { x, y } = page.points[page.sample];
    sample.compute(x, [y].flat(), page.training.p);
    const { neuron } = this, shown = JSON.stringify([neuron, this.every, neuron === null ? null : page.sample]);
    if (shown !== this.shown) this.open(neuron, shown);
    const called = neuron === null ? "the loss" : page.scene.neurons[neuron].name;
    write(this.title, `Scalar graph of ${called}, sample ${page.sample + 1}`);
    if (this.walk === null) return;
    renew(this.part, sample);
    this.walk.show();
  }

  async open(neuron, shown) {
    const { page, sample } = this, { scene } = page;
    const fresh = this.walk === null || this.neuronShown !== neuron;
    const position = fresh ? Infinity : this.walk.position;
    this.stop();
    Object.assign(this, { shown, neuronShown: neuron });
    this.part = neuron === null ? wholePart(sample) : neuronPart(sample, neuron, this.every, page.chosen);
    const terms = neuron === null ? 0 : sample.neurons[neuron].products.length;
    this.all.hidden = terms <= MOST_TERMS + 1;
    write(this.all, `all ${terms} terms`);
    this.close.hidden = scene.neurons === null;
    renew(this.part, sample);
    const { nodes } = this.part, title = "computation graph";
    const svg = scene.neurons === null ? svgOf(await inflated(scene.graph.svg)) : figureOf(nodes, scene.look, title);
    const walk = new GraphWalk(this.body, { nodes, look: scene.look, title }, this);
    const operated = walk.operated();
    walk.views.add(svg);
    this.body.replaceChildren(...operated, walk.views.element);
    this.body.style.setProperty("--figure", `${svg.getAttribute("width")}px`);
    this.layout(Number(svg.getAttribute("width")));
    this.walk = walk;
    walk.go(Math.min(position, walk.time.whole));
  }

  // What is told stands beside a picture that leaves room for it.
  layout(wide) {
    this.body.classList.toggle("mw-beside", wide + STORY_ROOM < this.body.clientWidth);
  }

  stop() {
    this.walk?.stop();
  }
}
