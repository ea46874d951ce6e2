// The tiles of a network: what each neuron answers over the plane, or along the line, in a small square.

class Tiles {
  constructor(page) {
    const { scene, answers } = page;
    Object.assign(this, { page, answers, count: scene.neurons.length, curves: [] });
    this.atlas = document.createElement("canvas"); // all tiles of a plane, one below the other
  }

  // Paint the tiles of these neurons anew.
  compute(neurons) {
    const { answers, atlas, page: { theme } } = this, { side, count } = answers;
    if (answers.found === null) return;
    if (answers.flat) {
      for (const j of neurons) this.curves[j] = answers.of({ neuron: j }).slice();
      return;
    }
    if (this.image?.width !== side) {
      Object.assign(atlas, { width: side, height: side * this.count });
      this.image = new ImageData(side, side * this.count);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    for (const j of neurons) shadeInto(this.pixels, j * count, answers, answers.seenAs(j), theme);
    atlas.getContext("2d").putImageData(this.image, 0, 0);
  }

  // A neuron's tile in a square of the canvas; `value` is its answer to the chosen sample.
  draw(context, neuron, x, y, size, value) {
    const { answers, atlas, page: { theme } } = this, { side } = answers;
    if (answers.found === null) {
      const { middle, reach } = answers.range({ neuron }, [value]);
      context.fillStyle = css(unpacked(theme.shades[shadeAt(value, middle, reach, true)]));
      context.fillRect(x, y, size, size);
    } else if (answers.flat) this.curve(context, neuron, x, y, size, value);
    else context.drawImage(atlas, 0, neuron * side, side, side, x, y, size, size);
  }

  curve(context, neuron, x, y, size, value) {
    const { curves, page } = this, { theme } = page, curve = curves[neuron];
    let low = 0, high = 0;
    for (const a of curve) if (Number.isFinite(a)) [low, high] = [Math.min(low, a), Math.max(high, a)];
    if (high - low < 1) [low, high] = high <= 1 && low >= 0 ? [0, 1] : around([low, high], 0.5);
    const edge = size > 30 ? 4 : 2, place = a => y + size - edge - ((a - low) / (high - low)) * (size - 2 * edge);
    const points = Array.from(curve, (a, k) => [x + ((k + 0.5) / curve.length) * size, place(a)]);
    context.beginPath();
    context.moveTo(x, place(0));
    for (const point of points) context.lineTo(...point);
    context.lineTo(x + size, place(0));
    context.fillStyle = css(theme.plus, 0.16);
    context.fill();
    context.beginPath();
    for (const point of points) context.lineTo(...point);
    Object.assign(context, { strokeStyle: css(theme.plus), lineWidth: size > 30 ? 2 : 1.4, lineJoin: "round" });
    context.stroke();
    if (page.sample === null) return;
    dot(context, x + page.along(page.sample)[0] * size, place(value), size > 30 ? 3.4 : 2.4, theme);
  }
}

// The colours of somebody's answers over the plane.
function shadeInto(pixels, first, answers, what, theme) {
  const values = answers.of(what), { middle, reach, soft } = answers.range(what, values);
  const shades = answers.shades(what, theme);
  for (let k = 0; k < values.length; k++) pixels[first + k] = shades[shadeAt(values[k], middle, reach, soft)];
}

// The chosen sample.
function dot(context, x, y, radius, theme) {
  context.beginPath();
  context.arc(x, y, radius, 0, 7);
  Object.assign(context, { fillStyle: css(theme.lit), strokeStyle: "#fff", lineWidth: 1 });
  context.fill();
  context.stroke();
}
