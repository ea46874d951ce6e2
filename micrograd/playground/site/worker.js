// Python, in a worker that has no network and belongs to no site: the page hands it every file that it asks for.
//
//   address    where Pyodide thinks it was loaded from; files below it come from the page
//   asked      files by their number, until the page has sent them

let page, address, answer, pyodide;
const asked = new Map();
const TYPES = { js: "text/javascript", json: "application/json", wasm: "application/wasm" };

onmessage = ({ ports }) => {
  [page] = ports;
  page.onmessage = ({ data }) => ACTIONS[data.kind](data);
};

const ACTIONS = {
  start: data => start(data).then(() => page.postMessage({ kind: "ready" }), broken),
  file({ number, bytes }) {
    const { name, found, lost } = asked.get(number);
    asked.delete(number);
    const type = TYPES[name.split(".").pop()] ?? "application/octet-stream";
    if (bytes === null) lost(new TypeError(`${name} could not be loaded`));
    else found(new Response(bytes, { headers: { "Content-Type": type } }));
  },
  async question({ text, packages }) {
    try {
      const loaded = [];
      for (const name of packages) if (await load(name)) loaded.push(name);
      page.postMessage({ kind: "begun" });
      page.postMessage({ kind: "answer", text: answer(text), loaded });
    } catch (error) {
      broken(error);
    }
  },
};

function broken(error) {
  page.postMessage({ kind: "broken", message: String(error.message ?? error) });
}

// Whether a package of Pyodide's distribution is there now; one that could not be had is not asked for again.
const tried = new Set();
async function load(name) {
  if (!tried.has(name)) {
    tried.add(name);
    await pyodide.loadPackage(name, { messageCallback() {}, errorCallback() {} }).catch(() => {});
  }
  return name in pyodide.loadedPackages;
}

self.fetch = (request, { integrity } = {}) => new Promise((found, lost) => {
  const url = String(request.url ?? request), number = asked.size ? Math.max(...asked.keys()) + 1 : 0;
  if (!url.startsWith(address)) return lost(new TypeError("code has no network here"));
  const name = url.slice(address.length);
  asked.set(number, { name, found, lost });
  page.postMessage({ kind: "file", number, name, integrity });
});

async function start({ base, scripts, archive, form }) {
  address = base;
  for (const bytes of scripts) importScripts(URL.createObjectURL(new Blob([bytes], { type: TYPES.js })));
  pyodide = await loadPyodide({ indexURL: address });
  pyodide.unpackArchive(archive, form);
  answer = pyodide.runPython("from micrograd.playground.answers import Session; Session().answer");
}
