"""Plan of a preparation: the films and the paths of their arrays, before any film is read."""

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
    """A labelled film whose file exists.

    Attributes:
        label: Label of the challenge.
        original: File of the film.
        patient_id: Patient; the film's own id if the patient is unknown.
        part: Train or val.
        array: Path of the array.
    """

    label: RsnaLabel
    original: Path
    patient_id: str
    part: Part
    array: Path


def match_files(images: Path, labels: Sequence[RsnaLabel]) -> tuple[list[RsnaLabel], list[Refusal]]:
    """Return the labels that have a file, and refusals for missing files and missing labels.

    Raises:
        NoFilms: The folder does not exist, or contains no labelled film.
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
    """Return the plan of each film, in the order of the labels."""
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
