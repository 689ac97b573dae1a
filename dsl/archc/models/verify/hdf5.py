"""A program that looks into an HDF5 file on its standard input and writes JSON about it.

It is run in a process of its own, with bounds on memory and time: the HDF5 library is written in C
and may end the process on a damaged file. Nothing outside the file is followed: links to other
files, virtual and external storage and filters other than those that come with the library are
named and left alone.

Usage: hdf5.py BYTES [values], where BYTES bounds what is unpacked. With `values`, a line of JSON is
followed by the values of all variables as little-endian float32, in the order of the JSON.
"""

import json
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any

OBJECTS = 200_000
AXES = 8
FILTERS = (1, 2, 3)
"""Deflate, shuffle, Fletcher's checksum (HDF5 specification, "Filter Identifiers")."""
ATTRIBUTE_BYTES = 67_108_864
"""Largest attribute that is read; the config of EfficientNet-B0 has 0.3 MB."""
ROOM = 1024**3
"""Bytes of memory beside three times what is unpacked: libraries, and the file itself. A damaged
length makes HDF5 ask for any amount."""
CPU_SECONDS = 20
"""A file of 3 MB takes half a second; a damaged one may make HDF5 go round in circles."""
TRAINING = "optimizer_weights/"
"""Where the older format keeps the state of training, which is not read."""


class Refused(Exception):
    """The file is not read. The message completes "it is not read: "."""


def main(data: bytes, most: int, wanted: bool) -> tuple[dict[str, Any], list[bytes]]:
    """Every variable by path with the values of all, or why the file is refused."""
    restrict(most)
    import h5py

    found: dict[str, Any] = {}
    values: list[bytes] = []
    with h5py.File(BytesIO(data), "r") as file:
        for place, entry in datasets(file):
            most -= int(entry.nbytes)
            problem = refused(entry, most)
            if problem is not None:
                raise Refused(f"`{place[:120]}` {problem}")
            if place.startswith(TRAINING):
                continue
            found[place], array = looked(entry)
            if wanted:
                values.append(array.astype("<f4").tobytes())
        about = older(file)
    return {"variables": found, **about}, values


def datasets(file: Any) -> Iterator[tuple[str, Any]]:
    """Every variable of a file and its path, as the file has them and nothing else."""
    import h5py

    seen = {address(file)}
    pending: list[tuple[str, Any]] = [("", file)]
    while pending:
        path, group = pending.pop()
        for name in group:
            place = f"{path}{name}"
            if len(seen) > OBJECTS:
                raise Refused("it has too many parts")
            if type(group.get(name, getlink=True)) is not h5py.HardLink:
                raise Refused(f"`{place[:120]}` is a link to somewhere else")
            entry = group[name]
            at = address(entry)
            if at in seen:
                raise Refused(f"`{place[:120]}` also appears under another name")
            seen.add(at)
            if isinstance(entry, h5py.Group):
                pending.append((f"{place}/", entry))
            elif isinstance(entry, h5py.Dataset):
                yield place, entry


def older(file: Any) -> dict[str, Any]:
    """What the older format (`.h5`) keeps in attributes: config, version, variables by layer."""
    import h5py

    about: dict[str, Any] = {}
    for name in ("model_config", "keras_version"):
        value = attribute(file, name)
        if value is not None and not isinstance(value, list):
            about[name] = value
    root = file.get("model_weights", file)
    if not isinstance(root, h5py.Group) or "layer_names" not in about_attributes(root):
        return about
    prefix = "model_weights/" if root is not file and root.name != "/" else ""
    layers = []
    for name in listed(root, "layer_names"):
        group = root.get(name)
        if not isinstance(group, h5py.Group):
            raise Refused(f"it has no layer `{name[:120]}`, which it lists")
        paths = [f"{prefix}{name}/{weight}" for weight in listed(group, "weight_names")]
        layers.append([name, paths])
    about["layers"] = layers
    return about


def about_attributes(group: Any) -> set[str]:
    """Names of attributes; a list that is too long for one is split, and numbered."""
    return {name.rstrip("0123456789") for name in group.attrs}


def listed(group: Any, name: str) -> list[str]:
    """A list of texts in an attribute, or in several that are numbered."""
    whole = attribute(group, name)
    if isinstance(whole, list):
        return whole
    found: list[str] = []
    number = 0
    while isinstance(part := attribute(group, f"{name}{number}"), list):
        found += part
        number += 1
    return found


def attribute(group: Any, name: str) -> Any:
    """A text or a list of texts; None where there is no such attribute."""
    import h5py

    if name not in group.attrs:
        return None
    about = h5py.h5a.open(group.id, name.encode())
    size = about.dtype.itemsize  # h5py's `get_storage_size` raises where nothing is stored
    for extent in about.shape or ():
        size *= int(extent)
    if size > ATTRIBUTE_BYTES:
        raise Refused(f"its attribute `{name}` is too large")
    value = group.attrs[name]
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [text(one) for one in value]
    return text(value)


def text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if not isinstance(value, str):
        raise Refused("an attribute that should be text is none")
    return value


def restrict(most: int) -> None:
    """Bound this process, where the system can."""
    try:
        import resource
    except ImportError:
        return
    room = 3 * most + ROOM
    for kind, amount in ((resource.RLIMIT_AS, room), (resource.RLIMIT_CPU, CPU_SECONDS)):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(
            kind, (amount if hard == resource.RLIM_INFINITY else min(amount, hard), hard)
        )
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def address(entry: Any) -> Any:
    """What tells two objects of a file apart."""
    import h5py

    return h5py.h5o.get_info(entry.id).addr


def refused(entry: Any, left: int) -> str | None:
    """Why a variable is not read, as the end of a sentence."""
    if len(entry.shape or ()) > AXES:
        return f"has {len(entry.shape)} axes"
    if left < 0:
        return "is too large"
    if entry.is_virtual or entry.external:
        return "is in another file"
    settings = entry.id.get_create_plist()
    kinds = [settings.get_filter(i)[0] for i in range(settings.get_nfilters())]
    if any(kind not in FILTERS for kind in kinds):
        return "is packed by a filter that Keras does not use"
    return None


def looked(entry: Any) -> tuple[dict[str, Any], Any]:
    """What is said of a variable, and its values. Numbers are None where they are not numbers."""
    import numpy as np

    about: dict[str, Any] = {
        "shape": [int(extent) for extent in entry.shape or ()],
        "dtype": str(entry.dtype)[:40],
        "finite": True,
        "zero": False,
        "least": None,
    }
    if entry.dtype.kind not in "fiu" or entry.shape is None or entry.size == 0:
        return about, np.zeros(about["shape"])
    values = np.asarray(entry[()])
    finite = np.isfinite(values)
    about["finite"] = bool(finite.all())
    about["zero"] = not bool(values.any())
    about["least"] = float(values[finite].min()) if finite.any() else None
    return about, values


def look(data: bytes, most: int, wanted: bool) -> Iterator[bytes]:
    """What the program writes of a file."""
    parts: list[bytes] = []
    try:
        result, parts = main(data, most, wanted)
    except Refused as problem:
        result = {"refused": str(problem)}
    except Exception as error:  # whatever the library finds wrong with the file
        result = {"refused": f"{type(error).__name__}: {error}"[:200]}
    yield json.dumps(result, allow_nan=False).encode() + b"\n"
    yield from parts


if __name__ == "__main__":
    given = sys.stdin.buffer.read()
    sys.stdout.buffer.writelines(look(given, int(sys.argv[1]), sys.argv[2:] == ["values"]))
