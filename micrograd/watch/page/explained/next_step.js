// The next step, told for one parameter: forward and backward on one sample, the mean over the batch, the update.
//
//   chosen      the parameter, sample: the sample, as the page has them
//   line        {name, text, value}: what it is, how it comes about, its number; in full where the mouse rests
//   shares      what each sample of the batch adds to the gradient, whose mean it is

const MOST_LISTED = 4; // numbers of a sample, uses of a parameter
const MOST_BARS = 400; // samples of a batch with a bar each
const MOST_WORK = 100_000; // samples times parameters for which there is time while training plays
const CARDS = ["Forward", "Backward", "Mean over the batch", "Update"];

class NextStep {
  constructor(page) {
    Object.assign(this, { page, every: 250 });
    const { scene } = page;
    this.root = element("section", "mw-panel mw-next", "", { "aria-label": "the next step, for one weight" });
    this.weight = element("select", "", "", { "aria-label": "weight" });
    this.weight.append(...scene.parameterNames.map((name, i) => element("option", "", name, { value: i })));
    this.weight.onchange = () => page.choose(Number(this.weight.value));
    this.who = element("select", "", "", { "aria-label": "sample" });
    this.who.onchange = () => page.chooseSample(Number(this.who.value));
    const head = element("div", "mw-panel-head"), cards = element("div", "mw-cards");
    const choices = [labelled("weight", this.weight), labelled("sample", this.who)];
    head.append(page.heading("The next step, for one weight"), ...choices);
    this.bodies = CARDS.map((title, k) => {
      const card = element("div", "mw-card"), body = element("div", "mw-lines");
      card.append(element("div", "mw-card-head", `${k + 1}  ${title}`), body);
      cards.append(card);
      return body;
    });
    this.bars = new Bars(page);
    this.bodies[2].after(this.bars.figure, this.bars.note);
    this.root.append(head, cards);
  }

  show() {
    const { page, who, weight } = this, { chosen } = page;
    if (who.length !== page.points.length) {
      who.replaceChildren(...page.points.map((_, i) => element("option", "", String(i + 1), { value: i })));
    }
    weight.value = chosen;
    who.value = page.sample;
    const { x, y } = page.points[page.sample];
    const told = { name: "sample", text: `x = ${vectorText(x)}, y = ${vectorText(y)}` };
    const graph = SampleNodes.of(page);
    const [forward, backward] = graph ? [forwardLines, backwardLines].map(lines => lines(graph, page)) : endLines(page);
    this.fill(0, [told, ...forward]);
    this.fill(1, backward);
    this.showMean();
    this.fill(3, this.updateLines());
  }

  // What the samples of the batch add; many large ones only where training stands still.
  showMean() {
    const { training, chosen, scene, playing, next: { places, g } } = this.page, name = scene.parameterNames[chosen];
    const late = playing && places.length * training.size > MOST_WORK;
    const shares = late ? [] : places.map(i => training.sample(i).g[chosen]);
    const mean = shares.reduce((a, b) => a + b, 0) / shares.length, lines = [];
    if (shares.length) lines.push({ name: `(1/${shares.length}) Σ ∂Lᵢ/∂${name}`, text: "", value: mean });
    lines.push(...this.penaltyLines(name, g[chosen] - mean));
    lines.push({ name: "∇", text: lines.length > 1 ? "the sum" : "", value: g[chosen] });
    this.fill(2, lines);
    this.bars.draw(places, shares, mean);
  }

  // What a penalty adds to the gradient.
  penaltyLines(name, rest) {
    const { training: { p, settings }, chosen, scene: { penalty: { own } } } = this.page;
    if (own !== null && !Number.isNaN(rest)) return [{ name: `∂penalty/∂${name}`, text: own, value: rest }];
    if (own !== null || !settings.penalty) return [];
    return [{ name: `2 λ ${name}`, text: "from λ Σ w²", value: 2 * settings.penalty * p[chosen] }];
  }

  // The update as the rule has it, and what it comes to.
  updateLines() {
    const { training, chosen, scene, updates, next } = this.page, { rule, rate } = training;
    const name = scene.parameterNames[chosen], at = list => list.map(moment => moment[chosen]);
    const values = {
      p: training.p[chosen], g: next.g[chosen], moments: at(next.before), made: at(next.state), result: next.p[chosen],
      columns: updates[rule.name].columns(next.steps, rate), rate,
    };
    const lines = updateLines(rule, scene.symbols, name, values).flatMap(line => [
      { name: `${line.name} ←`, text: line.formula }, { name: "", text: `= ${line.numbers}`, value: line.result },
    ]);
    const { text } = lines.pop();
    return [...lines, { name: "", text, exact: values.p }, { name, text: "", value: values.result, last: true }];
  }

  fill(card, lines) {
    this.bodies[card].replaceChildren(...lines.map(({ name, text, value, exact = value, last }) => {
      const line = element("div", last ? "mw-told mw-result" : "mw-told"), say = element("span", "mw-say");
      if (name) say.append(element("span", "mw-name", name), " ");
      say.append(element("span", "mw-soft", text));
      const number = value === undefined ? "" : `= ${last ? precise(value) : shown(value)}`;
      line.append(say, element("span", "mw-value", number));
      if (exact !== undefined) line.title = String(exact);
      return line;
    }));
  }
}

function vectorText(numbers) {
  const texts = numbers.slice(0, MOST_LISTED).map(shown);
  if (numbers.length === 1) return texts[0];
  return `(${texts.join(", ")}${numbers.length > MOST_LISTED ? ", …" : ""})`;
}
