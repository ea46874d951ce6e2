// The bar of a player: its buttons, where it is, how fast it goes; and what explains the page.

const BUTTONS = [
  ["first", "|◀", "to the beginning (Home)", player => player.jump(0)],
  ["back", "◀", "one step back (←)", player => player.jump(player.previous())],
  ["play", "▶ play", "play or pause (space)", player => player.toggle(player.clock)],
  ["forward", "▶", "one step on (→)", player => player.jump(player.next())],
  ["last", "▶|", "to the end of the pass (End)", player => player.jump(Math.min(player.time.whole, player.time.last))],
];
const PHASES = { beginning: "beginning", seed: "backward begins", update: "step of descent" };

function transport(player) {
  const row = element("div", "transport");
  const made = Object.fromEntries(BUTTONS.map(([name, text, title, act]) => [name, button(name, text, title, () => act(player))]));
  const scrub = element("input", "scrub", "", { type: "range", min: 0, max: player.time.last, step: 1, "aria-label": "step" });
  scrub.oninput = () => player.jump(Number(scrub.value));
  const count = element("span", "count");
  const reset = button("reset", "reset", "the numbers of the start", () => player.reset());
  reset.hidden = player.scene.quiz !== undefined;
  row.append(...Object.values(made), scrub, count, speedChoice(player.clock, player.runner), reset);
  const show = ({ position, clock }, { phase, number, of }) => {
    scrub.value = position;
    write(count, PHASES[phase] ?? `${phase} ${number} of ${of}`);
    give(scrub, "aria-valuetext", count.textContent);
    write(made.play, clock.runs ? "❚❚ pause" : "▶ play");
  };
  return { row, show };
}

// What the colours mean.
function legend({ roles, look }) {
  const row = element("div", "legend");
  const lines = [["gradient > 0", look.positive], ["gradient < 0, wide is large", look.negative], ["at work", look.lit]];
  for (const [name, border, fill] of [...roles, ...lines]) {
    const item = element("span", "meaning"), key = element("span", fill ? "key" : "key line");
    Object.assign(key.style, { background: fill ?? "none", borderColor: border });
    item.append(key, name);
    row.append(item);
  }
  return row;
}

const KEYS = "Keys: space plays and pauses, ← and → step, Home and End go to the beginning and to the end, + − 0 zoom and fit";

function about({ unfolded, quiz }, descends) {
  const made = element("details", "about");
  const text = "Each box is a number: a leaf that is given, or a value computed from others, along the arrows. Forward computes "
    + "each value from its operands and keeps the local derivatives, which stand on the arrows. Backward starts at the result "
    + "with 1 and hands on, along each arrow, the gradient times the local derivative; what arrives at a box adds up to ∇, the "
    + "derivative of the result with respect to that value."
    + (descends ? " A step of descent then moves each parameter a little against its gradient, and the result gets smaller." : "")
    + (unfolded ? " A click on a folded box shows below what is in it." : "")
    + (quiz ? " Here the gradients are hidden, for you to find." : "")
    + `${quiz ? "" : " A click on a leaf gives it a slider."} ${KEYS}${unfolded ? ", Escape folds" : ""}${descends ? ", D takes a step of descent" : ""}. `
    + "Ctrl and the wheel zoom, too; a large picture is moved with the mouse. Everything is computed in this page.";
  made.append(element("summary", "", "How to read and play this"), element("p", "", text));
  return made;
}
