import io
import subprocess
import sys
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from headers.header import Header
from model.analysis import Analysis, analyse
from model.classifier import Classifier, load_classifier
from model.errors import EmptyFile, NotAnImage, TruncatedImage, UnreadableImage
from model.export import write_artefact
from model.gating import ReasonCode
from model.reading.radiograph import Radiograph
from model.reading.reader import read_inspected
from model.runtime.protocol import Outputs
from model.runtime.torch import TorchRuntime
from tests.model.synthetic import dicom, encode, gradient, png
from tests.model.tiny import brightness_network, make_manifest


def chest() -> bytes:
    return dicom((gradient() * 255).round().astype(np.uint8))


def analysis_of(classifier: Classifier, content: bytes) -> Analysis:
    (analysis,) = analyse(classifier, [content])
    assert isinstance(analysis, Analysis)
    return analysis


def test_bad_files_fail_alone_and_in_their_place(brightness_classifier: Classifier) -> None:
    truncated = encode(Image.fromarray(np.eye(90, dtype=np.uint8) * 200), "JPEG")[:-40]
    files = [b"", png(gradient()), b"no picture at all" * 20, chest(), truncated]

    outcomes = analyse(brightness_classifier, files)

    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [EmptyFile, Analysis, NotAnImage, Analysis, TruncatedImage]


def test_neighbours_do_not_change_a_result(brightness_classifier: Classifier) -> None:
    alone = analysis_of(brightness_classifier, chest()).result
    others = [b"", png(gradient()[::-1]), chest()]

    among = analyse(brightness_classifier, others)[2]

    assert isinstance(among, Analysis)
    assert among.result.probability == pytest.approx(alone.probability, abs=1e-6)
    assert among.result.regions == alone.regions


def test_the_wire_object_has_the_promised_names(brightness_classifier: Classifier) -> None:
    result = analysis_of(brightness_classifier, chest()).result.to_dict()

    assert result.keys() >= {"probability", "threshold", "positive", "model", "regions"}
    assert result.keys() >= {"reasons", "input", "timings_ms"}
    assert result["model"] == {"name": "tiny", "version": "0.0.1"}
    assert result["input"].keys() >= {"view", "width", "height", "photometric_interpretation"}
    assert result["timings_ms"].keys() >= {"decode", "infer", "render"}
    assert result["positive"] is (result["probability"] >= result["threshold"])
    assert result["reasons"] == []


def test_a_region_lies_where_the_film_is_bright(brightness_classifier: Classifier) -> None:
    """The top left of the picture, which is the patient's right."""
    pixels = np.full((128, 128), 0.1, dtype=np.float32)
    pixels[0:32, 0:48] = 1.0

    (region,) = analysis_of(brightness_classifier, png(pixels)).result.to_dict()["regions"]

    assert (region["x"], region["y"]) == (0.0, 0.0)
    assert (region["width"], region["height"]) == (48 / 128, 32 / 128)
    assert region["side"] == "right"


def test_a_wide_film_keeps_its_grid(brightness_classifier: Classifier) -> None:
    analysis = analysis_of(brightness_classifier, png(gradient(100, 300)))

    activation_map = analysis.activation_map()
    assert activation_map is not None
    assert activation_map.shape == (100, 300)
    assert activation_map.dtype == np.float32
    assert analysis.activation_map_png is not None
    assert Image.open(io.BytesIO(analysis.activation_map_png)).size == (300, 100)
    assert Image.open(io.BytesIO(analysis.radiograph_jpeg)).size == (300, 100)


def test_a_rejected_film_is_shown_but_not_scored(brightness_classifier: Classifier) -> None:
    content = dicom((gradient() * 255).astype(np.uint8), BodyPartExamined="HIP")

    analysis = analysis_of(brightness_classifier, content)

    result = analysis.result.to_dict()
    assert analysis.rejected
    assert result["probability"] is None
    assert result["positive"] is None
    assert result["regions"] == []
    assert [reason["code"] for reason in result["reasons"]] == ["wrong_body_part"]
    assert Image.open(io.BytesIO(analysis.radiograph_jpeg)).size == (128, 96)
    assert analysis.activation_map_png is None
    assert analysis.heatmap_jpeg is None
    assert analysis.activation_map() is None


def test_a_picture_that_the_network_takes_for_something_else_is_not_scored(
    tmp_path: Path,
) -> None:
    network = brightness_network()
    with torch.no_grad():
        network.gate.linear.bias.copy_(torch.tensor([0.0, 0.0, 0.0, 0.0, 9.0]))
    write_artefact(network, make_manifest(), tmp_path)

    analysis = analysis_of(load_classifier(tmp_path), chest())

    assert [reason.code for reason in analysis.result.reasons] == [ReasonCode.NOT_FRONTAL_CHEST]
    assert analysis.result.probability is None
    assert analysis.result.cautions == ()
    assert analysis.heatmap_jpeg is analysis.activation_map_png is None
    assert analysis.radiograph_jpeg


@pytest.mark.parametrize(
    ("age", "code"),
    [("017Y", "child"), ("011M", "child"), (None, "age_unknown"), ("018Y", None)],
)
def test_films_of_children_carry_a_caution(
    brightness_classifier: Classifier, age: str | None, code: str | None
) -> None:
    content = dicom((gradient() * 255).round().astype(np.uint8), PatientAge=age)

    result = analysis_of(brightness_classifier, content).result.to_dict()

    assert [caution["code"] for caution in result["cautions"]] == ([] if code is None else [code])
    assert result["probability"] is not None


def test_no_patient_data_reach_the_result_or_its_pictures(
    brightness_classifier: Classifier,
) -> None:
    analysis = analysis_of(brightness_classifier, chest())

    pictures = (analysis.radiograph_jpeg, analysis.activation_map_png, analysis.heatmap_jpeg)
    assert "Nobody" not in str(analysis.result.to_dict())
    assert all(b"Nobody" not in picture for picture in pictures if picture)


def test_one_picture_gives_one_probability_in_every_format(
    shipped_classifier: Classifier,
) -> None:
    """The same picture as 8 and 16 bits, TIFF and DICOM, MONOCHROME1 and 2."""
    pixels = gradient(256, 240)
    twelve = (pixels * 4095).round().astype(np.uint16)
    files = [
        png(pixels),
        png(pixels, bits=16),
        encode(Image.fromarray((pixels * 65535).round().astype(np.uint16)), "TIFF"),
        dicom(twelve, BitsStored=12),
        dicom(4095 - twelve, BitsStored=12, PhotometricInterpretation="MONOCHROME1"),
    ]

    outcomes = analyse(shipped_classifier, files)

    probabilities = [a.result.probability for a in outcomes if isinstance(a, Analysis)]
    assert len(probabilities) == len(files)
    assert all(p == pytest.approx(probabilities[0], abs=0.01) for p in probabilities)


def test_serving_loads_no_training_library() -> None:
    code = (
        "import sys; import model.analysis, model.classifier, model.rendering; "
        "import model.reading.reader; "
        "print(sorted({'torch', 'torchvision', 'timm', 'sklearn', 'pandas', 'matplotlib'} "
        "& set(sys.modules)))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout

    assert loaded.strip() == "[]"


def test_large_films_are_decoded_one_at_a_time(
    brightness_artefact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes memory as a hundred others do."""
    at_once: list[int] = []
    decoding: set[int] = set()

    def read(content: bytes, header: Header, *, inverted: bool) -> Radiograph:
        decoding.add(id(content))
        at_once.append(len(decoding))
        radiograph = read_inspected(content, header, inverted=inverted)
        decoding.remove(id(content))
        return radiograph

    monkeypatch.setattr("model.analysis.read_inspected", read)
    classifier = load_classifier(brightness_artefact, threads=4)
    large = gradient(4100, 4000)

    outcomes = analyse(classifier, [png(large), png(large[::-1]), png(large[:, ::-1])])

    assert all(isinstance(outcome, Analysis) for outcome in outcomes)
    assert at_once == [1, 1, 1]


def test_real_films_are_analysed(films: Path, shipped_classifier: Classifier) -> None:
    """The hip is rejected, six chests are scored."""
    files = [path.read_bytes() for path in sorted((films / "dicom").glob("*.dcm"))]

    outcomes = analyse(shipped_classifier, files)

    assert not [outcome for outcome in outcomes if isinstance(outcome, UnreadableImage)]
    rejected = [outcome for outcome in outcomes if isinstance(outcome, Analysis)]
    assert sum(outcome.rejected for outcome in rejected) == 1


class _AwaitsTheNext:
    """A device whose first pass ends when a second film is ready for it."""

    merges_calls = True

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self.calls: list[int] = []
        self.second_is_ready = Event()

    def run(self, films: NDArray[np.float32]) -> Outputs:
        self.calls.append(len(films))
        if len(self.calls) > 1:
            self.second_is_ready.set()
        assert self.second_is_ready.wait(30)
        return self.classifier.run(films)


def test_films_are_read_while_a_device_runs_the_network(
    brightness_classifier: Classifier,
) -> None:
    """With one core only: a film that waits for the device leaves it to the others."""
    device = _AwaitsTheNext(brightness_classifier)
    classifier = Classifier(brightness_classifier.manifest, device, threads=1)

    outcomes = analyse(classifier, [chest(), png(gradient())])

    assert all(isinstance(outcome, Analysis) for outcome in outcomes)
    assert device.calls == [1, 1]


def test_a_device_of_its_own_changes_no_result(brightness_classifier: Classifier) -> None:
    """Scored, rejected by its tags, by its pixels, and unreadable, each in its place."""
    runtime = TorchRuntime(brightness_network(), device="cpu")
    beside = Classifier(brightness_classifier.manifest, runtime, threads=2)
    lateral = dicom((gradient() * 255).round().astype(np.uint8), ViewPosition="LL")
    files = [chest(), b"", lateral, png(gradient()), png(gradient()[::-1])]

    expected, found = analyse(brightness_classifier, files), analyse(beside, files)

    for one, other in zip(found, expected, strict=True):
        assert type(one) is type(other)
        if isinstance(one, Analysis) and isinstance(other, Analysis):
            assert one.radiograph_jpeg == other.radiograph_jpeg
            assert one.result.reasons == other.result.reasons
            assert one.result.input == other.result.input
            assert one.result.probability == pytest.approx(other.result.probability, abs=0.001)
