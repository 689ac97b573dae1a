"""The `__init__.py` of an output folder: constant text that finds its siblings when asked."""

from archc.emit.marker import MANIFEST_SUFFIX, MARKER, RECORD, STAGING

TEXT = rf'''{MARKER}
"""Networks compiled by archc: `list_models()` names them, `build_model(NAME)` builds one."""

import hashlib
import importlib
import json
import re
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

__all__ = ["build_model", "list_models"]

_FOLDER = Path(__file__).parent
_MANIFEST = "{MANIFEST_SUFFIX}"
_RECORD = _FOLDER / "{STAGING}" / "{RECORD}"
_KNOBS = ("dropout", "weight_decay", "name")


def list_models() -> list[str]:
    """The names of the networks in this folder, sorted."""
    files = [path.name for path in _FOLDER.glob(f"*{{_MANIFEST}}")]
    names = [file.removesuffix(_MANIFEST) for file in files]
    return sorted(name for name in names if (_FOLDER / f"{{name}}.py").is_file())


def build_model(model: str, /, **knobs: Any) -> "keras.Model":
    """Build a network of this folder, freshly initialised.

    Knobs, for training only: `dropout` replaces every dropout rate, `weight_decay` is an
    L2 penalty on kernels, `name` names the model.

    Raises:
        ValueError: there is no network of this name.
        RuntimeError: the folder holds files of different compiles.
        TypeError: a knob is none of these; what shapes a network was fixed when it was
            compiled, and the message says how to derive a variant.
    """
    _refuse_mixed(model)
    names = list_models()
    if model not in names:
        near = get_close_matches(str(model), names)
        hint = f"did you mean {{' or '.join(near)}}?" if near else f"there are {{names}}"
        raise ValueError(f"no model is called {{model!r}}: {{hint}}")
    unknown = [knob for knob in knobs if knob not in _KNOBS]
    if unknown:
        raise TypeError(_refusal(model, unknown, knobs))
    return importlib.import_module(f".{{model}}", __name__).build_model(**knobs)


def _refuse_mixed(model: str) -> None:
    """Refuse a network whose files do not belong together."""
    if _RECORD.is_file():
        files = json.loads(_RECORD.read_text(encoding="utf-8"))["files"]
        placed = [_digest(_FOLDER / file["name"]) == file["after"] for file in files]
        if any(placed) and not all(placed):
            raise RuntimeError(
                f"{{_FOLDER}} holds {{sum(placed)}} of {{len(placed)}} files of a build that was "
                "interrupted, or is running: run `archc build` again"
            )
    stated = []
    for file in (_FOLDER / f"{{model}}.py", _FOLDER / f"{{model}}{{_MANIFEST}}"):
        if file.is_file():
            pattern = r'(?:^# digest: |"source_digest": ")(sha256:\w+)'
            text = file.read_text(encoding="utf-8", errors="replace")
            stated += re.findall(pattern, text, re.MULTILINE)[:1]
    if len(set(stated)) > 1:
        raise RuntimeError(
            f"{{model}}.py and {{model}}{{_MANIFEST}} were made from different sources: "
            "run `archc build` again"
        )


def _digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _refusal(model: str, unknown: list[str], knobs: dict[str, Any]) -> str:
    """Why a knob is refused, and what to do instead."""
    text = (_FOLDER / f"{{model}}{{_MANIFEST}}").read_text(encoding="utf-8")
    facts = json.loads(text)["model"]
    offered = f"build_model takes {{', '.join(_KNOBS)}}"
    fixed = [knob for knob in unknown if knob in facts["parameters"]]
    if len(fixed) < len(unknown):
        strange = ", ".join(knob for knob in unknown if knob not in fixed)
        return f"{{model}} has no knob or parameter {{strange}}; {{offered}}"
    values = {{knob: str(knobs[knob]) for knob in fixed}}
    for knob in fixed:
        if isinstance(knobs[knob], bool):
            values[knob] = str(knobs[knob]).lower()
    was = ", ".join(f"{{knob}} = {{facts['parameters'][knob]}}" for knob in fixed)
    given = ", ".join(f"{{knob}} = {{value}}" for knob, value in values.items())
    options = " ".join(f"--set {{knob}}={{value}}" for knob, value in values.items())
    refusal = (
        f"{{model}} was compiled with {{was}}. Derive a variant: write "
        f"`arch NAME = {{model}}({{given}})` in a spec, or run "
        f"`archc {{facts['source']}} {{options}} --name NAME -o DIR`"
    )
    if facts["base"]:
        whose = " or ".join(fixed)
        refusal += f" (from {{facts['base']}}, if {{model}} itself sets {{whose}})"
    return f"{{refusal}}. {{offered}}."
'''
"""It needs nothing but the standard library until a network is built."""
