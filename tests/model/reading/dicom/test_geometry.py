"""Sides, turns and proportions of DICOM films."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from model.reading.dicom.geometry import orientation_of
from model.reading.radiograph import Note
from model.reading.reader import read_radiograph
from tests.formats.films import film, levels
from tests.model.synthetic import dicom

PIXELS = film()
STORED = levels(PIXELS, 8)

#: Place along one axis of the pixel shown at a row and a column.
Place = Callable[[int, int], int]


def stored_with(rows: str, columns: str) -> NDArray[np.uint8]:
    """The film as a device stores it whose rows and columns run in these directions.

    Worked out pixel by pixel: the pixel that is shown at row r and column c lies r steps towards
    the feet and c steps towards the left.
    """
    height, width = STORED.shape
    places: dict[str, Place] = {
        "L": lambda _, column: column,
        "R": lambda _, column: width - 1 - column,
        "F": lambda row, _: row,
        "H": lambda row, _: height - 1 - row,
    }
    shape = (height, width) if rows in "LR" else (width, height)
    stored = np.zeros(shape, dtype=np.uint8)
    for row in range(height):
        for column in range(width):
            stored[places[columns](row, column), places[rows](row, column)] = STORED[row, column]
    return stored


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ("L", "F"),
        ("R", "F"),
        ("L", "H"),
        ("R", "H"),
        ("F", "L"),
        ("F", "R"),
        ("H", "L"),
        ("H", "R"),
    ],
)
def test_every_patient_orientation_is_brought_into_the_usual_display(
    rows: str, columns: str
) -> None:
    content = dicom(stored_with(rows, columns), PatientOrientation=[rows, columns])

    radiograph = read_radiograph(content)

    np.testing.assert_allclose(radiograph.pixels, PIXELS, atol=0.51 / 255)
    assert (radiograph.facts.height, radiograph.facts.width) == PIXELS.shape
    turned = (rows, columns) != ("L", "F")
    assert radiograph.facts.notes == ((Note.TURNED_BY_TAGS,) if turned else ())


def test_the_first_letter_of_a_direction_is_the_main_one() -> None:
    content = dicom(stored_with("R", "F"), PatientOrientation=["RP", "FA"])

    np.testing.assert_allclose(read_radiograph(content).pixels, PIXELS, atol=0.51 / 255)


@pytest.mark.parametrize("value", [None, "", ["L"], ["A", "F"], ["L", "R"], ["X", "F"]])
def test_a_side_that_is_not_said_is_assumed(value: object) -> None:
    radiograph = read_radiograph(dicom(STORED, PatientOrientation=value))

    np.testing.assert_allclose(radiograph.pixels, PIXELS, atol=0.51 / 255)
    assert radiograph.facts.notes == (Note.SIDE_ASSUMED,)


def test_two_directions_along_one_axis_say_nothing() -> None:
    assert orientation_of(("F", "H")) is None
    assert orientation_of(("L", "R")) is None


@pytest.mark.parametrize(
    ("tag", "value", "shape"),
    [
        ("ImagerPixelSpacing", [0.2, 0.1], (192, 128)),
        ("ImagerPixelSpacing", [0.1, 0.2], (96, 256)),
        ("PixelAspectRatio", [2, 1], (192, 128)),
        ("PixelSpacing", [0.143, 0.143], (96, 128)),
        ("ImagerPixelSpacing", [0.1431, 0.143], (96, 128)),
        ("ImagerPixelSpacing", [0.1, 0], (96, 128)),
        ("ImagerPixelSpacing", [0.1, 100], (96, 128)),  # a typing error
    ],
)
def test_pixels_that_are_not_square_are_made_so(
    tag: str, value: list[float], shape: tuple[int, int]
) -> None:
    """Row spacing comes first: the distance of two rows is the height of a pixel."""
    radiograph = read_radiograph(dicom(STORED, **{tag: value}))

    assert radiograph.pixels.shape == shape
    assert (radiograph.facts.height, radiograph.facts.width) == shape
    down, across = shape[0] // 96, shape[1] // 128
    means = radiograph.pixels.reshape(96, down, 128, across).mean(axis=(1, 3))
    np.testing.assert_allclose(means, PIXELS, atol=0.05)


def test_a_turned_film_is_made_square_before_it_is_turned() -> None:
    content = dicom(stored_with("F", "L"), PatientOrientation=["F", "L"], PixelAspectRatio=[2, 1])

    assert read_radiograph(content).pixels.shape == (96, 256)


def test_raw_detector_data_are_noted() -> None:
    raw = read_radiograph(dicom(STORED, PresentationIntentType="FOR PROCESSING"))
    processed = read_radiograph(dicom(STORED, PresentationIntentType="FOR PRESENTATION"))

    assert raw.facts.notes == (Note.FOR_PROCESSING,)
    assert processed.facts.notes == ()
