// A panel of the page: a heading, a canvas as large as the frame around it, and a note below.
//
//   every     milliseconds between two drawings while training plays, see `Frames`
//   arrange   of those who inherit: places what is drawn in width × height points

class Panel {
  constructor(page, name, title, every = 0) {
    Object.assign(this, { page, every, width: 0, height: 0 });
    this.root = element("section", `mw-panel ${name}`, "", { "aria-label": title });
    this.heading = page.heading(title);
    this.head = element("div", "mw-panel-head");
    this.frame = element("div", "mw-frame");
    this.canvas = element("canvas", "mw-canvas", "", { "aria-hidden": "true" });
    this.head.append(this.heading);
    this.frame.append(this.canvas);
    this.root.append(this.head, this.frame);
    new ResizeObserver(() => this.resize()).observe(this.frame);
  }

  note(text) {
    this.root.append(element("div", "mw-note", text));
  }

  // The canvas takes the focus, and keys.
  takesFocus(label) {
    this.canvas.removeAttribute("aria-hidden");
    Object.assign(this.canvas, { tabIndex: 0, role: "application", ariaLabel: label });
    this.canvas.dataset.lmSuppressShortcuts = "true";
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.frame;
    if (!width || !height || (width === this.width && height === this.height)) return;
    Object.assign(this, { width, height });
    this.arrange(width, height);
    this.page.repaint();
  }
}
