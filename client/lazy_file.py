"""A file that is open only while it is read."""

from pathlib import Path
from typing import BinaryIO


class LazyFile:
    """The part of a binary file that httpx uses to send it.

    A batch may have more files than a process may have open, so each is opened at its first read
    and closed at its end.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._position = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to the start, or to the end to learn the size."""
        self._close()
        self._position = self._path.stat().st_size if whence else offset
        return self._position

    def tell(self) -> int:
        """Return the position that `seek` set, in bytes."""
        return self._position

    def read(self, size: int) -> bytes:
        """Return the next bytes; none at the end, where the file is closed."""
        if self._file is None:
            self._file = self._path.open("rb")
        chunk = self._file.read(size)
        if not chunk:
            self._close()
        return chunk

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
