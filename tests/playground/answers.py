"""Digests of what is said of every shipped spec, whole and damaged: run by the tests' own Python,
and by the one in the page."""

import hashlib
import json
import os
import re
from typing import Any

from archc.editor.desk import Desk
from archc.editor.uris import uri_of
from archc.files import shipped_specs


def damaged(text: str, seed: str) -> list[str]:
    """A text with a character gone, a word doubled, and a line moved."""
    words, lines = text.split(" "), text.split("\n")
    # Not by `random`, which the page's Python has no use for.
    chosen = int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big")
    at, word, line = (chosen % len(one) for one in (text, words, lines))
    words.insert(word, words[word])
    lines.append(lines.pop(line))
    return [text[:at] + text[at + 1 :], " ".join(words), "\n".join(lines)]


def digests(others: dict[str, str]) -> dict[str, str]:
    """SHA-256 of each answer, by spec and kind; ``others`` are further texts by name."""
    desk = Desk()
    found: dict[str, str] = {}
    specs = shipped_specs()
    folder = os.path.dirname(specs["dscnn_a05"])
    desk.home = folder

    def keep(name: str, answer: Any) -> None:
        # Texts of files as they are; only their addresses differ from place to place.
        said = (
            answer if isinstance(answer, str) else re.sub(r"file://[^\"]*/", "", json.dumps(answer))
        )
        found[name] = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()

    texts = dict(others)
    for name, path in specs.items():
        with open(path, encoding="utf-8") as file:
            texts[os.path.relpath(path, folder)] = file.read()
        for number, text in enumerate(damaged(texts[os.path.relpath(path, folder)], name)):
            texts[os.path.relpath(path, folder) + f" {number}"] = text
    for name, text in sorted(texts.items()):
        uri = uri_of(os.path.join(folder, name.split(" ")[0]))
        desk.put(uri, text)
        keep(f"{name} diagnostics", desk.diagnostics(uri))
        keep(f"{name} actions", desk.actions(uri))
        keep(f"{name} hints", desk.inlay_hints(uri))
        for arch in desk.summary(uri)["networks"]:
            for kind in ("module", "manifest"):
                keep(f"{name} {arch} {kind}", getattr(desk, kind)(uri, arch=arch).get("text", ""))
            keep(f"{name} {arch} drawing", desk.drawing(uri, arch=arch).get("svg", ""))
            keep(f"{name} {arch} memory", desk.memory(uri, arch=arch))
        desk.close(uri)
    return found
