// The board of descent: a rate, steps one by one or again and again, and the curve of the losses.

class DescentBoard {
  constructor(player) {
    const { nodes, root } = player;
    this.player = player;
    this.rate = firstRate(root.data, player.parameters, player.whole.gradient);
    this.clock = new Clock(() => this.step());
    this.slider = slider("rate", this.rate, rate => this.setRate(rate), LOGARITHMIC);
    this.slider.gradient.remove();
    this.curve = curveOf(root.name, "step");
    this.reached = element("span", "reached");
    this.run = button("run", "▶ descend", "step after step, or pause", () => player.toggle(this.clock));
    const one = button("one", "1 step", "one step of descent (D)", () => this.once());
    const buttons = element("div", "buttons");
    buttons.append(one, this.run, this.reached);
    this.element = element("div", "descent", "", { role: "group", "aria-label": "gradient descent" });
    const head = element("div", "head", `Descent: w ← w − rate · ∂${root.name}/∂w`);
    this.element.append(head, buttons, this.slider.row, this.curve.figure);
  }

  // What the parameters become.
  after(gradient) {
    return descended(this.player.nodes, this.player.parameters, this.rate, gradient);
  }

  // The next round begins, with the parameters after a step.
  update() {
    const { rounds, parameters, whole } = this.player;
    rounds.next(parameters, this.after(whole.gradient));
  }

  // A whole round at once: a step, forward and backward. Says whether to go on.
  step() {
    const { player } = this;
    if (!player.element.isConnected) return false;
    this.update();
    player.go(player.time.whole);
    return Number.isFinite(player.root.data);
  }

  once() {
    this.player.stop();
    this.step();
  }

  setRate(rate) {
    this.rate = rate;
    this.player.show();
  }

  show({ rounds, root }) {
    this.slider.set(this.rate);
    this.curve.draw(rounds.losses, rounds.at);
    write(this.reached, `step ${rounds.at}: ${root.name} = ${shown(root.data)}`);
    write(this.run, this.clock.runs ? "❚❚ pause" : "▶ descend");
  }
}
