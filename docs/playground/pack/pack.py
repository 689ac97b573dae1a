"""Chooses what the page needs of the wheel and of the standard library, and packs it as byte code.

Runs inside Pyodide (`pack.mjs`). Of the wheel it is every module that the page's own can reach by
an import, wherever that stands, and all data beside those. Of the standard library it is what is
loaded when the page has answered every kind of question, and each module that an import of the
wheel's names, with what that loads; `pack.mjs` asks for that a Python which starts as the page's.
Nothing is listed by hand.
"""

import ast
import io
import json
import marshal
import struct
import sys
import zipfile
from importlib.util import MAGIC_NUMBER
from pathlib import Path

WHEEL, PAGE, OUT = Path("/wheel"), Path("/page"), Path("/out")
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
    """The code of a module, the same bytes wherever it is made."""
    return marshal.dumps(compile(text, name, "exec", dont_inherit=True, optimize=0))


def pack(files: dict[str, bytes]) -> bytes:
    """Files as one: the length of an index, the index with the size of each, and their bytes."""
    index = json.dumps({name: len(data) for name, data in files.items()}).encode()
    return struct.pack("<I", len(index)) + index + b"".join(files.values())


def table(modules: dict[str, tuple[str, bytes]]) -> bytes:
    """Modules as `start.py` finds them: where each is in what follows, then their code.

    Args:
        modules: by name, the file that each says it is, and its source.
    """
    found, code = {}, []
    at = 0
    for name, (file, text) in sorted(modules.items()):
        code.append(compiled(text, file.removeprefix("/archc/")))
        found[name] = (file.endswith("/__init__.py"), f"{file}c", at, len(code[-1]))
        at += len(code[-1])
    return marshal.dumps(found) + b"".join(code)


def data_files(modules: dict[str, Path]) -> dict[str, bytes]:
    """What is beside the modules of the wheel."""
    files: dict[str, bytes] = {}
    folders = {path.parent for path in modules.values() if path.is_relative_to(WHEEL)}
    for path in sorted(WHEEL.rglob("*")):
        data = path.is_file() and path.suffix not in (".py", ".pyi", ".typed")
        beside = next((one for one in path.parents if (one / "__init__.py").exists()), None)
        if data and beside in folders:
            files[str(path.relative_to(WHEEL))] = path.read_bytes()
    return files


def first_zip(modules: set[str], starts: str) -> bytes:
    """What Python loads before it runs `sitecustomize`, and that.

    Stored: the whole is compressed on its way, which makes it smaller.
    """
    out = io.BytesIO()
    texts = {name: text for name, (_, text) in LIBRARY.items() if name in modules}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, text in sorted({**texts, "sitecustomize": starts.encode()}.items()):
            file = LIBRARY[name][0] if name in LIBRARY else f"{name}.py"
            # The header of byte code that is not compared with its source.
            data = MAGIC_NUMBER + struct.pack("<I8x", 1) + compiled(text, file)
            archive.writestr(zipfile.ZipInfo(f"{file}c", (2020, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


def others(loaded: str) -> str:
    """The modules that those of the wheel name, of which the page's Python has loaded some."""
    return json.dumps(sorted(reached({ENTRY, *filter(source, json.loads(loaded))})[1]))


def packed(given: str) -> str:
    """Write the files, and say what is in them.

    Args:
        given: JSON of the modules that are `needed`, those that are loaded `first`, and how Python
            `starts`.
    """
    told = json.loads(given)
    needed, first = set(told["needed"]), set(told["first"])
    modules, named = reached({ENTRY, *filter(source, needed)})
    # These are named only by Pyodide's start.
    needed |= {name for name in LIBRARY if name.startswith("_pyodide")}
    needed |= {f"pyodide.{name}" for name in ("_core", "_state", "code", "common", "ffi")}
    needed |= {"encodings.idna", "encodings.latin_1", "encodings.ascii", "stringprep"}
    first |= {"encodings.utf_8", "encodings.aliases"}
    library = {name: one for name, one in LIBRARY.items() if name in needed - first}
    every = {name: (f"/archc/{file}", text) for name, (file, text) in library.items()}
    for name, path in modules.items():
        file = "page.py" if name == ENTRY else str(path.relative_to(WHEEL))
        every[name] = (f"/archc/{file}", path.read_bytes())
    files = {"modules.bin": table(every), **data_files(modules)}
    (OUT / "archc.bin").write_bytes(pack(files))
    (OUT / "stdlib.bin").write_bytes(first_zip(first, told["starts"]))
    sys.path[:0] = [str(PAGE), str(WHEEL)]
    import page

    (OUT / "page.json").write_text(json.dumps(page.contents(), ensure_ascii=False), "utf-8")
    return json.dumps(
        {
            "modules": len(modules),
            "of": len(list(WHEEL.rglob("*.py"))),
            "absent": sorted({name.split(".")[0] for name in named} - needed),
            "stdlib": sorted(library),
            "first": sorted(first & set(LIBRARY)),
        }
    )


def _library() -> dict[str, tuple[str, bytes]]:
    """The modules of the standard library, and Pyodide's: their files and sources."""
    found = {}
    with zipfile.ZipFile("/stdlib.zip") as archive:
        for entry in archive.infolist():
            if entry.filename.endswith(".py"):
                name = entry.filename[:-3].replace("/", ".").removesuffix(".__init__")
                found[name] = (entry.filename, archive.read(entry))
    return found


LIBRARY = _library()
