"""All that a release consists of, checked: the wheel, the source distribution, the extension for
VS Code, the site with the playground in it, and the playground as one file.

The wheel is made twice, from the checkout and from the source distribution, and both have to be
the same file. It is installed and used by every Python at hand that the project declares, that of
Pyodide among them. Needs `pip install 'archc-dsl[release]'`, Node and npm. Nothing is uploaded.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from email.message import Message
from email.parser import Parser
from fnmatch import fnmatch
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from publish import extension, playground, site, tools

SUMS = "SHA256SUMS"
WANTED = (
    *("archc/py.typed", "archc/grammars/arch.lark", "archc/specs/dscnn.arch"),
    *("archc/specs/families/*.arch", "archc/std/*.arch", "archc/targets/*.toml"),
    *("archc/emit/schema/*.json", "archc/manual/*.md", "*.dist-info/licenses/LICENSE"),
)
"""Patterns of what has to be in a wheel, beside the modules that are prebuilt."""
UNWANTED = ("*test*", "*publish*", "*__pycache__*", "docs/*", "*.pyc", "prebuild.py")
CLASSIFIER = "Programming Language :: Python :: 3."
FIRST = ("archc", "specs/dscnn_a05.arch", "-o", "generated/")
"""What the README runs first."""
ENDS = (".py", ".manifest.json")
WASM = "pyodide"
"""Stands for the interpreter that the playground brings."""
RELATIVE = re.compile(r"\]\((?!https:|#)[^)]*\)|(?:src|href)=[\"'](?!https:|#)")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", dest="folder", type=Path, required=True, help="where it goes")
    parser.add_argument(
        "--rehearse",
        action="store_true",
        help="go on where the changelog has no date, a Python is not at hand, or something is not "
        "committed",
    )
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="PROGRAM",
        help="try this interpreter as well; may be given more than once",
    )


def run(options: argparse.Namespace) -> None:
    """Make a release and say what it holds."""
    folder: Path = options.folder
    if folder.is_dir() and any(folder.iterdir()) and not ours(folder):
        raise tools.Failed(f"`{folder}` holds other files: choose a folder of its own")
    doubts = [*unfinished(), *uncommitted()]
    pythons, missing = at_hand(options.python)
    doubts += [f"Python 3.{minor} is declared and not at hand" for minor in missing]
    if doubts and not options.rehearse:
        raise tools.Failed("\n       ".join([*doubts, "`--rehearse` goes on"]))
    absent = lacking()
    if absent:
        raise tools.Failed(
            f"{', '.join(absent)}: not installed; it takes `pip install 'archc-dsl[release]'`, "
            "Node and npm"
        )
    with TemporaryDirectory(prefix="archc-release-") as work:
        made = Path(work) / "dist"
        wheel, source = distributions(made)
        for minor, program in pythons.items():
            tried(wheel, program)
            name = "Pyodide: unpacked" if program == WASM else "installed"
            print(f"Python 3.{minor}: {name}, and the README's first command run", flush=True)
        extension.build(made)
        site.build(made / "site", playground=True, wheel=wheel)
        shutil.copy(made / "site" / "playground" / playground.SINGLE, made)
        (made / SUMS).write_text(sums(made), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        shutil.copytree(made, folder)
    for doubt in doubts:
        print(f"not released: {doubt}")
    print((folder / SUMS).read_text(encoding="utf-8"), end="")
    print(f"upload {wheel.name} and {source.name}; site/ goes to a static host as it is")


def lacking() -> list[str]:
    """What is needed and not installed, told before anything is made."""
    modules = [name for name in ("build", "twine", "sphinx") if find_spec(name) is None]
    return modules + [name for name in ("node", "npm") if which(name) is None]


def uncommitted() -> Iterator[str]:
    """What a tag would not hold: changes of this checkout that are not committed."""
    if not (tools.ROOT / ".git").exists() or which("git") is None:
        return
    changed = tools.run(["git", "status", "--porcelain"]).splitlines()
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        yield f"not committed: {changed[0][3:]}{more}"


def ours(folder: Path) -> bool:
    """Whether a folder holds an earlier release and nothing else, so that it may be replaced."""
    if not (folder / SUMS).is_file():
        return False
    lines = (folder / SUMS).read_text(encoding="utf-8", errors="replace").splitlines()
    known = {SUMS, "site", *(line.partition("  ")[2] for line in lines)}
    return all(each.name in known for each in folder.iterdir()) and site.ours(folder / "site")


def unfinished() -> Iterator[str]:
    """What keeps the checkout from being released; nothing if it is ready.

    Raises:
        tools.Failed: two places have different versions, or the changelog has none.
    """
    from archc import __version__

    package = json.loads((extension.SOURCES / "package.json").read_text(encoding="utf-8"))
    if package["version"] != __version__:
        raise tools.Failed(
            f"the extension has version {package['version']}, archc {__version__}: "
            f"change `{extension.SOURCES.name}/package.json`"
        )
    log = (tools.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    title, text = section(log, __version__)
    if not text:
        raise tools.Failed(f"CHANGELOG.md says nothing of {__version__}")
    if not dated(title):
        today = date.today().isoformat()
        yield (
            f"CHANGELOG.md has no date for {__version__}: it says `## {title}`, and would say "
            f"`## {__version__} ({today})` today"
        )
    if not section((extension.SOURCES / "CHANGELOG.md").read_text("utf-8"), __version__)[1]:
        raise tools.Failed(f"`{extension.SOURCES.name}/CHANGELOG.md` says nothing of {__version__}")


def dated(title: str) -> bool:
    """Whether the title of a changelog's section ends with a day that there is."""
    found = re.search(r"\((\d{4}-\d\d-\d\d)\)$", title)
    try:
        return found is not None and date.fromisoformat(found[1]) is not None
    except ValueError:
        return False


def section(log: str, version: str) -> tuple[str, str]:
    """The title and the text that a changelog has for a version; empty if it has none."""
    title = rf"^## ({re.escape(version)}(?: [^\n]*)?)\n"
    found = re.search(rf"{title}(.*?)(?=^## |\Z)", log, re.MULTILINE | re.DOTALL)
    return (found[1].strip(), found[2].strip()) if found else ("", "")


def declared() -> list[int]:
    """The minor versions of Python 3 that the project declares."""
    project = tomllib.loads((tools.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = (one.removeprefix(CLASSIFIER) for one in project["classifiers"] if CLASSIFIER in one)
    return sorted(int(minor) for minor in found)


def at_hand(given: Iterable[str] = ()) -> tuple[dict[int, str], list[int]]:
    """An interpreter for each version that is declared, and the versions without one.

    Looks at those that are ``given``, the one that runs, the path, what pyenv and uv installed, and
    Pyodide.
    """
    home = Path.home()
    folders = [home / ".pyenv" / "versions", home / ".local" / "share" / "uv" / "python"]
    installed = [str(program) for top in folders for program in sorted(top.glob("*/bin/python3"))]
    named = [which(f"python3.{minor}") for minor in declared()]
    found: dict[int, str] = {}
    for program in filter(None, [*given, sys.executable, *named, *installed]):
        minor = _minor(program)
        if minor in declared():
            found.setdefault(minor, program)
    missing = [minor for minor in declared() if minor not in found]
    if missing and which("node"):
        lock = tools.packages(playground.SOURCES) / "pyodide" / "pyodide-lock.json"
        version = json.loads(lock.read_text(encoding="utf-8"))["info"]["python"]
        minor = int(version.split(".")[1])
        if minor in missing:
            found[minor] = WASM
    return dict(sorted(found.items())), [minor for minor in declared() if minor not in found]


def _minor(program: str) -> int | None:
    try:
        said = tools.run([program, "-c", "import sys; print(*sys.version_info[:2])"]).split()
    except tools.Failed:  # a shim of pyenv for a version that is not chosen
        return None
    return int(said[1]) if said[0] == "3" else None


def distributions(folder: Path) -> tuple[Path, Path]:
    """The wheel and the source distribution in a folder, checked.

    Raises:
        tools.Failed: one could not be built, or is not as it has to be.
    """
    build = [sys.executable, "-m", "build", "--outdir"]
    tools.run([*build, folder, tools.ROOT])  # the wheel from the source distribution
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    with TemporaryDirectory() as direct:
        tools.run([*build, direct, "--wheel", tools.ROOT])
        (again,) = Path(direct).glob("*.whl")
        if again.read_bytes() != wheel.read_bytes():
            raise tools.Failed(
                "the wheel of the checkout is not that of the source distribution:\n"
                + "\n".join(differences(wheel, again))
            )
    tools.run([sys.executable, "-m", "twine", "check", "--strict", wheel, source])
    faults = list(wheel_faults(wheel))
    if faults:
        raise tools.Failed(f"{wheel.name}:\n" + "\n".join(faults))
    return wheel, source


def differences(first: Path, second: Path) -> Iterator[str]:
    """Files in which two wheels differ."""
    with ZipFile(first) as one, ZipFile(second) as other:
        for name in sorted({*one.namelist(), *other.namelist()}):
            texts = [archive.read(name) if name in archive.namelist() else None
                     for archive in (one, other)]  # fmt: skip
            if texts[0] != texts[1]:
                yield name


def wheel_faults(wheel: Path) -> Iterator[str]:
    """What is missing in a wheel, what should not be in it, and links that lead nowhere."""
    from archc.prebuilt import MAKERS

    with ZipFile(wheel) as archive:
        names = archive.namelist()
        (info,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata: Message = Parser().parsestr(archive.read(info).decode())
    wanted = [*WANTED, *(f"archc/prebuilt/{name}.py" for name in MAKERS)]
    yield from (
        f"it has no {pattern}" for pattern in wanted if not any(fnmatch(n, pattern) for n in names)
    )
    for name in names:
        if any(fnmatch(name, pattern) for pattern in UNWANTED):
            yield f"{name} does not belong in it"
    yield from (
        f"its description links to {link}" for link in RELATIVE.findall(str(metadata.get_payload()))
    )


def tried(wheel: Path, program: str) -> None:
    """Install a wheel in a new environment of an interpreter, and compile as the README does.

    Raises:
        tools.Failed: it does not install, or the outputs are not those of the checkout.
    """
    with TemporaryDirectory(prefix="archc-tried-") as work:
        folder = Path(work)
        shutil.copytree(tools.ROOT / "specs", folder / "specs")
        if program == WASM:
            script = Path(__file__).with_name("in_wasm.mjs")
            packages = tools.packages(playground.SOURCES)
            tools.run(["node", script, packages, wheel, folder, *FIRST[1:]])
        else:
            tools.run([program, "-m", "venv", folder / "venv"])
            scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
            tools.run([scripts / "python", "-m", "pip", "install", "--quiet", wheel])
            tools.run([scripts / FIRST[0], *FIRST[1:]], folder)
        names = [f"{FIRST[1].removeprefix('specs/').removesuffix('.arch')}{end}" for end in ENDS]
        for name in names:
            made, kept = folder / "generated" / name, tools.ROOT / "generated" / name
            if made.read_bytes() != kept.read_bytes():
                raise tools.Failed(f"{program}: {name} is not what the checkout has")


def sums(folder: Path) -> str:
    """The digest of each file of a folder, but those of the site, as `sha256sum` prints them."""
    files = [file for file in sorted(folder.iterdir()) if file.is_file()]
    return "".join(f"{sha256(one.read_bytes()).hexdigest()}  {one.name}\n" for one in files)
