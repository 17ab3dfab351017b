"""The folder of prepared films."""

import contextlib
import fcntl
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from model.preparation.errors import AnotherPreparation, FolderInUse
from model.preparation.parts import Part

#: Raised when arrays of an older version must not be mixed with new ones.
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class PreparedFolder:
    """Paths in the folder of prepared films.

    `train/0/`, `train/1/`, `val/0/` and `val/1/` contain the arrays, `preparation.json` their
    common options, and `films.jsonl` a record of each film. The other files are written at the end:
    `labels.csv` exists if and only if the last run was completed.
    """

    root: Path

    @property
    def manifest(self) -> Path:
        """Manifest of all films."""
        return self.root / "labels.csv"

    @property
    def training_manifest(self) -> Path:
        """Manifest of the films in `train/`."""
        return self.root / "train.csv"

    @property
    def originals_manifest(self) -> Path:
        """Manifest of the original files of the films in `val/`."""
        return self.root / "val-originals.csv"

    @property
    def refused(self) -> Path:
        """List of the files that were left out."""
        return self.root / "refused.csv"

    @property
    def summary(self) -> Path:
        """Counts and pixel statistics."""
        return self.root / "summary.json"

    @property
    def journal(self) -> Path:
        """Journal of finished films."""
        return self.root / "films.jsonl"

    def array(self, rsna_id: str, part: Part, target: int) -> Path:
        """Return the path of a film's array."""
        return self._place(part, target) / f"{rsna_id}.npy"

    def partial(self, rsna_id: str) -> Path:
        """Return the temporary path of a film's array while it is written."""
        return self._partials / f"{rsna_id}.npy"

    def arrays(self) -> dict[str, Path]:
        """Return the paths of the existing arrays, by film id."""
        return {path.stem: path for place in self._places() for path in place.glob("*.npy")}

    @contextlib.contextmanager
    def opened(self, size: int) -> Iterator[None]:
        """Lock the folder and prepare it for arrays of this size.

        The files that an earlier run wrote at its end are deleted; its arrays are kept.

        Raises:
            AnotherPreparation: The folder contains arrays of another size or format.
            FolderInUse: Another run has locked the folder.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                raise FolderInUse(f"another run is preparing films into {self.root}") from exc
            self._claim(size)
            for written_last in (
                self.manifest,
                self.training_manifest,
                self.originals_manifest,
                self.refused,
                self.summary,
            ):
                written_last.unlink(missing_ok=True)
            shutil.rmtree(self._partials, ignore_errors=True)
            for folder in (self._partials, *self._places()):
                folder.mkdir(parents=True, exist_ok=True)
            yield
            shutil.rmtree(self._partials, ignore_errors=True)

    @property
    def _partials(self) -> Path:
        return self.root / ".partial"

    def _place(self, part: Part, target: int) -> Path:
        return self.root / part / str(target)

    def _places(self) -> list[Path]:
        return [self._place(part, target) for part in Part for target in (0, 1)]

    def _claim(self, size: int) -> None:
        """Write the common options of the arrays, or compare them with those of an earlier run."""
        path = self.root / "preparation.json"
        ours = {"format": _FORMAT, "size": size}
        if not path.exists():
            write_whole(path, json.dumps(ours) + "\n")
            return
        try:
            theirs = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as exc:
            raise AnotherPreparation(f"{path} is damaged; prepare into another folder") from exc
        if theirs != ours:
            held = theirs.get("size") if isinstance(theirs, dict) else None
            raise AnotherPreparation(
                f"{self.root} holds films prepared as {theirs}, not {ours}; prepare into another "
                "folder"
                if held in {None, size}
                else f"{self.root} holds films of {held} x {held} pixels, not {size} x {size}; "
                "prepare into another folder"
            )


def write_whole(path: Path, text: str) -> None:
    """Write a file that appears under its name once it is complete."""
    partial = path.with_name(f".{path.name}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
