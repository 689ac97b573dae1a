// Python, with `page.py` for a door.
import createPyodideModule from "pyodide/pyodide.asm.mjs";
import {loadPyodide} from "pyodide";
import {info} from "pyodide/pyodide-lock.json";

const NOWHERE = "https://archc.invalid/"; // what Pyodide believes its files are at
const FOLDER = "/archc";

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

/** Start Python; a function that asks it. The parts are promises of what they hold. */
export async function load(wasm, stdlib, archc) {
  // Pyodide fetches what it needs, but it is on its way already.
  const {fetch} = self;
  const {instantiateStreaming} = WebAssembly;
  self.fetch = async (address) => (String(address).endsWith(".zip") ? new Response(await stdlib) : new Response());
  WebAssembly.instantiateStreaming = async (_, imports) => {
    const module = await wasm;
    return {module, instance: await WebAssembly.instantiate(module, imports)};
  };
  const python = await loadPyodide({
    indexURL: NOWHERE,
    stdLibURL: `${NOWHERE}stdlib.zip`,
    createPyodideModule,
    lockFileContents: {info, packages: {}},
    env: {HOME: "/home", PYTHONPATH: FOLDER},
    fsInit: async (system) => write(system, new Uint8Array(await archc)),
  });
  Object.assign(self, {fetch});
  Object.assign(WebAssembly, {instantiateStreaming});
  const page = python.pyimport("page");
  const functions = new Map();
  return (method, values) => {
    if (method === "memory") return python._module.HEAPU8.length;
    if (!functions.has(method)) functions.set(method, page[method]);
    return functions.get(method)(...values);
  };
}
