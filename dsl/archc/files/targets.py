"""Target files of the user's own, with those they extend."""

from archc.files.loader import Loader
from archc.targets.builtin import builtin
from archc.targets.included import SUFFIX
from archc.targets.model import Target


def read_target(path: str, loader: Loader | None = None) -> Target:
    """The target of a file.

    Args:
        path: as the user wrote it.
        loader: of the spec that is compiled, if one is.

    Raises:
        Rejected: the file, or one that it extends, cannot be read or is not a target.
    """

    from archc.targets.target import parse_target  # most compiles need no TOML

    loader = loader or Loader()
    return parse_target(loader.target(path), loader.extended)


def find_target(name: str) -> Target:
    """A target that comes with archc, by its name, or the user's own, by the path of its file.

    Raises:
        Rejected: there is none of the name, or the file is not a target.
    """
    return read_target(name) if name.endswith(SUFFIX) else builtin(name)
