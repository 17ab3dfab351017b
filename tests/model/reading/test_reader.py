from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from model.errors import EmptyFile, NotAnImage, UnreadableImage
from model.reading.radiograph import Note
from model.reading.reader import read_radiograph
from tests.model.synthetic import bare, dicom, dicom_dataset, encode, gradient, png


def test_an_empty_file_is_refused_as_empty() -> None:
    with pytest.raises(EmptyFile):
        read_radiograph(b"")


@pytest.mark.parametrize(
    "content",
    [
        b"x",
        b"patient,result\n1,2\n" * 100,
        b"GIF89a" + bytes(200),
        b"%PDF-1.7" + bytes(200),
        b"MZ" + bytes(200),
        b"\x08\x00\x05\x00" + b"\xff" * 200,
    ],
)
def test_bytes_of_no_known_format_are_refused(content: bytes) -> None:
    with pytest.raises(NotAnImage):
        read_radiograph(content)


def test_every_refusal_has_a_code_of_its_own() -> None:
    def subclasses(error: type[UnreadableImage]) -> list[type[UnreadableImage]]:
        return [error, *(deeper for sub in error.__subclasses__() for deeper in subclasses(sub))]

    codes = [error.code for error in subclasses(UnreadableImage)]

    assert len(codes) == len(set(codes))


def test_the_format_is_told_by_the_bytes() -> None:
    pixels = gradient()
    levels = (pixels * 255).round().astype("uint8")

    formats = [
        read_radiograph(content).facts.format
        for content in (png(pixels), dicom(levels), bare(dicom_dataset(levels)))
    ]

    assert formats == ["png", "dicom", "dicom"]


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_black_and_white_are_exchanged_where_the_sender_asks_for_it(photometric: str) -> None:
    """After all that the file says; padding of a DICOM film stays black."""
    levels = (gradient() * 255).round().astype("uint8")
    levels[:, 0] = 255
    shown = levels != 255
    padded = dicom(levels, PixelPaddingValue=255, PhotometricInterpretation=photometric)

    for content in (png(gradient()), padded):
        stored, inverted = read_radiograph(content), read_radiograph(content, inverted=True)
        assert np.abs(stored.pixels + inverted.pixels - 1)[shown].max() < 1e-6
        assert Note.READ_INVERTED not in stored.facts.notes
        assert Note.READ_INVERTED in inverted.facts.notes

    assert read_radiograph(padded, inverted=True).pixels[~shown].max() == 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["png", "jpeg", "tiff", "dicom"])
def test_damage_raises_nothing_undeclared(kind: str, seed: int) -> None:
    """A few hundred mutations per format; a longer run is a matter of the seed range."""
    import numpy as np
    from PIL import Image

    levels = (gradient(64, 72) * 255).round().astype("uint8")
    content = {
        "png": lambda: png(gradient(64, 72)),
        "jpeg": lambda: encode(Image.fromarray(levels), "JPEG"),
        "tiff": lambda: encode(Image.fromarray(levels), "TIFF"),
        "dicom": lambda: dicom(levels),
    }[kind]()
    generator = np.random.default_rng(seed)

    for _ in range(40):
        damaged = bytearray(content)
        for position in generator.integers(0, min(len(content), 700), size=4):
            damaged[position] = generator.integers(256)
        with suppress(UnreadableImage):
            read_radiograph(bytes(damaged[: generator.integers(1, len(damaged) + 1)]))


DICOM_FILES = [
    "82764af4-85dc-4512-bdfe-d9e9f66e0fc4.dcm",
    "85444c90-e9d1-42cf-8ac4-f9968d27473d.dcm",
    "966_fixed.dcm",
    "CR-MONO1-10-chest.dcm",
    "RG1_JLSN.dcm",
    "RG2_JPLL.dcm",
    "test1.dcm",
]


@pytest.mark.parametrize("name", DICOM_FILES)
def test_real_dicom_files_are_read(films: Path, name: str) -> None:
    radiograph = read_radiograph((films / "dicom" / name).read_bytes())

    facts = radiograph.facts
    assert radiograph.pixels.shape == (facts.height, facts.width)
    assert radiograph.pixels.min() >= 0
    assert radiograph.pixels.max() <= 1
    assert radiograph.pixels.std() > 0.05


@pytest.mark.parametrize("name", DICOM_FILES[:5])
def test_lungs_of_real_films_are_darker_than_the_mediastinum(films: Path, name: str) -> None:
    """Whatever the photometric interpretation, the spine comes out bright."""
    pixels = read_radiograph((films / "dicom" / name).read_bytes()).pixels
    rows, columns = pixels.shape
    band = pixels[int(rows * 0.35) : int(rows * 0.5)]

    spine = band[:, int(columns * 0.47) : int(columns * 0.53)].mean()
    right_lung = band[:, int(columns * 0.2) : int(columns * 0.35)].mean()

    assert spine > right_lung
