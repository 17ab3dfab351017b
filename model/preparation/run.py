"""Preparation of the RSNA challenge's download for training."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from model.preparation.arrays import FilmRecord, FilmTask, Refusal
from model.preparation.errors import NoFilms
from model.preparation.folder import PreparedFolder
from model.preparation.journal import opened_journal, read_records, write_record
from model.preparation.outcome import write_outcome, write_refusals
from model.preparation.parts import deal_parts, validation_films
from model.preparation.plan import PlannedFilm, match_files, plan_films
from model.preparation.pool import prepare_in_processes
from model.preparation.rsna_labels import read_patient_map, read_rsna_labels
from model.preparation.summary import PreparedFilm, Summary, summarise

_NO_PATIENT_MAP = (
    "No patient map was given (--patients). RSNA's patientId is one per film, so films of one "
    "patient may stand in train and in val, and what is measured on val will look better than "
    "it is."
)


def prepare_rsna(
    images: Path,
    labels: Path,
    out: Path,
    *,
    classes: Path | None = None,
    patients: Path | None = None,
    size: int = 244,
    validation: int | None = None,
    seed: int = 1,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Summary:
    """Convert the films of the download into arrays, split them, and write their manifest.

    The result depends on the files and on `size`, `validation` and `seed`, not on `workers` nor on
    interruptions: a run continues with the films that are not finished. When labels, patients or
    the split have changed, arrays are moved to their new paths, and arrays of films that no longer
    exist are deleted.

    Args:
        images: Folder of `<patientId>.dcm`.
        labels: `stage_2_train_labels.csv`.
        out: Folder to write to, see `PreparedFolder`.
        classes: `stage_2_detailed_class_info.csv`.
        patients: CSV with the columns rsna_id and patient_id.
        size: Side of each array, in pixels. Arrays are uint8, shape (size, size), 0 black.
        validation: Number of validation films; the challenge's share by default. Damaged files are
            then missing from the part that they were assigned to.
        seed: Random seed of the split.
        workers: Number of processes that read films.
        progress: Called with the number of finished films and of all films.
        warn: Called with a sentence for each weakness of the split.

    Raises:
        InvalidLabels: A CSV file cannot be used.
        ImpossibleSplit: `validation` leaves nothing to train on.
        NoFilms: `images` contains no labelled film, or none that can be read.
        AnotherPreparation: `out` contains arrays of another size.
        FolderInUse: Another run is preparing into `out`.
        ReaderDied: A process was killed; the same call continues the run.
    """
    patient_of = {} if patients is None else read_patient_map(patients)
    found, refusals = match_files(images, read_rsna_labels(labels, classes))
    strangers = sum(label.rsna_id not in patient_of for label in found)
    if warn is not None and (sentence := _doubt(strangers, patients)) is not None:
        warn(sentence)
    validation = validation_films(len(found), validation)
    part_of = deal_parts(found, patient_of, validation=validation, seed=seed)
    folder = PreparedFolder(out)
    plan = plan_films(found, images, folder, part_of=part_of, patient_of=patient_of)
    with folder.opened(size):
        films, unreadable = _prepare(plan, folder, size=size, workers=workers, progress=progress)
        refusals += unreadable
        write_refusals(folder, refusals)
        if not films:
            raise NoFilms(f"none of the films in {images} could be read; see {folder.refused}")
        summary = summarise(
            films,
            refusals,
            size=size,
            seed=seed,
            by_patient=patients is not None,
            films_without_patient=0 if patients is None else strangers,
        )
        write_outcome(folder, films, summary)
    return summary


def _doubt(strangers: int, patients: Path | None) -> str | None:
    """Return a warning about the split, if there is a reason for one."""
    if patients is None:
        return _NO_PATIENT_MAP
    if strangers:
        return (
            f"{patients.name} names no patient of {strangers} films. Each of them counts as a "
            "patient of its own, so other films of the same patient may stand on the other side."
        )
    return None


def _prepare(
    plan: Sequence[PlannedFilm],
    folder: PreparedFolder,
    *,
    size: int,
    workers: int,
    progress: Callable[[int, int], None] | None,
) -> tuple[list[PreparedFilm], list[Refusal]]:
    """Write the arrays of all films, and delete arrays of films that are not in the plan."""
    known = read_records(folder.journal)
    _move_arrays(folder.arrays(), plan)
    tasks = [
        FilmTask(
            rsna_id=film.label.rsna_id,
            source=film.original,
            partial=folder.partial(film.label.rsna_id),
            array=film.array,
            size=size,
            boxes=film.label.boxes,
            known=known.get(film.label.rsna_id),
        )
        for film in plan
    ]
    records: dict[str, FilmRecord] = {}
    refusals: list[Refusal] = []
    with opened_journal(folder.journal) as journal:

        def note(task: FilmTask, outcome: FilmRecord | Refusal) -> None:
            if isinstance(outcome, Refusal):
                refusals.append(outcome)
            else:
                records[task.rsna_id] = outcome
                if outcome != task.known:
                    write_record(outcome, journal)
            if progress is not None:
                progress(len(records) + len(refusals), len(tasks))

        prepare_in_processes(tasks, workers=workers, on_outcome=note)
    ours = known.keys() | {task.rsna_id for task in tasks}
    for rsna_id, array in folder.arrays().items():
        # Files that no run has written are kept.
        if rsna_id in ours and rsna_id not in records:
            array.unlink()
    kept = [film for film in plan if film.label.rsna_id in records]
    return [PreparedFilm(film, records[film.label.rsna_id]) for film in kept], refusals


def _move_arrays(arrays: Mapping[str, Path], plan: Iterable[PlannedFilm]) -> None:
    """Move the arrays of films whose label or part has changed."""
    for film in plan:
        array = arrays.get(film.label.rsna_id)
        if array is not None and array != film.array:
            array.replace(film.array)
