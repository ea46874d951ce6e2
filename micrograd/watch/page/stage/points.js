// The samples on the stage, and the mouse over them: a click adds, a drag moves, the right button removes.

const NEAR = 11, MANY = 400; // points around a sample that are its own; so many samples are drawn smaller

class Points {
  constructor(stage) {
    Object.assign(this, { stage, page: stage.page, drag: null });
    const { canvas } = stage;
    canvas.onpointerdown = event => this.begin(event);
    canvas.onpointermove = event => (this.drag ? this.move(event) : this.hover(event));
    canvas.onpointerup = event => this.end(event);
    canvas.onpointercancel = () => (this.drag = null);
    canvas.onpointerleave = () => stage.tip.hide();
    canvas.oncontextmenu = event => this.remove(event);
    canvas.ondblclick = event => {
      const i = this.nearest(...placeIn(canvas, event));
      if (i !== null) this.page.openSample(i);
    };
  }

  // ---- what is seen

  draw(context) {
    const { page, stage } = this, { theme, scene, points, sample } = page;
    context.globalAlpha = 0.6;
    scene.validation?.X.forEach((x, i) => {
      const point = { x, y: scene.validation.y[i] }, [px, py] = stage.place(point);
      context.fillStyle = css(this.colour(point));
      context.fillRect(px - 2, py - 2, 4, 4);
    });
    context.globalAlpha = 1;
    if (stage.kind === "line" && !stage.classes) this.drawFurther(context);
    const batch = new Set(page.batchShown ?? []), radius = points.length > MANY ? 3 : stage.kind === "line" ? 3.8 : 5;
    points.forEach((point, i) => this.drawPoint(context, point, radius, batch.has(i)));
    if (sample === null || !points[sample]) return;
    this.drawChosen(context, points[sample], theme);
  }

  // Along the line: the targets of further outputs.
  drawFurther(context) {
    const { stage, page: { points, theme, scene } } = this, many = scene.outputs.length;
    for (let k = 1; k < Math.min(many, scene.targets); k++) {
      context.fillStyle = css(theme.classes[colourOf(k, many)]);
      for (const point of points) {
        const [px, py] = stage.place(point, k);
        context.fillRect(px - 2, py - 2, 4, 4);
      }
    }
  }

  drawChosen(context, point, theme) {
    const { page, stage } = this, [px, py] = stage.place(point);
    if (stage.kind === "line" && page.probe) {
      const [, foot] = stage.axes.place(0, page.probe.outputs[0]);
      Object.assign(context, { strokeStyle: css(theme.lit), lineWidth: 2 });
      context.setLineDash([3, 3]);
      context.beginPath();
      context.moveTo(px, py);
      context.lineTo(px, foot);
      context.stroke();
      context.setLineDash([]);
    }
    this.drawPoint(context, point, 5, false);
    context.beginPath();
    context.arc(px, py, 8.5, 0, 7);
    Object.assign(context, { strokeStyle: css(theme.lit), lineWidth: 2.5 });
    context.stroke();
  }

  drawPoint(context, point, radius, marked) {
    const { theme } = this.page, [px, py] = this.stage.place(point), kind = this.classOf(point);
    context.beginPath();
    sign(context, px, py, radius, this.stage.classes?.length > 2 ? kind : 0);
    context.fillStyle = css(this.colour(point, kind, marked));
    context.fill();
    const rim = marked ? theme.ink : kind === null && this.stage.kind === "plane" ? theme.soft : theme.card;
    Object.assign(context, { lineWidth: marked ? 2 : 1.3, strokeStyle: css(rim) });
    context.stroke();
  }

  // The place of a sample's class; null where numbers are predicted.
  classOf({ y }) {
    const at = this.stage.classes?.findIndex(({ target }) => target.every((t, k) => t === y[k])) ?? -1;
    return at >= 0 ? at : null;
  }

  colour(point, kind = this.classOf(point), marked = false) {
    const { stage, page: { theme, answers } } = this;
    if (kind !== null) return theme.classes[colourOf(kind, stage.classes.length)];
    const many = this.page.scene.outputs.length;
    if (stage.kind === "line" && many > 1) return theme.classes[colourOf(0, many)];
    if (stage.kind === "line") return marked ? theme.ink : between(theme.soft, theme.plane, 0.25);
    const { middle, reach } = answers.range({ output: 0 }, []);
    return unpacked(theme.shades[shadeAt(point.y[0], middle, reach, false)]);
  }

  // ---- what one does

  nearest(px, py) {
    let best = null, least = NEAR ** 2;
    this.page.points.forEach((point, i) => {
      const [x, y] = this.stage.place(point), distance = (x - px) ** 2 + (y - py) ** 2;
      if (distance < least) [least, best] = [distance, i];
    });
    return best;
  }

  // What the numbers at a place of the canvas make of a sample.
  moved(px, py) {
    const { stage, page: { answers: { shown } } } = this, [a, b] = stage.axes.numbers(px, py);
    if (stage.kind === "plane") return { x: { [shown[0]]: a, [shown[1]]: b } };
    return stage.classes ? { x: { [shown[0]]: a } } : { x: { [shown[0]]: a }, y: { 0: b } };
  }

  begin(event) {
    const { stage } = this, [px, py] = placeIn(stage.canvas, event);
    if (event.button !== 0 || !stage.axes.holds(px, py)) return;
    stage.canvas.setPointerCapture(event.pointerId);
    this.drag = { px, py, point: this.nearest(px, py), moved: false };
  }

  move(event) {
    const { stage, drag, page } = this, [px, py] = placeIn(stage.canvas, event);
    drag.moved ||= Math.hypot(px - drag.px, py - drag.py) > FAR;
    if (!drag.moved || drag.point === null) return;
    stage.tip.hide();
    page.movePoint(drag.point, this.moved(px, py));
  }

  end(event) {
    const { drag, page, stage } = this;
    this.drag = null;
    if (!drag) return;
    if (drag.moved && drag.point !== null) page.movedPoint();
    else if (drag.point !== null) page.showSample(drag.point);
    else if (!drag.moved) this.add(...placeIn(stage.canvas, event), event.shiftKey);
  }

  add(px, py, other) {
    const { stage, page } = this, { classes } = stage, { x, y } = this.moved(px, py);
    const brush = other && classes?.length === 2 ? 1 - stage.brush : stage.brush;
    const rest = page.scene.stage.rest.map((mean, k) => x[k] ?? mean);
    const likely = stage.kind === "plane" && !classes ? page.training.answers(Float64Array.from(rest)).outputs : null;
    const target = classes ? classes[brush].target : page.points[0].y.map((t, k) => y?.[k] ?? likely?.[k] ?? t);
    page.addPoint({ x: rest, y: [...target] });
  }

  remove(event) {
    event.preventDefault();
    const i = this.nearest(...placeIn(this.stage.canvas, event));
    this.stage.tip.hide();
    if (i !== null) this.page.removePoint(i);
  }

  hover(event) {
    const { stage, page } = this, [px, py] = placeIn(stage.canvas, event), i = this.nearest(px, py);
    stage.canvas.style.cursor = i !== null ? "grab" : stage.axes.holds(px, py) ? "copy" : "";
    if (i === null) return stage.tip.hide();
    const { x, y } = page.points[i], kind = this.classOf(page.points[i]);
    const target = kind === null ? `y = ${fewOf(y)}` : `class ${stage.classes[kind].name}`;
    const answer = `ŷ = ${fewOf(page.answerTo(i).outputs)} · L = ${shown(page.training.sample(i).value)}`;
    stage.tip.show(px, py, `sample ${i + 1}: x = ${fewOf(x)}, ${target}`, answer);
  }
}

// A few numbers as a text.
function fewOf(numbers) {
  if (numbers.length === 1) return shown(numbers[0]);
  return `(${Array.from(numbers.slice(0, 4), shown).join(", ")}${numbers.length > 4 ? ", …" : ""})`;
}

// The outline of a sample: of several classes each has its own.
function sign(context, x, y, radius, kind) {
  const corners = [0, 4, 3, 4, 5, 6][kind % 6] ?? 0, turned = kind % 6 === 1 ? Math.PI / 4 : -Math.PI / 2;
  if (!corners) return context.arc(x, y, radius, 0, 7);
  for (let k = 0; k < corners; k++) {
    const angle = turned + (2 * Math.PI * k) / corners;
    context[k ? "lineTo" : "moveTo"](x + 1.25 * radius * Math.cos(angle), y + 1.25 * radius * Math.sin(angle));
  }
  return context.closePath();
}
