// Runs Python with what the page loads, without a page: `node in_node.mjs PACKAGES FOLDER SCRIPT`.
//
// Prints what the script's last expression is.
import {mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {pathToFileURL} from "node:url";
import {gunzipSync} from "node:zlib";

const [packages, folder, script] = process.argv.slice(2);
const {loadPyodide} = await import(pathToFileURL(join(packages, "pyodide", "pyodide.mjs")));
const part = (name) => {
  const file = readdirSync(folder).find((one) => new RegExp(`^${name}-.*\\.bin$`).test(one));
  return gunzipSync(readFileSync(join(folder, file)));
};
const wasm = readFileSync(join(packages, "pyodide", "pyodide.asm.wasm"));
if (!part("wasm").equals(wasm)) throw new Error("the page has another interpreter");
const temporary = mkdtempSync(join(tmpdir(), "archc-stdlib-"));
const stdlib = join(temporary, "stdlib.zip");
writeFileSync(stdlib, part("stdlib"));
const python = await loadPyodide({
  stdLibURL: stdlib,
  lockFileContents: {...JSON.parse(readFileSync(join(packages, "pyodide", "pyodide-lock.json"))), packages: {}},
  env: {PYTHONPATH: "/archc", HOME: "/home"},
  fsInit: async (system) => {
    const bytes = part("archc");
    const size = bytes.readUInt32LE(0);
    let at = 4 + size;
    for (const [name, length] of Object.entries(JSON.parse(bytes.subarray(4, 4 + size)))) {
      system.mkdirTree(`/archc/${name}`.replace(/\/[^/]*$/, ""));
      system.writeFile(`/archc/${name}`, bytes.subarray(at, at + length));
      at += length;
    }
  },
});
rmSync(temporary, {recursive: true});
try {
  console.log(python.runPython(readFileSync(script, "utf8")));
} catch (error) { // Node would print the line of the interpreter's code, which is very long
  console.error(error.message);
  process.exitCode = 1;
}
