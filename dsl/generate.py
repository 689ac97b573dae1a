"""Remake every file that is made from another: `python dsl/generate.py`.

`codes.py` comes first, from a module that does not import it: a new code may be in use already.
"""

import glob
import os
import subprocess
import sys

DSL = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(DSL)
SPECS = sorted(glob.glob("specs/*.arch", root_dir=ROOT))
COMMANDS = (("manual", "-o", "docs"), (*SPECS, "-o", "generated"))


def main() -> None:
    sys.path.insert(0, DSL)
    from archc.diagnostics import catalog

    with open(catalog.DECLARATIONS, "w", encoding="utf-8") as file:
        file.write(catalog.declarations())
    from archc.emit.manifest import render
    from archc.emit.marker import SCHEMA_FILE
    from archc.manual import schema

    published = schema.schema()
    declared = schema.declared(published)
    if declared != published:
        with open(SCHEMA_FILE, "w", encoding="utf-8") as file:
            file.write(render(declared))
    environment = {**os.environ, "PYTHONPATH": DSL}
    for command in COMMANDS:
        words = (sys.executable, "-m", "archc", *command)
        subprocess.run(words, check=True, cwd=ROOT, env=environment)


if __name__ == "__main__":
    main()
