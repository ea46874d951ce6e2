// The player: steps through `backward` in the picture of a graph, and evaluates the graph anew when a leaf moves.
//
//   scene    what Python knows of the graph; an operand is the place of a node, or {number}
//   rules    the rows of the table that the graph uses: {forward, locals, selects}; null where one is no JavaScript
//   sweep    backward as far as some step: gradients, and which nodes they have reached

// Start every player of this graph on the page that is not playing yet.
function start(key, scene, rules, style) {
  for (const root of document.querySelectorAll(`.micrograd-explorer[data-graph="${key}"]:not([data-playing])`)) {
    root.dataset.playing = "true";
    play(root, JSON.parse(JSON.stringify(scene, exact), revived), rules, style);
  }
}

// JSON has no word for nan and inf.
function exact(key, x) {
  return typeof x === "number" && !Number.isFinite(x) ? { notFinite: String(x) } : x;
}

function revived(key, x) {
  return x !== null && typeof x === "object" && "notFinite" in x ? Number(x.notFinite) : x;
}

// ---- arithmetic: the engine's, on the scene

const isNode = operand => typeof operand === "number";

function evaluate(nodes, rules) {
  for (const node of nodes) {
    if (node.rule === null) continue;
    const rule = rules[node.rule];
    const args = node.operands.map(x => (isNode(x) ? nodes[x].data : x.number));
    node.data = rule.forward(...args);
    node.locals = node.operands.map((x, k) => {
      const local = rule.locals[k];
      if (!isNode(x) || local === null) return null;
      const d = typeof local === "number" ? local : local(...args, node.data);
      return rule.selects && d === 0 ? null : d; // a branch not taken passes nothing, even of nan
    });
  }
}

// `backward` through the inner nodes `order`, the root first. `missing` counts what a node has yet to receive.
function sweep(nodes, order) {
  const found = { gradient: nodes.map(() => 0), reached: nodes.map(() => false), missing: nodes.map(() => 0), sums: [] };
  for (const node of nodes) for (const x of node.operands) if (isNode(x)) found.missing[x]++;
  found.gradient[nodes.length - 1] = 1;
  found.reached[nodes.length - 1] = true;
  for (const i of order) found.sums = handOn(nodes, i, found);
  return found;
}

// One step: what each operand of node i receives.
function handOn(nodes, i, found) {
  const g = found.gradient[i];
  const sums = [];
  nodes[i].operands.forEach((x, k) => {
    if (!isNode(x)) return;
    const local = nodes[i].locals[k];
    const flow = g !== 0 && local !== null ? local * g : null; // a gradient of exactly 0 stops here
    if (flow !== null) found.gradient[x] += flow;
    found.reached[x] = true;
    found.missing[x]--;
    sums.push({ x, k, local, g, flow, total: found.gradient[x] });
  });
  return sums;
}

// Why this graph cannot be evaluated here; "" if it can.
function obstacle(nodes, rules) {
  for (const node of nodes) {
    if (node.rule === null) continue;
    const cure = "give its row in the table the field javascript, and partials that work on Values";
    try {
      rules[node.rule].forward(...node.operands.map(() => 1));
    } catch (error) {
      return `Sliders are off: this page cannot evaluate “${node.rule}”; ${cure}.`;
    }
  }
  return "";
}

// ---- words

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

function element(tag, className, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// The lines of arithmetic of one step, as cells: ∂L/∂u  +=  ∂ŷ/∂u · ∂L/∂ŷ  =  0.218 × −1.36  =  −0.296
function arithmetic(nodes, i, found) {
  const root = nodes[nodes.length - 1].name;
  return found.sums.map(({ x, k, local, g, flow, total }) => {
    const target = `∂${root}/∂${nodes[x].name}`;
    if (flow === null && g === 0) return [target, "+=", "0", "", `∂${root}/∂${nodes[i].name} is 0: nothing flows on`];
    if (flow === null) return [target, "+=", "0", "", "no gradient flows this way"];
    const sum = total !== flow ? `   (sum so far ${shown(total)})` : "";
    const factors = `${nodes[i].derivatives[k]} · ∂${root}/∂${nodes[i].name}`;
    return [target, "+=", factors, "=", `${shown(local)} × ${shown(g)} = ${shown(flow)}${sum}`];
  });
}

// ---- the picture

function pictureOf(root) {
  const bytes = Uint8Array.from(atob(root.querySelector("img").src.split(",")[1]), c => c.charCodeAt(0));
  const parsed = new DOMParser().parseFromString(new TextDecoder().decode(bytes), "image/svg+xml");
  return document.importNode(parsed.documentElement, true);
}

function partsOf(svg) {
  return Object.fromEntries([...svg.querySelectorAll("[data-key]")].map(part => [part.dataset.key, part]));
}

function write(part, selector, text) {
  const found = part.querySelector(selector);
  if (found && found.textContent !== text) found.textContent = text;
}

function paintBox(box, node, gradient, reached, missing) {
  write(box, "text.data", shown(node.data));
  write(box, "text.gradient", reached ? `∇ ${shown(gradient)}${missing ? " + …" : ""}` : "∇ ·");
  const lines = [node.tooltip, `data ${node.data}`, reached ? `∇ ${gradient}` : "∇ not yet computed", node.role];
  write(box, "title", lines.join("\n"));
  box.classList.toggle("unreached", !reached);
}

// As wide as the gradient that flows is large, as in the static picture.
function paintEdge(edge, node, k, g, largest, look) {
  const local = node.locals[k] ?? 0;
  const flow = g === 0 || node.locals[k] === null ? 0 : local * g;
  const [line, head] = edge.querySelectorAll("path");
  if (!line.hasAttribute("stroke-dasharray")) {
    const colour = flow > 0 ? look.positive : flow < 0 ? look.negative : flow === 0 ? look.none : look.unknown;
    const share = Number.isFinite(flow) ? (largest ? Math.abs(flow) / largest : 0) : 1;
    const width = flow === 0 ? 1.2 : look.narrowest + (look.widest - look.narrowest) * Math.sqrt(share);
    line.setAttribute("stroke", colour);
    line.setAttribute("stroke-width", width.toFixed(2));
    head.setAttribute("fill", colour);
  }
  write(edge, "text.local", shown(local));
  write(edge, "title", `${node.derivatives[k]} = ${local}\npasses back ${local} · ${g} = ${flow}`);
}

function largestFlow(nodes, parts, gradient) {
  let largest = 0;
  nodes.forEach((node, i) => node.operands.forEach((x, k) => {
    const flow = Math.abs((node.locals[k] ?? 0) * gradient[i]);
    const dashed = isNode(x) && parts[`n${i}.${k}`].querySelector("[stroke-dasharray]");
    if (isNode(x) && !dashed && Number.isFinite(flow)) largest = Math.max(largest, flow);
  }));
  return largest;
}

// ---- controls

const BUTTONS = [
  ["first", "⏮", "to the start (Home)"], ["back", "◀", "one step back (←)"], ["play", "▶ play", "play or pause (space)"],
  ["forward", "▶", "one step on (→)"], ["last", "⏭", "to the end (End)"],
];

function transport(steps) {
  const bar = element("div", "transport");
  for (const [name, text, title] of BUTTONS) {
    bar.append(element("button", name, text, { type: "button", title, "aria-label": title }));
  }
  const scrub = { type: "range", min: 0, max: steps, step: 1, "aria-label": "step of backward" };
  bar.append(element("input", "scrub", "", scrub), element("span", "count"));
  bar.append(element("button", "reset", "reset", { type: "button", title: "the numbers of the start" }));
  return bar;
}

// The range of a slider: wide enough for x, and round.
function reach(x) {
  const size = Number.isFinite(x) ? 1.5 * Math.abs(x) : 3;
  const unit = 10 ** Math.floor(Math.log10(Math.max(size, 1)));
  return Math.max(3, Math.ceil(size / unit) * unit);
}

function slider(node, change) {
  const row = element("label", "leaf");
  const range = element("input", "", "", { type: "range", step: "any", "aria-label": `${node.name}, slider` });
  const field = element("input", "", "", { type: "number", step: "any", "aria-label": `${node.name}, number` });
  const set = x => {
    const most = Math.max(Number(range.max) * (range.hasAttribute("max") ? 1 : 0), reach(x));
    range.min = -most;
    range.max = most;
    range.value = x;
    if (document.activeElement !== field) field.value = Number.isFinite(x) ? Number(x.toPrecision(6)) : "";
  };
  range.oninput = () => change(Number(range.value));
  field.oninput = () => field.value !== "" && change(Number(field.value));
  const gradient = element("span", "gradient");
  row.append(element("span", "name", node.name), range, field, gradient);
  return { row, set, gradient, inputs: [range, field] };
}

// ---- the player

function play(root, scene, rules, style) {
  const { nodes } = scene;
  const last = nodes.length - 1;
  const begin = nodes.map(node => ({ data: node.data, locals: node.locals }));
  const order = nodes.map((_, i) => i).filter(i => nodes[i].rule !== null).reverse();
  const svg = pictureOf(root);
  const parts = partsOf(svg);
  const disabled = obstacle(nodes, rules);
  const sliders = new Map();
  const bar = transport(order.length);
  const control = Object.fromEntries([...bar.children].map(made => [made.className, made]));
  const story = element("div", "story", "", { "aria-live": "polite" });
  const figure = element("div", "figure");
  const leaves = element("div", "leaves");
  let position = order.length;
  let timer = null;

  function show() {
    const whole = sweep(nodes, order);
    const found = sweep(nodes, order.slice(0, position));
    const largest = largestFlow(nodes, parts, whole.gradient);
    nodes.forEach((node, i) => {
      paintBox(parts[`n${i}`], node, found.gradient[i], found.reached[i], found.missing[i]);
      node.operands.forEach((x, k) => {
        if (isNode(x)) paintEdge(parts[`n${i}.${k}`], node, k, whole.gradient[i], largest, scene.look);
      });
    });
    for (const [i, made] of sliders) {
      made.set(nodes[i].data);
      made.gradient.textContent = found.reached[i] ? `∇ ${shown(found.gradient[i])}` : "∇ ·";
    }
    light();
    tell(found);
    control.scrub.value = position;
    control.count.textContent = `step ${position} of ${order.length}`;
    control.play.textContent = timer === null ? "▶ play" : "⏸ pause";
    root.dataset.step = position;
  }

  function light() {
    const now = position ? order[position - 1] : last;
    const done = new Set(order.slice(0, position));
    nodes.forEach((node, i) => {
      parts[`n${i}`].classList.toggle("lit", i === now);
      parts[`n${i}`].classList.toggle("receiving", position > 0 && nodes[now].operands.includes(i));
      node.operands.forEach((x, k) => {
        if (!isNode(x)) return;
        parts[`n${i}.${k}`].classList.toggle("waiting", !done.has(i));
        parts[`n${i}.${k}`].classList.toggle("lit", position > 0 && i === now);
      });
    });
  }

  function tell(found) {
    const name = nodes[last].name;
    const now = position ? order[position - 1] : last;
    story.replaceChildren();
    if (!position) {
      const text = `forward is done: ${name} = ${shown(nodes[last].data)}. Backward begins with ∂${name}/∂${name} = 1.`;
      story.append(element("div", "head", text));
      return;
    }
    story.append(element("div", "head", `${nodes[now].name} = ${nodes[now].formula} = ${shown(nodes[now].data)}`));
    const table = element("div", "sums");
    for (const line of arithmetic(nodes, now, found)) table.append(...line.map(text => element("span", "", text)));
    story.append(table);
    if (position === order.length) story.append(element("div", "end", summary()));
  }

  function summary() {
    const edges = nodes.reduce((sum, node) => sum + node.operands.filter(isNode).length, 0);
    return `Done: ${edges} products gave all ${nodes.length} derivatives of ${nodes[last].name}; each was computed once `
      + "and handed on to all that needed it.";
  }

  function go(step) {
    position = Math.max(0, Math.min(order.length, step));
    show();
    follow();
  }

  // Keep the node at work in sight; the page itself does not move.
  function follow() {
    const now = parts[`n${position ? order[position - 1] : last}`].getBoundingClientRect();
    const frame = figure.getBoundingClientRect();
    if (now.left < frame.left || now.right > frame.right) {
      figure.scrollLeft += now.left + now.width / 2 - frame.left - frame.width / 2;
    }
    if (now.top < frame.top || now.bottom > frame.bottom) {
      figure.scrollTop += now.top + now.height / 2 - frame.top - frame.height / 2;
    }
  }

  function stop() {
    clearInterval(timer);
    timer = null;
  }

  function jump(step) {
    stop();
    go(step);
  }

  function toggle() {
    if (timer !== null) return jump(position);
    if (position === order.length) position = 0;
    timer = setInterval(() => {
      if (position + 1 >= order.length) stop();
      if (root.isConnected) go(position + 1);
      else stop();
    }, 1100);
    go(position);
  }

  function move(i, x) {
    nodes[i].data = x;
    evaluate(nodes, rules);
    show();
  }

  function reset() {
    nodes.forEach((node, i) => Object.assign(node, begin[i]));
    show();
  }

  function addSlider(i) {
    if (!sliders.has(i)) {
      const made = slider(nodes[i], x => move(i, x));
      for (const input of made.inputs) input.disabled = disabled !== "";
      made.row.dataset.i = i;
      sliders.set(i, made);
      leaves.append(made.row);
    }
    return sliders.get(i);
  }

  function onKey(event) {
    const { target, key } = event;
    if (target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowRight: position + 1, ArrowLeft: position - 1, Home: 0, End: order.length };
    if (key === " " && target.tagName !== "BUTTON") toggle();
    else if (key in steps) jump(steps[key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function connect() {
    control.first.onclick = () => jump(0);
    control.back.onclick = () => jump(position - 1);
    control.play.onclick = toggle;
    control.forward.onclick = () => jump(position + 1);
    control.last.onclick = () => jump(order.length);
    control.scrub.oninput = () => jump(Number(control.scrub.value));
    control.reset.onclick = reset;
    root.onkeydown = onKey;
    root.tabIndex = 0;
    nodes.forEach((node, i) => {
      if (node.rule !== null) return;
      parts[`n${i}`].classList.add("movable");
      parts[`n${i}`].onclick = () => {
        addSlider(i).inputs[0].focus();
        show();
      };
    });
  }

  scene.leaves.forEach(addSlider);
  connect();
  figure.append(svg);
  const hint = element("div", "hint", disabled || "Click a leaf in the picture to get a slider for it, too.");
  const complete = nodes.every((node, i) => node.rule !== null || sliders.has(i));
  root.replaceChildren(element("style", "", style), bar, story, figure, leaves, ...(disabled || !complete ? [hint] : []));
  show();
}
