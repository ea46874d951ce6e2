// The bar of the page: back to the start, train or pause, a step, an epoch, how fast, and the line of time.

const PACES = { slow: "2 steps a second", step: "a step a frame", epoch: "an epoch a frame", full: "full speed" };

class Transport {
  constructor(page) {
    Object.assign(this, { page, every: 90 });
    this.root = element("div", "mw-transport", "", { role: "group", "aria-label": "training" });
    this.play = button("mw-play", "▶ train", "train, or pause (space)", () => page.toggle());
    this.pace = choiceOf(Object.entries(PACES), page.pace, pace => page.setPace(pace));
    give(this.pace, "aria-label", "speed");
    const label = "epoch: go back and on through what was trained";
    this.time = element("input", "mw-time", "", { type: "range", min: 0, max: 0, step: 1, "aria-label": label });
    this.time.oninput = () => page.goTo(Number(this.time.value));
    this.root.append(
      button("mw-reset", "↺ reset", "back to the start (R)", () => page.reset()), this.play,
      button("mw-one-step", "1 step", "one step on the next batch (→)", () => page.step()),
      button("mw-one-epoch", "1 epoch", "all samples once (E)", () => page.epoch()),
      this.pace, this.time,
    );
  }

  show() {
    const { page, time } = this, { epoch, records } = page.training;
    write(this.play, page.playing ? "❚❚ pause" : "▶ train");
    give(time, "max", records.length - 1);
    time.value = epoch;
    time.disabled = records.length < 2;
    give(time, "aria-valuetext", `epoch ${epoch}`);
  }
}

// A line that says what is going on, what one may do, and how far training is.
class Story {
  constructor(page) {
    Object.assign(this, { page, every: 90 });
    this.root = element("div", "mw-story");
    [this.text, this.trouble, this.count] = ["mw-soft", "mw-trouble", "mw-count"].map(name => element("span", name));
    give(this.trouble, "role", "alert");
    this.root.append(this.text, this.trouble, this.count);
  }

  show() {
    const { training, playing, pace } = this.page, { diverged, steps, epoch, at, data, records } = training;
    write(this.count, `epoch ${epoch}${at ? ` + ${at}/${data.N}` : ""} · step ${steps}`);
    write(this.trouble, diverged ? this.stopped(diverged) : "");
    if (diverged) write(this.text, "");
    else if (playing) write(this.text, this.training(pace));
    else write(this.text, steps + epoch === 0 ? this.beginning() : this.pause(epoch < records.length - 1));
  }

  stopped({ epoch, unknown }) {
    const { known } = this.page.training.rule;
    if (unknown) return `The schedule of the learning rate is written down for ${known} steps only: choose a rate.`;
    return `The loss runs away (epoch ${epoch}): take a smaller learning rate, or reset.`;
  }

  get share() {
    const { training: { batchSize, data: { N } } } = this.page;
    return batchSize < N ? `${batchSize} of ${N} samples` : `all ${N} samples`;
  }

  beginning() {
    return `Press train: each step looks at ${this.share}, takes the gradient of their mean loss, `
      + "and moves every weight a little against it.";
  }

  training(pace) {
    const { training: { rate, settings } } = this.page, plain = settings.optimizer === "SGD";
    const other = `${settings.optimizer} moves every weight against its gradient, at rate ${shown(rate)}`;
    const rule = plain ? `w ← w − ${shown(rate)} · ∂L/∂w` : other;
    const fast = pace === "full" ? " As fast as this computer can." : "";
    return `Each step: the mean over ${this.share}, then ${rule}.${fast}`;
  }

  pause(later) {
    if (later) return "Back in time: training from here goes another way, and what came later is forgotten.";
    return "Paused. Drag over the loss to go back in time; change the samples or a weight, and train on.";
  }
}
