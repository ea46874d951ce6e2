// The colours of a page: light or dark as the text around it is, whatever a notebook says of its scheme.
//
//   theme        {dark, and every colour of PALETTE as [r, g, b]}; the style sheet holds them
//   shades       of a theme: pixels for −1 … 1 as 0 … 256, from red over the ground to blue
//   classShades  the same for each class: its colour where it is ahead, the ground where it is not

const PALETTE = ["ink", "soft", "card", "plane", "plus", "minus", "lit", "validation", "low", "high", "line"];
const CLASSES = ["minus", "plus", "third", "fourth", "fifth", "sixth"];

// Any colour that the browser knows, as three numbers.
function pixelOf(colour) {
  const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

function css([r, g, b], alpha = 1) {
  return `rgb(${r} ${g} ${b} / ${alpha})`;
}

function between(from, to, share) {
  return from.map((a, k) => a + (to[k] - a) * share);
}

function packed([r, g, b]) {
  return 0xff00_0000 | (Math.round(b) << 16) | (Math.round(g) << 8) | Math.round(r);
}

function unpacked(pixel) {
  return [0, 8, 16].map(shift => (pixel >>> shift) & 255);
}

function themeOf(root) {
  const [r, g, b] = pixelOf(getComputedStyle(root.parentElement ?? root).color);
  const dark = 0.3 * r + 0.59 * g + 0.11 * b > 128;
  root.classList.toggle("mw-dark", dark);
  const style = getComputedStyle(root), colour = name => pixelOf(style.getPropertyValue(`--mw-${name}`));
  const theme = { dark, classes: CLASSES.map(colour) };
  for (const name of PALETTE) theme[name] = colour(name);
  theme.font = style.fontFamily;
  theme.shades = shadesBetween(theme.minus, theme.plane, theme.plus);
  theme.classShades = theme.classes.map(end => shadesBetween(theme.plane, theme.plane, end));
  return theme;
}

function shadesBetween(low, middle, high) {
  return Uint32Array.from({ length: 257 }, (_, i) => {
    const t = i / 128 - 1;
    return packed(between(middle, t > 0 ? high : low, 0.8 * Math.abs(t) ** 0.9));
  });
}

// The place in `shades` of a number that lies `reach` around `middle`; where `soft`, far numbers still differ.
function shadeAt(value, middle, reach, soft) {
  let t = (value - middle) / reach;
  if (soft) t = (1.35 * t) / (0.5 + Math.abs(t));
  if (t !== t) return 128;
  return (t > 1 ? 256 : t < -1 ? 0 : 128 + 128 * t) | 0;
}

// Has a page take its colours anew whenever the text around it may have another: schemes, and themes of notebooks, whose
// style sheets come a little later. A page that is gone is not kept alive for that.
function watchTheme(page) {
  const held = new WeakRef(page), recolour = () => held.deref()?.recolour();
  const later = () => {
    recolour();
    setTimeout(recolour, 400);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later);
  const attributes = { attributes: true, attributeFilter: ["class", "style", "data-theme", "data-jp-theme-light"] };
  const observer = new MutationObserver(later);
  for (const watched of [document.documentElement, document.body]) observer.observe(watched, attributes);
}
