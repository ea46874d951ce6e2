// What all parts of the page are made of: numbers as text, elements of HTML and of SVG.

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

function button(name, text, title, action) {
  const made = element("button", name, text, { type: "button", title, "aria-label": title });
  made.onclick = action;
  return made;
}

function shape(tag, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

// Only what is new is painted and written: a page of thousands of texts stays quick.
function unchanged(part, ...values) {
  const same = part.painted?.every((value, n) => Object.is(value, values[n]));
  part.painted = values;
  return same === true;
}

function write(text, words) {
  if (text !== null && text.textContent !== words) text.textContent = words;
}

function give(shape, attribute, value) {
  if (shape.getAttribute(attribute) !== value) shape.setAttribute(attribute, value);
}
