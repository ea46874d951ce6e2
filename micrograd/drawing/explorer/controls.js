// What one operates the player with: the buttons, and a slider with a number field for a leaf.

const BUTTONS = [
  ["first", "|◀", "to the start (Home)"], ["back", "◀", "one step back (←)"], ["play", "▶ play", "play or pause (space)"],
  ["forward", "▶", "one step on (→)"], ["last", "▶|", "to the end (End)"],
];

function transport(steps) {
  const bar = element("div", "transport");
  for (const [name, text, title] of BUTTONS) {
    bar.append(element("button", name, text, { type: "button", title, "aria-label": title }));
  }
  const scrub = { type: "range", min: 0, max: steps, step: 1, "aria-label": "step of backward" };
  bar.append(element("input", "scrub", "", scrub), element("span", "count"));
  bar.append(element("button", "reset", "reset", { type: "button", title: "the numbers of the start" }));
  return bar;
}

// How far a slider for x reaches to both sides of 0: 3 for what is about 1, else 2 x rounded up to 1, 2 or 5 · 10ⁿ.
function reach(x) {
  const size = Math.min(2 * Math.abs(x), 1e308);
  if (Number.isNaN(size) || size < 1e-300 || (size >= 0.2 && size <= 4)) return 3;
  const unit = 10 ** Math.floor(Math.log10(size));
  return Number((unit * [1, 2, 5, 10].find(k => k * unit >= size * (1 - 1e-9))).toPrecision(1));
}

// A slider with its two ends, and a field for numbers. Where the slider is moved its range stays; a number that is
// typed may widen it.
function slider(name, begin, change) {
  const row = element("div", "leaf", "", { role: "group", "aria-label": name });
  const range = element("input", "", "", { type: "range", step: "any", "aria-label": `${name}, slider` });
  const field = element("input", "", "", { type: "number", step: "any", "aria-label": `${name}, number` });
  const [least, greatest, gradient] = ["end", "end", "gradient"].map(kind => element("span", kind));
  let most;
  const stretch = size => {
    most = size;
    Object.assign(range, { min: -most, max: most });
    least.textContent = shown(-most);
    greatest.textContent = shown(most);
  };
  const set = x => {
    range.value = x;
    if (document.activeElement !== field) field.value = Number.isFinite(x) ? Number(x.toPrecision(6)) : "";
  };
  const reset = () => stretch(reach(begin));
  range.oninput = () => {
    const unit = 10 ** (Math.floor(Math.log10(most)) - 2);
    change(Number((Math.round(range.value / unit) * unit).toPrecision(12)));
  };
  field.oninput = () => {
    if (field.value === "") return;
    const x = Number(field.value);
    if (Math.abs(x) > most) stretch(reach(x));
    change(x);
  };
  reset();
  row.append(element("span", "name", name, { title: name }), least, range, greatest, field, gradient);
  return { row, set, reset, gradient, inputs: [range, field] };
}
