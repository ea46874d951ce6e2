// The loss after every epoch, of training and validation; a drag over it goes back to any of them.

const SHORTEST = 20; // epochs that the chart is wide at least

class LossChart extends Panel {
  constructor(page) {
    const { scene } = page;
    super(page, "mw-loss", "Loss", 110);
    this.logarithmic = scene.stage.classes !== null;
    const legend = element("span", "mw-legend");
    legend.append(element("i", "mw-key mw-plus"), "training");
    if (scene.validation) legend.append(" ", element("i", "mw-key mw-validation"), "validation");
    this.switch = button("mw-toggle", "log", "logarithmic scale (L)", () => this.toggleLog());
    this.head.append(legend, this.switch);
    const formula = element("div", "mw-formula"), mean = element("span", "mw-mean");
    this.mean = element("span", "mw-sum");
    this.number = element("b", "mw-number");
    this.penalty = element("span", "mw-soft");
    mean.append(this.mean, this.number);
    formula.append(mean, this.penalty);
    this.frame.before(formula);
    this.canvas.classList.add("mw-scrubs");
    this.toggleLog();
    this.canvas.onpointerdown = event => {
      this.canvas.setPointerCapture(event.pointerId);
      this.scrub(event);
    };
    this.canvas.onpointermove = event => event.buttons & 1 && this.scrub(event);
  }

  toggleLog() {
    this.logarithmic = !this.logarithmic;
    this.switch.setAttribute("aria-pressed", this.logarithmic);
    this.page.repaint();
  }

  scrub(event) {
    const [x] = placeIn(this.canvas, event), { box, view } = this.axes;
    this.page.goTo(Math.round(((x - box.x) / box.width) * view.x[1]));
  }

  arrange(width, height) {
    this.box = { x: 46, y: 6, width: width - 54, height: height - 28 };
  }

  // ---- what is seen

  show() {
    if (!this.width) return;
    const { page, canvas, width, height } = this, { records, epoch } = page.training, { theme } = page;
    this.tell();
    const context = sharp(canvas, width, height), last = records.length - 1;
    this.axes = new Axes({ x: [0, Math.max(SHORTEST, last)], y: this.span(records) });
    this.axes.box = this.box;
    this.drawScale(context, theme);
    for (const [from, to, alpha] of [[1, epoch, 1], [Math.max(1, epoch), last, 0.35]]) {
      context.globalAlpha = alpha;
      if (page.scene.validation) this.drawLine(context, records, "validation", from, to, css(theme.validation), [5, 4]);
      this.drawLine(context, records, "loss", from, to, css(theme.plus), []);
    }
    context.globalAlpha = 1;
    this.drawPlace(context, theme, epoch, epoch > 0 ? records[epoch].loss : page.meanLoss);
  }

  level(loss) {
    return this.logarithmic ? Math.log10(loss) : loss;
  }

  span(records) {
    const levels = [];
    for (const { loss, validation } of records) {
      for (const number of [loss, validation]) if (Number.isFinite(this.level(number))) levels.push(this.level(number));
    }
    levels.push(this.level(this.page.meanLoss));
    let [low, high] = [Infinity, -Infinity];
    for (const level of levels) if (Number.isFinite(level)) [low, high] = [Math.min(low, level), Math.max(high, level)];
    if (!(low <= high)) return [0, 1];
    if (!this.logarithmic) return [Math.min(0, low), high + 0.06 * (high - Math.min(0, low)) || 1];
    const room = Math.max(0.06 * (high - low), (0.4 - (high - low)) / 2);
    return [low - room, high + room];
  }

  drawScale(context, theme) {
    const { axes, logarithmic } = this, { box, view } = axes, bottom = box.y + box.height;
    const marks = logarithmic ? roundPowers(...view.y) : roundNumbers(...view.y, 4);
    const font = `11px ${theme.font}`, fillStyle = css(theme.soft), strokeStyle = css(theme.line);
    Object.assign(context, { font, fillStyle, strokeStyle, lineWidth: 1, textAlign: "right", textBaseline: "middle" });
    for (const mark of marks) {
      const [, y] = axes.place(0, this.level(mark));
      context.beginPath();
      context.moveTo(box.x, y);
      context.lineTo(box.x + box.width, y);
      context.stroke();
      context.fillText(shown(mark), box.x - 6, y);
    }
    Object.assign(context, { textAlign: "center", textBaseline: "top" });
    for (const tick of roundNumbers(...view.x, box.width < 320 ? 4 : 6).filter(Number.isInteger)) {
      const [x] = axes.place(tick, 0), text = tick ? String(tick) : "epoch 0";
      const rightmost = box.x + box.width - 3.2 * text.length;
      context.fillText(text, Math.min(rightmost, tick ? x : x + 14), bottom + 6);
    }
  }

  drawLine(context, records, of, from, to, colour, dashes) {
    if (to < from) return;
    const every = Math.max(1, Math.floor((to - from) / (2 * this.axes.box.width)));
    context.beginPath();
    for (let e = from; e <= to; e += every) {
      const level = this.level(records[e][of]);
      if (Number.isFinite(level)) context.lineTo(...this.axes.place(e, level));
    }
    Object.assign(context, { strokeStyle: colour, lineWidth: 2.2, lineJoin: "round" });
    context.setLineDash(dashes);
    context.stroke();
    context.setLineDash([]);
  }

  drawPlace(context, theme, epoch, loss) {
    const { box } = this.axes, [x, y] = this.axes.place(epoch, this.level(loss));
    Object.assign(context, { strokeStyle: css(theme.lit), fillStyle: css(theme.lit), lineWidth: 1.6 });
    context.beginPath();
    context.moveTo(x, box.y);
    context.lineTo(x, box.y + box.height);
    context.stroke();
    if (!Number.isFinite(y)) return;
    context.beginPath();
    context.arc(x, y, 4.2, 0, 7);
    context.fill();
  }

  // The formula of what descends, with its numbers.
  tell() {
    const { page: { training, meanLoss, scene }, mean, number, penalty } = this, extra = training.penaltyOf();
    write(mean, `(1/${training.data.N}) Σ L(f(xᵢ), yᵢ) = `);
    write(number, shown(meanLoss - extra));
    write(penalty, extra ? `+ ${scene.penalty.own ? "penalty" : "λ Σ w²"} = ${shown(extra)}` : "");
  }
}
