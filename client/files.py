"""Search of the files and folders that a command names."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path
from typing import TextIO

from client.records import FoundFile

#: First bytes of a ZIP archive.
_ARCHIVE_MAGIC = b"PK\x03\x04"


def read_list(lines: TextIO) -> Iterator[Path]:
    """Yield the paths of a list that has one path on each line."""
    for line in lines:
        if name := line.rstrip("\r\n"):
            yield Path(name)


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the regular files below a folder in order, without hidden files and folders."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and path.is_file():
                yield path


def find_files(paths: Iterable[Path]) -> Iterator[tuple[FoundFile, Path]]:
    """Yield each named file, and each file below a named folder, with its path as it was named.

    Raises:
        FileNotFoundError: A named path does not exist, or is neither a file nor a folder.
    """
    for path in paths:
        if not path.is_dir():
            yield _found(path), path
            continue
        for file in files_in(path):
            # A file that has been removed since the folder was listed is skipped.
            with suppress(FileNotFoundError):
                yield _found(file), file


def is_archive(path: Path) -> bool:
    """Return whether a file is a ZIP archive, by its first bytes.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        return file.read(len(_ARCHIVE_MAGIC)) == _ARCHIVE_MAGIC


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def is_unchanged(file: FoundFile) -> bool:
    """Return whether a file still has the size and the modification time that were found."""
    try:
        now = file.path.stat()
    except OSError:
        return False
    return (now.st_size, now.st_mtime_ns) == (file.size, file.modified)


def _found(path: Path) -> FoundFile:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise FileNotFoundError(f"{path} is neither a file nor a folder")
    # `resolve` would follow links, but a link is sent under its own name.
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - pathlib has no other way
    return FoundFile(absolute, found.st_size, found.st_mtime_ns)
