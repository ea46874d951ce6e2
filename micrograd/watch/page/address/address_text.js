// What stands in an address: parts key=value, and in values numbers by place, settings, and edits of samples.
//
//   edit    of a sample: -3 takes sample 3 away, 3:0.5,1,-1 moves it, +0.5,1,-1 is a new one: inputs, then the target

// A value as it stands in an address: signs that may stand there stay as they are.
function encoded(value) {
  return encodeURIComponent(value).replace(/%(2B|2C|3A|3B)/g, decodeURIComponent);
}

// [[key, value], …] of the part of an address behind its #.
function decoded(text) {
  return text.split("&").filter(part => part !== "").map(part => {
    const [key, ...value] = part.split("=");
    return [key, unescaped(value.join("="))];
  });
}

function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a sign % that escapes nothing
  }
}

// Numbers by place: 3:0.25,7:-1
function numbersText(pairs) {
  return pairs.map(([i, x]) => `${i}:${x}`).join(",");
}

// [[place, number], …] for places below a size; null where the text is none of that.
function numbersOf(text, size) {
  const pairs = text.split(",").map(part => part.split(":").map(Number));
  const fits = ([i, x, more]) => Number.isInteger(i) && i >= 0 && i < size && Number.isFinite(x) && more === undefined;
  return pairs.every(fits) ? pairs : null;
}

// A setting as the training has it; undefined for what it cannot be.
function settingOf({ scene, training }, key, text) {
  if (key === "optimizer") return scene.optimizers.some(({ name }) => name === text) ? text : undefined;
  if (text === "null") return key === "batch" || (key === "lr" && training.rule.rates) ? null : undefined;
  const number = Number(text), least = { lr: Number.MIN_VALUE, batch: 1, penalty: 0 }[key];
  const fits = text !== "" && Number.isFinite(number) && number >= least;
  return fits && (key !== "batch" || Number.isInteger(number)) ? number : undefined;
}

function rowText({ x, y }) {
  return [...x, ...y].join();
}

// {x, y} of a row of numbers; null where it is none.
function numbersIn(text, { inputs: { length: inputs }, targets }) {
  const row = text.split(",").map(Number);
  if (row.length !== inputs + targets || !row.every(Number.isFinite)) return null;
  return { x: row.slice(0, inputs), y: row.slice(inputs) };
}

// What was done to the samples.
function pointsText({ scene, points }) {
  const there = new Set(points.map(({ from }) => from));
  const gone = scene.X.map((_, i) => i).filter(i => !there.has(i)).map(i => `-${i}`);
  const edits = points.flatMap(point => {
    const { from } = point, row = rowText(point);
    if (from === undefined) return [`+${row}`];
    return row === rowText({ x: scene.X[from], y: scene.y[from] }) ? [] : [`${from}:${row}`];
  });
  return [...gone, ...edits].join(";");
}

// The samples of a scene with these edits; null for a text that is none.
function pointsOf(text, scene) {
  const points = scene.X.map((x, from) => ({ x: [...x], y: [...scene.y[from]], from })), gone = new Set();
  for (const edit of text === "" ? [] : text.split(";")) {
    const [, sign, place, row] = /^(?:([-+])|(\d+):)(.*)$/.exec(edit) ?? [];
    const i = Number(sign === "-" ? row : place), known = points[i]?.from === i, numbers = numbersIn(row ?? "", scene);
    if (sign === "-" && row !== "" && known) gone.add(i);
    else if (sign === "+" && numbers) points.push(numbers);
    else if (sign === undefined && known && numbers) Object.assign(points[i], numbers);
    else return null;
  }
  const left = points.filter(({ from }) => !gone.has(from));
  return left.length ? left : null;
}
