// What stands for several values in a picture: a sum Σ w·x + b with its weights on arrows, and the stages of a network.
//
//   form     {biases, text}: the sum whose result is a node; its box is that node's
//   stage    {key, members, measured}: the values folded into one box, and the leaves whose norms it shows

// Functions of `now` that paint the folded parts of a view.
function foldedParts(view, scene) {
  const painters = [];
  for (const [box, i] of view.boxes) {
    const form = scene.forms[i]; // where its node is what enters another part, it has a plain box
    const plain = !form || view.owner === `n${i}` || box.biases.length !== form.biases.length;
    if (!plain) painters.push(now => paintForm(box, now, i, form));
  }
  for (const [edge, i, k] of view.arrows) if (edge.weight) painters.push(now => paintTerm(edge, now, i, k));
  const stages = scene.stages ?? [], stageOf = [];
  stages.forEach(({ key, members, measured }, s) => {
    for (const i of members) stageOf[i] = s;
    const box = view.parts.get(key);
    if (box && members.length > 1) painters.push(now => paintStage(box, now, members, measured));
  });
  if (stages.length && view.owner === "") painters.push(passages(view, scene.nodes, stageOf));
  return painters;
}

function paintForm(box, now, i, { biases, text }) {
  const told = [text, ...toldOf(now, i).slice(1)];
  biases.forEach((j, n) => {
    const [name, gradient] = box.biases[n].childNodes;
    const words = `${now.nodes[j].name} ${shown(now.nodes[j].data)}`;
    if (name.data !== words) name.data = words;
    if (gradient) write(gradient, `\u00a0\u00a0 ${gradientText(now, j)}`);
    told.push(toldOf(now, j).join(", "));
  });
  write(box.title, told.join("\n"));
}

// The arrow of a term: operand k of the product i, weighed by the other operand.
function paintTerm(edge, now, i, k) {
  const { operands } = now.nodes[i], weight = operands[1 - k];
  write(edge.weight, `${now.nodes[weight].name} ${shown(now.nodes[weight].data)}`);
  write(edge.slope, gradientText(now, weight));
  edge.label?.fit();
  const told = isNode(operands[k]) ? slopeTold(now, i, k) : `the number ${operands[k].number}`;
  write(edge.title, [...toldOf(now, weight), told].join("\n"));
}

function paintStage(box, { nodes, known, found, unknown }, members, measured) {
  box.group.classList.toggle("waiting", !members.every(i => known[i]));
  const told = box.said.split("\n").filter(line => !line.startsWith("‖"));
  if (box.norms) {
    const [letter] = /^‖.‖/.exec(box.norms.textContent), [data, gradient] = box.norms.childNodes;
    const size = normOf(nodes.map(node => node.data), measured);
    const words = `${letter} ${shown(size)}`;
    if (data.data !== words) data.data = words;
    told.push(`${letter} ${size}`);
    if (gradient) {
      const arrived = measured.every(i => found.reached[i] && !found.missing[i]);
      const slope = normOf(found.gradient, measured);
      write(gradient, `\u00a0\u00a0 ‖∇‖ ${arrived ? shown(slope) : unknown}`);
      if (arrived) told.push(`‖∇‖ ${slope}`);
    }
  }
  write(box.title, told.join("\n"));
}

// Paints the arrows between stages: as wide as the norm of the gradients that pass, coloured where all have one sign.
function passages(view, nodes, stageOf) {
  const crossing = new Map();
  nodes.forEach((node, i) => node.operands.forEach((x, k) => {
    if (!isNode(x) || stageOf[x] === stageOf[i]) return;
    const key = `${stageOf[x]}-${stageOf[i]}`;
    crossing.set(key, [...(crossing.get(key) ?? []), [i, k, x]]);
  }));
  return now => {
    const passing = [...crossing].map(([key, arrows]) => {
      const received = new Map();
      for (const [i, k, x] of arrows) {
        received.set(x, (received.get(x) ?? 0) + flowOf(now.nodes[i], k, now.whole.gradient[i]));
      }
      const flows = [...received.values()], norm = Math.hypot(...flows);
      return { edge: view.parts.get(key), arrows, norm, least: Math.min(...flows), most: Math.max(...flows) };
    });
    const sizes = passing.map(({ edge, norm, least, most }) => (edge.dashed || !Number.isFinite(norm) ? 0 : norm));
    const largest = Math.max(0, ...sizes);
    for (const { edge, arrows, norm, least, most } of passing) {
      const flows = arrows.every(([i]) => now.flowing[i]), mixed = least < 0 && most > 0;
      const look = mixed ? { ...view.look, positive: view.look.none } : view.look;
      paintLine(edge, flows ? (most <= 0 ? -norm : norm) : null, largest, look);
      const [passes] = edge.said.split("\n");
      const flow = `‖∇‖ ${norm} flows back${mixed ? ", of both signs" : ""}`;
      write(edge.title, flows && !edge.dashed ? `${passes}\n${flow}` : passes);
      edge.group.classList.toggle("waiting", !arrows.some(([i]) => now.known[i]));
      edge.group.classList.toggle("lit", arrows.some(([i]) => now.working.has(i)));
    }
  };
}
