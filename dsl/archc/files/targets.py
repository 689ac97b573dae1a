"""Target files of the user's own, with those they extend."""

from archc.files.loader import Loader
from archc.targets.model import Target


def read_target(path: str, loader: Loader | None = None) -> Target:
    """The target of a file.

    Args:
        path: as the user wrote it.
        loader: of the spec that is compiled, if one is.

    Raises:
        Rejected: the file, or one that it extends, cannot be read or is not a target.
    """
    from archc.targets.target import parse_target

    loader = loader or Loader()
    return parse_target(loader.target(path), loader.extended)
