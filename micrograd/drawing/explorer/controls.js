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

// The range of a slider: wide enough for x, and round.
function reach(x) {
  const size = Number.isFinite(x) ? 1.5 * Math.abs(x) : 3;
  const unit = 10 ** Math.floor(Math.log10(Math.max(size, 1)));
  return Math.max(3, Math.ceil(size / unit) * unit);
}

function slider(node, change) {
  const row = element("label", "leaf");
  const range = element("input", "", "", { type: "range", step: "any", "aria-label": `${node.name}, slider` });
  const field = element("input", "", "", { type: "number", step: "any", "aria-label": `${node.name}, number` });
  let most = 0;
  const set = x => {
    most = Math.max(most, reach(x));
    Object.assign(range, { min: -most, max: most, value: x });
    if (document.activeElement !== field) field.value = Number.isFinite(x) ? Number(x.toPrecision(6)) : "";
  };
  range.oninput = () => change(Number(range.value));
  field.oninput = () => field.value !== "" && change(Number(field.value));
  const gradient = element("span", "gradient");
  row.append(element("span", "name", node.name, { title: node.name }), range, field, gradient);
  return { row, set, gradient, inputs: [range, field] };
}
