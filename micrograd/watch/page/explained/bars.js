// Bars: what each sample of a batch adds to a gradient, with their mean as a dashed line; a click chooses the sample.

class Bars {
  constructor(page) {
    Object.assign(this, { page, places: [], shares: [] });
    this.figure = shape("svg", { class: "mw-bars", role: "img", viewBox: "0 0 100 60", preserveAspectRatio: "none" });
    this.figure.onclick = event => this.choose(event);
    this.note = element("div", "mw-soft mw-note", "a bar for each sample of the batch, dashed: their mean");
  }

  draw(places, shares, mean) {
    Object.assign(this, { places, shares });
    const finite = shares.filter(Number.isFinite), most = Math.max(0, ...finite), least = Math.min(0, ...finite);
    const y = share => 3 + 54 * (most - share) / (most - least || 1), wide = 100 / Math.max(1, shares.length);
    const bars = shares.length > MOST_BARS ? [] : shares.map((share, k) => {
      const [top, bottom] = [y(share), y(0)].sort((a, b) => a - b);
      const kind = places[k] === this.page.sample ? "mw-chosen" : share < 0 ? "mw-negative" : "mw-positive";
      const gap = Math.min(0.5, wide / 8);
      const size = { width: wide - 2 * gap, height: Math.max(0.6, bottom - top) };
      return shape("rect", { class: kind, x: k * wide + gap, y: top, ...size });
    });
    const across = { x1: 0, x2: 100, "vector-effect": "non-scaling-stroke" };
    const line = (name, at) => shape("line", { class: name, y1: at, y2: at, ...across });
    const means = Number.isFinite(mean) ? [line("mw-mean", y(mean))] : [];
    this.figure.replaceChildren(...bars, line("mw-axis", y(0)), ...means);
    give(this.figure, "aria-label", `what each of ${shares.length} samples adds; their mean is ${shown(mean)}`);
  }

  choose(event) {
    const { left, width } = this.figure.getBoundingClientRect();
    const place = this.places[Math.floor(((event.clientX - left) / width) * this.places.length)];
    if (place !== undefined) this.page.chooseSample(place);
  }
}
