// The bar of a player: its buttons, where it is, how fast it goes; and what explains the page.

// name, text, title, what it does
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
  const buttons = BUTTONS.map(([name, text, title, act]) => button(name, text, title, () => act(player)));
  const range = { type: "range", min: 0, max: player.time.last, step: 1, "aria-label": "step" };
  const scrub = element("input", "scrub", "", range);
  scrub.oninput = () => player.jump(Number(scrub.value));
  const count = element("span", "count");
  const reset = button("reset", "reset", "the numbers of the start", () => player.reset());
  reset.hidden = player.scene.quiz !== undefined || player.reset === undefined;
  const clocks = [player, player.descent].filter(Boolean).map(({ clock }) => clock);
  row.append(...buttons, scrub, count, speedChoice(clocks), reset);
  const show = ({ position, clock }, { phase, number, of }) => {
    scrub.value = position;
    write(count, PHASES[phase] ?? `${phase} ${number} of ${of}`);
    give(scrub, "aria-valuetext", count.textContent);
    write(buttons.find(made => made.className === "play"), clock.runs ? "❚❚ pause" : "▶ play");
  };
  return { row, show };
}

// What the colours mean.
function legend({ roles, look }) {
  const row = element("div", "legend");
  const signs = [["gradient > 0", look.positive], ["gradient < 0, wide is large", look.negative]];
  const lines = [...signs, ["at work", look.lit]];
  for (const [name, border, fill] of [...roles, ...lines]) {
    const item = element("span", "meaning"), key = element("span", fill ? "key" : "key line");
    Object.assign(key.style, { background: fill ?? "none", borderColor: border });
    item.append(key, name);
    row.append(item);
  }
  return row;
}

const READING = "Each box is a number: a leaf that is given, or a value computed from others, along the arrows. "
  + "Forward computes each value from its operands and keeps the local derivatives, which stand on arrows. Backward "
  + "starts at the result with 1 and hands on, along each arrow, the gradient times the local derivative; what arrives "
  + "at a box adds up to ∇, the derivative of the result with respect to that value.";
const DESCENT = " A step of descent then moves each parameter against its gradient, and the result gets smaller.";
const KEYS = "space plays and pauses, ← and → step, Home and End go to the beginning and the end, + − 0 zoom and fit";

// A paragraph that explains the page, folded.
function about({ unfolded, quiz }, descends) {
  const clicks = quiz ? " Here the derivatives are hidden, for you to find." : " A click on a leaf gives it a slider.";
  const folded = unfolded ? " A click on a shadowed box shows below what is in it." : "";
  const more = (unfolded ? ", Escape folds" : "") + (descends ? ", D takes a step of descent" : "");
  const mouse = " Ctrl and the wheel zoom, too; a large picture is moved with the mouse. All is computed in this page.";
  const text = `${READING}${descends ? DESCENT : ""}${clicks}${folded} Keys: ${KEYS}${more}.${mouse}`;
  const made = element("details", "about");
  made.append(element("summary", "", "How to read and play this"), element("p", "", text));
  return made;
}
