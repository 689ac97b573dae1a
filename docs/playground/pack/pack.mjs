// Packs what runs in the page, with the Python that runs it: `node pack/pack.mjs WHEEL OUT`.
//
// WHEEL is the folder that the wheel was unpacked into. Byte code must be of the page's own Python,
// so that `pack.py` works inside Pyodide.
import {readFileSync, writeFileSync} from "node:fs";
import {createRequire} from "node:module";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";
import {loadPyodide} from "pyodide";

const [wheel, out] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const pyodide = dirname(createRequire(import.meta.url).resolve("pyodide"));
const python = await loadPyodide();
python.mountNodeFS("/wheel", wheel);
python.mountNodeFS("/page", join(here, "..", "src"));
python.FS.mkdir("/out");
python.FS.writeFile("/stdlib.zip", readFileSync(join(pyodide, "python_stdlib.zip")));
const report = python.runPython(readFileSync(join(here, "pack.py"), "utf8"));
for (const name of python.FS.readdir("/out")) {
  if (!name.startsWith(".")) writeFileSync(join(out, name), python.FS.readFile(`/out/${name}`));
}
console.log(report);
