// The compiler: Python in a worker, with `page.py` for a door.
import createPyodideModule from "pyodide/pyodide.asm.mjs";
import {loadPyodide} from "pyodide";
import {info} from "pyodide/pyodide-lock.json";

const NOWHERE = "https://archc.invalid/"; // what Pyodide believes its files are at
const FOLDER = "/archc";
const functions = new Map();
let give;
const parts = new Promise((done) => { give = done; });

/** A part of the compiler as a stream: a gzip file at an address, or its bytes. */
async function unpacked(part) {
  const response = typeof part === "string" ? await kept(part) : new Response(part);
  return response.body.pipeThrough(new DecompressionStream("gzip"));
}

const storing = [];

/** A file whose name says what it holds: from this browser's store, or from the host. */
async function kept(address) {
  const store = self.caches ? await caches.open("archc-playground-parts").catch(() => null) : null;
  const known = await store?.match(address);
  if (known) return known;
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const copy = response.clone();
  storing.push(ready.then(async () => {
    const file = (one) => new URL(one).pathname.replace(/-[0-9a-f]+\.bin$/, "");
    for (const old of await store?.keys() ?? []) {
      if (file(old.url) === file(address) && old.url !== address) await store.delete(old);
    }
    await store?.put(address, copy);
  }).catch(() => {})); // a full disk only means that it is fetched again
  return response;
}

/** Write the files of a pack, as `pack.py` made it. */
function write(system, bytes) {
  const size = new DataView(bytes.buffer).getUint32(0, true);
  const index = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
  let at = 4 + size;
  const made = new Set();
  for (const [name, length] of Object.entries(index)) {
    const path = `${FOLDER}/${name}`;
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (!made.has(folder)) { system.mkdirTree(folder); made.add(folder); }
    system.writeFile(path, bytes.subarray(at, at + length), {canOwn: true});
    at += length;
  }
}

async function start() {
  const {wasm, stdlib, archc} = await parts;
  const files = unpacked(archc).then((stream) => new Response(stream).arrayBuffer());
  const answers = {
    "pyodide.asm.wasm": [unpacked(wasm), "application/wasm"],
    "stdlib.zip": [unpacked(stdlib), "application/zip"],
  };
  const outside = self.fetch;
  self.fetch = async (address, options) => {
    const name = String(address.url ?? address);
    if (!name.startsWith(NOWHERE)) return outside.call(self, address, options);
    const [stream, type] = answers[name.slice(NOWHERE.length)];
    return new Response(await stream, {headers: {"Content-Type": type}});
  };
  const python = await loadPyodide({
    indexURL: NOWHERE,
    stdLibURL: `${NOWHERE}stdlib.zip`,
    createPyodideModule,
    lockFileContents: {info, packages: {}},
    env: {HOME: "/home", PYTHONPATH: FOLDER},
    fsInit: async (system) => write(system, new Uint8Array(await files)),
  });
  self.fetch = outside;
  const page = python.pyimport("page");
  return {python, page};
}

const ready = start();
ready.then(async () => {
  postMessage({ready: true});
  await Promise.all(storing);
  postMessage({kept: true});
}, (error) => postMessage({failed: String(error)}));

self.onmessage = async ({data}) => {
  if (data.parts) { give(data.parts); return; }
  const {id, method, values} = data;
  try {
    const {python, page} = await ready;
    if (method === "memory") { postMessage({id, answer: python._module.HEAPU8.length}); return; }
    if (!functions.has(method)) functions.set(method, page[method]);
    postMessage({id, answer: functions.get(method)(...values)});
  } catch (error) {
    postMessage({id, error: String(error.message ?? error)});
  }
};
