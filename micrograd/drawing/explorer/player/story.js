// What the player says of a step: a head, lines of arithmetic, and a sentence for those who listen.
//
//   step      phase, node at work, number and count, as `stepAt` gives them
//   beat      the nodes of the step: one, or all that a folded box stands for
const MOST_LINES = 6;

function titleOf(scene, key, i) {
  const stage = (scene.stages ?? []).find(({ key: its }) => its === key);
  return stage && stage.members.length > 1 ? stage.title : scene.nodes[i].name;
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
  const folded = beat.length > 1, title = titleOf(scene, player.keyOf(step.node), step.node);
  const where = `${step.phase === "forward" ? "Forward" : "Backward"}, ${step.number} of ${step.of}: `;
  if (step.phase === "forward") {
    const form = scene.forms?.[step.node];
    const formula = form ? form.text : computation(nodes, step.node);
    const head = folded && !form ? `${title}: ${beat.length} values are computed` : form ? `${form.text} = ${shown(nodes[step.node].data)}` : formula;
    const lines = folded ? [] : localDerivatives(nodes, step.node);
    return { head, lines, spoken: where + head, label: lines.length ? "kept for backward" : "" };
  }
  return backwardStory(player, step, beat, now, folded ? title : "", where);
}

function beginning(nodes, round) {
  const inner = nodes.filter(node => node.rule !== null).map(node => node.name);
  const computes = inner.length ? ` Forward computes ${firstOf(inner.map(name => [name]), 6).join(", ")} from them.` : "";
  const head = round ? `Step ${round} of descent is done: the leaves have new numbers.` : "The leaves have their numbers.";
  return { head: head + computes, lines: [], spoken: head + computes };
}

function backwardStory(player, step, beat, now, title, where) {
  const { nodes, time, position } = player, root = nodes[nodes.length - 1].name;
  const end = position === time.whole ? summary(nodes, root) : "";
  if (!title) {
    const { sums } = now.found;
    const lines = arithmetic(nodes, step.node, sums);
    const parts = sums.map(({ x, flow }) => `${shown(flow ?? 0)} to ${nodes[x].name}`);
    const spoken = `${where}${nodes[step.node].name} hands on ${parts.join(", ")}.`;
    return { head: computation(nodes, step.node), lines, end, spoken };
  }
  const inside = new Set(beat), receiving = new Set(beat.flatMap(i => nodes[i].operands.filter(x => isNode(x) && !inside.has(x))));
  const lines = [...receiving].map(x => {
    const so = now.found.missing[x] ? " so far" : "";
    return [`∂${root}/∂${nodes[x].name}`, "=", `${shown(now.found.gradient[x])}${so}`];
  });
  const head = `${title}: backward through ${beat.length} values`;
  return { head, lines, end, spoken: `${where}${head}.` };
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
