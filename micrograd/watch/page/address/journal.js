// What was done to a training since its start, as far as it is needed to come to the same numbers again.
//
//   entry       {taken, settings, points, weights}: how settings and samples were after so many steps, and the weights
//               that were set by hand there; an entry holds until the next
//   act         [key, value]: a setting, an edit, or how far to train before the next act

const SETTINGS = ["optimizer", "lr", "batch", "penalty"]; // another optimiser begins with a rate of its own

class Journal {
  constructor(page) {
    this.page = page;
    this.restart();
  }

  restart() {
    this.entries = [{ taken: 0, weights: [], ...this.present() }];
  }

  present() {
    return { settings: { ...this.page.training.settings }, points: pointsText(this.page) };
  }

  // A change, right after it: {settings}, {points}, {weight: [place, number]}; {reset} and {start} begin anew, after
  // {went} the training is back at the end of an epoch.
  note(change) {
    if (change.reset || change.start) return this.restart();
    const { taken } = this.page.training;
    if (change.went) this.entries = this.entries.filter(entry => entry.taken < taken);
    let entry = this.entries[this.entries.length - 1];
    if (entry?.taken !== taken) this.entries.push((entry = { taken, weights: [] }));
    Object.assign(entry, this.present());
    if (change.weight) entry.weights.push(change.weight);
  }

  // All that was done, in order.
  acts() {
    const { scene, training } = this.page, acts = [];
    const start = [...training.start.entries()].filter(([i, x]) => x !== scene.parameters[i]);
    if (start.length) acts.push(["start", numbersText(start)]);
    let before = { taken: 0, settings: scene.settings, points: "" };
    for (const entry of this.entries) {
      const { taken, settings, points, weights } = entry;
      if (taken > before.taken) acts.push(["steps", taken]);
      const differs = key => settings[key] !== before.settings[key];
      const changed = SETTINGS.filter(key => differs(key) || (key === "lr" && differs("optimizer")));
      acts.push(...changed.map(key => [key, String(settings[key])]));
      if (points !== before.points) acts.push(["points", points]);
      if (weights.length) acts.push(["weights", numbersText(weights)]);
      before = entry;
    }
    const { taken, epoch, at } = training;
    if (taken > before.taken) acts.push(at === 0 ? ["epoch", epoch] : ["steps", taken]);
    return acts;
  }
}
