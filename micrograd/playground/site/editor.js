// The editor: a textarea, with line numbers beside it and colours below its own letters, which are transparent.

const WORDS = (
  "def return for in if elif else while and or not lambda import from as class pass break continue None True False"
).replaceAll(" ", "|");
const KINDS = {
  comment: "#.*",
  string: `"(?:\\\\.|[^"\\\\])*"?|'(?:\\\\.|[^'\\\\])*'?`,
  word: `(?<!\\w)(?:${WORDS})(?!\\w)`,
  number: "(?<![\\w.])\\d(?:e[-+]|[\\w.])*",
  name: "[\\p{L}_][\\p{L}\\p{M}\\p{N}_]*",
};
const TOKEN = new RegExp(Object.entries(KINDS).map(([kind, text]) => `(?<${kind}>${text})`).join("|"), "gu");

class Editor {
  constructor(area, change, runNow) {
    Object.assign(this, { area, change, runNow, free: new Set(), wrong: 0, leaving: false });
    [this.lines, this.colours] = ["lines", "colours"].map(name => area.closest(".editor").querySelector(`.${name}`));
    area.oninput = () => {
      this.show();
      change();
    };
    area.onkeydown = event => this.onKey(event);
    area.onblur = () => (this.leaving = false);
  }

  get text() {
    return this.area.value;
  }

  set text(text) {
    this.area.value = text;
    this.show();
  }

  // Mark the free names, and a line in which something is wrong; 0 for none.
  mark(free, wrong) {
    this.free = new Set(free);
    this.wrong = wrong;
    this.area.setAttribute("aria-invalid", wrong > 0);
    this.show();
  }

  show() {
    const lines = this.text.split("\n");
    const kind = k => (k + 1 === this.wrong ? "wrong" : "");
    this.lines.replaceChildren(...lines.map((_, k) => element("span", kind(k), `${k + 1}\n`)));
    const coloured = lines.map((line, k) => {
      const made = element("span", kind(k));
      made.append(...this.coloured(line), "\n");
      return made;
    });
    this.colours.replaceChildren(...coloured);
    this.area.rows = Math.max(5, lines.length);
  }

  coloured(line) {
    const made = [];
    let end = 0;
    for (const found of line.matchAll(TOKEN)) {
      const [kind] = Object.entries(found.groups).find(([, text]) => text !== undefined);
      made.push(line.slice(end, found.index));
      const free = kind === "name" && this.free.has(found[0]);
      made.push(kind === "name" && !free ? found[0] : element("span", free ? "free" : kind, found[0]));
      end = found.index + found[0].length;
    }
    return [...made, line.slice(end)];
  }

  // Typed as if by hand, so that it can be undone.
  type(text) {
    if (!document.execCommand("insertText", false, text)) this.area.setRangeText(text, ...this.selected(), "end");
  }

  selected() {
    return [this.area.selectionStart, this.area.selectionEnd];
  }

  onKey(event) {
    const { key } = event;
    if (key === "Enter" && (event.ctrlKey || event.metaKey)) this.runNow();
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (key === "Escape") this.leaving = true;
    else if (key === "Tab" && !this.leaving) this.indent(event.shiftKey);
    else if (key === "Enter") this.newLine();
    else {
      if (key !== "Tab" && key !== "Shift") this.leaving = false;
      return;
    }
    event.preventDefault();
  }

  // A line as deep as the one above, deeper behind a colon.
  newLine() {
    const above = this.text.slice(0, this.area.selectionStart).split("\n").pop();
    const [indent] = /^ */.exec(above);
    this.type(`\n${indent}${/:\s*(#.*)?$/.test(above) ? "    " : ""}`);
  }

  // Tab: spaces at the caret; of selected lines, and with Shift, their beginnings.
  indent(back) {
    const [from, to] = this.selected(), { text } = this;
    if (from === to && !back) {
      this.type("    ");
      return;
    }
    const first = text.lastIndexOf("\n", from - 1) + 1, next = text.indexOf("\n", to);
    const last = next < 0 ? text.length : next;
    const lines = text.slice(first, last).split("\n");
    const moved = lines.map(line => (back ? line.replace(/^ {1,4}/, "") : line && `    ${line}`)).join("\n");
    if (moved === text.slice(first, last)) return;
    this.area.setSelectionRange(first, last);
    this.type(moved);
    if (lines.length > 1) this.area.setSelectionRange(first, first + moved.length);
  }
}
