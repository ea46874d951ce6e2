// What one does on the page: train, go back, change settings, weights and samples. Every action ends with `changed()`,
// and tells the address what is needed to come here again.

const FRAME = 11; // milliseconds of training in a frame at full speed

class Actions {
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
    const { training, scene } = this, { epoch, at, p, start } = training;
    const begun = epoch + at > 0 || p.some((w, i) => w !== start[i]);
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

  // A sample was clicked: its scalar graph opens below, unless one is open already, and the page stays where it is.
  showSample(i) {
    this.sample = i;
    this.opened ??= { sample: true };
    this.graph?.show();
    this.repaint();
  }

  addPoint({ x, y }) {
    this.points.push(this.within({ x: [...x], y: [...y] }));
    this.sample = this.points.length - 1;
    this.samplesChanged();
    this.movedPoint();
  }

  // Some numbers of a sample: {x: {place: number}, y: {place: number}}, or whole rows; a class may become another.
  movePoint(i, { x = {}, y = {} }) {
    const point = this.points[i], { classes } = this.scene.stage, row = Object.assign([...point.y], y);
    Object.assign(point.x, x);
    if (!classes || classes.some(({ target }) => target.every((number, k) => number === row[k]))) point.y = row;
    this.within(point);
    this.sample = i;
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
    if (this.sample !== null) this.sample = Math.min(this.sample - (this.sample > i), this.points.length - 1);
    this.samplesChanged();
    this.movedPoint();
  }

  // A sample within what the stage shows, with digits enough.
  within(point) {
    const { shown: [a, b], view, flat } = this.answers;
    const clamp = ([low, high], number) => Number(Math.max(low, Math.min(high, number)).toPrecision(4));
    if (a === undefined) return point;
    point.x[a] = clamp(view.x, point.x[a]);
    if (!flat) point.x[b] = clamp(view.y, point.x[b]);
    else if (!this.scene.stage.classes) point.y[0] = clamp(view.y, point.y[0]);
    return point;
  }

  samplesChanged() {
    this.training.setData(this.points.map(point => point.x), this.points.map(point => point.y));
    this.training.diverged = null;
    this.controlsChanged();
  }

  // Settings or samples are others.
  controlsChanged() {
    this.dataVersion++;
    this.changed();
  }
}
