// What the player says of a step: a head, lines of arithmetic, and a sentence for those who listen.
//
//   step      phase, node at work, number and count, as `stepAt` gives them
//   beat      the nodes of the step: one, or all that a folded box stands for
const MOST_LINES = 6, MOST_NAMES = 8;

// {head, lines, label, end, spoken} of the step that led to where the player is.
function storyOf(player, step, beat, now) {
  const { nodes, rounds, root } = player;
  if (step.phase === "beginning") return beginning(nodes, rounds.at);
  if (step.phase === "seed") {
    const { name, data } = root;
    const head = `Forward is done: ${name} = ${shown(data)}. Backward begins with ∂${name}/∂${name} = 1.`;
    return { head, lines: [], spoken: head };
  }
  if (step.phase === "update") return updateStory(player, now.whole.gradient);
  const where = `${step.phase === "forward" ? "Forward" : "Backward"}, ${step.number} of ${step.of}: `;
  const story = step.phase === "forward" ? forwardStory(player, step, beat) : backwardStory(player, step, beat, now);
  return { ...story, spoken: where + story.spoken };
}

function beginning(nodes, round) {
  const inner = nodes.filter(node => node.rule !== null).map(node => node.name);
  const values = inner.length <= MOST_NAMES ? inner.join(", ") : `${inner.length} values`;
  const anew = `Step ${round} of descent is done: the leaves have new numbers.`;
  const forward = inner.length ? ` Forward computes ${values} from them.` : "";
  const head = (round ? anew : "The leaves have their numbers.") + forward;
  return { head, lines: [], spoken: head };
}

function updateStory({ nodes, parameters, descent: { rate } }, gradient) {
  const lines = descentLines(nodes, parameters, rate, gradient, descended(nodes, parameters, rate, gradient));
  const parts = lines.map(line => [`${line[0]} becomes ${line[4].split(" = ")[1]}`]);
  const spoken = `A step of descent: ${firstOf(parts, 4).join(", ")}.`;
  return { head: "A step of descent: each parameter goes against its gradient.", lines, spoken };
}

// What a folded box is called: a stage by its title, a form by the node that it computes.
function foldedTitle({ stages = [], nodes }, key) {
  return key.startsWith("n") ? nodes[key.slice(1)].name : stages.find(stage => stage.key === key).title;
}

function forwardStory({ nodes, scene, views, quiz }, { node }, beat) {
  if (beat.length === 1) {
    const head = computation(nodes, node), lines = quiz ? [] : localDerivatives(nodes, node);
    return { head, lines, label: lines.length ? "kept for backward" : "", spoken: head };
  }
  const form = scene.forms[node], title = foldedTitle(scene, views.keyOf(node));
  const head = form ? `${form.text} = ${shown(nodes[node].data)}` : `${title}: ${beat.length} values are computed`;
  return { head, lines: [], spoken: head };
}

function backwardStory({ nodes, root, scene, time, position, views }, { node }, beat, { found }) {
  const end = position === time.whole ? summary(nodes, root.name) : "";
  if (beat.length === 1) {
    const parts = found.sums.map(({ x, flow }) => `${shown(flow ?? 0)} to ${nodes[x].name}`);
    const spoken = `${nodes[node].name} hands on ${parts.join(", ")}.`;
    return { head: computation(nodes, node), lines: arithmetic(nodes, node, found.sums), end, spoken };
  }
  const key = views.keyOf(node), inside = new Set(beat);
  const receiving = [...new Set(beat.flatMap(i => nodes[i].operands.filter(isNode)))].filter(x => !inside.has(x));
  const [within, outside] = [true, false].map(here => receiving.filter(x => (views.keyOf(x) === key) === here));
  const lines = outside.map(x => {
    const total = `${shown(found.gradient[x])}${found.missing[x] ? " so far" : ""}`;
    return [`∂${root.name}/∂${nodes[x].name}`, "=", total];
  });
  const size = `; its ${within.length} parameters: ‖∇‖ ${shown(normOf(found.gradient, within))}`;
  const head = `${foldedTitle(scene, key)}: backward through ${beat.length} values${within.length ? size : ""}`;
  return { head, lines, end, spoken: `${head}.` };
}

function summary(nodes, name) {
  const products = nodes.reduce((sum, node) => sum + node.operands.filter(isNode).length, 0);
  return `Done: ${products} products gave all ${nodes.length} derivatives of ${name}; each was computed once `
    + "and handed on to all that needed it.";
}

// The story as elements.
function written({ head, lines, label, end }) {
  const made = [element("div", "head", head)];
  if (lines.length) {
    const table = element("div", "sums");
    for (const line of firstOf(lines, MOST_LINES)) {
      const row = element("div", "sum");
      row.append(...line.map(text => element("span", "", text)));
      table.append(row);
    }
    made.push(table);
  }
  for (const text of [label, end]) if (text) made.push(element("div", "end", text));
  return made;
}
