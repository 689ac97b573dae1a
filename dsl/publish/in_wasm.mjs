// Python 3.14 as Pyodide brings it: a wheel is unpacked and compiles in a folder as the README does.
// node in_wasm.mjs PACKAGES WHEEL FOLDER WORDS...
import {readFileSync} from "node:fs";
import {join} from "node:path";
import {pathToFileURL} from "node:url";

const [packages, wheel, folder, ...words] = process.argv.slice(2);
const {loadPyodide} = await import(pathToFileURL(join(packages, "pyodide", "pyodide.mjs")));
const python = await loadPyodide();
const bytes = new Uint8Array(readFileSync(wheel)); // a Buffer is refused
python.unpackArchive(bytes, "wheel", {extractDir: "/wheel"});
python.FS.mkdir("/work");
python.mountNodeFS("/work", folder);
python.globals.set("words", python.toPy(words));
try {
  process.exitCode = python.runPython(`
import os, sys
os.chdir("/work")
sys.path.insert(0, "/wheel")
from archc.cli import main
main(words)
`);
} catch (error) { // Node would print the line of the interpreter's code, which is very long
  console.error(error.message);
  process.exitCode = 1;
}
