// The training as Python's Trainer does it: the same order of the samples, the same steps, the same loss of an epoch.
//
//   p, state     the parameters, and the moments of the optimiser; steps: how many it has taken
//   epoch        how many are done; at: the first sample of the next step in its epoch, 0 between epochs
//   taken        how many steps were taken since the start, whatever the optimiser
//   records      after each epoch, from 0 on: its loss, and what is needed to go on from there
//   all          the parameters as the generated code takes them: behind them stand λ, and 1 where a penalty of the
//                user's counts
//   diverged     where Python would raise DivergenceError, or the rate of a schedule is unknown: no step is taken there

const GOLDEN = 0.6180339887498949; // as in the scene
const KEPT = 1500, EVERY = 8; // epochs of which all is kept; of those before, every eighth
const GROWTH = 1e10; // a loss so many times the first has diverged

class Training {
  constructor(scene, code, updates) {
    Object.assign(this, { scene, code, updates });
    this.settings = { ...scene.settings };
    this.size = scene.parameters.length;
    this.start = Float64Array.from(scene.parameters);
    this.all = new Float64Array(this.size + (scene.penalty.own === null ? 1 : 2));
    this.slopes = new Float64Array(this.all.length);
    this.validation = scene.validation === null ? null : laidOut(scene.validation.X, scene.validation.y);
    this.setData(scene.X, scene.y);
    this.expectPythons();
    this.reset();
  }

  // An error where loss or gradient at the start are not those that Python has; of the gradient a mixture is known.
  expectPythons() {
    const { places, value, slopes, size } = this.scene.expected, made = this.gradientOf(places, this.start);
    const mixed = [...made.g].reduce((sum, slope, k) => sum + slope * (((k + 1) * GOLDEN) % 1), 0);
    for (const [what, mine, wanted, scale] of [["loss", made.value, value, value], ["gradient", mixed, slopes, size]]) {
      if (wanted === null || Math.abs(mine - wanted) <= 1e-6 * Math.abs(scale) + 1e-12) continue;
      const told = `The ${what} on this page is not that of Python (${mine}, not ${wanted})`;
      throw new Error(`${told}: a fault of micrograd, not of your code. Please report it.`);
    }
  }

  // Other samples: the training goes on with them.
  setData(X, y) {
    this.data = laidOut(X, y);
    this.at = 0;
    this.partial = [];
    this.known = null;
  }

  reset() {
    this.p = this.start.slice();
    this.epoch = this.at = this.taken = 0;
    this.partial = [];
    this.before = this.diverged = null;
    this.limit = null;
    this.forget();
    this.records = [this.record(NaN)];
  }

  // Begin at other parameters.
  begin(p) {
    this.start = Float64Array.from(p);
    this.reset();
  }

  // Parameters set by hand; the moments stay.
  moveTo(p) {
    this.p = Float64Array.from(p);
    this.diverged = null;
  }

  // The optimiser has taken no step.
  forget() {
    Object.assign(this, { steps: 0, stateOf: this.settings.optimizer, state: this.zeros() });
  }

  zeros() {
    return this.rule.moments.map(() => new Float64Array(this.size));
  }

  // What the scene says of the optimiser that is chosen.
  get rule() {
    return this.scene.optimizers.find(rule => rule.name === this.settings.optimizer);
  }

  record(loss) {
    const validation = this.validation === null ? NaN : this.valueOf(this.p, this.validation);
    return { epoch: this.epoch, taken: this.taken, loss, validation, p: this.p.slice(), ...this.moments() };
  }

  moments() {
    return { state: this.state.map(m => m.slice()), steps: this.steps, optimizer: this.stateOf };
  }

  // Back to the end of a recorded epoch, or of the last before it of which all is kept.
  goTo(epoch) {
    while (this.records[epoch].p === null) epoch--;
    const record = this.records[epoch];
    Object.assign(this, { p: record.p.slice(), epoch, taken: record.taken, at: 0, partial: [] });
    Object.assign(this, { before: null, diverged: null, limit: null });
    Object.assign(this, { state: record.state.map(m => m.slice()), steps: record.steps, stateOf: record.optimizer });
  }

  get batchSize() {
    return Math.min(this.settings.batch ?? this.data.N, this.data.N);
  }

  // The order of the samples in this epoch; null for that in which they come.
  get order() {
    const { N } = this.data;
    if (this.batchSize >= N || !this.settings.shuffle) return null;
    const seed = `${this.settings.seed} ${this.epoch}`;
    if (this.known?.seed !== seed) this.known = { seed, order: shuffled(N, seed) };
    return this.known.order;
  }

  // The places of the samples of the next step.
  batch() {
    const { order, at } = this, last = Math.min(at + this.batchSize, this.data.N);
    return Array.from({ length: last - at }, (_, k) => (order === null ? at + k : order[at + k]));
  }

  // The learning rate of the next step; of a schedule as far as it is written down.
  get rate() {
    return this.rateAt(this.stateOf === this.settings.optimizer ? this.steps : 0);
  }

  rateAt(step) {
    if (this.settings.lr !== null) return this.settings.lr;
    const { rates } = this.rule;
    let low = 0;
    for (let high = rates.length; high - low > 1;) {
      const middle = (low + high) >> 1;
      if (rates[middle][0] <= step) low = middle; else high = middle;
    }
    return rates[low][1];
  }

  // The mean loss of a batch before a step, and what the step makes, with moments of 0 where the optimiser was changed;
  // nothing changes yet.
  next() {
    const same = this.stateOf === this.settings.optimizer, steps = same ? this.steps : 0;
    const before = same ? this.state : this.zeros(), places = this.batch();
    const { value, g } = this.gradientOf(places), p = this.p.slice(), state = before.map(m => m.slice());
    this.updates[this.settings.optimizer](p, g, state, steps, this.rateAt(steps));
    return { value, g, p, state, places, before, steps };
  }

  // One step on the next batch; the mean loss before it.
  step() {
    const made = this.next(), unknown = this.settings.lr === null && made.steps >= this.rule.known;
    if (unknown || !this.allows(made)) {
      this.diverged = { epoch: this.epoch + 1, loss: made.value, unknown };
      return made.value;
    }
    this.diverged = null;
    if (this.at === 0) this.records.length = this.epoch + 1; // what came after was another future
    const { g, places, steps, value, before } = made;
    this.before = { p: this.p, state: before, steps, g, places, loss: value };
    Object.assign(this, { p: made.p, state: made.state, steps: made.steps + 1, stateOf: this.settings.optimizer });
    this.taken++;
    this.at += made.places.length;
    this.partial.push(made.value * (made.places.length / this.data.N));
    if (this.at >= this.data.N) this.endEpoch();
    return made.value;
  }

  endEpoch() {
    this.epoch++;
    this.at = 0;
    if (this.epoch === 1) this.limit = null; // now that of the whole first epoch
    this.records.push(this.record(this.partial.reduce((a, b) => a + b, 0)));
    this.partial = [];
    const old = this.epoch - KEPT;
    if (old > 0 && old % EVERY) Object.assign(this.records[old], { p: null, state: null });
  }

  // Whether a step is finite, and its loss not grown beyond all measure: the first, or what it was at the start.
  allows({ value, g, places }) {
    if (!Number.isFinite(value) || !g.every(Number.isFinite)) return false;
    this.limit ??= beyond(this.epoch > 0 ? this.records[1].loss : value);
    if (value > this.limit) this.limit = Math.max(this.limit, beyond(this.gradientOf(places, this.start).value));
    return value <= this.limit;
  }

  // Steps to the end of the epoch.
  runEpoch() {
    do this.step(); while (this.at !== 0 && this.diverged === null);
  }

  // Mean loss and penalty of some samples, and the gradient.
  gradientOf(places, p = this.p) {
    const { X, Y, inputs, targets } = this.data, n = places.length;
    const x = new Float64Array(n * inputs), y = new Float64Array(n * targets);
    places.forEach((i, k) => {
      x.set(X.subarray(i * inputs, (i + 1) * inputs), k * inputs);
      y.set(Y.subarray(i * targets, (i + 1) * targets), k * targets);
    });
    return this.lossOf(p, x, y, n);
  }

  // The same of all samples.
  gradientHere(p = this.p) {
    return this.lossOf(p, this.data.X, this.data.Y, this.data.N);
  }

  lossOf(p, x, y, n, penalty = this.settings.penalty, own = 1) {
    const value = this.code.loss(x, y, n, this.given(p, penalty, own), this.slopes);
    return { value, g: this.slopes.slice(0, this.size) };
  }

  // The parameters as the generated code takes them.
  given(p, penalty = this.settings.penalty, own = 1) {
    this.all.set(p);
    this.all[this.size] = penalty;
    if (this.all.length > this.size + 1) this.all[this.size + 1] = own;
    return this.all;
  }

  // The loss of one sample and its gradient, without a penalty.
  sample(i, p = this.p) {
    const { X, Y, inputs, targets } = this.data;
    const x = X.slice(i * inputs, (i + 1) * inputs), y = Y.slice(i * targets, (i + 1) * targets);
    return this.lossOf(p, x, y, 1, 0, 0);
  }

  valueOf(p = this.p, { X, Y, N } = this.data) {
    return this.code.loss(X, Y, N, this.given(p), null);
  }

  penaltyOf(p = this.p) {
    const { X, Y } = this.data;
    return this.code.loss(X, Y, 1, this.given(p), null) - this.code.loss(X, Y, 1, this.given(p, 0, 0), null);
  }

  // What outputs and neurons answer at points, point by point.
  answers(points, p = this.p) {
    const { neurons, outputs, heads } = this.scene, { code } = this, all = this.given(p);
    const found = neurons === null ? null : this.answered(code.neurons, points, all, neurons.length);
    if (found === null || !heads.every(head => "neuron" in head)) {
      return { outputs: this.answered(code.outputs, points, all, outputs.length), neurons: found };
    }
    const N = neurons.length, n = found.length / N, M = outputs.length, ends = new Float64Array(n * M);
    heads.forEach(({ neuron }, j) => {
      for (let k = 0; k < n; k++) ends[k * M + j] = found[k * N + neuron];
    });
    return { outputs: ends, neurons: found };
  }

  answered(answer, points, all, width) {
    const inputs = this.scene.inputs.length, n = points.length / inputs;
    const x = new Float64Array(inputs), out = new Float64Array(width), found = new Float64Array(n * width);
    for (let k = 0; k < n; k++) {
      for (let i = 0; i < inputs; i++) x[i] = points[k * inputs + i];
      answer(x, all, out);
      for (let i = 0; i < width; i++) found[k * width + i] = out[i];
    }
    return found;
  }

  // How many samples are answered with their class.
  right(p = this.p, { X, Y, N, targets } = this.data) {
    const { classes, threshold } = this.scene.stage, width = this.scene.outputs.length;
    const { outputs } = this.answers(X, p);
    let count = 0;
    for (let i = 0; i < N; i++) {
      const answer = outputs.subarray(i * width, (i + 1) * width);
      const place = threshold === null ? answer.indexOf(Math.max(...answer)) : Number(answer[0] > threshold);
      count += classes[place].target.every((t, k) => t === Y[i * targets + k]);
    }
    return count;
  }
}

// What a loss that begins so may not pass.
function beyond(first) {
  return Number.isFinite(first) ? Math.min(Number.MAX_VALUE, GROWTH * Math.max(1, Math.abs(first))) : GROWTH;
}

// Rows one behind the other, as the generated code takes them.
function laidOut(X, y) {
  const [x] = X, [t] = y, { length: N } = X;
  return { X: Float64Array.from(X.flat()), Y: Float64Array.from(y.flat()), N, inputs: x.length, targets: t.length };
}
