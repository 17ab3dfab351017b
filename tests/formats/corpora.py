"""Collections of difficult files that others keep: pydicom's, pydicom-data's and Pillow's."""

import tarfile
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pydicom

#: What `PNEUMOCAM_CORPORA`'s folder holds; the versions are the ones that results speak of.
PYDICOM_DATA: Final = "pydicom_data-1.0.0-py3-none-any.whl"
PILLOW: Final = "pillow-13.0.0.tar.gz"


def pydicom_files() -> list[Path]:
    """Every file of the test set in pydicom's wheel."""
    shipped = Path(pydicom.__file__).parent / "data"
    return _files_of(shipped)


def pydicom_data_files(downloads: Path, unpacked: Path) -> list[Path]:
    """Every file of the pydicom-data wheel, unpacked there."""
    with zipfile.ZipFile(downloads / PYDICOM_DATA) as wheel:
        wheel.extractall(unpacked)
    return [path for path in _files_of(unpacked) if "data_store" in path.parts]


def pillow_files(downloads: Path, unpacked: Path) -> list[Path]:
    """Every file among the test images of Pillow's source distribution, unpacked there."""
    with tarfile.open(downloads / PILLOW) as sdist:
        sdist.extractall(unpacked, filter="data")
    return [path for path in _files_of(unpacked) if "/Tests/images/" in path.as_posix()]


def _files_of(folder: Path) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in files if "__pycache__" not in path.parts)


def table(outcomes: Mapping[str, Counter[str]], *further: Sequence[str]) -> str:
    """Files by outcome and collection, as Markdown.

    Args:
        outcomes: By collection, how many files had which outcome.
        further: More rows, with a cell for each collection behind the name.
    """
    names = sorted({name for counts in outcomes.values() for name in counts})
    rows = [["outcome", *outcomes], ["---", *("---:" for _ in outcomes)]]
    rows += [[name, *(str(counts[name]) for counts in outcomes.values())] for name in names]
    rows.append(["files", *(str(counts.total()) for counts in outcomes.values())])
    return "\n".join("| " + " | ".join(row) + " |" for row in (*rows, *further))
