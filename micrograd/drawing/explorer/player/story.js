// What the player says of a step: a head, lines of arithmetic, and a sentence for those who listen.
//
//   step      phase, node at work, number and count, as `stepAt` gives them
//   beat      the nodes of the step: one, or all that a folded box stands for
const MOST_LINES = 6;

// What a folded box is called: a stage by its title, a form by the node that it computes.
function titleOf({ stages = [], nodes }, key) {
  return key.startsWith("n") ? nodes[key.slice(1)].name : stages.find(stage => stage.key === key).title;
}

// {head, lines, end, spoken} of the step that led to where the player is.
function storyOf(player, step, beat, now) {
  const { nodes, scene, parameters, rounds } = player, root = nodes[nodes.length - 1];
  if (step.phase === "beginning") return beginning(nodes, rounds.at);
  if (step.phase === "seed") {
    const head = `Forward is done: ${root.name} = ${shown(root.data)}. Backward begins with ∂${root.name}/∂${root.name} = 1.`;
    return { head, lines: [], spoken: head };
  }
  if (step.phase === "update") {
    const { rate } = player, after = descended(nodes, parameters, rate, now.whole.gradient);
    const lines = updates(nodes, parameters, rate, now.whole.gradient, after);
    const spoken = `A step of descent: ${firstOf(lines.map(line => [`${line[0]} becomes ${line[4].split(" = ")[1]}`]), 4).join(", ")}.`;
    return { head: "A step of descent: each parameter goes against its gradient.", lines, spoken };
  }
  const where = `${step.phase === "forward" ? "Forward" : "Backward"}, ${step.number} of ${step.of}: `;
  const story = step.phase === "forward" ? forwardStory(player, step, beat) : backwardStory(player, step, beat, now);
  return { ...story, spoken: where + story.spoken };
}

function forwardStory({ nodes, scene, keyOf, quiz }, { node }, beat) {
  if (beat.length === 1) {
    const head = computation(nodes, node), lines = quiz ? [] : localDerivatives(nodes, node);
    return { head, lines, label: lines.length ? "kept for backward" : "", spoken: head };
  }
  const form = scene.forms[node];
  const head = form ? `${form.text} = ${shown(nodes[node].data)}` : `${titleOf(scene, keyOf(node))}: ${beat.length} values are computed`;
  return { head, lines: [], spoken: head };
}

function beginning(nodes, round) {
  const inner = nodes.filter(node => node.rule !== null).map(node => node.name);
  const values = inner.length <= 8 ? inner.join(", ") : `${inner.length} values`;
  const leaves = round ? `Step ${round} of descent is done: the leaves have new numbers.` : "The leaves have their numbers.";
  const head = leaves + (inner.length ? ` Forward computes ${values} from them.` : "");
  return { head, lines: [], spoken: head };
}

function backwardStory(player, { node }, beat, { found }) {
  const { nodes, scene, time, position, keyOf } = player, root = nodes[nodes.length - 1].name;
  const end = position === time.whole ? summary(nodes, root) : "";
  if (beat.length === 1) {
    const parts = found.sums.map(({ x, flow }) => `${shown(flow ?? 0)} to ${nodes[x].name}`);
    const spoken = `${nodes[node].name} hands on ${parts.join(", ")}.`;
    return { head: computation(nodes, node), lines: arithmetic(nodes, node, found.sums), end, spoken };
  }
  const key = keyOf(node), receiving = new Set(beat.flatMap(i => nodes[i].operands.filter(isNode)));
  const inside = new Set(beat), within = [...receiving].filter(x => !inside.has(x) && keyOf(x) === key);
  const lines = [...receiving].filter(x => keyOf(x) !== key).map(x => (
    [`∂${root}/∂${nodes[x].name}`, "=", `${shown(found.gradient[x])}${found.missing[x] ? " so far" : ""}`]));
  const size = `; its ${within.length} parameters: ‖∇‖ ${shown(Math.hypot(...within.map(x => found.gradient[x])))}`;
  const head = `${titleOf(scene, key)}: backward through ${beat.length} values${within.length ? size : ""}`;
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
