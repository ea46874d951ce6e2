// How the page is put together: the bar above, the network to the left, stage and loss to the right, the rest below.

function buildPage(page, style) {
  const { root, scene } = page, { kind } = scene.stage, surface = scene.parameters.length === 2;
  page.network = scene.neurons ? new Network(page) : null;
  page.stage = kind === "none" ? null : new Stage(page);
  page.surface = surface ? new Surface(page) : null;
  page.loss = new LossChart(page);
  const transport = new Transport(page), settings = new Settings(page), story = new Story(page);
  page.graph = typeof ScalarGraph === "function" ? new ScalarGraph(page) : null;
  const nextStep = typeof NextStep === "function" ? new NextStep(page) : null;
  const [left, right] = columnsOf(page), body = element("div", `mw-body${surface ? " mw-with-surface" : ""}`);
  const columns = [["mw-left", left], ["mw-right", right]].filter(([, parts]) => parts.length).map(([name, parts]) => {
    const column = element("div", name);
    column.append(...parts.map(part => part.root));
    return column;
  });
  body.append(...columns);
  body.classList.toggle("mw-single", columns.length === 1);
  const below = [nextStep, page.network ? page.graph : null].filter(part => part !== null);
  page.live = element("div", "mw-said", "", { role: "status", "aria-live": "polite" });
  const top = element("div", "mw-top");
  top.append(titleOf(page), settings.root);
  const roots = [top, transport.root, story.root, body, ...below.map(part => part.root), page.live];
  root.replaceChildren(element("style", "", style), ...roots);
  root.tabIndex = -1;
  const small = page.stage?.score ? [page.stage.score] : [];
  for (const part of [transport, settings, story, ...left, ...right, ...small, ...below]) page.frames.add(part);
  if (page.graph) page.opened ? page.graph.open(page.opened) : page.graph.close();
  page.address = page.standalone && typeof Address === "function" ? new Address(page) : null;
  page.address?.read();
  if (typeof bindKeys === "function") bindKeys(page);
  if (page.stage && typeof bindEditing === "function") bindEditing(page);
}

// The parts of both columns: where there is no network, the scalar graph takes its place.
function columnsOf({ network, graph, stage, surface, loss }) {
  const main = surface ?? stage, second = surface ? stage : null;
  const left = [network ?? graph, second], right = [main, loss];
  return [left, right].map(parts => parts.filter(part => part !== null));
}

function titleOf(page) {
  const { scene } = page, title = element("div", "mw-title");
  const said = [scene.title, scene.formula && `ŷ = ${scene.formula}`, scene.lossName].filter(Boolean);
  const heading = page.heading(scene.neurons ? "A network learns" : "A model learns", 1);
  title.append(heading, element("span", "mw-soft", said.join(" · ")));
  return title;
}
