// What an update rule does to one parameter, in symbols and in numbers, from the rule's own arithmetic.
//
//   rule        of the scene: nodes over p, g, moments and columns, and their ends: the new p, then the new moments
//   column      a number that is the same for all parameters, such as the rate
//   names       what stands for p, g, moments and columns in a line: their names, or their numbers

const SIGNS = { "×": "·", "÷": "/" }; // as one writes formulas

// The formula of an operand; the new moments stand for what they are made of.
function updateTerm(rule, operand, names, symbols) {
  const moment = rule.ends.slice(1).findIndex(end => "node" in end && end.node === operand.node);
  if (moment >= 0) return atom(names.made[moment]);
  if ("node" in operand) return updateNode(rule, operand.node, names, symbols);
  if ("number" in operand) return atom(shown(operand.number));
  if ("p" in operand) return atom(names.p);
  if ("g" in operand) return atom(names.g);
  return atom("moment" in operand ? names.moments[operand.moment] : names.columns[operand.column]);
}

function updateNode(rule, place, names, symbols) {
  const { rule: called, operands } = rule.nodes[place], sign = SIGNS[symbols[called]] ?? symbols[called];
  return applied(called, sign, operands.map(operand => updateTerm(rule, operand, names, symbols)));
}

function endText(rule, end, names, symbols) {
  return ("node" in end ? updateNode(rule, end.node, names, symbols) : updateTerm(rule, end, names, symbols)).text;
}

// Lines {name, formula, numbers, result}: the moments first, then the parameter.
function updateLines(rule, symbols, parameter, values) {
  const { p, g, moments, made, columns, rate, result } = values;
  const symbolic = { p: parameter, g: "∇", moments: rule.moments, made: rule.moments };
  symbolic.columns = columns.map(x => (x === rate ? "lr" : shown(x)));
  const numbers = { p: precise(p), g: shown(g) };
  for (const [key, list] of Object.entries({ moments, made, columns })) numbers[key] = list.map(x => shown(x));
  const text = (end, names) => endText(rule, end, names, symbols);
  const lines = rule.moments.map((name, k) => {
    const end = rule.ends[k + 1];
    return { name, formula: text(end, symbolic), numbers: text(end, numbers), result: made[k] };
  });
  lines.push({ name: parameter, formula: text(rule.ends[0], symbolic), numbers: text(rule.ends[0], numbers), result });
  return lines;
}

// Six digits: enough to see a small step.
function precise(x) {
  return Number.isFinite(x) ? String(Number(x.toPrecision(6))).replaceAll("-", "−") : shown(x);
}
