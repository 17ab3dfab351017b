"""The folder that films are prepared into."""

import contextlib
import fcntl
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from model.preparation.errors import AnotherPreparation, FolderInUse
from model.preparation.parts import Part

#: Goes up when arrays of an older version of this package may not stand beside new ones.
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class PreparedFolder:
    """Where everything is in it.

    `train/0/`, `train/1/`, `val/0/` and `val/1/` hold the arrays, `preparation.json` what they
    all share, and `films.jsonl` a record of each. The other files are written at the end, so
    `labels.csv` is there if and only if the last run came to it.
    """

    root: Path

    @property
    def manifest(self) -> Path:
        """Every film."""
        return self.root / "labels.csv"

    @property
    def training_manifest(self) -> Path:
        """The films of `train/`."""
        return self.root / "train.csv"

    @property
    def originals_manifest(self) -> Path:
        """The original files of the films in `val/`."""
        return self.root / "val-originals.csv"

    @property
    def refused(self) -> Path:
        """Files that were left out."""
        return self.root / "refused.csv"

    @property
    def summary(self) -> Path:
        """Counts and statistics."""
        return self.root / "summary.json"

    @property
    def journal(self) -> Path:
        """What is written down of finished films."""
        return self.root / "films.jsonl"

    def array(self, rsna_id: str, part: Part, target: int) -> Path:
        """Where the array of a film belongs."""
        return self._place(part, target) / f"{rsna_id}.npy"

    def partial(self, rsna_id: str) -> Path:
        """Where the array of a film is written before it goes to its place."""
        return self._partials / f"{rsna_id}.npy"

    def arrays(self) -> dict[str, Path]:
        """The arrays that are in their places, by film id."""
        return {path.stem: path for place in self._places() for path in place.glob("*.npy")}

    @contextlib.contextmanager
    def opened(self, size: int) -> Iterator[None]:
        """Have the folder alone, made ready for arrays of this size.

        What an earlier run wrote at its end is gone; its arrays are not.

        Raises:
            AnotherPreparation: It holds arrays of another size or kind.
            FolderInUse: Another run has it.
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
        """Write down what all arrays share, or compare it with what an earlier run wrote."""
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
    """Write a file such that it is never seen half."""
    partial = path.with_name(f".{path.name}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
