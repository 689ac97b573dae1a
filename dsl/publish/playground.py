"""The playground: the compiler itself in a page, from `docs/playground/`.

Makes a folder for any static host, which works without a network after the first visit, and in it
`playground.html`, the same as one file that opens without a server.
"""

import argparse
import gzip
import json
import re
import shutil
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from publish import tools

SOURCES = tools.ROOT / "docs" / "playground"
PARTS = ("wasm", "stdlib", "archc")
"""What the worker loads: Pyodide, what Python starts with, the compiler with what it imports."""
SINGLE = "playground.html"
LICENCES = "licences.txt"
ESBUILD = ("--bundle", "--minify", "--format=esm", "--target=es2022", "--log-level=warning",
           "--legal-comments=none", "--external:node:*", "--external:ws")  # fmt: skip
BUNDLES = (
    ("start.js", "src/start.js"),
    ("app.js", "src/app.js"),
    ("worker.js", "src/worker.js", "--external:./python.js"),
    ("python.js", "src/python.js"),
    ("whole.js", "src/worker.js"),
    ("style.css", "src/style.css"),
)
"""What each is made of: scripts of the page and of the worker, and the worker in one."""
ALONE = ("whole.js",)
"""Those of the page that is one file."""
POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",  # the editor places what it shows by styles
    "img-src": "data: blob:",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}
OURS = re.compile(r"[a-z]+-[0-9a-f]{12}\.(bin|js|css)")
"""Files of the folder whose names say what they hold."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", dest="folder", type=Path, required=True, help="where it goes")
    parser.add_argument("--wheel", type=Path, help="a wheel of archc, instead of a new one")


def run(options: argparse.Namespace) -> None:
    """Make the folder and say what is in it."""
    build(options.folder, options.wheel)
    for file in sorted(one for one in options.folder.iterdir() if one.is_file()):
        print(f"{file.stat().st_size:>12,}  {file.name}")


def build(folder: Path, wheel: Path | None = None) -> None:
    """Make the playground in a folder, of this checkout or of a wheel.

    Raises:
        tools.Failed: a tool is missing or failed, or something else is in the folder.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / SINGLE).exists():
        raise tools.Failed(f"`{folder}` holds other files: choose a folder of its own")
    with TemporaryDirectory(prefix="archc-playground-") as made:
        work = Path(made) / "work"
        shutil.copytree(SOURCES, work, ignore=shutil.ignore_patterns("node_modules"))
        (work / "node_modules").symlink_to(tools.packages(SOURCES), target_is_directory=True)
        files = bundled(work, wheel or tools.wheel(Path(made)))
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            if OURS.fullmatch(old.name):
                old.unlink()
        for name, data in files.items():
            (folder / name).write_bytes(data)


def bundled(work: Path, wheel: Path) -> dict[str, bytes]:
    """The files of the folder, by name."""
    packed = work / "packed"
    packed.mkdir()
    with ZipFile(wheel) as archive:
        archive.extractall(work / "wheel")
    tools.run(["node", "pack/pack.mjs", work / "wheel", packed], work)
    esbuild = work / "node_modules" / ".bin" / "esbuild"
    for name, source, *more in BUNDLES:
        alias = f"--alias:page.json={packed / 'page.json'}"
        tools.run([esbuild, source, *ESBUILD, *more, alias, f"--outfile={packed / name}"], work)
    wasm = work / "node_modules" / "pyodide" / "pyodide.asm.wasm"
    raw = {"wasm": wasm, **{name: packed / f"{name}.bin" for name in PARTS[1:]}}
    parts = {name: gzip.compress(path.read_bytes(), 9, mtime=0) for name, path in raw.items()}
    texts = {name: (packed / name).read_text("utf-8") for name, *_ in BUNDLES}
    alone = {name: texts.pop(name) for name in ALONE}
    python = _named("python.js", texts["python.js"].encode())
    texts["worker.js"] = texts["worker.js"].replace("./python.js", f"./{python}")
    page = (work / "index.html").read_text("utf-8")
    files = {
        **{_named(f"{name}.bin", data): data for name, data in parts.items()},
        **{_named(name, text.encode()): text.encode() for name, text in texts.items()},
    }
    files["index.html"] = _page(page, files).encode()
    files["sw.js"] = _offline((work / "src" / "sw.js").read_text("utf-8"), files).encode()
    licences = _licences(work)
    files[LICENCES] = licences.encode()
    files[SINGLE] = _single(page, texts | alone, parts, licences).encode()
    return files


def _named(name: str, data: bytes) -> str:
    """The name of a file with what it holds in it, so that no cache gives an older one."""
    stem, _, kind = name.rpartition(".")
    return f"{stem}-{sha256(data).hexdigest()[:12]}.{kind}"


def _filled(page: str, **places: str) -> str:
    for name, text in places.items():
        assert page.count(f"<!--{name}-->") == 1
        page = page.replace(f"<!--{name}-->", text)
    return page


def _policy(policy: dict[str, str]) -> str:
    content = "; ".join(f"{name} {value}" for name, value in policy.items())
    return f'<meta http-equiv="Content-Security-Policy" content="{content}">'


def _page(page: str, files: dict[str, bytes]) -> str:
    """The page of the folder; its addresses are relative."""
    at = {name.partition("-")[0]: name for name in files}
    parts = json.dumps({name: at[name] for name in (*PARTS, "worker")})
    return _filled(
        page,
        policy=_policy(POLICY),
        style=f'<link rel="stylesheet" href="{at["style"]}">',
        links=f' <a href="{SINGLE}" download>All of it as one file</a>, '
        f'<a href="{LICENCES}">licences</a>.',
        start=f'<script type="application/json" id="parts">{parts}</script>\n'
        f'<script type="module" src="{at["start"]}"></script>\n'
        f'<link rel="modulepreload" href="{at["app"]}">',
        script=f'<script type="module" src="{at["app"]}"></script>',
    )


def _offline(script: str, files: dict[str, bytes]) -> str:
    """The service worker, with what it keeps."""
    digest = sha256(b"".join(sha256(data).digest() for data in files.values())).hexdigest()[:12]
    names = json.dumps(["./", *sorted(files)])
    return script.replace('"@BUILD@"', json.dumps(digest)).replace('["@FILES@"]', names)


def _single(page: str, texts: dict[str, str], parts: dict[str, bytes], licences: str) -> str:
    """The page as one file: no address in it is ever asked for."""
    more = {"worker": texts["whole.js"], "licences": licences}
    packed = parts | {name: gzip.compress(text.encode(), 9, mtime=0) for name, text in more.items()}
    scripts = [
        f'<script type="text/plain" id="part-{name}">{b64encode(data).decode()}</script>'
        for name, data in packed.items()
    ]
    script = texts["app.js"].replace("</script", "<\\/script")
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policy = {
        **POLICY,
        "script-src": f"'sha256-{digest}' 'wasm-unsafe-eval'",
        "style-src": "'unsafe-inline'",
        "connect-src": "'none'",
        "worker-src": "data:",
    }
    return _filled(
        page,
        policy=_policy(policy),
        style=f"<style>{texts['style.css']}</style>",
        start="",
        links="",
        script="\n".join([*scripts, f'<script type="module">{script}</script>']),
    )


def _licences(work: Path) -> str:
    """The licences of what the page is made of beside archc."""
    lock = json.loads((work / "package-lock.json").read_text("utf-8"))
    said = []
    for path, package in sorted(lock["packages"].items()):
        if path and not package.get("dev") and not package.get("optional"):
            text = [
                f"{path.removeprefix('node_modules/')} {package['version']}, {package['license']}"
            ]
            for name in ("LICENSE", "LICENSE.md", "LICENSE.txt"):
                file = work / path / name
                if file.exists():
                    text.append(file.read_text("utf-8"))
            said.append("\n\n".join(text))
    return "\n\n----\n\n".join(said) + "\n"
