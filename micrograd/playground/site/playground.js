// The page: what is typed goes to Python, one question at a time, and its answer is shown.
//
//   now       the numbers of the free names
//   moved     those that were moved since the last question: what is answered is older
//   begun     how many codes were begun with, examples and links: an answer about one before is not shown
//   due       whether something changed since the last question
//   asking    whether an answer is waited for

const PAUSE = 160; // milliseconds after the last key
const PATIENCE = 10_000; // milliseconds that a run may take
const SLOW = 600; // milliseconds after which it may be stopped by hand

const part = id => document.getElementById(id);

class Playground {
  constructor(known) {
    Object.assign(this, { known, due: false, asking: false, stopped: false, first: true });
    Object.assign(this, { timer: null, slow: null, limit: null });
    Object.assign(this, { now: { at: {} }, moved: new Map(), begun: 0 });
    this.editor = new Editor(part("code"), () => this.typed(), () => this.changed(0));
    this.values = new Values(part("numbers"), known.roles, (name, x) => this.move({ [name]: x }));
    this.training = new Training(known.rules, () => this.changed(0), found => this.move(found));
    const tabs = document.querySelector(".tabs");
    this.panels = new Panels(tabs, part("panel"), known, this.training, () => this.changed(0));
    this.python = new Python(known, (state, message) => this.told(state, message));
    part("stop").onclick = () => this.stop("Stopped.");
    part("share").onclick = () => copy(location.href, part("share"));
    this.offer(known.examples);
    addEventListener("hashchange", () => this.read());
    if (!this.read()) this.take(known.examples[0], known.first);
    this.python.start();
  }

  get question() {
    const { now: { at }, panels: { chosen: panel, by } } = this;
    const question = { code: this.editor.text, at, panel, by };
    return panel === "train" ? { ...question, ...this.training.question } : question;
  }

  // ---- what there is to begin with

  offer(examples) {
    const choice = part("examples");
    choice.append(element("option", "", "your own", { value: "" }));
    examples.forEach(({ title }, k) => choice.append(element("option", "", title, { value: k })));
    choice.onchange = () => choice.value !== "" && this.take(examples[choice.value]);
  }

  // An example; with its answer where that is known without Python.
  take({ code, at, data, rate }, answer = null) {
    this.begin({ code, at: { ...at }, data, rate });
    part("examples").value = this.known.examples.findIndex(example => example.code === code);
    if (answer) this.show(answer);
    else this.changed(0);
  }

  // What the address holds; says whether it held anything.
  read() {
    const found = readAddress(location.hash);
    if (!found || location.hash === this.address) return found !== null;
    this.begin(found);
    part("examples").value = "";
    if (found.panel) this.panels.open(found.panel);
    this.changed(0);
    return true;
  }

  begin({ code, at, data, rate }) {
    Object.assign(this, { now: { at }, moved: new Map() });
    this.begun++;
    this.training.take(data, rate);
    this.values.clear();
    this.editor.text = code;
    this.panels.by = null;
  }

  // ---- questions and answers

  typed() {
    part("examples").value = "";
    this.changed(PAUSE);
  }

  // Something changed: ask when it has been quiet for so many milliseconds.
  changed(pause) {
    clearTimeout(this.timer);
    this.stopped = false;
    this.timer = setTimeout(() => {
      this.due = true;
      this.ask();
    }, pause);
  }

  async ask() {
    if (!this.due || this.asking || this.python.state !== "ready") return;
    Object.assign(this, { due: false, asking: true, moved: new Map() });
    const { question, begun } = this;
    let runs = false;
    this.slow = setTimeout(() => this.linger(runs ? "computing" : "NumPy is on its way"), SLOW);
    const packages = question.panel === "train" ? ["numpy"] : [], late = `Stopped after ${PATIENCE / 1000} seconds`;
    const answer = await this.python.ask(question, packages, () => {
      runs = true;
      this.limit = setTimeout(() => this.stop(`${late}: does a loop never end?`), PATIENCE);
    });
    this.asking = false;
    this.still();
    if (answer && begun === this.begun && question.panel === this.panels.chosen) this.show(answer);
    if (this.training.runs && this.panels.chosen === "train") this.due = true;
    requestAnimationFrame(() => this.ask());
  }

  // Some names get other numbers.
  move(numbers) {
    for (const [name, x] of Object.entries(numbers)) this.moved.set(name, (this.now.at[name] = x));
    this.values.show(this.now.at);
    this.changed(0);
  }

  // It takes a while.
  linger(words) {
    part("stop").hidden = false;
    write(part("state"), words);
  }

  still() {
    clearTimeout(this.slow);
    clearTimeout(this.limit);
    part("stop").hidden = true;
  }

  // Python is thrown away and begins anew; the code runs again when it is changed.
  stop(message) {
    this.still();
    Object.assign(this, { due: false, stopped: true });
    this.training.runs = false;
    this.say(message, true);
    this.panels.fade();
    this.python.restart();
  }

  show({ at, numbers, result, error, said, panel }) {
    if (at) {
      const pairs = Object.entries(at).map(([name, x]) => [name, this.moved.get(name) ?? Number(x)]);
      this.now.at = Object.fromEntries(pairs);
      this.values.show(this.now.at);
    }
    part("said").hidden = !said;
    part("said").querySelector("pre").textContent = said ?? "";
    this.editor.mark(Object.keys(this.now.at), error?.line ?? 0);
    this.remember();
    if (error) {
      this.training.runs = false;
      const where = error.line ? `line ${error.line}: ` : "";
      this.say(where + error.message, error.message !== "");
      this.panels.wait("There is nothing to be shown yet.");
      this.panels.fade();
      return;
    }
    this.values.tell(numbers);
    this.say(`${result.name} = ${result.text}`, false, result.full);
    this.panels.show({ panel });
  }

  say(message, wrong, full = "") {
    write(part("outcome"), message);
    part("outcome").title = full;
    part("outcome").className = wrong ? "wrong" : "";
  }

  // Keep the address in step, so that it can be sent.
  remember() {
    const { editor: { text: code }, now: { at }, panels: { chosen: panel }, training } = this;
    this.address = addressOf({ code, at, panel, data: training.data.value });
    if (!this.first) history.replaceState(null, "", this.address);
    this.first = false;
  }

  // What Python does, in words; an answer that waits is asked for when it is ready.
  told(state, message) {
    const megabytes = ((this.python?.bytes ?? 0) / 1e6).toFixed(1);
    const words = {
      loading: `Python is on its way: ${megabytes} of about 12 MB`, starting: "Python starts", ready: "", busy: "",
      broken: "Python begins anew", gone: "Python could not be started",
    };
    write(part("state"), words[state]);
    document.body.dataset.python = state;
    if (words[state]) this.panels.wait(`${words[state]}.`);
    if (state === "gone" || state === "broken") {
      this.still();
      this.stopped = true;
      this.say(state === "gone" ? `${message} Reload the page to try again.` : `Python broke down: ${message}`, true);
    }
    if (state === "ready" && !this.stopped) this.ask();
  }
}

new Playground(known);
