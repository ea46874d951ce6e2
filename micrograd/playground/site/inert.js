// HTML and SVG that came from where a visitor's code runs: shown as what it says and never as what it might do.

const KEPT = new Set(("div span table thead tbody tr th td p sub sup svg g path rect text tspan title").split(" "));
const KEPT_ATTRIBUTES = new Set((
  "viewBox width height x y dx dy d rx fill stroke stroke-width stroke-dasharray font-family font-size font-weight "
  + "font-style text-anchor role class opacity align baseline-shift transform").split(" "));

// The element that a text describes, made anew of elements and attributes that are known to do nothing.
function inert(text, type) {
  const read = new DOMParser().parseFromString(text, type);
  return still(type === "text/html" ? read.body.firstElementChild : read.documentElement) ?? element("div", "");
}

function still(node) {
  if (node === null || !KEPT.has(node.localName)) return null;
  const made = document.createElementNS(node.namespaceURI, node.localName);
  for (const { name, value } of node.attributes) {
    if (KEPT_ATTRIBUTES.has(name) && !/url|:/i.test(value)) made.setAttribute(name, value);
  }
  for (const child of node.childNodes) {
    const copy = child.nodeType === Node.TEXT_NODE ? child.data : child.localName && still(child);
    if (copy) made.append(copy);
  }
  return made;
}
