"""Read a `.keras` archive: a zip with the config of a model and its weights.

Nothing is unpacked to disk and nothing of it is run. What Keras writes is plain: files of its own
names, stored or deflated. Whatever else an archive can do is refused.
"""

import stat
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from archc.diagnostics.codes import LIMIT, MODEL_FILE
from archc.diagnostics.model import Rejected, reject
from archc.limits import Limits
from archc.models.signatures import mistaken
from archc.models.verify.advice import SAVE_AGAIN
from archc.models.verify.strict import NotPlain, plain_json

if TYPE_CHECKING:
    from archc.models.verify.weights import Contents

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
MEMBERS = 10_000
"""Members of an archive that are looked at; Keras writes three, and assets."""
JSON_BYTES = 67_108_864
"""Largest config that is unpacked; that of EfficientNet-B0 has 0.3 MB."""
_ENCRYPTED = 0x1
_FAILURES = (
    *(BadZipFile, LargeZipFile, EOFError, OSError, ValueError, NotImplementedError),
    *(RuntimeError, OverflowError, zlib.error, MemoryError),
)
"""What `zipfile` raises on damaged archives."""


class Archive(NamedTuple):
    """What a `.keras` file holds."""

    config: dict[str, Any]
    """The model's class and its config, as Keras serialises them."""
    keras_version: str | None
    weights: bytes | None
    """The HDF5 file of the weights; None if there is none."""
    contents: "Contents | None" = None
    """Of an `.h5` file, which is all of the model, what is in it."""


def read_archive(name: str, data: bytes, limits: Limits) -> Archive:
    """What a `.keras` file holds.

    Args:
        name: of the file, for messages.
        data: its bytes.
        limits: ``model_bytes`` bounds what is unpacked, ``nesting`` the depth of brackets.

    Raises:
        Rejected: it is no such archive, is damaged, over a bound, or has members that Keras does
            not write: outside of it, links, encrypted, twice under one name.
    """
    if not data.startswith(b"PK"):
        raise mistaken(name, data, "a `.keras` archive", "a zip archive", SAVE_AGAIN)
    try:
        with ZipFile(BytesIO(data)) as archive:
            members = _members(name, archive.infolist(), limits)
            config = _json(name, archive, members, CONFIG, limits)
            metadata = _json(name, archive, members, METADATA, limits)
            weights = _bytes(name, archive, members.get(WEIGHTS), limits.model_bytes)
    except _FAILURES as error:
        why = " ".join(str(error).split())[:120] or type(error).__name__
        raise reject(
            MODEL_FILE,
            f"`{name}` is not a whole `.keras` archive: {why}",
            help="it was truncated or changed on its way here: copy or save it again",
        ) from None
    if not isinstance(config, dict):
        raise reject(
            MODEL_FILE, f"`{name}` is not a Keras 3 model: it has no `{CONFIG}`", help=SAVE_AGAIN
        )
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    return Archive(untrained(config), version if isinstance(version, str) else None, weights)


def untrained(config: Any) -> Any:
    """A config without how its models were compiled for training, at every level: an optimiser or
    a loss says nothing of the network, and may be a class of the user's own."""
    if isinstance(config, list):
        return [untrained(one) for one in config]
    if not isinstance(config, dict):
        return config
    model = "class_name" in config and "config" in config
    return {
        key: untrained(value)
        for key, value in config.items()
        if not (model and key == "compile_config")
    }


def _members(name: str, infos: list[ZipInfo], limits: Limits) -> dict[str, ZipInfo]:
    """The members by name, all of them harmless."""
    if len(infos) > MEMBERS:
        raise _bad(name, f"it has {len(infos):,} members, more than the {MEMBERS:,} that are read")
    members: dict[str, ZipInfo] = {}
    total = 0
    for info in infos:
        path = info.orig_filename
        problem = _problem(path, info)
        if problem is None and path in members:
            problem = "appears twice"
        if problem is not None:
            raise _bad(name, f"its member `{path[:120]}` {problem}")
        members[path] = info
        total += info.file_size
    if total > limits.model_bytes:
        raise reject(
            LIMIT,
            f"`{name}` unpacks to {total:,} bytes, more than {limits.model_bytes:,}, the limit "
            "`model_bytes`",
            help="if that is meant, raise it with `--limit model_bytes=N`",
        )
    return members


def _problem(path: str, info: ZipInfo) -> str | None:
    """Why a member is refused, as the end of a sentence; None if it is harmless."""
    if not path or "\0" in path:
        return "has no proper name"
    if path.startswith(("/", "\\", "~")) or ":" in path:
        return "has an absolute name"
    if ".." in path.replace("\\", "/").split("/"):
        return "climbs out of the archive"
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return "is compressed in a way that Keras does not use"
    return None


def _bad(name: str, why: str) -> Rejected:
    return reject(
        MODEL_FILE,
        f"`{name}` is not an archive that Keras wrote: {why}",
        notes=["nothing of it was unpacked"],
        help=SAVE_AGAIN,
    )


def _bytes(name: str, archive: ZipFile, info: ZipInfo | None, most: int) -> bytes | None:
    """A member, at most so large whatever it says of itself; None if there is none."""
    if info is None:
        return None
    with archive.open(info) as member:
        data = member.read(most + 1)
    if len(data) > most:
        raise _bad(name, f"`{info.filename}` has more than {most:,} bytes")
    if len(data) != info.file_size:
        raise _bad(name, f"`{info.filename}` has another size than the archive says")
    return data


def _json(
    name: str, archive: ZipFile, members: dict[str, ZipInfo], member: str, limits: Limits
) -> Any:
    data = _bytes(name, archive, members.get(member), min(JSON_BYTES, limits.model_bytes))
    if data is None:
        return None
    try:
        return plain_json(data, limits.nesting)
    except NotPlain as problem:
        raise reject(
            MODEL_FILE,
            f"`{name}` is damaged: `{member}` is no JSON document: {problem}",
            help=SAVE_AGAIN,
        ) from None
