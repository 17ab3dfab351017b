"""Which films there are, and where each belongs, before any is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.preparation.arrays import Refusal
from model.preparation.errors import NoFilms
from model.preparation.folder import PreparedFolder
from model.preparation.parts import Part
from model.preparation.rsna_labels import RsnaLabel


@dataclass(frozen=True, slots=True)
class PlannedFilm:
    """A labelled film whose file is there.

    Attributes:
        label: What the challenge says of it.
        original: Its file.
        patient_id: The film's own id where nobody knows the patient.
        part: Train or val.
        array: Where its pixels go.
    """

    label: RsnaLabel
    original: Path
    patient_id: str
    part: Part
    array: Path


def match_files(images: Path, labels: Sequence[RsnaLabel]) -> tuple[list[RsnaLabel], list[Refusal]]:
    """The labels whose file is there; and labels without a file, and files without a label.

    Raises:
        NoFilms: There is no such folder, or no labelled film in it.
    """
    if not images.is_dir():
        raise NoFilms(f"{images} is no folder")
    files = {path.name for path in images.iterdir() if path.is_file() and path.name[0] != "."}
    named = {_file_of(label) for label in labels}
    if not files & named:
        raise NoFilms(f"none of the {len(labels)} labelled films is in {images}")
    missing = [Refusal(name, "missing_file", "It has a label.") for name in named - files]
    unlabelled = [Refusal(name, "no_label", "It has no label.") for name in files - named]
    return [label for label in labels if _file_of(label) in files], missing + unlabelled


def plan_films(
    labels: Sequence[RsnaLabel],
    images: Path,
    folder: PreparedFolder,
    *,
    part_of: Mapping[str, Part],
    patient_of: Mapping[str, str],
) -> list[PlannedFilm]:
    """Where each of these films belongs, in the order of the labels."""
    return [
        PlannedFilm(
            label=label,
            original=images / _file_of(label),
            patient_id=patient_of.get(label.rsna_id, label.rsna_id),
            part=part_of[label.rsna_id],
            array=folder.array(label.rsna_id, part_of[label.rsna_id], label.target),
        )
        for label in labels
    ]


def _file_of(label: RsnaLabel) -> str:
    return f"{label.rsna_id}.dcm"
