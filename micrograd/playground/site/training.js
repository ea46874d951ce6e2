// The panel in which the code learns from data: the loss over epochs, the prediction over the samples, the parameters.
//
//   start     counts the trainings: another number begins anew
//   losses    of the epochs so far, each before its step

const RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];
const BATCHES = [["all samples", ""], ["1", 1], ["4", 4], ["10", 10]];
const BUDGET = 0.08; // seconds of training between two pictures
const DATA_HINT = "The first line names columns by free names of the code, the last one is the target; below it stands "
  + "a line of numbers for each sample. All other names are trained.";

class Training {
  constructor(rules, ask, keep) {
    Object.assign(this, { ask, start: 0, runs: false, epochs: 0, losses: [], tabled: "" });
    this.element = element("div", "training");
    this.play = button("play", "▶ train", "train, or pause", () => this.toggle());
    const epoch = button("once", "1 epoch", "all samples once", () => this.once());
    const reset = button("reset", "reset", "back to the numbers of the sliders", () => this.reset());
    [this.rule, this.rate, this.batch] = [
      this.choice("rule", rules.map(rule => [rule, rule])),
      this.choice("rate", RATES.map(rate => [String(rate), rate])),
      this.choice("samples a step", BATCHES),
    ];
    this.head = element("p", "");
    [this.descent, this.fit] = [chartOf(360, 200), chartOf(360, 200)];
    this.parameters = element("div", "parameters");
    this.keep = button("keep", "to the sliders", "put the trained numbers on the sliders", () => keep(this.found));
    this.data = element("textarea", "data", "", { rows: 8, spellcheck: "false", "aria-label": "data" });
    this.data.oninput = () => this.begin();
    const row = element("div", "transport"), pictures = element("div", "pictures"), given = element("details", "given");
    row.append(this.play, epoch, reset, ...[this.rule, this.rate, this.batch].map(choice => choice.parentNode));
    pictures.append(...[this.descent, this.fit].map(({ figure }) => figure));
    this.summary = element("summary", "", "Data");
    this.given = given;
    given.append(this.summary, element("p", "hint", DATA_HINT), this.data);
    this.live = element("div", "live");
    this.live.append(this.head, pictures, this.parameters);
    this.note = element("p", "note");
    this.page = element("div", "page");
    this.byHand = row;
    this.element.append(row, this.live, this.page, this.note, given);
  }

  choice(name, choices) {
    const label = element("label", "hint", `${name} `), made = element("select", "", "");
    for (const [text, value] of choices) made.append(element("option", "", text, { value }));
    made.onchange = () => this.begin();
    label.append(made);
    return made;
  }

  get question() {
    const { epochs, runs, start, losses } = this;
    this.epochs = 0;
    return {
      data: this.data.value, rule: this.rule.value, rate: Number(this.rate.value), start, since: losses.length,
      batch: Number(this.batch.value) || null, epochs: runs ? 100_000 : epochs, seconds: runs ? BUDGET : 5, watch: true,
    };
  }

  // Another code: its data, a rate that suits it.
  take(data, rate = 0.1) {
    this.data.value = data;
    const far = x => Math.abs(Math.log(x / rate));
    this.rate.value = RATES.reduce((best, x) => (far(x) < far(best) ? x : best));
    [this.rule.value, this.batch.value] = ["SGD", ""];
    this.given.open = data === "";
    this.forget();
  }

  forget() {
    this.runs = false;
    this.start++;
    this.losses = [];
    this.paint();
  }

  // From the start, as something that counts was changed.
  begin() {
    this.forget();
    this.ask();
  }

  reset() {
    this.begin();
  }

  toggle() {
    this.runs = !this.runs;
    this.paint();
    if (this.runs) this.ask();
  }

  once() {
    this.runs = false;
    this.epochs = 1;
    this.paint();
    this.ask();
  }

  paint() {
    write(this.play, this.runs ? "❚❚ pause" : "▶ train");
    give(this.head, "aria-live", this.runs ? "off" : "polite"); // faster than one can listen
  }

  // An answer: a page that trains by itself, or what was learned by now, or a note on why there is neither.
  show(found) {
    const { note, html, title, stopped, why, rows, samples, columns } = found;
    const plays = html !== undefined, lives = note === undefined && !plays;
    [this.byHand.hidden, this.live.hidden, this.page.hidden] = [!lives, !lives, !plays];
    const missing = this.data.value.trim() ? note : "Training needs data.";
    write(this.note, plays ? "" : lives ? stopped || (why && `Python trains here, step by step: ${why}`) : missing);
    this.note.hidden = !this.note.textContent;
    this.note.className = lives && !stopped ? "hint" : "note";
    if (!lives || stopped) this.runs = false;
    this.paint();
    const size = note === undefined ? `: ${samples ?? rows.length} samples of ${columns.join(", ")}` : "";
    write(this.summary, `Data${size}`);
    if (plays) framed(this.page, html, title);
    if (lives) this.tell(found);
  }

  // What was learned by now.
  tell({ new: anew, epoch, loss, losses, rows, columns, prediction, parameters, curve }) {
    if (anew) this.losses = [];
    this.losses.push(...losses.map(Number));
    this.found = Object.fromEntries(parameters.map(({ name, data }) => [name, Number(data)]));
    const mean = `epoch ${epoch}   (1/${rows.length}) Σ ${prediction ? "L(f(xᵢ), yᵢ)" : "Lᵢ"} = `;
    this.head.replaceChildren(mean, element("strong", "", shown(Number(loss))));
    const line = thinned([...this.losses, Number(loss)].map((x, k) => [k, x]));
    const descends = `mean loss at epoch ${epoch}: ${shown(Number(loss))}`;
    this.descent.draw({ line, axis: "epoch", zero: true, dot: true, said: descends });
    const [input, target] = columns;
    this.fit.figure.style.display = curve ? "" : "none";
    const fits = `${target} over ${input}: ${rows.length} samples as points, and ${prediction} as a curve`;
    if (curve) this.fit.draw({ line: curve, points: rows, axis: input, said: fits });
    const numbers = parameters.map(({ shown: name, data }) => element("span", "", `${name} = ${shown(Number(data))}`));
    this.parameters.replaceChildren(...numbers, this.keep);
  }
}
