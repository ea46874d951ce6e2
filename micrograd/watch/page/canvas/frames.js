// When parts of the page are drawn: once a frame at most, only what changed, only what is on the screen.
//
//   part     {root, show, every}: every says how many milliseconds lie between two drawings while training plays
//   seen     whether the page is on the screen: where it is not, training stands still, too

const SELDOM = 250, HURRIED = 45; // milliseconds: where a part does not say; at full speed, which leaves time to train
const AROUND_SCREEN = "200px"; // is drawn, too, for those who scroll

class Frames {
  constructor(page) {
    Object.assign(this, { page, parts: [], asked: false, seen: false });
    this.observer = new IntersectionObserver(entries => this.look(entries), { rootMargin: AROUND_SCREEN });
    this.observer.observe(page.root);
  }

  add(part) {
    Object.assign(part, { stale: true, drawn: -Infinity, seen: false });
    this.parts.push(part);
    this.observer.observe(part.root);
  }

  look(entries) {
    for (const { target, isIntersecting } of entries) {
      if (target === this.page.root) this.seen = isIntersecting;
      for (const part of this.parts) if (part.root === target) part.seen = isIntersecting;
    }
    if (this.seen) this.ask();
  }

  // Everything is to be drawn anew.
  stale() {
    for (const part of this.parts) part.stale = true;
    this.ask();
  }

  ask() {
    if (this.asked || !this.seen) return;
    this.asked = true;
    requestAnimationFrame(now => this.frame(now));
  }

  frame(now) {
    const { page } = this;
    this.asked = false;
    if (!page.root.isConnected) return;
    if (page.playing) page.advance(now);
    for (const part of this.parts) {
      const every = Math.max(part.every ?? SELDOM, page.pace === "full" ? HURRIED : 0);
      if (!part.stale || !part.seen || (page.playing && now - part.drawn < every)) continue;
      Object.assign(part, { stale: false, drawn: now });
      part.show();
    }
    if (page.playing) this.ask();
    else page.rest();
  }
}
