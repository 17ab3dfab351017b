from pathlib import Path

import pytest
import torch

from model.classifier import Classifier, load_classifier
from tests.model.tiny import write_brightness_artefact

# Tiny networks gain nothing from threads, and threads that spin while others compute lose a lot.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def brightness_artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artefact whose network answers a block's brightness."""
    return write_brightness_artefact(tmp_path_factory.mktemp("brightness"))


@pytest.fixture(scope="session")
def brightness_classifier(brightness_artefact: Path) -> Classifier:
    return load_classifier(brightness_artefact, threads=1)


@pytest.fixture(scope="session")
def shipped_classifier() -> Classifier:
    """The classifier that comes with the package."""
    return load_classifier()
