// What a step says: its arithmetic in lines, and a sentence for those who listen.

// The formula of a node; `term` says an operand that is a node.
function formulaOf(node, term) {
  return node.formula.map(part => (typeof part === "number" ? term(node.operands[part]) : part)).join("");
}

// The same with numbers, in brackets where a minus sign would meet another sign.
function inNumbers(nodes, node) {
  const { formula } = node;
  return formula.map((part, n) => {
    if (typeof part !== "number") return part;
    const text = shown(nodes[node.operands[part]].data), before = formula[n - 1] ?? "", after = formula[n + 1] ?? "";
    const open = before === "" || before.endsWith("(") || before.endsWith(", ");
    return text.startsWith("−") && (!open || /^[⁰¹²³⁴-⁹⁻^]/.test(after)) ? `(${text})` : text;
  }).join("");
}

function slopeName(nodes, i, k) {
  return `∂${nodes[i].name}/∂${nodes[nodes[i].operands[k]].name}`;
}

// u = w₂ × h = −1.2 × 0.622 = −0.747
function computation(nodes, i) {
  const node = nodes[i];
  const parts = node.formula ? [formulaOf(node, x => nodes[x].name), inNumbers(nodes, node)] : [];
  return [node.name, ...parts, shown(node.data)].join(" = ");
}

// The local derivatives of a node, as cells: ∂u/∂h  =  −1.2
function localDerivatives(nodes, i) {
  return nodes[i].operands.flatMap((x, k) => {
    if (!isNode(x)) return [];
    const local = nodes[i].locals[k];
    return [[slopeName(nodes, i, k), "=", local === null ? "none: no gradient flows this way" : shown(local)]];
  });
}

// The lines of arithmetic of a step back, as cells: ∂L/∂u  +=  ∂ŷ/∂u · ∂L/∂ŷ  =  0.218 × −1.36  =  −0.296
function arithmetic(nodes, i, sums) {
  const root = nodes[nodes.length - 1].name;
  return sums.map(({ x, k, local, g, flow, total, complete }) => {
    const target = `∂${root}/∂${nodes[x].name}`;
    if (flow === null && g === 0) return [target, "+=", "0", "", `∂${root}/∂${nodes[i].name} is 0: nothing flows on`];
    if (flow === null) return [target, "+=", "0", "", "no gradient flows this way"];
    const sum = total !== flow || !complete ? `   (sum${complete ? "" : " so far"} ${shown(total)})` : "";
    const factors = `${slopeName(nodes, i, k)} · ∂${root}/∂${nodes[i].name}`;
    return [target, "+=", factors, "=", `${shown(local)} × ${shown(g)} = ${shown(flow)}${sum}`];
  });
}

// A step of descent, as cells: w₁  ←  w₁ − rate · ∂L/∂w₁  =  0.5 − 2 × 0.0835  =  0.333
function descentLines(nodes, parameters, rate, gradient, after) {
  const root = nodes[nodes.length - 1].name;
  return parameters.map((i, n) => {
    const { name, data } = nodes[i], g = shown(gradient[i]);
    const numbers = `${shown(data)} − ${shown(rate)} × ${g.startsWith("−") ? `(${g})` : g}`;
    return [name, "←", `${name} − rate · ∂${root}/∂${name}`, "=", `${numbers} = ${shown(after[n])}`];
  });
}

function normOf(values, places) {
  return Math.hypot(...places.map(i => values[i]));
}

// The first of many lines, and how many more there are.
function firstOf(lines, most) {
  return lines.length <= most ? lines : [...lines.slice(0, most), [`and ${lines.length - most} more`]];
}
