"""The data that calibrates: `.npz` archives, `.npy` files and arrays, read without trusting them.

A `.npz` is a zip of `.npy` files. Only their headers are read before anything is chosen, and then
only the rows that are used: memory is bounded by those, whatever the size of the file. Nothing is
ever unpickled. Format: NumPy's NEP 1.
"""

import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Any, NamedTuple

from archc.compiler import CHECK_ACCESS, CHECK_PATH
from archc.diagnostics.codes import FILE_MISSING, FILE_UNREADABLE, QUANTIZE_DATA
from archc.diagnostics.model import Rejected, reject

_FORTRAN_BYTES = 1 << 28
"""An array in Fortran order has no rows to pick, so it is read whole, up to this size."""
_PIECE = 1 << 20
_ZIP, _NPY = b"PK\x03\x04", b"\x93NUMPY"
_EMPTY_ZIP = b"PK\x05\x06"
_WRITE = "write one with `numpy.savez(FILE, samples)`"


class Header(NamedTuple):
    """An array without its values."""

    shape: tuple[int, ...]
    dtype: Any
    """A NumPy dtype."""


class Store:
    """Named arrays. ``name`` is how messages call the place they come from."""

    name: str
    headers: dict[str, Header]
    bare = False
    """Whether it is one array, which has no name of its own."""

    def called(self, array: str) -> str:
        """An array, for messages."""
        return self.name if self.bare else f"`{array}` of {self.name}"

    def rows(self, array: str, indices: Sequence[int]) -> Any:
        """Rows of an array, in the order of ascending indices.

        Raises:
            Rejected: the file is damaged.
        """
        raise NotImplementedError


class Memory(Store):
    """Arrays that are in memory already."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        import numpy as np

        self.name = "the data"
        self._arrays = {name: np.asarray(array) for name, array in arrays.items()}
        self.headers = {name: Header(a.shape, a.dtype) for name, a in self._arrays.items()}

    def rows(self, array: str, indices: Sequence[int]) -> Any:
        return self._arrays[array][list(indices)]


class File(Store):
    """A `.npz` or `.npy` file."""

    def __init__(self, path: str) -> None:
        self.name = f"`{path}`"
        self._path = path
        self._members: dict[str, str | None] = {}
        self.headers = {}
        with self._guard():
            self._look()

    def _look(self) -> None:
        import zipfile

        if not stat.S_ISREG(os.stat(self._path).st_mode):
            raise reject(QUANTIZE_DATA, f"{self.name} is not a regular file", help=_WRITE)
        with open(self._path, "rb") as file:
            start = file.read(6)
        if start.startswith(_NPY):
            array = os.path.splitext(os.path.basename(self._path))[0]
            self._members[array] = None
            self.bare = True
        elif start.startswith((_ZIP, _EMPTY_ZIP)):
            with zipfile.ZipFile(self._path) as archive:
                for entry in archive.namelist():
                    if entry.endswith(".npy"):
                        self._members[entry.removesuffix(".npy")] = entry
        elif not start:
            raise reject(QUANTIZE_DATA, f"{self.name} is empty", help=_WRITE)
        else:
            raise reject(
                QUANTIZE_DATA,
                f"{self.name} is neither a `.npz` nor a `.npy` file",
                help=_WRITE,
            )
        if not self._members:
            raise reject(
                QUANTIZE_DATA,
                f"{self.name} contains no array",
                help=_WRITE,
            )
        for name in self._members:
            with self._open(name) as (_, header, _fortran):
                self.headers[name] = header

    def rows(self, array: str, indices: Sequence[int]) -> Any:
        import numpy as np

        with self._guard(array), self._open(array) as (file, header, fortran):
            count, *sample = header.shape
            dtype = header.dtype
            size = int(np.prod(sample, dtype=object)) * dtype.itemsize
            if fortran and len(header.shape) > 1:
                if count * size > _FORTRAN_BYTES:
                    raise reject(
                        QUANTIZE_DATA,
                        f"{self.called(array)} is in Fortran order and larger than "
                        f"{_FORTRAN_BYTES:,} bytes",
                        help="save it with `numpy.ascontiguousarray`",
                    )
                whole = np.frombuffer(self._exactly(file, count * size, array), dtype)
                return whole.reshape(header.shape, order="F")[list(indices)]
            picked = np.empty((len(indices), *sample), dtype)
            passed = 0
            for place, index in enumerate(indices):
                self._skip(file, (index - passed) * size, array)
                passed = index + 1
                row = np.frombuffer(self._exactly(file, size, array), dtype)
                picked[place] = row.reshape(sample)
            return picked

    def _skip(self, file: IO[bytes], size: int, array: str) -> None:
        """Go on in a file; what is compressed has to be read for that, and is in pieces."""
        if self._members[array] is None:
            file.seek(size, os.SEEK_CUR)
            return
        while size:
            read = len(file.read(min(size, _PIECE)))
            if not read:
                return  # the next read says that it is truncated
            size -= read

    def _exactly(self, file: IO[bytes], size: int, array: str) -> bytes:
        data = file.read(size)
        if len(data) != size:
            raise reject(
                QUANTIZE_DATA,
                f"{self.called(array)} ends before its last value: truncated",
                help=_WRITE,
            )
        return data

    def _open(self, array: str) -> AbstractContextManager[tuple[IO[bytes], Header, bool]]:
        return _opened(self._path, self._members[array])

    @contextmanager
    def _guard(self, array: str | None = None) -> Any:
        """What goes wrong while reading, as a diagnostic."""
        import zipfile
        import zlib

        what = self.name if array is None else self.called(array)
        try:
            yield
        except Rejected:
            raise
        except FileNotFoundError:
            raise reject(FILE_MISSING, f"there is no file {self.name}", help=CHECK_PATH) from None
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise reject(QUANTIZE_DATA, f"{what} is damaged: {_said(error)}", help=_WRITE) from None
        except RuntimeError as error:  # how `zipfile` says that a password is needed
            raise reject(
                QUANTIZE_DATA, f"{what} cannot be read: {_said(error)}", help=_WRITE
            ) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise reject(
                FILE_UNREADABLE, f"{what} cannot be read: {reason}", help=CHECK_ACCESS
            ) from None
        except (ValueError, SyntaxError, MemoryError, OverflowError, TypeError) as error:
            raise reject(QUANTIZE_DATA, f"{what} is damaged: {_said(error)}", help=_WRITE) from None


@contextmanager
def _opened(path: str, member: str | None) -> Any:
    """An array's file after its header, the header, and whether it is in Fortran order."""
    import warnings
    import zipfile

    from numpy.lib import format as npy

    archive = None if member is None else zipfile.ZipFile(path)
    try:
        with open(path, "rb") if archive is None else archive.open(str(member)) as file:
            version = npy.read_magic(file)
            read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
            if version not in read:
                raise ValueError(f"it is of version {version[0]}.{version[1]}")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # headers written by Python 2
                shape, fortran, dtype = read[version](file)
            if any(extent < 0 for extent in shape):
                raise ValueError("a negative extent")
            yield file, Header(tuple(map(int, shape)), dtype), bool(fortran)
    finally:
        if archive is not None:
            archive.close()


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:200] + " ..."


def store(data: object) -> Store:
    """The arrays of a path, an array, or a mapping of arrays by name.

    Raises:
        Rejected: it is a file that cannot be read.
    """
    if isinstance(data, Store):
        return data
    if isinstance(data, str | os.PathLike):
        return File(os.fspath(data))
    if isinstance(data, Mapping):
        return Memory(data)
    bare = Memory({"data": data})
    bare.bare = True
    return bare
