// The state of a page in its address, so that it can be sent: what was done, see `journal`, and what is looked at.
//
//   hash        the part of the address behind #, as it was written last; null before
//   reading     whether the page is on its way to what an address says

const SLICE = 30, MOST_STEPS = 200_000; // milliseconds of training at a time; steps that an address may ask for

// What is looked at, by its place: how many of them there are, and how one is shown.
const LOOKS = {
  sample: [({ points }) => points.length, (page, i) => page.chooseSample(i)],
  weight: [({ scene }) => scene.parameters.length, (page, i) => page.choose(i)],
  neuron: [({ scene }) => scene.neurons?.length ?? 0, (page, i) => page.openNeuron(i)],
};

class Address {
  constructor(page) {
    Object.assign(this, { page, journal: new Journal(page), reading: false, hash: null, first: page.chosen });
    window.addEventListener("hashchange", () => location.hash !== this.hash && this.read());
  }

  note(change) {
    this.journal.note(change);
  }

  write() {
    if (this.reading) return;
    const parts = [...this.journal.acts(), ...this.looks()].map(([key, value]) => `${key}=${encoded(value)}`);
    this.hash = parts.length ? `#${parts.join("&")}` : "";
    if (location.hash === this.hash) return;
    try {
      history.replaceState(null, "", this.hash || location.pathname + location.search);
    } catch {
      this.hash = location.hash; // a page in a frame may have no address of its own
    }
  }

  // What is looked at, where that is not what is seen at first.
  looks() {
    const { sample, chosen, opened } = this.page;
    const looks = [["sample", sample, 0], ["weight", chosen, this.first], ["neuron", opened?.neuron ?? null, null]];
    return looks.filter(([, place, first]) => place !== first).map(([key, place]) => [key, place]);
  }

  // Go where the address says.
  async read() {
    const { page } = this, acts = decoded(location.hash.slice(1)), refused = [];
    if (this.reading || (this.hash === null && acts.length === 0)) return;
    this.reading = true;
    this.begin();
    for (const [key, value] of acts) {
      const done = key === "steps" || key === "epoch" ? await this.train(key, Number(value)) : this.act(key, value);
      if (!done) refused.push(`${key}=${value.slice(0, 20)}`);
    }
    this.reading = false;
    page.controlsChanged();
    if (refused.length) page.say(`Parts of the address say nothing to this page: ${refused.join(", ")}`);
  }

  // As the page is at first.
  begin() {
    const { page } = this, { training, scene } = page;
    if (page.playing) page.pause();
    training.settings = { ...scene.settings };
    this.setPoints("");
    training.begin(scene.parameters);
    this.note({ reset: true });
  }

  // Do what a part of the address says; false where that is nothing that this page can do.
  act(key, value) {
    const { page } = this;
    if (key === "points") return this.setPoints(value);
    if (key === "start" || key === "weights") return this.setWeights(key, numbersOf(value, page.training.size));
    if (SETTINGS.includes(key)) return this.set(key, settingOf(page, key, value));
    return key in LOOKS && this.look(LOOKS[key], value === "" ? NaN : Number(value));
  }

  set(key, setting) {
    if (setting === undefined) return false;
    const own = key === "optimizer" ? { lr: this.page.scene.optimizers.find(({ name }) => name === setting).lr } : {};
    this.page.set({ [key]: setting, ...own });
    return true;
  }

  setPoints(text) {
    const { page } = this, points = pointsOf(text, page.scene);
    if (points === null) return false;
    Object.assign(page, { points, sample: Math.min(page.sample, points.length - 1) });
    page.samplesChanged();
    this.note({ points: true });
    return true;
  }

  // Weights set by hand, or a start that has them.
  setWeights(key, weights) {
    const { page } = this;
    if (weights === null) return false;
    if (key === "weights") for (const [i, x] of weights) page.setWeight(i, x);
    else {
      const start = page.scene.parameters.slice();
      for (const [i, x] of weights) start[i] = x;
      page.training.begin(start);
      this.note({ start });
    }
    return true;
  }

  look([count, show], place) {
    const there = Number.isInteger(place) && place >= 0 && place < count(this.page);
    if (there) show(this.page, place);
    return there;
  }

  // Train to the end of an epoch, or until so many steps are taken; the page stays alive meanwhile.
  async train(key, goal) {
    const { page } = this, { training } = page;
    const reached = () => (key === "epoch" ? training.epoch : training.taken) >= goal;
    const goes = () => !reached() && training.diverged === null && training.taken < MOST_STEPS;
    if (!Number.isInteger(goal)) return false;
    while (goes()) {
      const end = performance.now() + SLICE;
      while (goes() && performance.now() < end) training.step();
      page.changed();
      await new Promise(done => setTimeout(done));
    }
    return reached() || training.diverged !== null;
  }
}
