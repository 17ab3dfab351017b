"""The network on a device of its own, on torch's CPU: the same code but for the recorded passes."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.classifier import Classifier, load_classifier
from model.errors import CorruptArtefact, DeviceDisagrees, DeviceUnavailable
from model.export import to_onnx
from model.manifest import DEFAULT_ARTEFACT, NETWORK_NAME, read_manifest
from model.network import NetworkOutput, build_network
from model.reading.radiograph import Radiograph
from model.reading.reader import read_radiograph
from model.runtime.agreement import MAX_DISAGREEMENT, largest_difference, require_agreement
from model.runtime.device import Device
from model.runtime.onnx_weights import load_exported
from model.runtime.protocol import Outputs
from model.runtime.torch import TorchRuntime, load_torch_runtime
from tests.conftest import ROOT
from tests.model.tiny import SIZE, brightness_network, make_manifest
from tests.waiting import wait_until

FILMS = ROOT / "tests" / "films"


@pytest.fixture(scope="module")
def on_device(shipped_classifier: Classifier) -> Classifier:
    """The classifier that ships, run by torch."""
    network = (DEFAULT_ARTEFACT / NETWORK_NAME).read_bytes()
    runtime = load_torch_runtime(shipped_classifier.manifest, network, device="cpu")
    return Classifier(shipped_classifier.manifest, runtime)


def flat_films(*levels: float) -> NDArray[np.float32]:
    """Films of one intensity each."""
    grey = np.array(levels, dtype=np.float32)[:, None, None, None]
    return np.broadcast_to(grey, (len(levels), 1, SIZE, SIZE)).copy()


def brightness(outputs: Outputs) -> list[float]:
    """Return the brightness that `brightness_network` saw, from each film's logit."""
    return [round((logit + 4) / 8, 3) for logit in outputs.logits.tolist()]


class SmallMemory(nn.Module):
    """A device whose memory holds so many films at a time."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.network = brightness_network()
        self.room = room
        self.asked: list[int] = []

    def forward(self, films: Tensor) -> NetworkOutput:
        self.asked.append(len(films))
        if len(films) > self.room:
            raise torch.OutOfMemoryError("out of memory")
        output: NetworkOutput = self.network(films)
        return output


def test_films_are_read_as_by_the_cpu(
    shipped_classifier: Classifier, on_device: Classifier
) -> None:
    """Chest films with and without an opacity, and what the gate is there for."""
    opacity, chest = (
        read_radiograph((FILMS / name).read_bytes())
        for name in ("projected-opacity.png", "projected-chest.png")
    )
    noise = np.random.default_rng(7).random(chest.pixels.shape, dtype=np.float32)
    films = [
        opacity,
        chest,
        Radiograph(np.ascontiguousarray(np.rot90(chest.pixels)), chest.facts),
        Radiograph(1 - chest.pixels, chest.facts),
        Radiograph(noise, chest.facts),
    ]

    expected = shipped_classifier.infer(films)
    found = on_device.infer(films)

    assert [bool(one.reasons) for one in expected] == [False, False, True, True, True]
    for one, other in zip(found, expected, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=MAX_DISAGREEMENT)
        np.testing.assert_allclose(one.activation_map, other.activation_map, atol=MAX_DISAGREEMENT)
        np.testing.assert_allclose(one.similarity, other.similarity, atol=MAX_DISAGREEMENT)
        for lung, same in zip(one.anatomy.lungs, other.anatomy.lungs, strict=True):
            assert (lung.mask == same.mask).mean() > 0.99
        assert one.reasons == other.reasons
        assert one.positive == other.positive


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 11])
def test_any_number_of_films_keeps_its_order(count: int) -> None:
    """Passes have few sizes: what fills them up shows nowhere."""
    runtime = TorchRuntime(brightness_network(), device="cpu", largest_pass=4)
    levels = [round(0.05 * (n + 1), 3) for n in range(count)]

    outputs = runtime.run(flat_films(*levels))

    assert brightness(outputs) == levels
    assert outputs.maps.shape == (count, 8, 8)
    assert outputs.similarity.shape[0] == count


def test_a_pass_that_does_not_fit_is_run_in_halves() -> None:
    network = SmallMemory(room=3)
    runtime = TorchRuntime(network, device="cpu", largest_pass=16)
    levels = [round(0.05 * (n + 1), 3) for n in range(11)]

    assert brightness(runtime.run(flat_films(*levels))) == levels
    # 11 films fill a pass of 16; then 11 // 2, and 5 // 2.
    assert network.asked[:2] == [16, 5]
    assert set(network.asked[2:]) <= {1, 2}


def test_what_did_not_fit_once_is_not_tried_again() -> None:
    network = SmallMemory(room=2)
    runtime = TorchRuntime(network, device="cpu", largest_pass=8)
    runtime.run(flat_films(*[0.5] * 8))
    network.asked.clear()

    runtime.run(flat_films(*[0.5] * 8))

    assert network.asked == [2, 2, 2, 2]
    assert runtime.largest_pass == 2


def test_a_device_without_memory_for_one_film_is_unavailable() -> None:
    runtime = TorchRuntime(SmallMemory(room=0), device="cpu")

    with pytest.raises(DeviceUnavailable, match="no memory left"):
        runtime.run(flat_films(0.5, 0.6))


def test_a_device_that_breaks_is_unavailable() -> None:
    class Broken(nn.Module):
        def forward(self, _films: Tensor) -> NetworkOutput:
            raise RuntimeError("CUDA error: unspecified launch failure")

    runtime = TorchRuntime(Broken(), device="cpu")

    with pytest.raises(DeviceUnavailable, match="does not work any more"):
        runtime.run(flat_films(0.5))


def test_those_who_come_while_a_pass_runs_go_together_into_the_next() -> None:
    class Slow(SmallMemory):
        def __init__(self) -> None:
            super().__init__(room=64)
            self.running, self.go_on = Event(), Event()

        def forward(self, films: Tensor) -> NetworkOutput:
            self.running.set()
            assert self.go_on.wait(30)
            return super().forward(films)

    network = Slow()
    runtime = TorchRuntime(network, device="cpu")
    levels = [0.1, 0.2, 0.3, 0.4, 0.5]
    with ThreadPoolExecutor(len(levels)) as callers:
        first = callers.submit(runtime.run, flat_films(levels[0]))
        assert network.running.wait(30)
        others = [callers.submit(runtime.run, flat_films(level)) for level in levels[1:]]
        wait_until(lambda: len(runtime._waiting) == len(others))
        network.go_on.set()

        answers = [brightness(answer.result(30)) for answer in (first, *others)]

    assert answers == [[level] for level in levels]
    assert network.asked == [1, 4]


def test_the_film_that_breaks_a_pass_breaks_it_for_all_who_wait() -> None:
    """And leaves nobody waiting."""
    runtime = TorchRuntime(SmallMemory(room=0), device="cpu")

    with ThreadPoolExecutor(4) as callers:
        calls = [callers.submit(runtime.run, flat_films(0.5)) for _ in range(8)]

    assert all(isinstance(call.exception(30), DeviceUnavailable) for call in calls)


def test_an_exported_network_comes_back_whole() -> None:
    """A convolution with a shift of its own, and one without a normalisation behind it."""
    network = brightness_network(weight=3.0, bias=-1.0)
    content = to_onnx(network, SIZE)
    films = torch.rand(3, 1, SIZE, SIZE)

    back = load_exported(brightness_network(), content)

    with torch.inference_mode():
        expected = network(films)
        for one, other in zip(back(films), expected, strict=True):
            torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_the_weights_of_another_network_are_refused() -> None:
    content = to_onnx(brightness_network().eval(), SIZE)

    with pytest.raises(CorruptArtefact, match="convolutions"):
        load_exported(build_network(pretrained=False), content)


def test_a_manifest_that_names_no_network_is_refused() -> None:
    network = (DEFAULT_ARTEFACT / NETWORK_NAME).read_bytes()
    manifest = read_manifest(DEFAULT_ARTEFACT)
    manifest.training_config.pop("backbone")

    with pytest.raises(CorruptArtefact, match="does not say"):
        load_torch_runtime(manifest, network, device="cpu")


@pytest.mark.parametrize("offset", [0.2, float("nan")])
def test_a_device_that_answers_otherwise_is_refused(offset: float) -> None:
    class Off(TorchRuntime):
        def run(self, films: NDArray[np.float32]) -> Outputs:
            right = super().run(films)
            return replace(right, logits=right.logits + np.float32(offset))

    manifest = make_manifest()
    right = TorchRuntime(brightness_network(), device="cpu")

    require_agreement(manifest, right, right)
    with pytest.raises(DeviceDisagrees):
        require_agreement(manifest, right, Off(brightness_network(), device="cpu"))


def test_differences_are_found_in_image_map_kind_and_organs() -> None:
    same = TorchRuntime(brightness_network(), device="cpu").run(flat_films(0.5))
    for name in ("logits", "maps", "similarity", "anatomy"):
        other = replace(same, **{name: getattr(same, name) + np.float32(0.5)})

        assert largest_difference(make_manifest(), same, other) > 0.1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card here")
def test_a_device_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(DeviceUnavailable, match="the device cuda is not there"):
        load_classifier(device=Device.CUDA)


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "model.runtime.torch")

    with pytest.raises(DeviceUnavailable, match=r"needs torch.*requirements/gpu\.txt"):
        load_classifier(device=Device.CUDA)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no card here")
def test_a_card_reads_films_as_the_cpu_does(shipped_classifier: Classifier) -> None:
    """Passes of every size that is recorded, the later ones replayed."""
    generator = np.random.default_rng(11)
    on_card = load_classifier(device=Device.CUDA)

    for count in (1, 3, 64, 100, 2, 64, 1):
        films = generator.random((count, 1, 256, 256), dtype=np.float32)
        one, other = on_card.run(films), shipped_classifier.run(films)
        assert largest_difference(on_card.manifest, one, other) < MAX_DISAGREEMENT


def test_films_of_every_kind_are_decoded_in_a_process_that_runs_torch() -> None:
    """Libraries of native code share a process here that they share nowhere else."""
    ended = subprocess.run(
        [sys.executable, "-c", _DECODES_BESIDE_TORCH],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["256"] * 18


_DECODES_BESIDE_TORCH = """
import numpy as np
from model.reading.reader import read_radiograph
from model.runtime.torch import TorchRuntime
from tests.formats.films import (
    BASELINE, EXPLICIT, JPEG_2000, JPEG_LS, LOSSLESS_SV1, RLE, dicom_in,
)
from tests.model.tiny import brightness_network

runtime = TorchRuntime(brightness_network(), device="cpu")
pixels = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
for _ in range(3):
    runtime.run(np.zeros((2, 1, 32, 32), dtype=np.float32))
    for syntax in (BASELINE, EXPLICIT, JPEG_2000, JPEG_LS, RLE, LOSSLESS_SV1):
        print(read_radiograph(dicom_in(syntax, pixels)).pixels.shape[0])
"""
