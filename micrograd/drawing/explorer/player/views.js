// The pictures of a player: the whole, and below it what was unfolded.
//
//   keys     the boxes that may show a node, the finest first
//   owner    of what was unfolded: the key of the folded box

class Views {
  constructor(player) {
    Object.assign(this, { player, open: [], element: element("div", "pictures") });
  }

  // The innermost picture.
  get last() {
    return this.open[this.open.length - 1];
  }

  keysOf(i) {
    return [`n${i}`, ...(this.player.scene.homes?.[i] ?? [])];
  }

  // The box that shows a node.
  keyOf(i) {
    return this.keysOf(i).find(key => this.open.some(view => view.parts.has(key)));
  }

  // A picture more; clicks on its boxes do what they can.
  add(svg, owner = "", title = "") {
    const view = new View(svg, this.player.scene, owner);
    view.frame = frameOf(svg, title);
    this.element.append(view.frame.outer);
    this.open.push(view);
    const clickable = [...view.parts].filter(([key]) => this.action(key, owner));
    for (const [key, { group }] of clickable) {
      group.classList.add(this.folds(key, owner) ? "folds" : "movable");
      group.setAttribute("role", "button");
      group.setAttribute("tabindex", clickable.length <= 40 ? 0 : -1);
      group.dataset.lmSuppressShortcuts = "true";
      group.onclick = this.action(key, owner);
    }
    return view;
  }

  // Whether a click on a box unfolds it.
  folds(key, owner) {
    return key !== owner && this.player.scene.unfolded?.[key] !== undefined;
  }

  // What a click on a box does; null if nothing.
  action(key, owner) {
    if (this.folds(key, owner)) return () => this.unfold(key);
    const [, place] = /^n(\d+)$/.exec(key) ?? [];
    return place === undefined ? null : this.player.chosen(Number(place));
  }

  async unfold(key) {
    if (this.open.some(({ owner }) => owner === key)) {
      this.fold(key);
      return;
    }
    const { title, svg } = this.player.scene.unfolded[key], text = await inflated(svg);
    if (this.open.some(({ owner }) => owner === key)) return; // by a click while it was read
    const { outer, top } = this.add(svgOf(text), key, title).frame;
    outer.classList.add("unfolded");
    top.append(button("close", "×", "fold it again (Escape)", () => this.fold(key)));
    this.player.show();
    outer.scrollIntoView({ block: "nearest" });
  }

  fold(key) {
    this.open.find(({ owner }) => owner === key).frame.outer.remove();
    this.open = this.open.filter(({ owner }) => owner !== key);
    this.player.show();
  }

  paint(now) {
    for (const view of this.open) {
      view.paint(now);
      view.lit = view.light(now, i => this.keysOf(i));
    }
  }

  // Bring the boxes at work into sight.
  follow() {
    for (const { frame, lit } of this.open) frame.follow(lit);
  }
}
