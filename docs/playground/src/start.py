"""How Python starts in the page: the build makes it `sitecustomize`, which Python runs before it
imports anything else. A first result waits for every millisecond of this.

- Modules come from one file, as byte code, which is quicker than to look for each in folders.
- What the page never does is not loaded for it: Pyodide's start imports asyncio, and what installs
  packages, with a hundred modules behind them. Here are only their names.
- What only errors need is loaded with the first of them.
"""

import gc
import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any
else:  # what Python has before it imports anything
    ModuleSpec, ModuleType = type(sys.__spec__), type(sys)

gc.disable()  # until all is there: nothing of it is ever freed

PACK = os.path.join(os.environ["PYTHONPATH"], "modules.bin")
"""A table of modules, `(package or not, file, start, size)` by name, then their code."""

LATE = ("inspect", "ipaddress", "tokenize", "traceback")
"""Modules that only errors need, and questions that the page does not ask."""


class Packed:
    """Finds and loads the modules of the pack."""

    def __init__(self, path: str) -> None:
        self.file = open(path, "rb")  # noqa: SIM115 -- as long as the page
        self.table: dict[str, tuple[bool, str, int, int]] = marshal.load(self.file)
        self.base = self.file.tell()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name not in self.table:
            return None
        package, file = self.table[name][:2]
        spec = ModuleSpec(name, self, origin=file, is_package=package)  # type: ignore[arg-type]
        spec.has_location = True
        if package:
            spec.submodule_search_locations = [os.path.dirname(file)]
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """As usual."""

    def exec_module(self, module: ModuleType) -> None:
        _, _, start, size = self.table[module.__name__]
        self.file.seek(self.base + start)
        exec(marshal.loads(self.file.read(size)), module.__dict__)


class Late(ModuleType):
    """A module that is loaded when something of it is first asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules[self.__name__] is self:
            del sys.modules[self.__name__]
        return getattr(__import__(self.__name__), name)


class Folder:
    """One that is named and never used."""

    def __str__(self) -> str:
        return "/lib"


def nothing(*_: object) -> None:
    """Does nothing."""


def shell(name: str, **values: object) -> None:
    """Put in the place of a module one that has only some names."""
    module = ModuleType(name)
    module.__dict__.update(values)
    sys.modules[name] = module


if os.path.exists(PACK):
    sys.meta_path.insert(0, Packed(PACK))  # type: ignore[arg-type]
shell("asyncio")
shell("pyodide.webloop", _initialize_event_loop=nothing)
shell(
    "pyodide._package_loader",
    SITE_PACKAGES=Folder(),
    DSO_DIR=Folder(),
    init_loaded_packages=nothing,
)
for late in LATE:
    sys.modules[late] = Late(late)

_traceback = sys.modules["traceback"]


def print_exception(*values: Any, **options: Any) -> None:
    """What Pyodide's start makes the hook of errors."""
    hook = _traceback.__getattr__("print_exception")
    hook(*values, **options)


_traceback.__dict__["print_exception"] = print_exception
