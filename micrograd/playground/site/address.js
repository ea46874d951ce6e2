// What the page shows, in its address: #code=…&at=w1:0.5,x:1&panel=explain. A link holds it all, and no server sees it.

function addressOf({ code, at, panel, data }) {
  const numbers = Object.entries(at).map(([name, x]) => `${name}:${x}`).join(",");
  return `#${new URLSearchParams({ code, at: numbers, panel, ...(data ? { data } : {}) })}`;
}

// What an address says, null if it holds no code; numbers that are none are left out.
function readAddress(hash) {
  const said = new URLSearchParams(hash.replace(/^#/, "")), code = said.get("code");
  if (code === null) return null;
  const pairs = (said.get("at") ?? "").split(",").map(pair => pair.split(":"));
  const numbers = pairs.filter(([name, x]) => name && x && Number.isFinite(Number(x)));
  const at = Object.fromEntries(numbers.map(([name, x]) => [name, Number(x)]));
  return { code, at, panel: said.get("panel"), data: said.get("data") ?? "" };
}
