"""Random access to a file within a budget of bytes."""

from typing import BinaryIO, Final

#: Bytes that are read at once. Few, because a jump over a value follows each element's header.
_BLOCK_BYTES: Final = 1024


class LookedEnough(Exception):
    """The budget of bytes is spent; anything not found by then stays unknown."""


class FileWindow:
    """Random access to a file through a budget of bytes.

    Args:
        file: Open for reading in binary, seekable.
        size: Size of the whole file, in bytes.
        budget: Bytes that may be read in all. Reading the same place again counts again.
    """

    def __init__(self, file: BinaryIO, size: int, *, budget: int) -> None:
        self._file = file
        self.size = size
        self._left = budget
        self._block = b""
        self._block_at = 0

    def read(self, position: int, length: int) -> bytes:
        """Return the bytes from a position on; fewer at the end of the file, none past it.

        Raises:
            LookedEnough: The budget is spent.
        """
        start = position - self._block_at
        if start >= 0 and start + length <= len(self._block):
            return self._block[start : start + length]
        wanted = min(max(length, _BLOCK_BYTES), self.size - position)
        if position < 0 or wanted <= 0:
            return b""
        if wanted > self._left:
            if length > self._left:
                raise LookedEnough
            wanted = min(length, wanted)
        self._file.seek(position)
        self._block = self._file.read(wanted)
        self._block_at = position
        self._left -= wanted
        return self._block[:length]
