import json
from pathlib import Path

import pytest

from model.errors import CorruptArtefact
from model.manifest import (
    DEFAULT_ARTEFACT,
    MANIFEST_NAME,
    Manifest,
    read_manifest,
    write_manifest,
)
from tests.model.tiny import make_manifest


def test_a_manifest_survives_writing_and_reading(tmp_path: Path) -> None:
    manifest = make_manifest()

    write_manifest(manifest, tmp_path)

    assert read_manifest(tmp_path) == manifest


def test_a_manifest_of_before_there_were_curves_is_read() -> None:
    values = make_manifest().to_dict()
    del values["curves"]

    assert Manifest.from_dict(values).curves is None


def test_curves_that_lack_a_part_are_refused() -> None:
    values = make_manifest().to_dict()
    del values["curves"]["precision"]

    with pytest.raises(CorruptArtefact):
        Manifest.from_dict(values)


@pytest.mark.parametrize("missing", ["threshold", "calibration", "network_sha256", "metrics"])
def test_a_manifest_without_a_value_is_refused(missing: str) -> None:
    values = make_manifest().to_dict()
    del values[missing]

    with pytest.raises(CorruptArtefact):
        Manifest.from_dict(values)


@pytest.mark.parametrize("text", ["", "[]", "{", "null"])
def test_a_manifest_that_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST_NAME).write_text(text)

    with pytest.raises(CorruptArtefact):
        read_manifest(tmp_path)


def test_the_shipped_manifest_says_what_it_must() -> None:
    manifest = read_manifest(DEFAULT_ARTEFACT)

    assert "non-commercial" in manifest.licence
    assert any("Shih" in citation for citation in manifest.citations)
    assert any("Wang" in citation for citation in manifest.citations)
    assert "Not a medical device" in manifest.intended_use
    assert 0 < manifest.threshold < 1
    assert {metric.name for metric in manifest.metrics} >= {
        "auroc",
        "auroc_view_pa",
        "auroc_view_ap",
        "pointing_game",
    }
    assert all(metric.command for metric in manifest.metrics)


def test_the_shipped_artefact_is_under_40_megabytes() -> None:
    size = sum(path.stat().st_size for path in DEFAULT_ARTEFACT.iterdir())

    assert size < 40_000_000


def test_the_shipped_manifest_names_no_folder_of_the_machine_that_made_it() -> None:
    text = json.dumps(read_manifest(DEFAULT_ARTEFACT).to_dict())

    assert "/home/" not in text
    assert "/tmp/" not in text
