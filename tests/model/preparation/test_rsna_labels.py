from pathlib import Path

import pytest

from model.errors import InvalidLabels
from model.preparation.pixel_boxes import PixelBox
from model.preparation.rsna_labels import RsnaLabel, read_patient_map, read_rsna_labels

HEADER = "patientId,x,y,width,height,Target\n"


def write(folder: Path, text: str, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_of_one_film_become_one_label(tmp_path: Path) -> None:
    labels = write(tmp_path, f"{HEADER}b,1.0,2.0,3.0,4.0,1\na,,,,,0\nb,5,6,7,8,1\n")
    classes = write(tmp_path, "patientId,class\nb,Lung Opacity\nb,Lung Opacity\n", "classes.csv")

    assert read_rsna_labels(labels, classes) == [
        RsnaLabel("a", 0, (), ""),
        RsnaLabel("b", 1, (PixelBox(1, 2, 3, 4), PixelBox(5, 6, 7, 8)), "Lung Opacity"),
    ]


def test_a_byte_order_mark_hides_no_column(tmp_path: Path) -> None:
    [label] = read_rsna_labels(write(tmp_path, f"\ufeff{HEADER}a,,,,,0\n"))

    assert label.rsna_id == "a"


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADER,
        "patientId,Target\na,0\n",
        f"{HEADER}a,,,,,2\n",
        f"{HEADER}a,,,,,\n",
        f"{HEADER}a\n",
        f"{HEADER}a,1,2,3,4,1\na,,,,,0\n",
        f"{HEADER}a,1,2,3,4,0\n",
        f"{HEADER}a,1,2,,4,1\n",
        f"{HEADER}a,1,2,three,4,1\n",
        f"{HEADER}a,1,2,0,4,1\n",
        f"{HEADER}a,1,2,nan,4,1\n",
        f"{HEADER}../a,,,,,0\n",
        f"{HEADER},,,,,0\n",
    ],
)
def test_labels_that_mean_nothing_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidLabels):
        read_rsna_labels(write(tmp_path, text))


def test_two_classes_of_one_film_are_refused(tmp_path: Path) -> None:
    labels = write(tmp_path, f"{HEADER}a,,,,,0\n")
    classes = write(tmp_path, "patientId,class\na,Normal\na,Lung Opacity\n", "classes.csv")

    with pytest.raises(InvalidLabels, match="two values of class for a"):
        read_rsna_labels(labels, classes)


def test_a_file_that_is_no_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "film.dcm").write_bytes(bytes(range(256)))

    with pytest.raises(InvalidLabels, match=r"film\.dcm is no CSV file"):
        read_rsna_labels(tmp_path / "film.dcm")
    with pytest.raises(InvalidLabels, match="No such file"):
        read_rsna_labels(tmp_path / "absent.csv")


def test_patients_keep_their_zeros_and_films_without_one_are_left_out(tmp_path: Path) -> None:
    patients = write(tmp_path, "age,rsna_id,patient_id\n51,a,0007\n52,b,\n")

    assert read_patient_map(patients) == {"a": "0007"}


def test_two_patients_of_one_film_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidLabels):
        read_patient_map(write(tmp_path, "rsna_id,patient_id\na,1\na,2\n"))


def test_the_labels_of_the_shared_films_are_a_patient_map(films: Path) -> None:
    patient_of = read_patient_map(films / "adult" / "labels.csv")

    assert len(patient_of) == 1370
    assert patient_of["0004cfab-14fd-4e49-80ba-63a80b6bddd6"] == "00019124"
