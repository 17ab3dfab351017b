from pathlib import Path

import pytest

from model.boxes import Box, box_mask
from model.errors import InvalidLabels
from model.labels import LabelledFilm, read_labels, training_data_digest, write_labels


def write(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text)
    return path


def test_every_column_is_read(tmp_path: Path) -> None:
    manifest = write(
        tmp_path,
        "image,patient_id,age,sex,view,target,boxes\n"
        'films/a.png,0007,51,F,AP,1,"[[0.1, 0.2, 0.3, 0.4]]"\n',
    )

    assert read_labels(manifest) == [
        LabelledFilm(
            path=tmp_path / "films" / "a.png",
            target=1,
            patient_id="0007",
            view="AP",
            age=51,
            sex="F",
            boxes=(Box(0.1, 0.2, 0.3, 0.4),),
            source=tmp_path.name,
        )
    ]


def test_image_and_target_are_enough(tmp_path: Path) -> None:
    positive, negative = read_labels(write(tmp_path, "image,target\na.png,1\nb.png,0\n"))

    assert positive.boxes is None  # nobody drew any
    assert negative.boxes == ()  # there is nothing to draw
    assert positive.patient_id != negative.patient_id


@pytest.mark.parametrize(
    "text",
    [
        "image\na.png\n",
        "image,target\na.png,2\n",
        "image,target\na.png,\n",
        "image,target,boxes\na.png,1,nonsense\n",
        'image,target,boxes\na.png,1,"[[1, 2]]"\n',
    ],
)
def test_labels_that_mean_nothing_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidLabels):
        read_labels(write(tmp_path, text))


def test_written_labels_are_read_back(tmp_path: Path) -> None:
    films = [
        LabelledFilm(
            path=tmp_path / "a.png",
            target=1,
            patient_id="7",
            view="AP",
            age=51,
            sex="F",
            boxes=(Box(0.1, 0.2, 0.3, 0.4),),
            source="adult",
        ),
        LabelledFilm(tmp_path / "b.png", 1, "8", boxes=None, source="children"),
        LabelledFilm(tmp_path / "c.png", 0, "9", boxes=(), source="adult"),
    ]

    write_labels(films, tmp_path / "labels.csv")

    assert read_labels(tmp_path / "labels.csv") == films


def test_the_digest_follows_content_and_not_order() -> None:
    a = LabelledFilm(path=Path("a"), target=1, patient_id="1", boxes=(Box(0, 0, 1, 1),))
    b = LabelledFilm(path=Path("b"), target=0, patient_id="2", boxes=())
    relabelled = LabelledFilm(path=Path("b"), target=1, patient_id="2", boxes=())

    digest = training_data_digest([a, b], ["A", "B"])

    assert digest == training_data_digest([b, a], ["B", "A"])
    assert digest != training_data_digest([a, b], ["A", "C"])
    assert digest != training_data_digest([a, relabelled], ["A", "B"])


def test_a_box_covers_its_cells() -> None:
    mask = box_mask([Box(0.25, 0.5, 0.5, 0.25)], 8)

    assert mask.sum() == 4 * 2
    assert mask[4:6, 2:6].all()


def test_a_thin_box_still_marks_a_cell() -> None:
    assert box_mask([Box(0.5, 0.5, 0.001, 0.001)], 8).sum() == 1
