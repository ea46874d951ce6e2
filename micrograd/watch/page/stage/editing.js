// The samples by keyboard, while the stage has the focus: choose, move, add, remove, another class.

const STRIDE = 0.02, SMALL_STRIDE = 0.004; // of the width of the view

// key of an event, how it is called, what it does, the action
const EDITING = [
  ["PageDown", "Page ↓", "on the samples: the next one", edit => edit.choose(1)],
  ["PageUp", "Page ↑", "the one before", edit => edit.choose(-1)],
  ["ArrowLeft", "← → ↑ ↓", "move the chosen one, with shift by a little", (edit, small) => edit.move(-1, 0, small)],
  ["ArrowRight", null, "", (edit, small) => edit.move(1, 0, small)],
  ["ArrowDown", null, "", (edit, small) => edit.move(0, -1, small)],
  ["ArrowUp", null, "", (edit, small) => edit.move(0, 1, small)],
  ["+", "+", "a new sample beside it", edit => edit.add()],
  ["c", "C", "of the other class", edit => edit.change()],
  ["Delete", "Del", "remove it", edit => edit.remove()],
  ["Backspace", null, "", edit => edit.remove()],
  ["Enter", "Enter", "its scalar graph", edit => edit.page.openSample(edit.page.sample)],
];

class Editing {
  constructor(page) {
    Object.assign(this, { page, stage: page.stage });
  }

  // Along the axes of the stage: the numbers of the chosen sample.
  get place() {
    const { page: { points, sample, answers: { shown: [a, b] } }, stage } = this, { x, y } = points[sample];
    return [x[a], stage.kind === "line" ? y[0] : x[b]];
  }

  moved(across, up, stride) {
    const { view } = this.stage, [u, v] = this.place;
    return [u + across * stride * (view.x[1] - view.x[0]), v + up * stride * (view.y[1] - view.y[0])];
  }

  // Numbers along the axes as the page takes them, of a sample.
  changed([u, v]) {
    const { stage: { kind }, page: { answers: { shown: [a, b] } } } = this;
    return kind === "line" ? { x: { [a]: u }, y: { 0: v } } : { x: { [a]: u, [b]: v } };
  }

  choose(by) {
    const { page } = this, { length } = page.points;
    page.chooseSample((page.sample + by + length) % length);
    this.tell();
  }

  move(across, up, small) {
    const { page } = this;
    page.movePoint(page.sample, this.changed(this.moved(across, up, small ? SMALL_STRIDE : STRIDE)));
    page.movedPoint();
    this.tell();
  }

  add() {
    const { page, stage: { classes, brush, kind } } = this, { x, y } = page.points[page.sample];
    const { x: to, y: answer = {} } = this.changed(this.moved(1, 1, STRIDE));
    const target = classes && brush !== null && kind === "plane" ? classes[brush].target : y;
    page.addPoint({ x: Object.assign([...x], to), y: Object.assign([...target], answer) });
    this.tell();
  }

  change() {
    const { page, stage: { classes } } = this;
    if (!classes) return;
    const { y } = page.points[page.sample], at = classes.findIndex(({ target }) => target.every((t, k) => t === y[k]));
    page.movePoint(page.sample, { y: classes[(at + 1) % classes.length].target });
    page.movedPoint();
    this.tell();
  }

  remove() {
    this.page.removePoint(this.page.sample);
    this.tell();
  }

  tell() {
    const { page } = this, { scene, sample } = page, { x, y } = page.points[sample];
    const numbers = scene.inputs.map((name, k) => `${name} ${shown(x[k])}`).slice(0, MOST_LISTED).join(", ");
    page.say(`sample ${sample + 1} of ${page.points.length}: ${numbers}, target ${vectorText(y)}`);
  }
}

function bindEditing(page) {
  const { canvas } = page.stage, edit = new Editing(page);
  const how = "arrows move the chosen one, page up and down choose, plus adds, delete removes";
  give(canvas, "aria-label", `the samples, as points: ${how}`);
  canvas.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || page.sample === null) return;
    const found = EDITING.find(([name]) => name === (event.key.length === 1 ? event.key.toLowerCase() : event.key));
    if (!found) return;
    found[3](edit, event.shiftKey);
    event.preventDefault();
    event.stopPropagation();
  });
}
