from dataclasses import replace

import pytest

from model.gating import ReasonCode, reasons_from_facts, reasons_from_similarity
from model.reading.radiograph import InputFacts

CHEST = InputFacts(
    width=100,
    height=100,
    format="dicom",
    bits_stored=8,
    modality="CR",
    body_part="CHEST",
    view="PA",
)


def codes(facts: InputFacts) -> list[ReasonCode]:
    return [reason.code for reason in reasons_from_facts(facts)]


@pytest.mark.parametrize("modality", ["CR", "DX", None])
@pytest.mark.parametrize("view", ["PA", "AP", None])
@pytest.mark.parametrize("body_part", ["CHEST", "PORT CHEST", "THORAX", None])
def test_frontal_chest_films_pass(
    modality: str | None, view: str | None, body_part: str | None
) -> None:
    assert codes(replace(CHEST, modality=modality, view=view, body_part=body_part)) == []


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "MG", "SR", "OT"])
def test_other_modalities_are_not_radiographs(modality: str) -> None:
    assert codes(replace(CHEST, modality=modality)) == [ReasonCode.NOT_A_RADIOGRAPH]


@pytest.mark.parametrize("body_part", ["HIP", "ABDOMEN", "SKULL"])
def test_other_body_parts_are_named(body_part: str) -> None:
    assert codes(replace(CHEST, body_part=body_part)) == [ReasonCode.WRONG_BODY_PART]


@pytest.mark.parametrize("view", ["LL", "RL", "LATERAL", "LLO"])
def test_lateral_views_are_not_frontal(view: str) -> None:
    assert codes(replace(CHEST, view=view)) == [ReasonCode.NOT_FRONTAL]


def test_every_reason_is_given() -> None:
    assert len(codes(replace(CHEST, modality="CT", body_part="HIP", view="LL"))) == 3


@pytest.mark.parametrize(
    ("similarity", "code"),
    [
        ([0.39, 0.6, 0.01, 0.0, 0.0], ReasonCode.NOT_UPRIGHT),
        ([0.1, 0.2, 0.4, 0.1, 0.2], ReasonCode.INVERTED),
        ([0.1, 0.0, 0.0, 0.7, 0.2], ReasonCode.SEVERAL_FILMS),
        ([0.0, 0.1, 0.1, 0.0, 0.8], ReasonCode.NOT_FRONTAL_CHEST),
    ],
)
def test_what_the_network_takes_a_picture_for_is_the_reason(
    similarity: list[float], code: ReasonCode
) -> None:
    assert [reason.code for reason in reasons_from_similarity(similarity, threshold=0.4)] == [code]


def test_a_picture_like_enough_to_a_frontal_film_passes() -> None:
    """Even where it is more like something else: refusing a film costs more than a second look."""
    assert reasons_from_similarity([0.4, 0.6, 0.0, 0.0, 0.0], threshold=0.4) == []


@pytest.mark.parametrize(
    "body_part",
    [
        *("POITRINE", "POUMON", "POUMONS", "PULMON", "PULMONES", "BORST", "BORSTKAS", "PECHO"),
        *("TORAX", "BRUSTKORB", "TORACE", "POLMONI", "PULMAO", "PEITO", "KLATKA PIERSIOWA"),
        *("HRUDNIK", "THX", "LUNGOR", "BRYSTKASSE", "CHESTABDOMEN", "THORAX_PA"),
    ],
)  # fmt: skip
def test_the_chest_is_known_in_other_languages(body_part: str) -> None:
    assert codes(replace(CHEST, body_part=body_part)) == []


@pytest.mark.parametrize(
    "body_part", ["UNKNOWN", "OTHER", "NONE", "NOT_SPECIFIED", "DEFAULT", "NA"]
)
def test_a_body_part_that_says_nothing_counts_as_absent(body_part: str) -> None:
    assert codes(replace(CHEST, body_part=body_part)) == []


@pytest.mark.parametrize("body_part", ["BREAST", "MANO", "PIED", "RODILLA", "CSPINE", "BECKEN"])
def test_other_parts_in_other_languages_are_refused(body_part: str) -> None:
    assert codes(replace(CHEST, body_part=body_part)) == [ReasonCode.WRONG_BODY_PART]
