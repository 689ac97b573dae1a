"""What a wheel carries ready-made (`archc.prebuilt`), for the processes that tests start.

A process of a checkout makes it anew, which takes longer than all else that it does. So a run makes
it once, and `sitecustomize`, which every interpreter imports, says where it is. Archc asks whether
it was made of the same, as ever. This process goes without: `tests/packaging` compares the two.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from archc.prebuilt import MAKERS

SITE = '''"""Where the modules of `archc.prebuilt` are, unless archc carries them itself."""
import os, sys
from importlib.machinery import PathFinder

class Carried:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.startswith("archc.prebuilt."):
            return PathFinder.find_spec(name, [os.path.join(os.path.dirname(__file__), "carried")])

sys.meta_path.append(Carried)
'''


@contextmanager
def carried() -> Iterator[None]:
    """Let processes that are started meanwhile find them."""
    with TemporaryDirectory(prefix="archc-carried-") as folder:
        modules = Path(folder, "carried")
        modules.mkdir()
        for name, maker in MAKERS.items():
            text: str = import_module(maker).prebuilt()
            (modules / f"{name}.py").write_text(text, encoding="utf-8")
        Path(folder, "sitecustomize.py").write_text(SITE, encoding="utf-8")
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (folder, before)))
        yield
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
