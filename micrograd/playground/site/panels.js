// The panels: tabs, and what each of them shows of an answer.

const TABS = [
  ["graph", "Graph"], ["explore", "Explore"], ["explain", "Explain"], ["formula", "Formula"], ["train", "Train"],
];

class Panels {
  constructor(list, panel, known, training, choose) {
    Object.assign(this, { list, panel, known, training, choose, chosen: "graph", by: null });
    this.tabs = TABS.map(([name, title]) => {
      const tab = button("tab", title, "", () => this.open(name));
      for (const attribute of ["title", "aria-label"]) tab.removeAttribute(attribute);
      Object.assign(tab, { id: `tab-${name}` });
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      return tab;
    });
    list.append(...this.tabs);
    list.onkeydown = event => this.onKey(event);
    this.choose = () => {};
    this.open("graph");
    this.choose = choose;
    addEventListener("message", event => this.resize(event));
  }

  open(name) {
    this.chosen = TABS.some(([known]) => known === name) ? name : "graph";
    TABS.forEach(([known], k) => {
      const selected = known === this.chosen;
      this.tabs[k].setAttribute("aria-selected", selected);
      this.tabs[k].tabIndex = selected ? 0 : -1;
    });
    this.panel.setAttribute("aria-labelledby", `tab-${this.chosen}`);
    this.choose();
  }

  onKey(event) {
    const at = TABS.findIndex(([name]) => name === this.chosen), count = TABS.length;
    const to = { ArrowRight: at + 1, ArrowLeft: at + count - 1, Home: 0, End: count - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.open(TABS[to % count][0]);
    this.tabs[to % count].focus();
  }

  // Show an answer; what stands there already stays where it can.
  show(answer) {
    const { panel: found } = answer;
    this.panel.classList.remove("old");
    if (found.note && this.chosen !== "train") this.panel.replaceChildren(element("p", "note", found.note));
    else PAINTERS[this.chosen](this, found);
    this.panel.dataset.shows = this.chosen;
  }

  // Nothing is there to be shown yet.
  wait(words) {
    if (this.panel.dataset.shows === this.chosen) return;
    const note = this.panel.querySelector(":scope > .waiting") ?? element("p", "note waiting");
    write(note, words);
    if (!note.parentNode) this.panel.replaceChildren(note);
    this.panel.classList.remove("old");
    delete this.panel.dataset.shows;
  }

  // What stands there is of before an error.
  fade() {
    this.panel.classList.add("old");
  }

  resize({ source, data }) {
    const frame = [...this.panel.querySelectorAll("iframe")].find(made => made.contentWindow === source);
    if (!frame || !Number.isFinite(data?.height)) return;
    frame.style.height = `${Math.min(4000, Math.max(320, data.height + 4))}px`;
  }
}

const PAINTERS = {
  graph(panels, { svg }) {
    const made = inert(svg, "image/svg+xml"), old = panels.panel.querySelector(":scope > .frame svg");
    if (old && old.getAttribute("viewBox") === made.getAttribute("viewBox")) old.replaceChildren(...made.childNodes);
    else panels.panel.replaceChildren(frameOf(made).outer, keyOf(panels.known));
  },

  explore({ panel }, { html, title }) {
    framed(panel, html, title);
  },

  explain(panels, { html, by, names, chosen }) {
    const choices = element("div", "choices", "", { role: "group", "aria-label": "which derivative" });
    ["", ...by].forEach((name, k) => {
      const text = name ? `∂ / ∂${names[k - 1]}` : "the whole pass";
      const made = button("choice", text, name ? `the derivative with respect to ${names[k - 1]}` : text, () => {
        panels.by = name;
        panels.choose();
      });
      made.setAttribute("aria-pressed", name === chosen);
      made.dataset.by = name;
      choices.append(made);
    });
    const focused = panels.panel.querySelector(".choice:focus")?.dataset.by;
    panels.panel.replaceChildren(choices, inert(html, "text/html"));
    if (focused !== undefined) [...choices.children].find(made => made.dataset.by === focused)?.focus();
  },

  formula({ panel }, { formulas, more }) {
    const rows = formulas.map(({ title, html, latex }) => {
      const row = element("section", "formula", "", { "aria-label": title });
      const head = element("div", "head");
      const copier = button("copy", "Copy LaTeX", `copy the LaTeX of ${title}`, () => copy(latex, copier));
      head.append(element("h3", "", title), copier);
      row.append(head, inert(html, "text/html"));
      return row;
    });
    if (more) rows.push(element("p", "hint", `and ${more} derivatives more`));
    panel.replaceChildren(...rows);
  },

  train({ panel, training }, found) {
    if (training.element.parentNode !== panel) panel.replaceChildren(training.element);
    training.show(found);
  },
};

// What the colours of a picture mean.
function keyOf({ roles, look }) {
  const row = element("div", "legend");
  const boxes = Object.values(roles).map(({ word, colour, fill }) => [word, colour, fill]);
  const lines = [["gradient > 0", look.positive], ["gradient < 0, wide is large", look.negative]];
  for (const [name, border, fill] of [...boxes, ...lines]) {
    const item = element("span", "meaning"), key = element("span", fill ? "key" : "key line");
    Object.assign(key.style, { background: fill ?? "none", borderColor: border });
    item.append(key, name);
    row.append(item);
  }
  return row;
}

const MEASURE = "<script>new ResizeObserver(() => parent.postMessage({ height: "
  + "document.documentElement.getBoundingClientRect().height }, '*')).observe(document.body)</" + "script>";

const PAPER = "margin:2px;background:light-dark(#ffffff,#1f1f26);color:light-dark(#23232e,#e9e9ef)"; // as of a card

// HTML with scripts in a frame of no origin, in the place of the one before as soon as it stands.
function framed(panel, html, title) {
  const page = `<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark">`
    + `<body style="${PAPER}">${html}${MEASURE}`;
  const old = panel.querySelector(":scope > iframe.player");
  if (old?.srcdoc === page) return;
  const made = element("iframe", "player", "", { sandbox: "allow-scripts", title });
  if (!old) panel.replaceChildren();
  else {
    made.style.height = old.style.height;
    made.classList.add("coming");
  }
  made.srcdoc = page;
  made.onload = () => {
    for (const other of [...panel.children]) if (other !== made && !other.classList.contains("coming")) other.remove();
    made.classList.remove("coming");
  };
  panel.append(made);
}

// Put a text on the clipboard, and say so on the button; where that is not allowed, show it to be copied by hand.
async function copy(text, said) {
  const before = said.textContent;
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = "Copied";
    setTimeout(() => (said.textContent = before), 1500);
  } catch {
    const field = element("input", "copied", "", { readonly: "", "aria-label": "to be copied" });
    field.value = text;
    field.onblur = () => field.remove();
    said.after(field);
    field.select();
  }
}
