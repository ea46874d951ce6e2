// The page: what is seen of a training. What one does with it stands in `Actions`.
//
//   training     the numbers, see training.js; everything else only shows them, or changes them by its actions
//   points       the samples as they are now: {x, y, from}; from is the place among those of the scene, if it is one
//   sample       the place of the chosen sample; chosen: of the chosen weight; opened: {neuron} or {sample}, the
//                scalar graph that is seen, or null; previewed: the neuron that the stage shows instead of the model
//   kept         what is derived of the numbers, until they change; dataVersion counts changes of the samples

// Start every page of this training that is not on yet.
function watch(key, scene, code, updates, rules, style) {
  for (const root of document.querySelectorAll(`.micrograd-watch[data-key="${key}"]:not([data-on])`)) {
    root.dataset.on = "";
    try {
      new Page(root, structuredClone(scene), code, updates, rules, style);
    } catch (error) {
      root.append(element("p", "mw-note", error.message)); // beside the still picture
      throw error;
    }
  }
}

class Page extends Actions {
  constructor(root, scene, code, updates, rules, style) {
    super();
    Object.assign(this, { root, scene, code, updates, rules });
    Object.assign(this, { sample: scene.X.length ? 0 : null, chosen: 0, opened: null, previewed: null });
    Object.assign(this, { playing: false, pace: "step", dataVersion: 0, kept: new Map() });
    this.standalone = document.body.classList.contains("micrograd-watch-page");
    this.training = new Training(scene, code, updates);
    this.points = scene.X.map((x, from) => ({ x: [...x], y: [...scene.y[from]], from }));
    this.answers = new Answers(this);
    if (scene.neurons) this.chosen = scene.neurons.at(-1).weights[0] ?? 0;
    else this.opened = { sample: true };
    root.append(element("style", "", style));
    this.theme = themeOf(root);
    this.frames = new Frames(this);
    buildPage(this, style);
    watchTheme(this);
    this.changed();
  }

  // Headings: a page of its own has its title as the first.
  heading(text, level = 2) {
    return element(`h${level + (this.standalone ? 0 : 1)}`, "mw-heading", text);
  }

  // ---- what is derived of the numbers, once until they change

  once(name, make) {
    if (!this.kept.has(name)) this.kept.set(name, make());
    return this.kept.get(name);
  }

  // What the next step will see and make.
  get next() {
    return this.once("next", () => this.training.next());
  }

  get meanLoss() {
    return this.once("loss", () => this.training.valueOf());
  }

  // What neurons and outputs answer to the chosen sample.
  get probe() {
    return this.sample === null ? null : this.once(`probe ${this.sample}`, () => this.answerTo(this.sample));
  }

  answerTo(i) {
    return this.training.answers(Float64Array.from(this.points[i].x));
  }

  // The samples of the next batch, where one can follow them.
  get batchShown() {
    const { training, playing, pace } = this;
    return training.batchSize === training.data.N || (playing && pace !== "slow") ? null : training.batch();
  }

  // A sample's place on the axes of the stage, 0 to 1.
  along(i) {
    const { shown: [a, b], view, flat } = this.answers, { x } = this.points[i];
    const share = ([low, high], number) => (number - low) / (high - low);
    return [share(view.x, x[a]), flat ? 0 : share(view.y, x[b])];
  }

  // ---- what is seen

  // Numbers changed.
  changed() {
    this.kept.clear();
    this.repaint();
  }

  // Something else changed.
  repaint() {
    this.frames.stale();
  }

  // Training has come to rest, and all is drawn.
  rest() {
    this.address?.write();
    const { epoch, at, steps } = this.training;
    Object.assign(this.root.dataset, { epoch, at, steps, samples: this.points.length });
  }

  recolour() {
    this.theme = themeOf(this.root);
    this.repaint();
  }

  preview(neuron) {
    this.previewed = neuron;
  }

  say(text) {
    write(this.live, text);
  }

  // ---- the scalar graph

  openNeuron(neuron) {
    const { weights, bias } = this.scene.neurons[neuron];
    if (!weights.includes(this.chosen) && bias !== this.chosen) this.chosen = weights[0] ?? this.chosen;
    this.openGraph({ neuron });
  }

  openSample(i) {
    this.sample = i;
    this.openGraph({ sample: true });
  }

  openGraph(opened) {
    this.opened = opened;
    this.graph?.open(opened);
    this.repaint();
  }

  closeGraph() {
    if (!this.scene.neurons) return;
    this.opened = null;
    this.graph?.close();
    this.repaint();
  }
}
