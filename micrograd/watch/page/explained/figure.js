// A picture of a graph that is a tree, or nearly so: columns from left to right, in the markup that the player brings
// to life (see `picture`), so that it looks as the pictures of `draw` do.
//
//   level       the column of a node

const BOX = { height: 57, leaf: 38, gap: 7, between: 58, margin: 8, letter: 7.2, least: 88, number: 56 };

function figureOf(nodes, look, title) {
  const places = arranged(nodes), { width, height } = places;
  const size = { width, height, viewBox: `0 0 ${width} ${height}` };
  const type = { "text-anchor": "middle", "font-family": "Helvetica,Arial,Liberation Sans,DejaVu Sans,sans-serif" };
  const svg = shape("svg", { ...size, ...type, role: "img" });
  svg.append(shape("title", {}, title));
  nodes.forEach((node, i) => node.operands.forEach((x, k) => isNode(x) && svg.append(arrowOf(nodes, places, i, k))));
  nodes.forEach((node, i) => svg.append(boxOf(node, i, places, look.roles[node.role])));
  return svg;
}

function headOf({ name, rule, symbol, operands }) {
  if (rule === null) return [name, ""];
  const square = operands.length === 2 && operands[0] === operands[1] && symbol === "×";
  const numbers = operands.map(x => (isNode(x) ? "" : shown(x.number)));
  const sign = /[\p{L}*…√]/u.test(symbol) || operands.length !== 2;
  const doing = square ? "( )²" : sign ? symbol : `${numbers[0]} ${symbol} ${numbers[1]}`.trim();
  return [name, ` = ${doing}`];
}

// {x, y, wide, high} of each box, and the size of the picture.
function arranged(nodes) {
  const levels = levelsOf(nodes), columns = [];
  const boxes = nodes.map((node, i) => {
    const entering = node.operands.filter(isNode).length;
    const leaf = node.rule === null, letters = headOf(node).join("").length;
    const wide = Math.max(BOX.least, letters * BOX.letter + (leaf ? BOX.number : 0) + 20);
    (columns[levels[i]] ??= []).push(i);
    return { wide, high: leaf ? BOX.leaf : Math.max(BOX.height, 8 * entering + 18), x: 0, y: null };
  });
  let bottom = BOX.margin;
  const visit = i => {
    const operands = nodes[i].operands.filter(isNode), box = boxes[i];
    if (box.y !== null) return;
    box.y = 0; // begun
    operands.forEach(visit);
    if (operands.length) box.y = operands.reduce((sum, x) => sum + boxes[x].y, 0) / operands.length;
    else {
      box.y = bottom + box.high / 2;
      bottom += box.high + BOX.gap;
    }
  };
  visit(nodes.length - 1);
  let left = BOX.margin;
  for (const column of columns.filter(Boolean)) {
    apart(column.map(i => boxes[i]));
    const wide = Math.max(...column.map(i => boxes[i].wide));
    for (const i of column) Object.assign(boxes[i], { x: left + wide / 2, wide });
    left += wide + BOX.between;
  }
  const top = Math.min(...boxes.map(({ y, high }) => y - high / 2)) - BOX.margin;
  for (const box of boxes) box.y -= top;
  const height = Math.max(...boxes.map(({ y, high }) => y + high / 2)) + BOX.margin;
  return { boxes, width: Math.round(left - BOX.between + BOX.margin), height: Math.round(height) };
}

// The columns: operands before results, each node just before the first of those that use it.
function levelsOf(nodes) {
  const levels = nodes.map(() => 0), latest = nodes.map(() => Infinity);
  const each = (i, act) => nodes[i].operands.forEach(x => isNode(x) && act(x));
  nodes.forEach((_, i) => each(i, x => (levels[i] = Math.max(levels[i], levels[x] + 1))));
  for (let i = nodes.length - 1; i >= 0; i--) {
    if (Number.isFinite(latest[i])) levels[i] = latest[i];
    each(i, x => (latest[x] = Math.min(latest[x], levels[i] - 1)));
  }
  return levels;
}

// Boxes of a column moved apart, about where they were.
function apart(column) {
  column.sort((a, b) => a.y - b.y);
  const wished = column.map(({ y }) => y);
  for (let k = 1; k < column.length; k++) {
    const least = column[k - 1].y + (column[k - 1].high + column[k].high) / 2 + BOX.gap;
    column[k].y = Math.max(column[k].y, least);
  }
  const down = column.reduce((sum, { y }, k) => sum + y - wished[k], 0) / column.length;
  for (const box of column) box.y -= down;
}

function boxOf(node, i, { boxes }, [fill, border, ink]) {
  const { x, y, wide, high } = boxes[i], group = shape("g", { class: `box ${node.role}`, "data-key": `n${i}` });
  const corner = { x: x - wide / 2, y: y - high / 2, width: wide, height: high, rx: 9 };
  group.append(shape("title", {}), shape("rect", { ...corner, fill, stroke: border, "stroke-width": 1.3 }));
  const soft = { fill: "#666674", "font-size": 11 }, [name, doing] = headOf(node), leaf = node.rule === null;
  const text = (words, across, down, more) => (
    shape("text", { x: x + across, y: y + down, fill: ink, "font-size": 12.5, ...more }, words));
  const side = wide / 2 - 10, [start, end] = leaf ? ["start", "end"] : ["middle", "middle"];
  const named = text(name, leaf ? -side : 0, leaf ? -3 : -11, { "font-size": 13, "text-anchor": start });
  named.append(shape("tspan", { fill: soft.fill }, doing));
  const data = text("", leaf ? side : 0, leaf ? -3 : 5, { class: "data", "text-anchor": end });
  group.append(named, data, text("", 0, leaf ? 12 : 20, { class: "gradient", ...soft }));
  return group;
}

// The arrow from operand k of node i: it ends on the left of its box, the uppermost operand at the top.
function arrowOf(nodes, { boxes }, i, k) {
  const { operands, rule } = nodes[i], to = boxes[i], from = boxes[operands[k]];
  const rank = operands.map((_, n) => n).filter(n => isNode(operands[n]));
  rank.sort((a, b) => boxes[operands[a]].y - boxes[operands[b]].y || a - b);
  const step = Math.min(14, (to.high - 18) / rank.length), offset = (rank.indexOf(k) - (rank.length - 1) / 2) * step;
  const [x0, y0, x1, y1] = [from.x + from.wide / 2, from.y, to.x - to.wide / 2 - 1, to.y + offset];
  const middle = (x0 + x1) / 2;
  const group = shape("g", { class: "edge", "data-key": `n${i}.${k}` });
  const bent = `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1 - 7} ${y1}`;
  group.append(shape("title", {}), shape("path", { d: bent, fill: "none", stroke: "#73737f", "stroke-width": 1.2 }));
  group.append(shape("path", { d: `M${x1 - 8} ${y1 - 4}L${x1} ${y1}L${x1 - 8} ${y1 + 4}Z`, fill: "#73737f" }));
  if (rule === SUM) return group; // all local derivatives of a sum are 1
  const y = (y0 + y1) / 2 + (operands.length === 2 && operands[0] === operands[1] ? (k ? 9 : -9) : 0);
  const paper = { x: middle - 16, y: y - 7, width: 32, height: 14, rx: 3, fill: "#ffffff" };
  group.append(shape("rect", { class: "paper", ...paper }));
  group.append(shape("text", { class: "local", x: middle, y: y + 4, "font-size": 11, fill: "#a06a1c" }, "0.123"));
  return group;
}
