// The settings of training, each a choice of some good numbers: learning rate, batch, optimiser, L2.

const RATES = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];
const STRENGTHS = [0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1];
const BATCHES = [1, 2, 5, 10, 20, 50, 100, 200, 500];

class Settings {
  constructor(page) {
    const { scene } = page;
    Object.assign(this, { page, every: 250 });
    this.rate = choiceOf([], "", text => page.set({ lr: text === "null" ? null : Number(text) }));
    this.batch = choiceOf([], "", text => page.set({ batch: text === "null" ? null : Number(text) }));
    const names = scene.optimizers.map(({ name }) => [name, name]);
    this.optimizer = choiceOf(names, "", name => page.set({ optimizer: name, ...this.rateFor(name) }));
    this.penalty = choiceOf([], "", text => page.set({ penalty: Number(text) }));
    this.root = element("div", "mw-settings", "", { role: "group", "aria-label": "settings" });
    this.root.append(
      labelled("learning rate", this.rate, "how far a step goes against the gradient"),
      labelled("batch", this.batch, "how many samples a step looks at"),
      labelled("optimiser", this.optimizer, "the rule of a step"),
      labelled("L2 λ", this.penalty, "adds λ Σ w² to the mean loss: large weights cost"),
    );
  }

  // Another rule begins with its own rate, where the scene knows one.
  rateFor(name) {
    const { lr, rates } = this.page.scene.optimizers.find(rule => rule.name === name);
    return lr === null && !rates ? {} : { lr };
  }

  show() {
    const { scene, training } = this.page, { settings: { lr, batch, optimizer, penalty }, data: { N } } = training;
    const schedule = training.rule.rates ? [["null", "schedule"]] : [];
    const sorted = numbers => [...new Set(numbers)].sort((a, b) => a - b).map(x => [String(x), shown(x)]);
    const rates = scene.optimizers.map(rule => rule.lr).concat(RATES, lr).filter(rate => rate !== null);
    offer(this.rate, [...schedule, ...sorted(rates)], lr);
    const sizes = [...BATCHES, scene.settings.batch, batch].filter(size => size !== null && size < N);
    offer(this.batch, [...sorted(sizes), ["null", `all ${N}`]], batch !== null && batch < N ? batch : null);
    offer(this.penalty, sorted([...STRENGTHS, scene.settings.penalty, penalty]), penalty);
    this.optimizer.value = optimizer;
  }
}

// The options of a choice, and what is chosen.
function offer(choice, options, chosen) {
  const known = options.map(([value, text]) => `${value}=${text}`).join();
  if (choice.dataset.known !== known) fill(choice, options);
  choice.dataset.known = known;
  choice.value = String(chosen);
}

function fill(choice, options) {
  choice.replaceChildren(...options.map(([value, text]) => element("option", "", text, { value })));
}

function choiceOf(options, chosen, change) {
  const made = element("select", "mw-choice");
  fill(made, options);
  made.value = chosen;
  made.onchange = () => change(made.value);
  return made;
}

function labelled(text, control, title = "") {
  const made = element("label", "mw-setting", "", title ? { title } : {});
  made.append(element("span", "mw-soft", text), control);
  return made;
}
