// Packs what runs in the page, with the Python that runs it: `node pack/pack.mjs WHEEL OUT`.
//
// WHEEL is the folder that the wheel was unpacked into. Byte code must be of the page's own Python,
// so that `pack.py` works inside Pyodide. A second one, started as the page starts it, tells what
// that loads.
import {readFileSync, writeFileSync} from "node:fs";
import {createRequire} from "node:module";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";
import {loadPyodide} from "pyodide";

const [wheel, out] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "..", "src");
const pyodide = dirname(createRequire(import.meta.url).resolve("pyodide"));
const starts = readFileSync(join(source, "start.py"), "utf8");

function mounted(python) {
  python.mountNodeFS("/wheel", wheel);
  python.mountNodeFS("/page", source);
  return python;
}

const worker = mounted(await loadPyodide());
worker.FS.mkdir("/out");
worker.FS.writeFile("/stdlib.zip", readFileSync(join(pyodide, "python_stdlib.zip")));
worker.runPython(readFileSync(join(here, "pack.py"), "utf8"));

const FIRST = "import sys\nFIRST = set(sys.modules)\n";
const page = mounted(await loadPyodide({
  env: {HOME: "/home", PYTHONPATH: "/first"},
  fsInit: async (system) => {
    system.mkdirTree("/first");
    system.writeFile("/first/sitecustomize.py", FIRST + starts);
  },
}));
const tell = (code) => JSON.parse(page.runPython(`import json, sys\n${code}`));
const loaded = tell(`
sys.path[:0] = ["/page", "/wheel"]
sys.dont_write_bytecode = True
import page
page.exercise()
json.dumps(sorted(sys.modules))`);
const others = worker.globals.get("others")(JSON.stringify(loaded));
const [needed, first] = tell(`
import importlib, sitecustomize
for name in ${others}:
    try:  # it may be a name in a module; or of a package that is not in the page
        importlib.import_module(name)
    except ImportError:
        pass
for late in sitecustomize.LATE:
    sys.modules.pop(late)
    importlib.import_module(late)
json.dumps([sorted(sys.modules), sorted(sitecustomize.FIRST)])`);
const report = worker.globals.get("packed")(JSON.stringify({needed, first, starts}));
for (const name of worker.FS.readdir("/out")) {
  if (!name.startsWith(".")) writeFileSync(join(out, name), worker.FS.readFile(`/out/${name}`));
}
console.log(report);
process.exit(0);
