"""Results as the record keeps them."""

import json
from collections.abc import Callable

import pytest
from pydantic import JsonValue, ValidationError
from sqlalchemy import select, text

from jobs import results
from jobs.queue.leases import Outcome, claim, commit
from jobs.record.database import Database
from jobs.record.tables import ItemRow
from jobs.results import (
    FIRST_REASON,
    MODEL_NAME,
    MODEL_VERSION,
    VIEW,
    ErrorCode,
    Reason,
    ReasonCode,
    Result,
)
from jobs.states import ItemState, Priority
from jobs.views.queries import get_job
from tests.results import make_result

AcceptJob = Callable[..., str]

#: Rows as the network's version 0.3.0 was recorded: a scored film, a rejected one, and a copy.
SCORED: dict[str, JsonValue] = {
    "probability": 0.7316,
    "threshold": 0.2471,
    "positive": True,
    "model": {"name": "pneumocam", "version": "0.3.0"},
    "regions": [
        {
            "x": 0.1875,
            "y": 0.4375,
            "width": 0.25,
            "height": 0.3125,
            "side": "right",
            "peak": 0.8127,
        }
    ],
    "reasons": [],
    "cautions": [
        {
            "code": "age_unknown",
            "detail": "The file does not give the patient's age; the figures hold for adults only.",
        }
    ],
    "input": {
        "view": "PA",
        "width": 1024,
        "height": 1024,
        "photometric_interpretation": "MONOCHROME2",
        "format": "dicom",
        "bits_stored": 8,
        "modality": "CR",
        "body_part": "CHEST",
        "laterality": None,
        "age": None,
        "sex": "F",
    },
    "timings_ms": {"decode": 6, "infer": 41, "render": 9, "queued": 4.1},
}
REJECTED: dict[str, JsonValue] = {
    **SCORED,
    "probability": None,
    "positive": None,
    "regions": [],
    "reasons": [
        {
            "code": "not_upright",
            "detail": "The film seems to be turned; it is read upright only.",
        }
    ],
    "cautions": [],
    "timings_ms": {"decode": 6, "infer": 0, "render": 3, "queued": 4.1},
}
REUSED: dict[str, JsonValue] = {
    **SCORED,
    "timings_ms": {"queued": 3.2},
    "reused_from": {"job_id": "01JQ0000000000000000000000", "index": 2},
}


@pytest.fixture
def item(database: Database, accept_job: AcceptJob) -> tuple[str, int]:
    """A running item's place."""
    job_id = accept_job()
    claim(database, Priority, limit=1, lease_s=60)
    return job_id, 0


def store(database: Database, item: tuple[str, int], result: object, error: str = "") -> None:
    """Write an item's result and error code as another version would."""
    change = text(
        "UPDATE items SET result = :result, error_code = :error, error_detail = 'Burnt.' "
        "WHERE job_id = :job"
    )
    values = {"result": json.dumps(result), "error": error or None, "job": item[0]}
    with database.write() as session:
        session.execute(change, values)


def read(database: Database, item: tuple[str, int]) -> ItemRow:
    [row] = get_job(database, item[0]).items
    return row


@pytest.mark.parametrize("stored", [SCORED, REJECTED, REUSED])
def test_a_row_of_an_earlier_version_is_read_and_written_as_it_stands(
    database: Database, item: tuple[str, int], stored: dict[str, JsonValue]
) -> None:
    store(database, item, stored)

    result = read(database, item).result

    assert result is not None
    assert result.to_record() == stored


def test_a_row_of_before_cautions_is_read(database: Database, item: tuple[str, int]) -> None:
    old = {name: value for name, value in SCORED.items() if name != "cautions"}
    store(database, item, old)

    result = read(database, item).result

    assert result is not None
    assert result.cautions == []


def test_a_row_of_a_later_version_is_read_without_what_is_not_known(
    database: Database, item: tuple[str, int]
) -> None:
    later = {
        **REJECTED,
        "profile": "default",
        "reasons": [{"code": "too_dark", "detail": "Too dark."}],
        "cautions": [{"code": "implant", "detail": "A pacemaker."}],
    }
    store(database, item, later, error="burnt_film")

    row = read(database, item)

    assert row.result is not None
    assert [(one.code, one.detail) for one in row.result.reasons] == [("unknown", "Too dark.")]
    assert [(one.code, one.detail) for one in row.result.cautions] == [("unknown", "A pacemaker.")]
    assert row.error is not None
    assert (row.error.code, row.error.detail) == (ErrorCode.UNKNOWN, "Burnt.")


def test_no_code_outside_the_sets_can_be_written() -> None:
    with pytest.raises(ValidationError):
        Reason.model_validate({"code": "too_dark", "detail": "Too dark."})
    with pytest.raises(ValidationError):
        Result.model_validate({**REJECTED, "reasons": [{"code": "too_dark", "detail": ""}]})


def test_a_committed_result_is_stored_as_json_with_the_fields_that_were_set(
    database: Database, accept_job: AcceptJob
) -> None:
    accept_job()
    [lease] = claim(database, Priority, limit=1, lease_s=60)
    result = Result.model_validate(SCORED)

    commit(database, [(lease, Outcome(ItemState.SUCCEEDED, result=result))])

    with database.read() as session:
        raw = session.scalar(text("SELECT result FROM items"))
    assert (json.loads(raw) if isinstance(raw, str) else raw) == SCORED


def test_each_path_for_queries_leads_to_its_value(
    database: Database, item: tuple[str, int]
) -> None:
    store(database, item, REJECTED)
    paths = (MODEL_NAME, MODEL_VERSION, VIEW, FIRST_REASON)

    with database.read() as session:
        found = session.execute(select(*(ItemRow.result[path].as_string() for path in paths))).one()

    assert tuple(found) == ("pneumocam", "0.3.0", "PA", "not_upright")


def test_an_item_without_a_result_has_none(database: Database, accept_job: AcceptJob) -> None:
    job_id = accept_job()

    row = read(database, (job_id, 0))

    assert row.result is None
    assert row.error is None


def test_results_cannot_be_changed() -> None:
    result = make_result(None, reason=ReasonCode.INVERTED)

    with pytest.raises(ValidationError):
        result.probability = 0.1  # type: ignore[misc] # that is what is tried
    assert {results.Result.model_config["frozen"], Reason.model_config["frozen"]} == {True}
