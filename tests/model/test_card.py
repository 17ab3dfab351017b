from pathlib import Path

import pytest

from model.card import refresh_card
from model.manifest import DEFAULT_ARTEFACT, read_manifest
from tests.model.tiny import make_manifest

CARD = Path(__file__).parent.parent.parent / "docs" / "model-card.md"


def test_the_model_card_shows_the_figures_of_the_shipped_manifest() -> None:
    card = CARD.read_text(encoding="utf-8")

    assert refresh_card(card, read_manifest(DEFAULT_ARTEFACT)) == card


def test_a_card_without_marks_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="marks"):
        refresh_card("# Something else", make_manifest())


def test_the_model_card_gives_terms_and_citations() -> None:
    card = CARD.read_text(encoding="utf-8")

    assert "non-commercial" in card
    assert "not a medical device" in card.lower()
    assert "Shih" in card
    assert "Wang" in card
