"""Addresses of documents, as editors name them, and paths of files."""

import os
import re
from contextlib import suppress
from urllib.parse import quote, unquote, urlsplit

_DRIVE = re.compile(r"/[A-Za-z]:")


def fs_path(uri: str) -> str | None:
    """The path of a `file:` URI, as the loader knows it; None of any other one."""
    with suppress(ValueError):
        parts = urlsplit(uri)
        if parts.scheme == "file":
            path = unquote(parts.path)
            if parts.netloc and path:
                path = f"//{unquote(parts.netloc)}{path}"  # a share of Windows
            elif _DRIVE.match(path):
                path = path[1].lower() + path[2:]
            return os.path.abspath(path) if path and "\0" not in path else None
    return None


def uri_of(path: str) -> str:
    """The `file:` URI of a path; an address that is one already, as of a text that is not saved,
    stays as it is."""
    with suppress(ValueError):
        if urlsplit(path).scheme and not _DRIVE.match(f"/{path}"):
            return path
    if os.name == "nt":
        path = path.replace("\\", "/")
    host = ""
    if os.name == "nt" and path.startswith("//"):
        host, _, path = path[2:].partition("/")
    path = path if path.startswith("/") else f"/{path}"
    if _DRIVE.match(path):
        return f"file://{quote(host)}/{path[1].lower()}:{quote(path[3:])}"
    return f"file://{quote(host)}{quote(path)}"
