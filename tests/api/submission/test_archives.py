"""Archives that lie are refused as a whole, damaged ones fail alone, the rest are read."""

import io
import stat
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest

from api.submission.archives import (
    Archive,
    ArchiveLimits,
    UnreadableArchive,
    UnsafeArchive,
)

LIMITS = ArchiveLimits(max_entries=50, max_entry_bytes=2_000_000, max_total_bytes=5_000_000)


def make(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return buffer.getvalue()


def read_all(data: bytes) -> dict[str, bytes]:
    archive = Archive(io.BytesIO(data), len(data), LIMITS)
    return {info.filename: b"".join(archive.read(info)) for info in archive.entries}


def test_films_come_out_as_they_went_in() -> None:
    films = {"study/a.dcm": b"film a" * 999, "b.png": b"film b"}

    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert read_all(make(*films.items(), method=method)) == films


def test_what_desktops_add_is_left_out() -> None:
    data = make(
        ("folder/", b""),
        ("__MACOSX/folder/._a.png", b"x"),
        (".DS_Store", b"x"),
        ("folder/Thumbs.db", b"x"),
        ("folder/a.png", b"film"),
    )

    assert read_all(data) == {"folder/a.png": b"film"}


def symlink() -> bytes:
    buffer = io.BytesIO()
    info = zipfile.ZipInfo("link.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


def encrypted() -> bytes:
    data = bytearray(make(("a.png", b"film")))
    for signature, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature) + flags_at
        data[at] |= 1
    return bytes(data)


def claiming(size: int, *, field_at: int = 24) -> bytes:
    """One entry whose directory claims another inflated size."""
    data = bytearray(make(("a.png", b"film" * 100)))
    at = data.index(b"PK\x01\x02") + field_at
    data[at : at + 4] = struct.pack("<I", size)
    return bytes(data)


def overlapping() -> bytes:
    """Two entries of the directory that are the same bytes of the archive."""
    data = bytearray(make(("a.png", b"film" * 1000), ("b.png", b"film" * 1000)))
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(data)


def other_method() -> bytes:
    return make(("a.png", b"film" * 100), method=zipfile.ZIP_BZIP2)


@pytest.mark.parametrize(
    ("build", "code"),
    [
        (lambda: make(("bomb.png", bytes(1_900_000))), "unsafe_archive"),
        (lambda: make(("../a.png", b"film")), "unsafe_archive"),
        (lambda: make(("a/../../b.png", b"film")), "unsafe_archive"),
        (lambda: make(("..\\a.png", b"film")), "unsafe_archive"),
        (lambda: make(("/etc/passwd", b"film")), "unsafe_archive"),
        (lambda: make(("C:\\a.png", b"film")), "unsafe_archive"),
        (lambda: make(("a.png", b"one"), ("a.png", b"two")), "unsafe_archive"),
        (symlink, "unsafe_archive"),
        (overlapping, "unsafe_archive"),
        (other_method, "unsupported_archive"),
        (lambda: claiming(399), "damaged_archive"),
        (lambda: claiming(401), "unsafe_archive"),
        (lambda: claiming(3_000_000_000), "unsafe_archive"),
        (lambda: claiming(1 << 30, field_at=20), "unsafe_archive"),
        (encrypted, "encrypted_archive"),
        (lambda: make(*((f"{i}.png", b"x") for i in range(51))), "archive_too_large"),
        (lambda: make(*((f"{i}.png", b"x") for i in range(10_000))), "archive_too_large"),
        (lambda: make(("a.png", bytes(2_000_001)), method=zipfile.ZIP_STORED), "archive_too_large"),
        (lambda: make(("a.png", b"film"))[:-10], "damaged_archive"),
        (lambda: b"PK\x03\x04" + bytes(100), "damaged_archive"),
    ],
)
def test_an_archive_that_lies_or_asks_too_much_is_refused(
    build: Callable[[], bytes], code: str
) -> None:
    with pytest.raises((UnsafeArchive, UnreadableArchive)) as refused:
        read_all(build())

    given, _ = refused.value.args
    assert given == code
    fails_alone = code in {"damaged_archive", "encrypted_archive", "unsupported_archive"}
    assert isinstance(refused.value, UnreadableArchive if fails_alone else UnsafeArchive)


@pytest.mark.parametrize("method", [9, 12, 14, 95, 0xFFFF])
def test_a_file_compressed_by_another_method_leaves_its_neighbours_readable(method: int) -> None:
    """Deflate64, bzip2, LZMA, xz, and one that nobody has defined."""
    data = bytearray(make(("a.png", b"film a" * 99), ("b.png", b"film b" * 99)))
    for signature, method_at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.rindex(signature) + method_at, method)
    archive = Archive(io.BytesIO(bytes(data)), len(data), LIMITS)
    first, second = archive.entries

    assert b"".join(archive.read(first)) == b"film a" * 99
    with pytest.raises(UnreadableArchive) as refused:
        b"".join(archive.read(second))
    assert refused.value.code == "unsupported_archive"


def test_a_damaged_entry_is_found_while_reading() -> None:
    data = bytearray(make(("a.png", bytes(range(256)) * 50), method=zipfile.ZIP_STORED))
    data[2000] ^= 0xFF

    with pytest.raises(UnreadableArchive) as refused:
        read_all(bytes(data))

    assert refused.value.code == "damaged_archive"


@pytest.mark.parametrize("seed", range(300))
def test_no_mutation_breaks_it_in_an_undeclared_way(seed: int) -> None:
    """Bytes changed, cut and repeated at random: read, or refused, but nothing else."""
    import random

    generator = random.Random(seed)
    data = bytearray(make(("a.png", b"film" * 500), ("b/c.dcm", bytes(3000))))
    for _ in range(generator.randint(1, 8)):
        at = generator.randrange(len(data))
        match generator.randrange(3):
            case 0:
                data[at] = generator.randrange(256)
            case 1:
                del data[at : at + generator.randint(1, 20)]
            case _:
                data[at:at] = data[at : at + generator.randint(1, 20)]
    with suppress(UnsafeArchive, UnreadableArchive):
        read_all(bytes(data))


def directory_of(entries: int, *, claimed: int) -> bytes:
    """An archive that is nothing but a directory, and a count that it claims."""
    entry = b"PK\x01\x02" + bytes(24) + struct.pack("<HHH", 4, 0, 0) + bytes(12)
    directory = (entry + b"a/b/") * entries
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, claimed, claimed, len(directory), 0, 0)
    return directory + end


@pytest.mark.parametrize("claimed", [1, 0xFFFF])
def test_a_directory_of_millions_of_entries_is_refused_before_it_is_read(claimed: int) -> None:
    """4 million took 1.9 GB and 35 s; the directory's own count is not believed."""
    data = directory_of(4_000_000, claimed=claimed)
    file = io.BytesIO(data)
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises(UnsafeArchive) as refused:
            Archive(file, len(data), LIMITS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert refused.value.code == "archive_too_large"
    assert peak < 100e6
    assert time.process_time() - started < 1


def test_the_largest_directory_that_is_read_is_read_in_time() -> None:
    data = directory_of(4 * 2**20 // 50, claimed=1)
    started = time.process_time()

    with pytest.raises(UnsafeArchive):
        Archive(io.BytesIO(data), len(data), LIMITS)

    assert time.process_time() - started < 2  # half of it on an idle machine


def test_a_damaged_or_encrypted_file_leaves_its_neighbours_readable() -> None:
    data = bytearray(
        make(
            ("a.png", b"film a" * 99),
            ("b.png", bytes(range(256)) * 50),
            ("c.png", b"film c" * 99),
            method=zipfile.ZIP_STORED,
        )
    )
    data[2000] ^= 0xFF  # in b.png
    last = data.rindex(b"PK\x01\x02")
    data[last + 8] |= 1  # c.png says that it is encrypted
    archive = Archive(io.BytesIO(bytes(data)), len(data), LIMITS)
    first, second, third = archive.entries

    assert b"".join(archive.read(first)) == b"film a" * 99
    for entry, code in ((second, "damaged_archive"), (third, "encrypted_archive")):
        with pytest.raises(UnreadableArchive) as refused:
            b"".join(archive.read(entry))
        assert refused.value.code == code
    assert b"".join(archive.read(first)) == b"film a" * 99
