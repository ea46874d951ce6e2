// What one operates a player with: a slider with a field for numbers, a bar of buttons, a clock.

// How far a slider for x reaches to both sides of 0: 3 for what is about 1, else 2 x rounded up to 1, 2 or 5 · 10ⁿ.
function reach(x) {
  const size = Math.min(2 * Math.abs(x), 1e308);
  if (Number.isNaN(size) || size < 1e-300 || (size >= 0.2 && size <= 4)) return 3;
  const unit = 10 ** Math.floor(Math.log10(size));
  return Number((unit * [1, 2, 5, 10].find(k => k * unit >= size * (1 - 1e-9))).toPrecision(1));
}

// How a slider runs: its ends for a number, where on the track a number is, the number at a place of the track.
const LINEAR = {
  ends: x => [-reach(x), reach(x)],
  place: x => x,
  number(place, [, most]) {
    const unit = 10 ** (Math.floor(Math.log10(most)) - 2);
    return Number((Math.round(place / unit) * unit).toPrecision(12));
  },
};
const LOGARITHMIC = {
  ends: x => [x / 100, x * 100],
  place: Math.log10,
  number: place => Number((10 ** place).toPrecision(2)),
};

// A slider with its two ends, and a field for numbers. Where the slider is moved its range stays; a number that is
// typed may widen it.
function slider(name, begin, change, scale = LINEAR) {
  const row = element("div", "leaf", "", { role: "group", "aria-label": name });
  const range = element("input", "", "", { type: "range", step: "any", "aria-label": `${name}, slider` });
  const field = element("input", "", "", { type: "number", step: "any", "aria-label": `${name}, number` });
  const [least, greatest, gradient] = ["end", "end", "gradient"].map(kind => element("span", kind));
  let ends;
  const stretch = x => {
    ends = scale.ends(x);
    [range.min, range.max] = ends.map(scale.place);
    [least.textContent, greatest.textContent] = ends.map(shown);
  };
  const set = x => {
    range.value = scale.place(x);
    give(range, "aria-valuetext", shown(x));
    if (document.activeElement !== field) field.value = Number.isFinite(x) ? Number(x.toPrecision(5)) : "";
  };
  const reset = () => stretch(begin);
  range.oninput = () => change(scale.number(Number(range.value), ends));
  field.oninput = () => {
    const x = Number(field.value);
    if (field.value === "" || Number.isNaN(scale.place(x)) || !Number.isFinite(scale.place(x))) return;
    if (x < ends[0] || x > ends[1]) stretch(x);
    change(x);
  };
  reset();
  row.append(element("span", "name", name, { title: name }), least, range, greatest, field, gradient);
  return { row, set, reset, gradient, inputs: [range, field] };
}

// Calls tick again and again while it runs; `tick` says whether to go on.
class Clock {
  constructor(tick) {
    Object.assign(this, { tick, timer: null, speed: 1 });
  }

  get runs() {
    return this.timer !== null;
  }

  start() {
    this.stop();
    this.timer = setInterval(() => this.tick() || this.stop(), 1000 / this.speed);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
  }

  setSpeed(speed) {
    this.speed = speed;
    if (this.runs) this.start();
  }
}

const SPEEDS = [0.5, 1, 2, 5, 20];

function speedChoice(clocks) {
  const choice = element("select", "speed", "", { title: "speed", "aria-label": "speed" });
  for (const speed of SPEEDS) choice.append(element("option", "", `${speed} ×`, { value: speed }));
  choice.value = 1;
  choice.onchange = () => clocks.forEach(clock => clock.setSpeed(Number(choice.value)));
  return choice;
}
