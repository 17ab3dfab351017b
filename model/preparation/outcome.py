"""Manifests and summary, written when all films are prepared."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from model.preparation.arrays import Refusal
from model.preparation.folder import PreparedFolder, write_whole
from model.preparation.parts import Part
from model.preparation.pixel_boxes import to_fractions
from model.preparation.summary import PreparedFilm, Summary

#: Source of every film; a training run reports figures by source.
_SOURCE = "rsna"

_COLUMNS = (
    "image",
    "target",
    "patient_id",
    "view",
    "age",
    "sex",
    "rsna_class",
    "boxes",
    "source",
    "part",
    "rsna_id",
)


def write_refusals(folder: PreparedFolder, refusals: Iterable[Refusal]) -> None:
    """Write the list of files that were left out."""
    rows = [(refusal.file, refusal.code, refusal.detail) for refusal in refusals]
    _write_table(folder.refused, ("file", "code", "detail"), sorted(rows))


def write_outcome(folder: PreparedFolder, films: Sequence[PreparedFilm], summary: Summary) -> None:
    """Write the summary and the manifests, `labels.csv` last."""
    write_whole(folder.summary, json.dumps(summary.to_dict(), indent=2) + "\n")
    # The originals may be anywhere, so their paths are absolute.
    originals = [_row(f, str(f.plan.original.absolute())) for f in films if f.plan.part is Part.VAL]
    _write_table(folder.originals_manifest, _COLUMNS, originals)
    rows = [(f.plan.part, _row(f, f.plan.array.relative_to(folder.root).as_posix())) for f in films]
    training = [row for part, row in rows if part is Part.TRAIN]
    _write_table(folder.training_manifest, _COLUMNS, training)
    _write_table(folder.manifest, _COLUMNS, [row for _, row in rows])


def _row(film: PreparedFilm, image: str) -> tuple[object, ...]:
    label, record = film.plan.label, film.record
    return (
        image,
        label.target,
        film.plan.patient_id,
        record.view or "",
        "" if record.age is None else record.age,
        record.sex or "",
        label.rsna_class,
        _boxes(film),
        _SOURCE,
        str(film.plan.part),
        label.rsna_id,
    )


def _boxes(film: PreparedFilm) -> str:
    """Return the boxes as JSON, in fractions; empty for an opacity without boxes."""
    if film.plan.label.target == 1 and not film.plan.label.boxes:
        return ""
    record = film.record
    boxes = to_fractions(film.plan.label.boxes, width=record.width, height=record.height)
    assert boxes is not None, "a film with a box outside was refused when it was read"
    return json.dumps([[box.x, box.y, box.width, box.height] for box in boxes])


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\n")
    table.writerow(columns)
    table.writerows(rows)
    write_whole(path, buffer.getvalue())
