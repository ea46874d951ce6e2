// The picture on the page: the static SVG brought to life, its numbers and arrows painted anew.

// Three significant digits and a true minus sign, as in every picture.
function shown(x) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  const [mantissa, exponent] = x.toExponential(2).split("e");
  let text = String(Number(x.toPrecision(3)));
  if (size >= 999.5 && size < 99999.5) text = x.toFixed(0);
  else if (x !== 0 && (exponent < -4 || exponent > 2)) text = `${Number(mantissa)}e${Number(exponent)}`;
  return text.replaceAll("-", "−");
}

// JupyterLab looks for its shortcuts at the very element that has the focus: each says that keys there are its own.
const OPERATED = ["BUTTON", "INPUT", "SELECT", "SUMMARY"];

function element(tag, className, text = "", attributes = {}) {
  const made = document.createElement(tag);
  if (OPERATED.includes(made.tagName)) made.dataset.lmSuppressShortcuts = "true";
  made.className = className;
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// The lines of arithmetic of one step, as cells: ∂L/∂u  +=  ∂ŷ/∂u · ∂L/∂ŷ  =  0.218 × −1.36  =  −0.296
function arithmetic(nodes, i, found) {
  const root = nodes[nodes.length - 1].name;
  return found.sums.map(({ x, k, local, g, flow, total, complete }) => {
    const target = `∂${root}/∂${nodes[x].name}`;
    if (flow === null && g === 0) return [target, "+=", "0", "", `∂${root}/∂${nodes[i].name} is 0: nothing flows on`];
    if (flow === null) return [target, "+=", "0", "", "no gradient flows this way"];
    const sum = total !== flow || !complete ? `   (sum${complete ? "" : " so far"} ${shown(total)})` : "";
    const factors = `${nodes[i].derivatives[k]} · ∂${root}/∂${nodes[i].name}`;
    return [target, "+=", factors, "=", `${shown(local)} × ${shown(g)} = ${shown(flow)}${sum}`];
  });
}

function pictureOf(root) {
  const bytes = Uint8Array.from(atob(root.querySelector("img").src.split(",")[1]), c => c.charCodeAt(0));
  const parsed = new DOMParser().parseFromString(new TextDecoder().decode(bytes), "image/svg+xml");
  return document.importNode(parsed.documentElement, true);
}

// Boxes and arrows by key, each with those of its elements that change.
function partsOf(svg) {
  const parts = {};
  for (const group of svg.querySelectorAll("[data-key]")) {
    const [data, gradient, local] = ["data", "gradient", "local"].map(kind => group.querySelector(`text.${kind}`));
    const [line, head] = group.querySelectorAll("path");
    const dashed = line !== undefined && line.hasAttribute("stroke-dasharray");
    parts[group.dataset.key] = { group, title: group.querySelector("title"), data, gradient, local, line, head, dashed };
  }
  return parts;
}

function write(text, words) {
  if (text !== null && text.textContent !== words) text.textContent = words;
}

function give(shape, attribute, value) {
  if (shape.getAttribute(attribute) !== value) shape.setAttribute(attribute, value);
}

// A dot before anything has arrived, dots behind while more is to come.
function gradientText(gradient, reached, missing) {
  return reached ? `∇ ${shown(gradient)}${missing ? " + …" : ""}` : "∇ ·";
}

function paintBox(box, node, gradient, reached, missing) {
  write(box.data, shown(node.data));
  write(box.gradient, gradientText(gradient, reached, missing));
  const lines = [node.tooltip, `data ${node.data}`, reached ? `∇ ${gradient}` : "∇ not yet computed", node.role];
  write(box.title, lines.join("\n"));
}

// As wide as the gradient that flows is large, as in the static picture.
function paintEdge(edge, node, k, g, largest, look) {
  const local = node.locals[k] ?? 0;
  const flow = g === 0 || node.locals[k] === null ? 0 : local * g;
  if (!edge.dashed) {
    const colour = flow > 0 ? look.positive : flow < 0 ? look.negative : flow === 0 ? look.none : look.unknown;
    const share = Number.isFinite(flow) ? (largest ? Math.abs(flow) / largest : 0) : 1;
    const width = flow === 0 ? 1.2 : look.narrowest + (look.widest - look.narrowest) * Math.sqrt(share);
    give(edge.line, "stroke", colour);
    give(edge.line, "stroke-width", width.toFixed(2));
    give(edge.head, "fill", colour);
  }
  write(edge.local, shown(local));
  write(edge.title, `${node.derivatives[k]} = ${local}\npasses back ${local} · ${g} = ${flow}`);
}

// What an arrow counts for in finding the widest one: 0 for those to constants, and for inf and nan.
function weight(edge, node, k, g) {
  const flow = Math.abs((node.locals[k] ?? 0) * g);
  return edge.dashed || !Number.isFinite(flow) ? 0 : flow;
}
