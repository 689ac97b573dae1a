"""Chooses what the page needs of the wheel and of the standard library, and packs it as byte code.

Runs inside Pyodide (`pack.mjs`). Of the wheel it is every module that the page's own can reach by
an import, wherever that stands, and all data beside those. Of the standard library it is what is
loaded when the page has answered every kind of question, and each module that an import of the
wheel's names, with what that loads. Nothing is listed by hand.
"""

import ast
import importlib
import io
import json
import py_compile
import struct
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

WHEEL, PAGE, OUT = Path("/wheel"), Path("/page"), Path("/out")
STDLIB = zipfile.ZipFile("/stdlib.zip")
ENTRY = "page"


class Imports(ast.NodeVisitor):
    """The modules that a module imports, late or not, but not those for type checkers."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_If(self, node: ast.If) -> None:  # the library's name
        for one in node.orelse if ast.unparse(node.test) == "TYPE_CHECKING" else [node]:
            self.generic_visit(one)

    def visit_Import(self, node: ast.Import) -> None:
        self.found |= {one.name for one in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        assert node.module, "the wheel has absolute imports alone"
        assert not node.level
        self.found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}


def source(module: str) -> Path | None:
    """The file of a module of the page or of the wheel."""
    path = module.replace(".", "/")
    choices = [PAGE / f"{path}.py"] if module == ENTRY else []
    choices += [WHEEL / path / "__init__.py", WHEEL / f"{path}.py"]
    return next((one for one in choices if one.exists()), None)


def reached(first: set[str]) -> tuple[dict[str, Path], set[str]]:
    """The modules of the wheel that are reached from some, and the other ones that they name."""
    modules: dict[str, Path] = {}
    others: set[str] = set()
    waiting = set(first)
    while waiting:
        module = waiting.pop()
        path = source(module)
        if path is None:
            others.add(module)
        elif module not in modules:
            modules[module] = path
            parents = module.split(".")[:-1]
            waiting |= {".".join(parents[: at + 1]) for at in range(len(parents))}
            if module != "archc":  # which gives the Python interface to who asks for it
                imports = Imports()
                imports.visit(ast.parse(path.read_text("utf-8")))
                waiting |= imports.found
    return modules, others


def compiled(text: bytes, name: str) -> bytes:
    """The byte code of a module, the same bytes wherever it is made."""
    Path("/tmp/module.py").write_bytes(text)
    py_compile.compile(
        "/tmp/module.py",
        "/tmp/module.pyc",
        dfile=name,
        doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    return Path("/tmp/module.pyc").read_bytes()


def pack(files: dict[str, bytes]) -> bytes:
    """Files as one: the length of an index, the index with the size of each, and their bytes."""
    index = json.dumps({name: len(data) for name, data in files.items()}).encode()
    return struct.pack("<I", len(index)) + index + b"".join(files.values())


def wheel_files(modules: dict[str, Path]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    folders = {path.parent for path in modules.values() if path.is_relative_to(WHEEL)}
    for module, path in modules.items():
        name = "page.py" if module == ENTRY else str(path.relative_to(WHEEL))
        files[f"{name}c"] = compiled(path.read_bytes(), name)
    for path in sorted(WHEEL.rglob("*")):
        data = path.is_file() and path.suffix not in (".py", ".pyi", ".typed")
        beside = next((one for one in path.parents if (one / "__init__.py").exists()), None)
        if data and beside in folders:
            files[str(path.relative_to(WHEEL))] = path.read_bytes()
    return dict(sorted(files.items()))


def stdlib_zip(modules: set[str]) -> bytes:
    """The standard library, stored: the whole is compressed on its way, which makes it smaller."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for entry in STDLIB.infolist():
            name = entry.filename
            module = name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
            if name.endswith(".py") and module in modules:
                data = compiled(STDLIB.read(entry), name)
                archive.writestr(zipfile.ZipInfo(f"{name}c", (2020, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


def main() -> str:
    sys.path[:0] = [str(PAGE), str(WHEEL)]
    sys.dont_write_bytecode = True
    page = importlib.import_module(ENTRY)
    page.exercise()
    loaded = {name for name in sys.modules if source(name)}
    modules, others = reached({ENTRY, *loaded})
    for name in sorted(others):
        with suppress(ImportError):  # a name in a module; or a package that is not in the page
            importlib.import_module(name)
    needed = set(sys.modules)
    # These are named only by Pyodide's start and by what prints errors.
    needed |= {name for name in _names() if name.startswith(("_pyodide", "pyodide"))}
    needed |= {"encodings.idna", "encodings.latin_1", "encodings.ascii", "stringprep", "traceback"}
    (OUT / "archc.bin").write_bytes(pack(wheel_files(modules)))
    (OUT / "stdlib.bin").write_bytes(stdlib_zip(needed))
    (OUT / "page.json").write_text(json.dumps(page.contents(), ensure_ascii=False), "utf-8")
    absent = sorted({name.split(".")[0] for name in others} - set(sys.modules))
    return json.dumps(
        {
            "modules": len(modules),
            "of": len(list(WHEEL.rglob("*.py"))),
            "absent": absent,
            "stdlib": len([name for name in _names() if name in needed]),
        }
    )


def _names() -> set[str]:
    """The modules of the standard library."""
    names = (one.filename for one in STDLIB.infolist() if one.filename.endswith(".py"))
    return {one[:-3].replace("/", ".").removesuffix(".__init__") for one in names}


main()
