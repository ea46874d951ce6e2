// What all canvases of the page share: points as sharp as the screen, axes, lines of equal height.

const MOST_DOTS = 2.5; // of the screen for a point

// The context of a canvas of width × height points.
function sharp(canvas, width, height) {
  const scale = Math.min(window.devicePixelRatio || 1, MOST_DOTS);
  const [across, down] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  if (canvas.width !== across || canvas.height !== down) {
    Object.assign(canvas, { width: across, height: down });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

// Where the mouse is, in points of an element.
function placeIn(element, event) {
  const corner = element.getBoundingClientRect();
  return [event.clientX - corner.left, event.clientY - corner.top];
}

// From the least to the greatest of numbers, with room to both sides.
function spanOf(numbers, room) {
  const finite = numbers.filter(Number.isFinite);
  const low = Math.min(...finite), high = Math.max(...finite);
  if (!finite.length) return [-1, 1];
  const pad = room * (high - low || 2 * Math.abs(high) || 1);
  return [low - pad, high + pad];
}

// Round numbers from low to high, some `most` of them.
function roundNumbers(low, high, most = 5) {
  const raw = (high - low) / most, unit = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map(k => k * unit).find(size => size >= raw * 0.999);
  const first = Math.ceil(low / step - 1e-9), count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) || 0 }, (_, k) => Number(((first + k) * step).toPrecision(12)));
}

// The same on a logarithmic axis, whose ends are exponents of 10.
function roundPowers(low, high) {
  const found = [], digits = high - low > 2.5 ? [1] : high - low > 1.2 ? [1, 3] : [1, 2, 5];
  const every = Math.ceil((high - low) / 6);
  for (let exponent = Math.floor(low); exponent <= high; exponent++) {
    if (exponent % every) continue;
    for (const digit of digits) {
      const place = exponent + Math.log10(digit);
      if (place >= low - 1e-9 && place <= high + 1e-9) found.push(Number((digit * 10 ** exponent).toPrecision(2)));
    }
  }
  return found;
}

// The line on which the numbers of a grid of n × n pass a level: calls segment(x0, y0, x1, y1), in cells.
function contour(values, n, level, segment) {
  const cross = [];
  for (let j = 0; j < n - 1; j++) {
    for (let i = 0; i < n - 1; i++) {
      const a = values[j * n + i] - level, b = values[j * n + i + 1] - level;
      const c = values[(j + 1) * n + i + 1] - level, d = values[(j + 1) * n + i] - level;
      if (a > 0 === b > 0 && b > 0 === c > 0 && c > 0 === d > 0) continue;
      cross.length = 0;
      if (a > 0 !== b > 0) cross.push(i + a / (a - b), j);
      if (b > 0 !== c > 0) cross.push(i + 1, j + b / (b - c));
      if (c > 0 !== d > 0) cross.push(i + d / (d - c), j + 1);
      if (d > 0 !== a > 0) cross.push(i, j + a / (a - d));
      for (let k = 0; k + 3 < cross.length; k += 4) segment(cross[k], cross[k + 1], cross[k + 2], cross[k + 3]);
    }
  }
}

// The same as a path in a box of a canvas.
function traceContour(context, values, n, level, { x, y, width, height }) {
  const [across, down] = [width / n, height / n];
  contour(values, n, level, (x0, y0, x1, y1) => {
    context.moveTo(x + (x0 + 0.5) * across, y + (y0 + 0.5) * down);
    context.lineTo(x + (x1 + 0.5) * across, y + (y1 + 0.5) * down);
  });
}

// A small picture over a whole box, smoothly; what changes with every frame less so.
function spread(context, picture, { x, y, width, height }, hurried = false) {
  Object.assign(context, { imageSmoothingEnabled: true, imageSmoothingQuality: hurried ? "low" : "high" });
  context.drawImage(picture, x, y, width, height);
}

// A box of the canvas on which two spans of numbers lie: between numbers and points.
class Axes {
  constructor(view) {
    Object.assign(this, { view, box: { x: 0, y: 0, width: 1, height: 1 } });
  }

  place(a, b) {
    const { box, view: { x, y } } = this;
    return [box.x + ((a - x[0]) / (x[1] - x[0])) * box.width, box.y + ((y[1] - b) / (y[1] - y[0])) * box.height];
  }

  numbers(px, py) {
    const { box, view: { x, y } } = this;
    return [x[0] + ((px - box.x) / box.width) * (x[1] - x[0]), y[1] - ((py - box.y) / box.height) * (y[1] - y[0])];
  }

  holds(px, py) {
    const { box } = this;
    return px >= box.x && px <= box.x + box.width && py >= box.y && py <= box.y + box.height;
  }

  // A canvas with its axes drawn and the box cleared, to draw in. Text is slow: it is drawn when something changed.
  prepare(canvas, width, height, theme, names) {
    const { box } = this, same = unchanged(this, theme, width, height, box, window.devicePixelRatio);
    const context = same ? canvas.getContext("2d") : sharp(canvas, width, height);
    if (!same) this.draw(context, theme, names);
    context.save();
    context.beginPath();
    context.roundRect(box.x, box.y, box.width, box.height, 8);
    context.clip();
    context.fillStyle = css(theme.plane);
    context.fillRect(box.x, box.y, box.width, box.height);
    return context;
  }

  // Numbers along both axes, and their names.
  draw(context, theme, names) {
    const { box, view } = this, bottom = box.y + box.height, few = box.width < 300 ? 4 : 6;
    const within = (x, from, to) => Math.max(from + 6, Math.min(to - 6, x));
    const type = (size, colour, textAlign, textBaseline) => {
      Object.assign(context, { font: `${size}px ${theme.font}`, fillStyle: css(colour), textAlign, textBaseline });
    };
    type(11, theme.soft, "center", "top");
    for (const tick of roundNumbers(...view.x, few)) {
      context.fillText(shown(tick), within(this.place(tick, 0)[0], box.x, box.x + box.width), bottom + 5);
    }
    type(11, theme.soft, "right", "middle");
    for (const tick of roundNumbers(...view.y, few)) {
      context.fillText(shown(tick), box.x - 6, within(this.place(0, tick)[1], box.y, bottom));
    }
    type(12, theme.ink, "center", "top");
    context.fillText(names[0], box.x + box.width / 2, bottom + 19);
    context.save();
    context.translate(box.x - 44, box.y + box.height / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(names[1], 0, 0);
    context.restore();
  }
}

// A box of text beside the mouse.
class Tip {
  constructor(frame) {
    this.frame = frame;
    this.root = element("div", "mw-tip", "", { "aria-hidden": "true" });
    frame.append(this.root);
  }

  show(x, y, first, ...lines) {
    const { root, frame } = this;
    const further = lines.filter(Boolean).map(line => element("div", "mw-soft", line));
    root.replaceChildren(element("div", "mw-strong", first), ...further);
    root.classList.add("mw-on");
    root.style.left = `${Math.max(2, Math.min(x + 14, frame.clientWidth - root.offsetWidth - 2))}px`;
    root.style.top = `${y + 18 + root.offsetHeight > frame.clientHeight ? y - root.offsetHeight - 12 : y + 18}px`;
  }

  hide() {
    this.root.classList.remove("mw-on");
  }
}
