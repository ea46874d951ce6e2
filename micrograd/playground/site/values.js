// A slider for each free name, with its derivative.

class Values {
  constructor(card, roles, change) {
    Object.assign(this, { card, roles, change, rows: new Map() });
    this.list = card.querySelector(".leaves");
  }

  // One row for each of these names with these numbers, in this order; a row that is there already stays.
  show(at) {
    const names = Object.keys(at);
    for (const [name, made] of this.rows) {
      if (Object.hasOwn(at, name)) continue;
      made.row.remove();
      this.rows.delete(name);
    }
    names.forEach((name, k) => {
      if (!this.rows.has(name)) this.rows.set(name, this.row(name, at[name]));
      const { row, set } = this.rows.get(name);
      if (this.list.children[k] !== row) this.list.insertBefore(row, this.list.children[k] ?? null);
      set(at[name]);
    });
    this.card.hidden = names.length === 0;
  }

  row(name, x) {
    const made = slider(name, x, number => this.change(name, number));
    made.role = element("span", "key");
    made.row.prepend(made.role);
    return made;
  }

  // What is known of each name after a run.
  tell(numbers) {
    for (const { name, shown: written, grad, role } of numbers) {
      const made = this.rows.get(name);
      if (!made) continue;
      write(made.row.querySelector(".name"), written);
      write(made.gradient, role ? `∇ ${shown(Number(grad))}` : "not used");
      made.gradient.title = role ? `the derivative of the result with respect to ${written}: ${grad}` : "";
      const { word, colour } = this.roles[role] ?? { word: "not used", colour: "transparent" };
      made.role.title = word;
      made.role.style.borderColor = made.role.style.background = colour;
    }
  }

  clear() {
    for (const { row } of this.rows.values()) row.remove();
    this.rows.clear();
  }
}
