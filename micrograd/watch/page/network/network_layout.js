// Where neurons and lines of a network stand, and what is under the mouse.
//
//   node     {input: place} or {neuron: place}, with x, y (its middle), size, column
//   wire     {parameter, from, to, room}: a weight, as a line from a node to a neuron's node; room is 1 where lines are few
//   few      whether the weights are so few that each is written down
//   folded   how many neurons of a column there is no room for

const LEFT = 46, RIGHT = 66, SMALLEST = 12, LARGEST_TILE = 84, GRIP = 5;
const ROOMY = 80; // points around a line; where there is less, lines are thinner
const FEW = 4, WEIGHT_ROOM = 84; // so many weights have their names and numbers on them, which need this room
const GREATEST_NAMES = 6; // a column of so many neurons has room for their names

class NetworkLayout {
  constructor(scene) {
    const { neurons, inputs } = scene, layers = Math.max(...neurons.map(n => n.layer));
    this.all = [inputs.map((_, input) => ({ input })), ...Array.from({ length: layers }, () => [])];
    neurons.forEach((n, neuron) => this.all[n.layer].push({ neuron }));
    const weights = neurons.reduce((sum, neuron) => sum + neuron.weights.length, 0);
    Object.assign(this, { neurons, layers, few: weights <= FEW });
  }

  // Place everything in a frame of width × height points.
  arrange(width, height) {
    const room = Math.max(1, Math.floor((height - 8) / (SMALLEST + 3)));
    this.columns = this.all.map(column => column.slice(0, column.length > room ? room - 1 : room));
    this.folded = this.all.map((column, l) => column.length - this.columns[l].length);
    const most = Math.max(...this.columns.map((column, l) => column.length + (this.folded[l] ? 1 : 0)));
    const pitch = Math.min((height - 6) / most, 132);
    const apart = most > 16 ? 3 : most > 10 ? 6 : most > GREATEST_NAMES ? 14 : 24; // few have their names below
    const across = width - LEFT - RIGHT, gaps = this.layers; // between tiles there is room for one, or for a weight
    const wide = this.few ? (across - gaps * WEIGHT_ROOM) / (gaps + 1) : across / (2 * gaps + 1);
    const size = Math.max(SMALLEST, Math.min(pitch - apart, wide, LARGEST_TILE));
    const distance = (across - size) / gaps;
    this.columns.forEach((column, l) => column.forEach((node, j) => {
      const last = l === this.layers && column.length <= 3;
      const step = column.length <= 4 && most > 6 ? Math.min(pitch * 2, (height - 20) / column.length) : pitch;
      node.size = l === 0 ? Math.min(size, 38) : last ? Math.max(size, Math.min(52, step - 6, wide)) : size;
      const lines = column.length + (this.folded[l] ? 1 : 0);
      const y = height / 2 + (j - (lines - 1) / 2) * step;
      Object.assign(node, { column: l, x: LEFT + size / 2 + l * distance, y });
    }));
    this.nodes = this.columns.flat();
    this.connect();
    const beside = this.columns.map(() => 0);
    for (const { to } of this.wires) beside[to.column]++;
    for (const wire of this.wires) {
      wire.room = Math.min(1, Math.sqrt((distance * height) / beside[wire.to.column]) / ROOMY);
    }
  }

  connect() {
    const seen = new Map(this.nodes.map(node => [keyOf(node), node]));
    this.wires = [];
    for (const to of this.nodes) {
      if (to.neuron === undefined) continue;
      const { weights, sources } = this.neurons[to.neuron];
      weights.forEach((parameter, k) => {
        const from = seen.get(keyOf(sources[k]));
        if (from) this.wires.push({ parameter, from, to });
      });
    }
  }

  // A point of a wire, t from 0 to 1: a Bézier curve that leaves and arrives level.
  along({ from, to }, t) {
    const [x0, x1] = [from.x + from.size / 2, to.x - to.size / 2], u = 1 - t, m = (x0 + x1) / 2;
    const x = u * u * u * x0 + 3 * u * t * m + t * t * t * x1;
    return [x, from.y + (to.y - from.y) * t * t * (3 - 2 * t)];
  }

  // The neuron of a place among all, where it is seen.
  nodeOf(neuron) {
    return this.nodes.find(node => node.neuron === neuron);
  }

  // What is under the mouse: {node}, {bias: node}, {wire}; null where nothing is.
  under(x, y) {
    for (const node of this.nodes) {
      const { bias } = this.neurons[node.neuron] ?? { bias: null }, [bx, by] = biasPlace(node);
      if (bias !== null && Math.abs(x - bx) <= GRIP + 1 && Math.abs(y - by) <= GRIP + 1) return { bias: node };
    }
    const node = this.nodes.find(({ x: mx, y: my, size }) => Math.max(Math.abs(x - mx), Math.abs(y - my)) <= size / 2);
    if (node) return { node };
    const wire = this.nearest(x, y);
    return wire && { wire };
  }

  nearest(x, y) {
    let best = null, least = 36;
    for (const wire of this.wires) {
      const { from, to } = wire;
      if (x < from.x || x > to.x || y < Math.min(from.y, to.y) - 6 || y > Math.max(from.y, to.y) + 6) continue;
      for (let t = 0; t <= 1; t += 1 / 32) {
        const [px, py] = this.along(wire, t), distance = 0.3 * (px - x) ** 2 + (py - y) ** 2;
        if (distance < least) [least, best] = [distance, wire];
      }
    }
    return best;
  }

  // The node that an arrow key leads to; of the inputs, features take part.
  neighbour(node, key) {
    const [dx, dy] = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[key];
    const columns = this.columns.map(all => all.filter(({ neuron }) => neuron !== undefined));
    const least = columns[0].length ? 0 : 1, column = columns[node.column];
    const next = columns[Math.max(least, Math.min(this.layers, node.column + dx))];
    const from = column.indexOf(node), level = Math.round(((from + 0.5) / column.length) * next.length - 0.5);
    const at = dx ? level : from + dy;
    return next[Math.max(0, Math.min(next.length - 1, at))];
  }
}

function keyOf({ input, neuron }) {
  return input === undefined ? `n${neuron}` : `i${input}`;
}

// The middle of the small square that shows a neuron's bias.
function biasPlace({ x, y, size }) {
  return [x - size / 2 + 1, y + size / 2 - 1];
}
