"""Whole preparations of small folders in the layout of the RSNA challenge."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model.boxes import Box
from model.errors import InvalidLabels, NotAnImage, UndecodableImage
from model.labels import LabelledFilm, read_labels
from model.manifest import Preprocessing
from model.preparation.arrays import to_stored_pixels
from model.preparation.errors import AnotherPreparation, FolderInUse, ImpossibleSplit, NoFilms
from model.preparation.folder import PreparedFolder
from model.preparation.run import prepare_rsna
from model.reading.reader import read_radiograph
from model.training.films import load_films
from tests.model.preparation.download import (
    ABNORMAL,
    NORMAL,
    OPACITY,
    Download,
    Film,
    arrays_of,
    make_film,
    make_films,
    read_rows,
    write_download,
    write_rows,
)

SIZE = 40
FILMS = make_films(24)
#: Two films each.
PATIENTS = {rsna_id: f"{number // 2:08d}" for number, rsna_id in enumerate(FILMS)}


class Killed(Exception):
    """Stops a run between two films."""


@pytest.fixture(scope="module")
def download(tmp_path_factory: pytest.TempPathFactory) -> Download:
    """24 films of 12 patients; nobody changes it."""
    return write_download(tmp_path_factory.mktemp("download"), FILMS, PATIENTS)


@pytest.fixture(scope="module")
def prepared(download: Download, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result of an undisturbed run."""
    out = tmp_path_factory.mktemp("prepared")
    prepare(download, out)
    return out


def prepare(download: Download, out: Path, **options: object) -> list[str]:
    """Prepare with everything the download has; the warnings."""
    warnings: list[str] = []
    chosen: dict[str, object] = {
        "classes": download.classes,
        "patients": download.patients,
        "size": SIZE,
        "validation": 4,
        "warn": warnings.append,
        **options,
    }
    prepare_rsna(download.images, download.labels, out, **chosen)  # type: ignore[arg-type]  # made of parameters
    return warnings


def outcome_of(out: Path) -> dict[str, bytes]:
    """All that a run leaves, but for the journal, which is in the order of the work."""
    names = ("labels.csv", "train.csv", "val-originals.csv", "summary.json", "refused.csv")
    return arrays_of(out) | {name: (out / name).read_bytes() for name in names}


def test_arrays_stand_in_folders_by_part_and_label(prepared: Path) -> None:
    parts = {
        path.stem: (path.parent.parent.name, path.parent.name)
        for path in prepared.glob("*/*/*.npy")
    }

    assert parts.keys() == FILMS.keys()
    assert {name: label for name, (_, label) in parts.items()} == {
        name: str(int(bool(film.boxes))) for name, film in FILMS.items()
    }
    assert [part for part, _ in parts.values()].count("val") == 4


def test_an_array_is_the_film_as_training_keeps_it(prepared: Path) -> None:
    [path] = prepared.glob("*/*/film-007.npy")

    array = np.load(path, allow_pickle=False)

    pixels = read_radiograph(FILMS["film-007"].content).pixels
    assert array.dtype == np.uint8
    assert array.shape == (SIZE, SIZE)
    assert (array == to_stored_pixels(pixels, SIZE)).all()


def test_the_manifest_says_what_the_download_said(prepared: Path) -> None:
    rows = {row["rsna_id"]: row for row in read_rows(prepared / "labels.csv")}
    film = next(x for x in read_labels(prepared / "labels.csv") if x.path.stem == "film-006")

    assert film == LabelledFilm(
        path=prepared / rows["film-006"]["part"] / "1" / "film-006.npy",
        target=1,
        patient_id="00000003",
        view="AP",
        age=51,
        sex="M",
        # Of films of 128 x 96 pixels.
        boxes=(Box(0.25, 0.25, 0.5, 0.5), Box(0.0, 0.0, 14 / 128, 0.125)),
        source="rsna",
    )
    assert [rows[f"film-00{n}"]["rsna_class"] for n in range(3)] == [OPACITY, ABNORMAL, NORMAL]
    assert rows["film-001"]["boxes"] == "[]"


def test_training_sees_what_it_would_see_of_the_originals(
    prepared: Path, download: Download
) -> None:
    """Going through a file loses nothing where the sizes are equal."""
    labels = read_labels(prepared / "labels.csv")
    originals = [
        LabelledFilm(download.images / f"{film.path.stem}.dcm", film.target, film.patient_id)
        for film in labels
    ]

    films = load_films(labels, Preprocessing(size=SIZE))

    direct = load_films(originals, Preprocessing(size=SIZE))
    assert films.pixels.shape == (24, SIZE, SIZE)
    assert (films.pixels == direct.pixels).all()


def test_statistics_are_those_of_the_films_to_train_on(prepared: Path) -> None:
    pixels = np.stack([np.load(path) for path in prepared.glob("train/*/*.npy")]) / 255

    summary = json.loads((prepared / "summary.json").read_text())

    assert summary["mean"] == pytest.approx(pixels.mean(), rel=1e-12)
    assert summary["std"] == pytest.approx(pixels.std(), rel=1e-12)
    assert summary["parts"]["train"]["films"] == len(pixels) == 20
    assert summary["parts"]["val"]["films"] == 4
    assert summary["refused"] == {}


def test_with_a_patient_map_no_patient_is_on_two_sides(prepared: Path) -> None:
    sides: dict[str, set[str]] = {}
    for row in read_rows(prepared / "labels.csv"):
        sides.setdefault(row["patient_id"], set()).add(row["part"])

    assert len(sides) == 12
    assert all(len(parts) == 1 for parts in sides.values())
    summary = json.loads((prepared / "summary.json").read_text())
    assert summary["parts"]["val"]["patients"] == 2


def test_each_part_has_a_manifest_of_its_own(prepared: Path, download: Download) -> None:
    """The val manifest names the originals, which `evaluate` measures like the service."""
    training = read_labels(prepared / "train.csv")
    validation = read_labels(prepared / "val-originals.csv")

    assert len(training) == 20
    assert all(film.path.is_relative_to(prepared / "train") for film in training)
    assert len(validation) == 4
    assert all(film.path.parent == download.images for film in validation)
    assert not {x.patient_id for x in training} & {x.patient_id for x in validation}


def test_a_split_that_may_leak_is_announced(download: Download, tmp_path: Path) -> None:
    assert prepare(download, tmp_path / "mapped") == []
    [no_map] = prepare(download, tmp_path / "unmapped", patients=None)
    write_rows(tmp_path / "half.csv", [("rsna_id", "patient_id"), *list(PATIENTS.items())[:14]])
    [half_a_map] = prepare(download, tmp_path / "half", patients=tmp_path / "half.csv")

    assert "films of one patient may stand in train and in val" in no_map
    assert "names no patient of 10 films" in half_a_map
    summary = json.loads((tmp_path / "half" / "summary.json").read_text())
    assert summary["split"]["films_without_patient"] == 10


def test_files_that_cannot_be_used_are_listed_and_left_out(tmp_path: Path) -> None:
    films = {
        **make_films(6),
        "text": Film(b"no film"),
        "cut": Film(make_film(1)[:-500]),
        "elsewhere": Film(make_film(2), [(500.0, 500.0, 20.0, 20.0)], OPACITY),
        "absent": Film(b""),
    }
    download = write_download(tmp_path / "download", films)
    (download.images / "absent.dcm").unlink()
    (download.images / "unlabelled.dcm").write_bytes(make_film(3))

    prepare(download, tmp_path / "out", validation=1)

    refused = {row["file"]: row["code"] for row in read_rows(tmp_path / "out" / "refused.csv")}
    assert refused == {
        "absent.dcm": "missing_file",
        "cut.dcm": "truncated_image",
        "elsewhere.dcm": "box_outside_film",
        "text.dcm": "not_an_image",
        "unlabelled.dcm": "no_label",
    }
    kept = {film.path.stem for film in read_labels(tmp_path / "out" / "labels.csv")}
    assert kept == make_films(6).keys()
    assert len(arrays_of(tmp_path / "out")) == 6


def test_a_stopped_run_goes_on_and_ends_the_same(
    prepared: Path, download: Download, tmp_path: Path
) -> None:
    def stop_after_five(done: int, _total: int) -> None:
        if done == 5:
            raise Killed

    with pytest.raises(Killed):
        prepare(download, tmp_path, progress=stop_after_five)
    finished = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/*/*.npy")}
    assert 5 <= len(finished) < 24
    assert not (tmp_path / "labels.csv").exists()
    # The last record was cut short, and so was one of the arrays.
    records = (tmp_path / "films.jsonl").read_bytes()
    (tmp_path / "films.jsonl").write_bytes(records[:-20])
    damaged = next(iter(finished))
    damaged.write_bytes(damaged.read_bytes()[:-1])

    prepare(download, tmp_path)

    assert outcome_of(tmp_path) == outcome_of(prepared)
    untouched = {p for p, written in finished.items() if p.stat().st_mtime_ns == written}
    assert untouched == finished.keys() - {damaged}
    assert not (tmp_path / ".partial").exists()


def test_the_number_of_processes_changes_nothing(
    prepared: Path, download: Download, tmp_path: Path
) -> None:
    prepare(download, tmp_path, workers=2)

    assert outcome_of(tmp_path) == outcome_of(prepared)


def test_a_finished_folder_is_left_as_it_is(download: Download, tmp_path: Path) -> None:
    prepare(download, tmp_path)
    first = outcome_of(tmp_path)
    journal = (tmp_path / "films.jsonl").read_bytes()

    prepare(download, tmp_path)

    assert outcome_of(tmp_path) == first
    assert (tmp_path / "films.jsonl").read_bytes() == journal


def test_arrays_move_when_labels_or_split_change(tmp_path: Path) -> None:
    """So adding a patient map afterwards reads no film again."""
    films = make_films(9)
    patient_of = {rsna_id: rsna_id[-1] for rsna_id in films}
    download = write_download(tmp_path / "download", films, patient_of)
    prepare(download, tmp_path / "out", patients=None, validation=3)
    written = {p.stem: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("*/*/*.npy")}
    (download.images / "film-008.dcm").unlink()
    relabelled = tmp_path / "download" / "relabelled.csv"
    relabelled.write_text(download.labels.read_text().replace("film-007,,,,,0", "film-007,,,,,1"))

    changed = Download(download.images, relabelled, download.classes, download.patients)
    prepare(changed, tmp_path / "out", validation=2, seed=5)

    prepare(changed, tmp_path / "fresh", validation=2, seed=5)
    assert outcome_of(tmp_path / "out") == outcome_of(tmp_path / "fresh")
    now = {p.stem: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("*/*/*.npy")}
    assert now == {name: time for name, time in written.items() if name != "film-008"}


def test_an_original_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    download = write_download(tmp_path / "download", make_films(4))
    (download.images / "film-002.dcm").write_bytes(make_film(9)[:300])
    prepare(download, tmp_path / "out", validation=1)
    (download.images / "film-002.dcm").write_bytes(make_film(9))

    prepare(download, tmp_path / "out", validation=1)

    assert len(arrays_of(tmp_path / "out")) == 4
    assert read_rows(tmp_path / "out" / "refused.csv") == []


def test_another_size_is_refused(prepared: Path, download: Download) -> None:
    before = outcome_of(prepared)

    with pytest.raises(AnotherPreparation, match="40 x 40 pixels, not 48 x 48"):
        prepare(download, prepared, size=48)

    assert outcome_of(prepared) == before


def test_two_runs_do_not_share_a_folder(download: Download, tmp_path: Path) -> None:
    with PreparedFolder(tmp_path).opened(SIZE), pytest.raises(FolderInUse):
        prepare(download, tmp_path)


def test_a_folder_without_these_films_is_refused(download: Download, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    with pytest.raises(NoFilms, match="none of the 24 labelled films"):
        prepare_rsna(empty, download.labels, tmp_path / "out")
    with pytest.raises(NoFilms, match="no folder"):
        prepare_rsna(tmp_path / "absent", download.labels, tmp_path / "out")


def test_nothing_but_broken_films_is_refused_with_a_list(tmp_path: Path) -> None:
    download = write_download(tmp_path / "download", {"a": Film(b"x"), "b": Film(b"")})

    with pytest.raises(NoFilms):
        prepare(download, tmp_path / "out", validation=1)

    assert len(read_rows(tmp_path / "out" / "refused.csv")) == 2


def test_what_cannot_be_is_refused_before_anything_is_written(
    download: Download, tmp_path: Path
) -> None:
    with pytest.raises(ImpossibleSplit):
        prepare(download, tmp_path / "out", validation=24)
    with pytest.raises(InvalidLabels):
        prepare(download, tmp_path / "out", classes=download.labels)

    assert not (tmp_path / "out").exists()


def test_real_films_in_the_layout_of_the_download(films: Path, tmp_path: Path) -> None:
    """Two of them are the challenge's own; the others stand for films of other makes."""
    index = [row for row in read_rows(films / "dicom" / "index.csv") if row["body_part"] != "HIP"]
    download = write_download(
        tmp_path / "download",
        {
            Path(row["file"]).stem: Film(
                (films / "dicom" / row["file"]).read_bytes(),
                [tuple(box) for box in json.loads(row["boxes"] or "[]")],
                OPACITY if row["target"] == "1" else NORMAL,
            )
            for row in index
        },
    )
    # Its two films of the challenge are not among those that have a patient here.
    shutil.copy(films / "adult" / "labels.csv", download.patients)

    [warning] = prepare(download, tmp_path / "out", size=244, validation=None)

    assert "names no patient" in warning
    labels = {film.path.stem: film for film in read_labels(tmp_path / "out" / "labels.csv")}
    first = labels["82764af4-85dc-4512-bdfe-d9e9f66e0fc4"]
    assert (first.target, first.view, first.age, first.sex) == (1, "PA", 38, "M")
    assert first.boxes == (Box(125 / 1024, 528 / 1024, 278 / 1024, 305 / 1024),)
    assert len(labels) == len(index) == 6
    assert load_films(list(labels.values()), Preprocessing(size=244)).pixels.std() > 0


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 3), dtype=np.uint8),
        np.full((4, 4), 2.0, dtype=np.float32),
        np.full((4, 4), np.nan, dtype=np.float32),
        np.zeros((4, 4), dtype=np.int64),
        np.array([["pickled", None]], dtype=object),
    ],
)
def test_an_array_that_is_no_film_is_refused(tmp_path: Path, array: NDArray[Any]) -> None:
    np.save(tmp_path / "a.npy", array)

    with pytest.raises(UndecodableImage):
        load_films([LabelledFilm(tmp_path / "a.npy", 0, "1")], Preprocessing(size=4))


def test_arrays_of_floating_point_are_films_too(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.linspace(0, 1, 16, dtype=np.float64).reshape(4, 4))

    films = load_films([LabelledFilm(tmp_path / "a.npy", 0, "1")], Preprocessing(size=4))

    assert films.pixels.ravel().tolist() == list(range(0, 256, 17))


def test_the_service_reads_no_arrays(prepared: Path) -> None:
    content = next(prepared.glob("*/*/*.npy")).read_bytes()

    with pytest.raises(NotAnImage):
        read_radiograph(content)
