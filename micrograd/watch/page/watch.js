// The page: what is seen of a training, and what one does with it.
//
//   training     the numbers, see training.js; everything else only shows them, or changes them by the actions below
//   points       the samples as they are now: {x, y, from}; from is the place among those of the scene, if it is one
//   sample       the place of the chosen sample; chosen: of the chosen weight; opened: {neuron} or {sample}, the
//                scalar graph that is seen, or null; previewed: the neuron that the stage shows instead of the model
//   version      counts changes of numbers, dataVersion those of the samples; what is derived of them is kept that long

const FRAME = 8; // milliseconds of training in a frame at full speed

// Start every page of this training that is not on yet.
function watch(key, scene, code, updates, rules, style) {
  for (const root of document.querySelectorAll(`.micrograd-watch[data-key="${key}"]:not([data-on])`)) {
    root.dataset.on = "";
    new Page(root, structuredClone(scene), code, updates, rules, style);
  }
}

class Page {
  constructor(root, scene, code, updates, rules, style) {
    Object.assign(this, { root, scene, code, updates, rules });
    Object.assign(this, { sample: scene.X.length ? 0 : null, chosen: 0, opened: null, previewed: null });
    Object.assign(this, { playing: false, pace: "step", version: 0, dataVersion: 0, kept: new Map() });
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
    watchTheme(root, () => this.repaint((this.theme = themeOf(root))));
    this.changed();
  }

  // Headings: a page of its own has its title as the first.
  heading(text, level = 2) {
    return element(`h${level + (this.standalone ? 0 : 1)}`, "mw-heading", text);
  }

  // ---- what is derived of the numbers, once for each version

  once(name, make) {
    const known = this.kept.get(name);
    if (known?.version === this.version) return known.value;
    const value = make();
    this.kept.set(name, { version: this.version, value });
    return value;
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
    const { shown: [a, b], view, flat } = this.answers, share = ([low, high], x) => (x - low) / (high - low), { x } = this.points[i];
    return [share(view.x, x[a]), flat ? 0 : share(view.y, x[b])];
  }

  // ---- what is seen

  // Numbers changed.
  changed() {
    this.version++;
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

  preview(neuron) {
    this.previewed = neuron;
  }

  say(text) {
    write(this.live, text);
  }

  // Settings or samples were changed by others.
  controlsChanged() {
    this.dataVersion++;
    this.changed();
  }

  // ---- training

  toggle() {
    this.playing ? this.pause() : this.play();
  }

  play() {
    this.playing = true;
    this.stepped = -Infinity;
    this.changed();
  }

  pause() {
    this.playing = false;
    this.changed();
    this.say(`epoch ${this.training.epoch}, mean loss ${shown(this.meanLoss)}`);
  }

  // What a frame trains while it plays.
  advance(now) {
    const { training, pace } = this;
    if (pace === "slow" && now - this.stepped < 500) return;
    this.stepped = now;
    const end = performance.now() + FRAME;
    if (pace === "slow" || pace === "step") training.step();
    else do training.runEpoch(); while (pace === "full" && performance.now() < end && training.diverged === null);
    if (training.diverged !== null) this.pause();
    this.changed();
  }

  setPace(pace) {
    this.pace = pace;
    this.repaint();
  }

  step() {
    this.playing = false;
    this.training.step();
    this.changed();
  }

  epoch() {
    this.playing = false;
    this.training.runEpoch();
    this.changed();
    this.say(`epoch ${this.training.epoch}, mean loss ${shown(this.meanLoss)}`);
  }

  // Back to where this training began; from there to where Python's would begin.
  reset() {
    const { training, scene } = this, begun = training.epoch + training.at > 0 || training.p.some((w, i) => w !== training.start[i]);
    if (begun) training.reset();
    else training.begin(scene.parameters);
    this.playing = false;
    this.address?.note(begun ? { reset: true } : { start: scene.parameters });
    this.changed();
  }

  // Back or on to a recorded epoch.
  goTo(epoch) {
    const { training } = this;
    this.playing = false;
    training.goTo(Math.max(0, Math.min(training.records.length - 1, epoch)));
    this.address?.note({ went: true });
    this.changed();
  }

  back() {
    const { at, epoch } = this.training;
    this.goTo(at ? epoch : epoch - 1);
  }

  set(settings) {
    const { training } = this;
    Object.assign(training.settings, settings);
    training.diverged = null;
    this.address?.note({ settings });
    this.dataVersion++;
    this.changed();
  }

  // ---- weights

  // A weight by hand; training goes on from there.
  setWeight(i, number) {
    const p = this.training.p.slice();
    p[i] = number;
    this.training.moveTo(p);
    this.chosen = i;
    this.address?.note({ weight: [i, number] });
    this.changed();
  }

  // All parameters by hand: a new start.
  moveTo(parameters) {
    const start = [...parameters].map(number => Number(number.toPrecision(4)));
    this.playing = false;
    this.training.begin(start);
    this.address?.note({ start });
    this.changed();
  }

  choose(parameter) {
    this.chosen = parameter;
    this.repaint();
  }

  // ---- samples

  chooseSample(i) {
    this.sample = i;
    this.repaint();
  }

  addPoint({ x, y }) {
    this.points.push(this.within({ x: [...x], y: [...y] }));
    this.sample = this.points.length - 1;
    this.samplesChanged();
    this.movedPoint();
  }

  // Some numbers of a sample: {x: {place: number}, y: {place: number}}, or whole rows.
  movePoint(i, { x = {}, y = {} }) {
    const point = this.points[i];
    Object.assign(point.x, x);
    Object.assign(point.y, y);
    this.within(point);
    Object.assign(this, { sample: i });
    this.samplesChanged();
  }

  // A drag has ended.
  movedPoint() {
    this.address?.note({ points: true });
    this.repaint();
  }

  removePoint(i) {
    if (this.points.length < 2) return;
    this.points.splice(i, 1);
    if (this.sample !== null) this.sample = Math.min(this.sample > i ? this.sample - 1 : this.sample, this.points.length - 1);
    this.samplesChanged();
    this.movedPoint();
  }

  // A sample within what the stage shows, with digits enough.
  within(point) {
    const { shown: [a, b], view, flat } = this.answers, clamp = ([low, high], number) => Number(Math.max(low, Math.min(high, number)).toPrecision(4));
    point.x[a] = clamp(view.x, point.x[a]);
    if (!flat) point.x[b] = clamp(view.y, point.x[b]);
    else if (this.scene.stage.kind === "line") point.y[0] = clamp(view.y, point.y[0]);
    return point;
  }

  samplesChanged() {
    this.training.setData(this.points.map(point => point.x), this.points.map(point => point.y));
    this.training.diverged = null;
    this.controlsChanged();
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
