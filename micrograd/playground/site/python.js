// Python as the page sees it: a worker in a frame of no origin, which is thrown away when it must be stopped.
//
//   files     what was loaded from the address of Pyodide, by name; a new worker needs no network
//   room      the frame, sandboxed: no cookies, storage or files of this site can be reached from it
//   state     "loading", "starting", "ready", "busy"; "broken": it failed and begins anew; "gone": it cannot begin

const FIRST = ["pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json"];
const SCRIPTS = 2; // so many of them are run before all else

class Python {
  constructor(known, tell) {
    Object.assign(this, { known, tell, files: new Map(), bytes: 0, state: "loading", answered: null });
    this.base = new URL(known.address, document.baseURI).href;
    this.archive = Uint8Array.from(atob(known.archive), c => c.charCodeAt(0));
  }

  change(state, message = "") {
    this.state = state;
    this.tell(state, message);
  }

  // The bytes of a file of the distribution; an Error with what to do about it.
  async file(name, integrity) {
    const listed = FIRST.includes(name) || (await this.listed()).includes(name);
    if (!listed) throw new Error(`the distribution has no ${name}`);
    if (!this.files.has(name)) {
      const loading = this.load(name, integrity);
      loading.catch(() => this.files.delete(name));
      this.files.set(name, loading);
    }
    return this.files.get(name);
  }

  // What else the distribution says it has: code can ask for no other address, which might tell somebody something.
  async listed() {
    const lock = await this.file("pyodide-lock.json");
    return Object.values(JSON.parse(new TextDecoder().decode(lock)).packages).map(({ file_name: name }) => name);
  }

  async load(name, integrity) {
    const options = integrity ? { integrity } : {}; // fetch refuses what is not as the distribution says
    const response = await fetch(this.base + name, options).catch(() => null);
    const url = this.base + name;
    if (!response) throw new Error(`${url} cannot be read: is there a network, and does that host allow it?`);
    if (!response.ok) throw new Error(`${url} cannot be loaded: ${response.status}`);
    const parts = [], reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parts.push(part.value);
      this.bytes += part.value.length;
      if (this.state === "loading") this.change("loading");
    }
    return new Blob(parts).arrayBuffer();
  }

  async start() {
    this.change("loading");
    const room = (this.room = element("iframe", "", "", { sandbox: "allow-scripts", hidden: "", title: "Python" }));
    room.srcdoc = this.known.room;
    const opened = new Promise(done => (room.onload = done));
    document.body.append(room);
    try {
      const [found] = await Promise.all([Promise.all(FIRST.map(name => this.file(name))), opened]);
      if (room !== this.room) return;
      this.change("starting");
      const { port1, port2 } = new MessageChannel();
      this.port = port1;
      port1.onmessage = ({ data }) => room === this.room && this.hear(data);
      room.contentWindow.postMessage(this.known.worker, "*", [port2]);
      const { archive, base, known: { form } } = this;
      port1.postMessage({ kind: "start", base, scripts: found.slice(0, SCRIPTS), archive, form });
    } catch (error) {
      if (room === this.room) this.change("gone", error.message);
    }
  }

  hear({ kind, number, name, integrity, text, loaded, message }) {
    if (kind === "ready") this.change("ready");
    if (kind === "file") {
      const { port } = this;
      const send = bytes => port.postMessage({ kind: "file", number, bytes });
      this.file(String(name), integrity).then(send, () => send(null));
    }
    if (kind === "begun") this.begun?.();
    if (kind === "answer" && this.answered) {
      const { answered } = this;
      this.answered = null;
      this.change("ready");
      answered({ ...JSON.parse(text), loaded });
    }
    if (kind === "broken") {
      const began = this.state !== "starting";
      this.close();
      this.change(began ? "broken" : "gone", String(message));
      if (began) this.start();
    }
  }

  // The answer to a question, of which one is asked at a time, with packages of the distribution that it can use; null
  // if Python was stopped before. `begun` is called when they are there and it begins.
  ask(question, packages, begun) {
    this.change("busy");
    this.begun = begun;
    return new Promise(done => {
      this.answered = done;
      this.port.postMessage({ kind: "question", text: JSON.stringify(question), packages });
    });
  }

  close() {
    this.room?.remove();
    this.room = null;
    this.answered?.(null);
    this.answered = null;
  }

  // Throw the worker away, whatever it does, and begin anew.
  restart() {
    this.close();
    return this.start();
  }
}
