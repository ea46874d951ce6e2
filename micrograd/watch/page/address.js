// The state of a page in its address, so that it can be sent: what was done, in order, from the start on.
//
//   journal     entries {taken, settings, points, weights}: how all was set after so many steps
//   act         a part of the address, key=value: a setting, an edit, or how far to train before the next act
//
// Of the edits of samples, -3 takes sample 3 away, 3:0.5,1,-1 moves it, +0.5,1,-1 is a new one: inputs, then the target.

const SETTINGS = ["lr", "batch", "optimizer", "penalty"];
const SEEN = { // what is looked at by its place, and how many of them there are
  sample: ({ points }) => points.length, weight: ({ scene }) => scene.parameters.length, neuron: ({ scene }) => scene.neurons?.length ?? 0,
};
const SLICE = 30, MOST_STEPS = 200_000; // milliseconds of training at a time; steps that an address may ask for

class Address {
  constructor(page) {
    Object.assign(this, { page, reading: false, hash: null, journal: [], first: page.chosen });
    this.restart();
    window.addEventListener("hashchange", () => location.hash !== this.hash && this.read());
  }

  // ---- what was done

  note(change) {
    if (this.reading) return;
    if (change.reset || change.start) return this.restart();
    const { taken } = this.page.training;
    if (change.went) this.journal = this.journal.filter(entry => entry.taken < taken);
    let entry = this.journal[this.journal.length - 1];
    if (entry?.taken !== taken) this.journal.push((entry = { taken, weights: [] }));
    Object.assign(entry, this.present());
    if (change.weight) entry.weights.push(change.weight);
  }

  restart() {
    this.journal = [{ taken: 0, weights: [], ...this.present() }];
  }

  present() {
    return { settings: { ...this.page.training.settings }, points: pointsText(this.page) };
  }

  // ---- the address of what was done

  write() {
    if (this.reading) return;
    const query = this.acts().map(([key, value]) => `${key}=${encoded(value)}`).join("&");
    this.hash = query === "" ? "" : `#${query}`;
    if (location.hash === this.hash) return;
    try {
      history.replaceState(null, "", this.hash || location.pathname + location.search);
    } catch {
      this.hash = location.hash; // a page in a frame may have no address of its own
    }
  }

  acts() {
    const { scene, training } = this.page, acts = [];
    const start = numbersText([...training.start.entries()].filter(([i, x]) => x !== scene.parameters[i]));
    if (start) acts.push(["start", start]);
    let before = { taken: 0, settings: scene.settings, points: "" };
    for (const entry of this.journal) {
      if (entry.taken > before.taken) acts.push(["steps", entry.taken]);
      for (const key of SETTINGS) {
        if (entry.settings[key] !== before.settings[key]) acts.push([key, String(entry.settings[key])]);
      }
      if (entry.points !== before.points) acts.push(["points", entry.points]);
      if (entry.weights.length) acts.push(["weights", numbersText(entry.weights)]);
      before = entry;
    }
    const { taken, epoch, at } = training;
    if (taken > before.taken) acts.push(at === 0 ? ["epoch", epoch] : ["steps", taken]);
    return [...acts, ...this.seen()];
  }

  // What is looked at.
  seen() {
    const { sample, chosen, opened } = this.page;
    const seen = [["sample", sample, 0], ["weight", chosen, this.first], ["neuron", opened?.neuron ?? null, null]];
    return seen.filter(([, place, first]) => place !== first).map(([key, place]) => [key, place]);
  }

  // ---- and back

  async read() {
    const { page } = this, { training, scene } = page, acts = decoded(location.hash.slice(1));
    if (this.reading || (this.hash === null && acts.length === 0)) return;
    this.reading = true;
    if (page.playing) page.pause();
    training.settings = { ...scene.settings };
    setPoints(page, "");
    training.begin(scene.parameters);
    this.restart();
    const refused = [];
    for (const [key, value] of acts) {
      const done = key === "steps" || key === "epoch" ? await this.train(key, value) : this.act(key, value);
      if (!done) refused.push(`${key}=${value.slice(0, 20)}`);
    }
    this.reading = false;
    page.controlsChanged();
    if (refused.length) page.say(`Parts of the address say nothing to this page: ${refused.join(", ")}`);
  }

  // Do one act, and note it; false for what this page cannot do.
  act(key, value) {
    const { page } = this, { training } = page;
    if (key === "start") {
      const start = numbersOf(value, training.size);
      if (start === null) return false;
      const p = page.scene.parameters.slice();
      for (const [i, x] of start) p[i] = x;
      training.begin(p);
      this.restart();
      return true;
    }
    if (key === "points" && !setPoints(page, value)) return false;
    if (key === "weights") {
      const weights = numbersOf(value, training.size);
      if (weights === null) return false;
      for (const [i, x] of weights) page.setWeight(i, x);
      return this.noteRead({ weights });
    }
    if (key in SEEN) return this.look(key, Number(value));
    if (SETTINGS.includes(key)) {
      const setting = settingOf(page, key, value);
      if (setting === undefined) return false;
      page.set({ [key]: setting });
    }
    return (key === "points" || SETTINGS.includes(key)) && this.noteRead({});
  }

  look(key, place) {
    const { page } = this;
    if (!Number.isInteger(place) || place < 0 || place >= SEEN[key](page)) return false;
    ({ sample: i => page.chooseSample(i), weight: i => page.choose(i), neuron: j => page.openNeuron(j) })[key](place);
    return true;
  }

  noteRead({ weights = [] }) {
    this.reading = false;
    this.note({});
    this.journal[this.journal.length - 1].weights.push(...weights);
    this.reading = true;
    return true;
  }

  // Train to the end of an epoch, or until so many steps are taken; the page stays alive meanwhile.
  async train(key, value) {
    const { page } = this, { training } = page, goal = Number(value);
    if (!Number.isInteger(goal) || goal < 0) return false;
    const reached = () => (key === "epoch" ? training.epoch : training.taken) >= goal;
    while (!reached() && training.diverged === null && training.taken < MOST_STEPS) {
      const end = performance.now() + SLICE;
      while (!reached() && training.diverged === null && performance.now() < end) training.step();
      page.changed();
      await new Promise(done => setTimeout(done));
    }
    return reached() || training.diverged !== null;
  }
}

// A value as it stands in an address: signs that may stand there stay as they are.
function encoded(value) {
  return encodeURIComponent(value).replace(/%(2B|2C|3A|3B)/g, decodeURIComponent);
}

// [[key, value], …] of the part of an address behind its #.
function decoded(text) {
  return text.split("&").filter(part => part !== "").map(part => {
    const [key, ...value] = part.split("=");
    return [key, unescaped(value.join("="))];
  });
}

function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// ---- texts of numbers, settings and samples

function numbersText(pairs) {
  return [...pairs].map(([i, x]) => `${i}:${x}`).join(",");
}

// [[place, number], …]; null where one is none.
function numbersOf(text, size) {
  const pairs = text.split(",").map(part => part.split(":").map(Number));
  return pairs.every(([i, x, more]) => Number.isInteger(i) && i >= 0 && i < size && Number.isFinite(x) && more === undefined) ? pairs : null;
}

// A setting as the training has it; undefined for what it cannot be.
function settingOf({ scene, training }, key, text) {
  if (key === "optimizer") return scene.optimizers.some(({ name }) => name === text) ? text : undefined;
  if (text === "null") return key === "batch" || (key === "lr" && training.rule.rates) ? null : undefined;
  const number = Number(text), least = { lr: Number.MIN_VALUE, batch: 1, penalty: 0 }[key];
  return text !== "" && Number.isFinite(number) && number >= least && (key !== "batch" || Number.isInteger(number)) ? number : undefined;
}

// What was done to the samples.
function pointsText({ scene, points }) {
  const row = ({ x, y }) => [...x, ...y].join(), there = new Set(points.map(({ from }) => from));
  const gone = scene.X.map((_, i) => i).filter(i => !there.has(i)).map(i => `-${i}`);
  const edits = points.flatMap(point => {
    if (point.from === undefined) return [`+${row(point)}`];
    return row(point) === row({ x: scene.X[point.from], y: scene.y[point.from] }) ? [] : [`${point.from}:${row(point)}`];
  });
  return [...gone, ...edits].join(";");
}

// The samples of the scene with these edits; false, and nothing is done, for a text that is none.
function setPoints(page, text) {
  const { scene } = page, inputs = scene.inputs.length;
  const points = scene.X.map((x, from) => ({ x: [...x], y: [...scene.y[from]], from })), gone = new Set();
  const rowOf = numbers => {
    const row = numbers.split(",").map(Number);
    return row.length === inputs + scene.targets && row.every(Number.isFinite) ? { x: row.slice(0, inputs), y: row.slice(inputs) } : null;
  };
  for (const edit of text === "" ? [] : text.split(";")) {
    const [, taken] = /^-(\d+)$/.exec(edit) ?? [], [, at, to] = /^(\d+):(.+)$/.exec(edit) ?? [], made = edit.startsWith("+") ? rowOf(edit.slice(1)) : null;
    const moved = to === undefined ? null : rowOf(to), i = Number(taken ?? at);
    if (made) points.push(made);
    else if (taken !== undefined && points[i]?.from === i) gone.add(i);
    else if (moved && points[i]?.from === i) Object.assign(points[i], moved);
    else return false;
  }
  const left = points.filter(({ from }) => !gone.has(from));
  if (!left.length) return false;
  page.points = left;
  page.sample = Math.min(page.sample, left.length - 1);
  page.samplesChanged();
  return true;
}
