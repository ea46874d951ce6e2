// Formulas of rules on terms, by the sign of each rule: what update rules and losses say.
//
//   term    {text, level}: the level says how tightly it holds together
const LEVELS = { "+": 1, "−": 1, "×": 2, "·": 2, "÷": 2, "/": 2 };
const ATOM = 4;

function atom(text) {
  return { text, level: text.startsWith("−") ? 1 : ATOM };
}

function bracketed({ text, level }, least) {
  return level < least ? `(${text})` : text;
}

// A rule applied to terms.
function applied(rule, sign, terms) {
  const level = LEVELS[sign], [a, b] = terms;
  if (terms.length === 2 && level === 2 && sign !== "÷" && sign !== "/" && a.text === b.text) {
    return { text: `${bracketed(a, ATOM)}²`, level: ATOM - 1 };
  }
  if (terms.length === 2 && !/[\p{L}*]/u.test(sign)) {
    const last = (level ?? 0) + ("−÷/".includes(sign) || b.text.startsWith("−") ? 1 : 0);
    return { text: `${bracketed(a, level ?? 1)} ${sign} ${bracketed(b, level ? last : 1)}`, level: level ?? 0 };
  }
  if (terms.length === 1 && (sign === "−" || sign === "√")) return { text: sign + bracketed(a, ATOM), level: ATOM - 1 };
  const called = /^[\p{L}\p{N}]+$/u.test(sign) ? sign : rule;
  return { text: `${called}(${terms.map(({ text }) => text).join(", ")})`, level: ATOM };
}

// The formula of a node in pieces, as the player has them: text, and places of operands in between.
function piecesOf(rule, sign, operands) {
  const mark = "\u0000";
  const terms = operands.map(x => atom(isNode(x) ? `${mark}${operands.indexOf(x)}${mark}` : shown(x.number)));
  const parts = applied(rule, sign, terms).text.split(mark);
  return parts.map((part, n) => (n % 2 ? Number(part) : part)).filter(part => part !== "");
}
