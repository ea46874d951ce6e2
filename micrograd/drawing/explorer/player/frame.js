// A frame in which a large picture is seen: fitted, zoomed, moved about.
//
//   scale    size on the screen over the picture's own; while nobody zooms it is what fits, if that is readable
//   pane     the part of the page that scrolls

const READABLE = 0.75, LARGEST = 1.2; // as what a picture is shown at first, times its own size
const HIGHEST = 0.62; // of the height of the window

function frameOf(svg, title = "") {
  const size = ["width", "height"].map(side => Number(svg.getAttribute(side)));
  const [outer, top, pane, tools] = ["frame", "top", "pane", "tools"].map(name => element("div", name));
  let scale = 0, chosen = false;

  function setScale(wanted, at = [pane.clientWidth / 2, pane.clientHeight / 2]) {
    const next = Math.min(4, Math.max(0.05, wanted));
    const [x, y] = [(pane.scrollLeft + at[0]) / scale, (pane.scrollTop + at[1]) / scale];
    scale = next;
    svg.style.width = `${size[0] * scale}px`;
    svg.style.height = `${size[1] * scale}px`;
    if (Number.isFinite(x)) [pane.scrollLeft, pane.scrollTop] = [x * scale - at[0], y * scale - at[1]];
  }

  function settle() {
    if (!pane.clientWidth) return;
    if (!chosen) setScale(Math.min(LARGEST, Math.max(READABLE, whole())));
    tools.hidden = !chosen && pane.scrollWidth <= pane.clientWidth && pane.scrollHeight <= pane.clientHeight + 1;
  }

  function zoom(factor, at) {
    chosen = true;
    setScale(scale * factor, at);
  }

  // The scale at which the whole picture is seen.
  function whole() {
    return Math.min((pane.clientWidth - 2) / size[0], (window.innerHeight * HIGHEST - 8) / size[1]);
  }

  function fit() {
    chosen = true;
    for (let k = 0; k < 2; k++) setScale(Math.min(LARGEST, whole())); // where scrollbars go there is more room
  }

  // Bring parts of the picture into sight; the page itself does not move.
  function follow(parts) {
    const frame = pane.getBoundingClientRect();
    for (const { group } of parts.slice(0, 1)) {
      const { left, right, top, bottom } = group.getBoundingClientRect();
      if (left < frame.left || right > frame.right) pane.scrollLeft += (left + right - frame.left - frame.right) / 2;
      if (top < frame.top || bottom > frame.bottom) pane.scrollTop += (top + bottom - frame.top - frame.bottom) / 2;
    }
  }

  pane.addEventListener("wheel", event => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const corner = pane.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 400), [event.clientX - corner.left, event.clientY - corner.top]);
  }, { passive: false });
  pane.onpointerdown = event => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    const [x, y, left, top] = [event.clientX, event.clientY, pane.scrollLeft, pane.scrollTop];
    pane.onpointermove = move => {
      const far = Math.hypot(move.clientX - x, move.clientY - y) > 4;
      if (far) pane.setPointerCapture(event.pointerId);
      if (pane.hasPointerCapture(event.pointerId)) pane.scrollTo(left - move.clientX + x, top - move.clientY + y);
    };
  };
  pane.onpointerup = pane.onpointercancel = () => (pane.onpointermove = null);
  tools.append(
    button("smaller", "−", "smaller (−)", () => zoom(1 / 1.25)),
    button("fit", "fit", "the whole picture (0)", fit),
    button("larger", "+", "larger (+)", () => zoom(1.25)),
  );
  svg.style.maxWidth = "none";
  pane.append(svg);
  top.append(element("div", "head", title), tools);
  outer.append(top, pane);
  new ResizeObserver(() => requestAnimationFrame(settle)).observe(pane); // settling changes its size again
  return { outer, top, follow, fit, zoom };
}
