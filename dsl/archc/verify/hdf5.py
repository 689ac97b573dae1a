"""A program that looks into an HDF5 file on its standard input and writes JSON about it.

It is run in a process of its own, with bounds on memory and time: the HDF5 library is written in C
and may end the process on a damaged file. Nothing outside the file is followed: links to other
files, virtual and external storage and filters other than those that come with the library are
named and left alone.

Usage: hdf5.py BYTES, where BYTES bounds what is unpacked.
"""

import json
import sys
from io import BytesIO
from typing import Any

OBJECTS = 200_000
AXES = 8
FILTERS = (1, 2, 3)
"""Deflate, shuffle, Fletcher's checksum (HDF5 specification, "Filter Identifiers")."""


def main(most: int) -> dict[str, Any]:
    """Every variable by path, or why the file is refused."""
    restrict(most)
    import h5py

    found: dict[str, Any] = {}
    with h5py.File(BytesIO(sys.stdin.buffer.read()), "r") as file:
        seen = {address(file)}
        pending: list[tuple[str, Any]] = [("", file)]
        while pending:
            path, group = pending.pop()
            for name in group:
                place = f"{path}{name}"
                if len(seen) > OBJECTS:
                    return {"refused": "it has too many parts"}
                if type(group.get(name, getlink=True)) is not h5py.HardLink:
                    return {"refused": f"`{place[:120]}` is a link to somewhere else"}
                entry = group[name]
                at = address(entry)
                if at in seen:
                    return {"refused": f"`{place[:120]}` is there under another name too"}
                seen.add(at)
                if isinstance(entry, h5py.Group):
                    pending.append((f"{place}/", entry))
                elif isinstance(entry, h5py.Dataset):
                    most -= int(entry.nbytes)
                    problem = refused(entry, most)
                    if problem is not None:
                        return {"refused": f"`{place[:120]}` {problem}"}
                    found[place] = looked(entry)
    return {"variables": found}


def restrict(most: int) -> None:
    """Bound this process, where the system can."""
    try:
        import resource
    except ImportError:
        return
    room = 3 * most + 4 * 1024**3
    for kind, amount in ((resource.RLIMIT_AS, room), (resource.RLIMIT_CPU, 60)):
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
        return "lies in another file"
    settings = entry.id.get_create_plist()
    kinds = [settings.get_filter(i)[0] for i in range(settings.get_nfilters())]
    if any(kind not in FILTERS for kind in kinds):
        return "is packed by a filter that Keras does not use"
    return None


def looked(entry: Any) -> dict[str, Any]:
    """What is said of a variable. The numbers are None where they are not numbers."""
    import numpy as np

    about: dict[str, Any] = {
        "shape": [int(extent) for extent in entry.shape or ()],
        "dtype": str(entry.dtype)[:40],
        "finite": True,
        "zero": False,
        "least": None,
    }
    if entry.dtype.kind not in "fiu" or entry.shape is None or entry.size == 0:
        return about
    values = np.asarray(entry[()])
    finite = np.isfinite(values)
    about["finite"] = bool(finite.all())
    about["zero"] = not bool(values.any())
    about["least"] = float(values[finite].min()) if finite.any() else None
    return about


if __name__ == "__main__":
    try:
        result = main(int(sys.argv[1]))
    except Exception as error:  # whatever the library finds wrong with the file
        result = {"refused": f"{type(error).__name__}: {error}"[:200]}
    sys.stdout.write(json.dumps(result, allow_nan=False))
