// The scalar graph of a neuron or of a sample: it plays forward and backward as the player of `explore` does.
//
//   part        what is shown of the sample, see `neuron_graph`
//   opened      {neuron: its place} or {sample: true}, as the page has it; null while nothing is

const STORY_ROOM = 310; // and 14 for each letter of a name

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

  get quiet() {
    return super.quiet || this.panel.page.playing;
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
    Object.assign(this, { page, sample: null, allTerms: false, shown: "", walk: null, every: 250 });
    this.root = element("section", "mw-panel mw-graph", "", { "aria-label": "scalar graph" });
    this.title = page.heading("");
    this.all = button("mw-toggle", "", "show every term of the sum, or the largest", () => this.toggleTerms());
    this.shut = button("mw-close", "✕", "close the scalar graph (Esc)", () => page.closeGraph());
    const head = element("div", "mw-panel-head");
    head.append(this.title, this.all, this.shut);
    const named = { role: "region", "aria-label": "forward and backward" };
    this.body = element("div", "micrograd-explorer", "", { tabindex: 0, ...named });
    this.body.dataset.lmSuppressShortcuts = "true";
    this.body.onkeydown = event => this.walk?.onKey(event);
    this.root.append(head, this.body);
    new ResizeObserver(() => this.layOut()).observe(this.root);
  }

  toggleTerms() {
    this.allTerms = !this.allTerms;
    give(this.all, "aria-pressed", String(this.allTerms));
    this.show();
  }

  // What is told stands beside a picture that leaves room for it.
  layOut() {
    if (this.walk === null) return;
    const longest = Math.max(...this.walk.nodes.map(({ name }) => name.length));
    this.body.classList.toggle("mw-beside", this.wide + STORY_ROOM + 14 * longest < this.body.clientWidth);
  }

  // What is open: a neuron, or null for the whole sample.
  get neuron() {
    const { scene, opened } = this.page;
    if (scene.neurons === null || this.sample.nodes.length <= FEW_NODES) return null;
    return opened.neuron ?? scene.neurons.length - 1;
  }

  open() {
    this.show();
    if (this.page.scene.neurons === null) return;
    this.root.scrollIntoView({ block: "nearest" });
    this.page.say(`${this.title.textContent} is open below`);
  }

  close() {
    this.walk?.stop();
    if (this.root.contains(document.activeElement)) this.page.root.focus({ preventScroll: true });
    this.root.hidden = true;
  }

  show() {
    const { page } = this, sample = (this.sample = SampleNodes.of(page));
    if (page.opened === null) return this.close();
    this.root.hidden = false;
    if (sample === null) return this.excuse();
    const { neuron } = this, shown = JSON.stringify([neuron, this.allTerms, neuron === null ? null : page.sample]);
    const called = neuron === null ? "the loss" : page.scene.neurons[neuron].name;
    write(this.title, `Scalar graph of ${called}, sample ${page.sample + 1}`);
    if (shown !== this.shown) this.build(neuron, shown);
    if (this.walk === null) return;
    renew(this.part, sample);
    this.walk.show();
  }

  // What is said of a graph that is too large.
  excuse() {
    this.all.hidden = this.shut.hidden = true;
    write(this.title, "The scalar graph");
    write(this.body, "This code has too many values to be played here; explore(loss) plays the loss of one sample, folded.");
  }

  async build(neuron, shown) {
    const { page, sample } = this, { scene } = page;
    const { walk: last } = this, same = last !== null && this.neuronShown === neuron;
    const position = same && last.position < last.time.whole ? last.position : Infinity;
    this.walk?.stop();
    Object.assign(this, { shown, neuronShown: neuron });
    this.part = neuron === null ? wholePart(sample) : neuronPart(sample, neuron, this.allTerms, page.chosen);
    const terms = neuron === null ? 0 : sample.neurons[neuron].products.length;
    this.all.hidden = terms <= MOST_TERMS + 1;
    write(this.all, `all ${terms} terms`);
    this.shut.hidden = scene.neurons === null;
    renew(this.part, sample);
    const { nodes } = this.part, title = this.title.textContent;
    const svg = scene.neurons === null ? svgOf(await inflated(scene.graph.svg)) : figureOf(nodes, scene.look, title);
    const walk = new GraphWalk(this.body, { nodes, look: scene.look, title }, this);
    const operated = walk.operated();
    walk.views.add(svg);
    this.body.replaceChildren(...operated, walk.views.element);
    this.wide = Number(svg.getAttribute("width"));
    this.body.style.setProperty("--figure", `${this.wide}px`);
    this.walk = walk;
    this.layOut();
    walk.go(Math.min(position, walk.time.whole));
  }
}
