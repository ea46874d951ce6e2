// The keys of the page, in one table that both the page and its help read.

// key of an event, how it is called, what it does, the action
const PAGE_KEYS = [
  [" ", "space", "train or pause", page => page.toggle()],
  ["ArrowRight", "→", "one step", page => page.step()],
  ["ArrowLeft", "←", "back one epoch", page => page.back()],
  ["e", "E", "one epoch", page => page.epoch()],
  ["r", "R", "back to the start", page => page.reset()],
  ["Home", "Home", "to the first epoch", page => page.goTo(0)],
  ["End", "End", "to the last epoch", page => page.goTo(Infinity)],
  ["l", "L", "the loss on a logarithmic scale", page => page.loss.toggleLog()],
  ["Escape", "Esc", "close the scalar graph", page => page.closeGraph()],
];
const OWN_KEYS = ["INPUT", "SELECT", "TEXTAREA", "SUMMARY"]; // elements that take keys themselves

function bindKeys(page) {
  const { root, standalone } = page;
  const act = event => {
    const { target, key, ctrlKey, metaKey, altKey } = event, { tagName } = target;
    if (event.defaultPrevented || ctrlKey || metaKey || altKey || OWN_KEYS.includes(tagName)) return;
    if (tagName === "BUTTON" && (key === " " || key === "Enter")) return;
    const found = PAGE_KEYS.find(([name]) => name === (key.length === 1 ? key.toLowerCase() : key));
    if (!found) return;
    found[3](page);
    event.preventDefault();
    event.stopPropagation();
  };
  root.addEventListener("keydown", act);
  if (standalone) document.addEventListener("keydown", event => event.target === document.body && act(event));
  const help = element("details", "mw-help"), rows = [...PAGE_KEYS, ...(page.stage ? EDITING : [])];
  help.append(element("summary", "", "Keys"), keyList(rows));
  root.append(help);
}

function keyList(rows) {
  const list = element("dl", "mw-keys");
  for (const [, name, what] of rows.filter(row => row[1] !== null)) {
    list.append(element("dt", "", name), element("dd", "", what));
  }
  return list;
}
