// A picture on the page: a static SVG brought to life, its numbers and arrows painted anew.
//
//   key      what a box or an arrow stands for: n3 is node 3, n3.0 the arrow from its operand 0
//   now      what is known at the step that is shown:
//              nodes, known      the graph; for each node whether its number is shown
//              found, unknown    gradients as `sweep` finds them; the sign for one that has not arrived
//              flowing           for each node whether it has handed its gradient on
//              whole             gradients after the whole of backward
//              hidden            nodes of which nothing is told about derivatives, in a quiz
//              working, taking   the nodes at work; their operands, which give to them or take from them

function svgOf(text) {
  return document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
}

// The SVG in the image that stands where scripts may not run.
function stillPicture(root) {
  const bytes = Uint8Array.from(atob(root.querySelector("img").src.split(",")[1]), c => c.charCodeAt(0));
  return svgOf(new TextDecoder().decode(bytes));
}

// A text that Python compressed.
function inflated(text) {
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
}

const AROUND = 4; // points of paper beside text
const CHANGING = ["data", "gradient", "local", "weight", "slope", "norms"];

// Boxes and arrows by key, each with those of its elements that change.
function partsOf(svg) {
  const parts = new Map();
  for (const group of svg.querySelectorAll("[data-key]")) {
    const texts = Object.fromEntries(CHANGING.map(kind => [kind, group.querySelector(`text.${kind}`)]));
    const [line, head] = group.querySelectorAll("path"), title = group.querySelector("title");
    const dashed = line !== undefined && line.hasAttribute("stroke-dasharray");
    const biases = [...group.querySelectorAll("text.bias")], said = title.textContent;
    parts.set(group.dataset.key, { ...texts, group, title, said, biases, line, head, dashed, label: labelOf(group) });
  }
  return parts;
}

// Roughly how wide a number is, in digits.
function widthOf(text) {
  return [...text].reduce((sum, sign) => sum + (".· ".includes(sign) ? 0.5 : sign === "−" ? 1.4 : 1), 0);
}

// The texts of an arrow with the paper behind them, which is as wide as they are; null where there is none.
function labelOf(group) {
  const paper = group.querySelector(".paper"), texts = [...group.querySelectorAll("text")];
  if (paper === null) return null;
  const [x, width] = ["x", "width"].map(name => Number(paper.getAttribute(name)));
  const longest = () => Math.max(...texts.map(text => widthOf(text.textContent))), each = (width - AROUND) / longest();
  const fit = () => {
    const wide = longest() * each + AROUND;
    give(paper, "x", (x + (width - wide) / 2).toFixed(1));
    give(paper, "width", wide.toFixed(1));
  };
  return { fit };
}

// A dot before anything has arrived, dots behind while more is to come.
function gradientText({ found, unknown }, i) {
  return found.reached[i] ? `∇ ${shown(found.gradient[i])}${moreText(found, i)}` : `∇ ${unknown}`;
}

function moreText({ missing }, i) {
  return missing[i] ? " + …" : "";
}

function toldOf(now, i) {
  const { nodes, known, found } = now, node = nodes[i];
  const called = node.label ?? node.name;
  return [
    node.formula ? `${called} = ${formulaOf(node, x => nodes[x].name)}` : called,
    known[i] ? `data ${node.data}` : "data not yet computed",
    found.reached[i] ? `∇ ${found.gradient[i]}${moreText(found, i)}` : "∇ not yet computed",
    node.role,
  ];
}

function paintBox(box, now, i) {
  const { nodes, known, found, unknown } = now;
  if (unchanged(box, known[i], nodes[i].data, found.reached[i], found.gradient[i], found.missing[i], unknown)) return;
  write(box.data, known[i] ? shown(nodes[i].data) : "·");
  write(box.gradient, gradientText(now, i));
  write(box.title, toldOf(now, i).join("\n"));
}

// What flows back along the arrow from operand k of node i, by its gradient g.
function flowOf(node, k, g) {
  return g === 0 || node.locals[k] === null ? 0 : node.locals[k] * g;
}

// A line as wide as the gradient that flows is large, as in the static picture; null where none flows yet.
function paintLine(edge, flow, largest, look) {
  if (edge.dashed) return;
  const none = flow === null || flow === 0;
  const colour = none ? look.none : flow > 0 ? look.positive : flow < 0 ? look.negative : look.unknown;
  const share = none ? 0 : Number.isFinite(flow) ? (largest ? Math.abs(flow) / largest : 0) : 1;
  const width = none ? 1.2 : look.narrowest + (look.widest - look.narrowest) * Math.sqrt(share);
  give(edge.line, "stroke", colour);
  give(edge.line, "stroke-width", width.toFixed(2));
  give(edge.head, "fill", colour);
}

// The local derivative of an arrow as it may be told: a number, or what stands for it.
function localOf({ nodes, known, hidden }, i, k) {
  if (!known[i]) return null;
  return hidden.has(nodes[i].operands[k]) ? "?" : nodes[i].locals[k] ?? 0;
}

function paintEdge(edge, now, i, k, largest, look) {
  const local = localOf(now, i, k), g = now.whole.gradient[i], flows = now.flowing[i];
  if (unchanged(edge, local, g, flows, largest)) return;
  paintLine(edge, flows ? flowOf(now.nodes[i], k, g) : null, largest, look);
  write(edge.local, local === null ? "·" : local === "?" ? local : shown(local));
  edge.label?.fit();
  write(edge.title, slopeTold(now, i, k));
}

function slopeTold(now, i, k) {
  const local = localOf(now, i, k), g = now.whole.gradient[i];
  const slope = `${slopeName(now.nodes, i, k)} = ${local ?? "not yet computed"}`;
  return now.flowing[i] ? `${slope}\npasses back ${local} · ${g} = ${flowOf(now.nodes[i], k, g)}` : slope;
}

// A view of the graph: one SVG, painted at every step. `folded` paints what stands for several values.
class View {
  constructor(svg, scene, owner = "") {
    Object.assign(this, { svg, owner, look: scene.look, parts: partsOf(svg), boxes: [], arrows: [], folded: [] });
    svg.setAttribute("role", "group");
    svg.setAttribute("aria-label", svg.querySelector("title").textContent);
    for (const [key, part] of this.parts) {
      part.group.setAttribute("role", "img");
      const [, i, k] = /^n(\d+)(?:\.(\d+))?$/.exec(key) ?? [];
      if (i === undefined) continue;
      if (k === undefined) this.boxes.push([part, Number(i)]);
      else this.arrows.push([part, Number(i), Number(k)]);
    }
    this.edges = this.arrows.filter(([, i, k]) => isNode(scene.nodes[i].operands[k])); // others come from a number
    if (scene.forms) this.folded.push(...foldedParts(this, scene));
  }

  paint(now) {
    const { boxes, edges, folded, look } = this;
    for (const [box, i] of boxes) paintBox(box, now, i);
    let largest = 0;
    for (const [edge, i, k] of edges) {
      const size = Math.abs(flowOf(now.nodes[i], k, now.whole.gradient[i]));
      if (!edge.dashed && Number.isFinite(size)) largest = Math.max(largest, size);
    }
    for (const [edge, i, k] of edges) paintEdge(edge, now, i, k, largest, look);
    for (const part of folded) part(now);
  }

  // Show which nodes are at work; `keysOf` says by which boxes a node may be shown, the finest first.
  light(now, keysOf) {
    const shownBy = i => keysOf(i).find(key => this.parts.has(key));
    const lit = new Set([...now.working].map(shownBy)), receiving = new Set([...now.taking].map(shownBy));
    for (const [key, { group }] of this.parts) {
      group.classList.toggle("lit", lit.has(key));
      group.classList.toggle("receiving", receiving.has(key) && !lit.has(key));
    }
    for (const [box, i] of this.boxes) box.group.classList.toggle("waiting", !now.known[i]);
    for (const [edge, i] of this.arrows) {
      edge.group.classList.toggle("waiting", !now.known[i]);
      edge.group.classList.toggle("lit", now.working.has(i));
    }
    return [...lit].map(key => this.parts.get(key)).filter(part => part !== undefined);
  }
}
