"""The gate of a network that sees the brightness of quarters, on films that are bright below."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from model.classifier import Classifier, load_classifier
from model.export import write_artefact
from model.gating import ReasonCode
from model.manifest import read_manifest
from model.network import Network
from model.reading.radiograph import InputFacts, Radiograph
from model.training.gate import GateFit, fit_gate
from model.training.gate_pictures import GatePictures
from model.training.gate_run import fit_gate_of_run
from model.training.run import train
from tests.model.synthetic import png
from tests.model.tiny import SIZE, learning_network, make_manifest
from tests.model.training.test_run import CONFIG


def quarters_network() -> Network:
    """Its features: below against above, right against left, all; and their opposites."""
    linear = nn.Linear(4, 6)
    directions = torch.tensor([[-1.0, -1, 1, 1], [-1, 1, -1, 1], [1, 1, 1, 1]])
    with torch.no_grad():
        linear.weight.copy_(torch.cat([directions, -directions]))
        linear.bias.zero_()
    backbone = nn.Sequential(
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), linear, nn.ReLU(), nn.Unflatten(1, (6, 1, 1))
    )
    return Network(backbone, 6, dropout=0.0)


def frontal_films(count: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    ramp = np.linspace(20, 110, SIZE)[None, :, None]
    return _noisy(np.broadcast_to(ramp, (count, SIZE, SIZE)), generator)


def other_pictures(count: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    levels = generator.uniform(30, 220, size=(count, 1, 1))
    return _noisy(np.broadcast_to(levels, (count, SIZE, SIZE)), generator)


def _noisy(levels: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.uint8]:
    noise = generator.normal(scale=4, size=levels.shape)
    return np.clip(levels + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def fitted() -> tuple[Network, GateFit]:
    generator = np.random.default_rng(0)
    network = quarters_network()
    patients = [f"patient-{number // 2}" for number in range(200)]
    frontal, other = frontal_films(200, generator), other_pictures(150, generator)
    pictures = GatePictures.of(frontal, patients, other, seed=1, composed=0)
    return network, fit_gate(network, pictures)


@pytest.fixture(scope="module")
def classifier(
    fitted: tuple[Network, GateFit], tmp_path_factory: pytest.TempPathFactory
) -> Classifier:
    network, fit = fitted
    folder = tmp_path_factory.mktemp("gated")
    write_artefact(network, make_manifest(gate_threshold=fit.threshold), folder)
    return load_classifier(folder)


def reason_of(classifier: Classifier, pixels: NDArray[np.uint8]) -> ReasonCode | None:
    facts = InputFacts(width=SIZE, height=SIZE, format="png", bits_stored=8)
    [finding] = classifier.infer([Radiograph(np.asarray(pixels / 255, dtype=np.float32), facts)])
    return finding.reasons[0].code if finding.reasons else None


def test_frontal_films_pass_and_spoilt_ones_are_refused_for_what_is_wrong(
    classifier: Classifier,
) -> None:
    [film] = frontal_films(1, np.random.default_rng(9))
    [other] = other_pictures(1, np.random.default_rng(9))

    assert reason_of(classifier, film) is None
    assert reason_of(classifier, film[:, ::-1]) is None  # the mirror changes nothing
    for turns in (1, 2, 3):
        assert reason_of(classifier, np.rot90(film, turns)) is ReasonCode.NOT_UPRIGHT
    assert reason_of(classifier, 255 - film) is ReasonCode.INVERTED
    assert reason_of(classifier, other) is ReasonCode.NOT_FRONTAL_CHEST


def test_what_is_refused_is_counted_on_pictures_that_did_not_fit(
    fitted: tuple[Network, GateFit],
) -> None:
    counts = {refusals.sort: refusals for refusals in fitted[1].refusals}

    assert counts["frontal"].pictures == 200
    assert counts["frontal"].refused <= 2
    assert counts["not_upright"].pictures == 600
    assert counts["not_upright"].refused > 590
    assert counts["other"].pictures == 150
    assert counts["other"].refused > 140


def test_a_finished_run_gets_a_gate_and_keeps_its_figures(squares: Path, tmp_path: Path) -> None:
    run, others = tmp_path / "run", tmp_path / "others"
    config = CONFIG.with_changes(epochs=1)
    before = train([squares], run, config, network=learning_network()).manifest
    others.mkdir()
    generator = np.random.default_rng(2)
    for number, pixels in enumerate(other_pictures(20, generator)):
        grown = np.kron(pixels, np.ones((2, 2), dtype=np.uint8))
        (others / f"{number}.png").write_bytes(png(np.asarray(grown / 255, dtype=np.float32)))
    (others / "broken.png").write_bytes(b"no picture")
    names = [*(f"{number}.png" for number in range(20)), "broken.png"]
    (others / "labels.csv").write_text("\n".join(["image,kind", *(f"{n},flat" for n in names)]))

    fit_gate_of_run(run, [squares], [others / "labels.csv"], network=learning_network())

    after = read_manifest(run / "artefact")
    figures = {metric.name: metric for metric in after.metrics}
    assert {metric.name for metric in before.metrics} < set(figures)
    assert figures["gate_refused_other"].films == 20
    assert figures["gate_refused_frontal"].value is not None
    assert "fit-gate" in figures["gate_refused_other"].command
    assert after.gate_threshold == read_manifest(run).gate_threshold > 0
    assert load_classifier(run / "artefact").manifest == after
