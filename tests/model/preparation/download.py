"""Small folders in exactly the layout of the RSNA challenge's download."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.formats.films import BASELINE, dicom_in, film, levels

#: Pixels of the films that are made here.
ROWS, COLUMNS = 96, 128

OPACITY, ABNORMAL, NORMAL = "Lung Opacity", "No Lung Opacity / Not Normal", "Normal"


@dataclass(frozen=True)
class Film:
    """One film of a download; boxes are `(x, y, width, height)` in pixels."""

    content: bytes
    boxes: Sequence[tuple[float, float, float, float]] = ()
    rsna_class: str = NORMAL


@dataclass(frozen=True)
class Download:
    """Return its path."""

    images: Path
    labels: Path
    classes: Path
    patients: Path


def make_film(seed: int, **tags: object) -> bytes:
    """A DICOM file as the challenge has them: 8 bits, JPEG Baseline."""
    stored = levels(film(ROWS, COLUMNS, seed=seed), 8)
    described: dict[str, object] = {"ViewPosition": "AP", "PatientAge": "051Y", "PatientSex": "M"}
    return dicom_in(BASELINE, stored, **{**described, **tags})


def make_films(count: int) -> dict[str, Film]:
    """Films of which every third has an opacity, and every sixth two boxes."""
    films = {}
    for number in range(count):
        boxes: list[tuple[float, float, float, float]] = []
        if number % 3 == 0:
            boxes.append((32.0, 24.0, 64.0, 48.0))
        if number % 6 == 0:
            boxes.append((0.0, 0.0, 8.0 + number, 12.0))
        rsna_class = OPACITY if boxes else (ABNORMAL if number % 3 == 1 else NORMAL)
        films[f"film-{number:03d}"] = Film(make_film(number), boxes, rsna_class)
    return films


def write_download(
    folder: Path, films: Mapping[str, Film], patient_of: Mapping[str, str] | None = None
) -> Download:
    """Write films as the challenge lays them out, and a patient map beside them.

    Without `patient_of` each film is of a patient of its own.
    """
    download = Download(
        images=folder / "stage_2_train_images",
        labels=folder / "stage_2_train_labels.csv",
        classes=folder / "stage_2_detailed_class_info.csv",
        patients=folder / "patients.csv",
    )
    download.images.mkdir(parents=True)
    labels: list[Sequence[object]] = [("patientId", "x", "y", "width", "height", "Target")]
    classes: list[Sequence[object]] = [("patientId", "class")]
    for rsna_id, film_ in films.items():
        (download.images / f"{rsna_id}.dcm").write_bytes(film_.content)
        rows = [(rsna_id, *box, 1) for box in film_.boxes]
        labels += rows or [(rsna_id, "", "", "", "", 0)]
        # The challenge repeats the class for each box.
        classes += [(rsna_id, film_.rsna_class)] * max(len(rows), 1)
    write_rows(download.labels, labels)
    write_rows(download.classes, classes)
    named = patient_of or {rsna_id: rsna_id for rsna_id in films}
    write_rows(download.patients, [("rsna_id", "patient_id"), *named.items()])
    return download


def write_rows(path: Path, rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def arrays_of(out: Path) -> dict[str, bytes]:
    """The arrays of a prepared folder, by path."""
    return {str(path.relative_to(out)): path.read_bytes() for path in out.glob("*/*/*.npy")}
