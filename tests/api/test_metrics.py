"""Figures for Prometheus: true, of everyone's work, and of nobody in particular."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select, update

from api.app import create_app
from api.settings import ApiSettings
from jobs.artifacts.store import ArtifactStore
from jobs.identity.keys import create_key
from jobs.queue.heartbeats import announce
from jobs.queue.leases import Outcome, claim, commit
from jobs.record.database import Database
from jobs.record.tables import ItemRow, JobRow
from jobs.results import ReasonCode
from jobs.states import ItemState, Priority, Scope
from jobs.views.figures import now_of
from tests.api.conftest import film
from tests.api.routes.test_jobs import RESULT, submit
from tests.api.wire.test_problems import refused
from tests.results import make_error, make_result

Figures = dict[str, float]
SUCCEEDED = Outcome(state=ItemState.SUCCEEDED, result=make_result())
REJECTED = Outcome(
    state=ItemState.REJECTED,
    result=make_result(None, reason=ReasonCode.INVERTED),
)
FAILED = Outcome(state=ItemState.FAILED, error=make_error())


def scrape(client: TestClient, headers: dict[str, str] | None = None) -> Figures:
    """Every sample, by its name and labels."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return {
        sample.name
        + "".join(f" {name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def analyse(database: Database, *outcomes: Outcome) -> None:
    """Commit a batch of these outcomes, some time ago, as a worker on another machine would."""
    leases = claim(database, Priority, limit=len(outcomes), lease_s=60)
    commit(database, list(zip(leases, outcomes, strict=True)))


def settle(database: Database) -> None:
    """Let what was committed be old enough to be counted."""
    with database.write() as session:
        for row in session.scalars(select(ItemRow)):
            if row.finished_at is not None:
                row.finished_at -= timedelta(seconds=6)


@pytest.fixture
def counting(settings: ApiSettings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A gateway that counts what becomes final from a little before it started."""
    monkeypatch.setattr(
        "api.metrics.now_of", lambda database: now_of(database) - timedelta(seconds=30)
    )
    with TestClient(create_app(settings)) as client:
        yield client


def test_queues_are_shown_by_priority_with_the_age_of_the_oldest(
    client: TestClient, database: Database
) -> None:
    submit(client, film(), film())
    submit(client, film(), priority="stat")
    with database.write() as session:
        for row in session.scalars(
            select(ItemRow).where(ItemRow.priority_rank == Priority.STAT.rank)
        ):
            row.queued_at -= timedelta(seconds=90)

    figures = scrape(client)

    assert figures["pneumocam_queue_items priority=routine"] == 2
    assert figures["pneumocam_queue_items priority=stat"] == 1
    assert 90 <= figures["pneumocam_queue_oldest_seconds priority=stat"] < 120
    assert figures["pneumocam_queue_oldest_seconds priority=routine"] < 30
    assert figures["pneumocam_open_items"] == 3


def test_the_backlog_in_seconds_is_what_is_open_over_the_pace_of_the_last_minute(
    client: TestClient, database: Database
) -> None:
    submit(client, *[film()] * 5)
    assert scrape(client)["pneumocam_backlog_seconds"] == float("inf")

    analyse(database, *[SUCCEEDED] * 3)

    # Three a minute, and two are open.
    assert scrape(client)["pneumocam_backlog_seconds"] == pytest.approx(40)


def test_films_are_counted_by_outcome_and_code_whichever_worker_did_them(
    counting: TestClient, database: Database
) -> None:
    submit(counting, *[film()] * 4, b"no film")
    analyse(database, SUCCEEDED, SUCCEEDED, REJECTED)
    analyse(database, FAILED)
    settle(database)

    first, second = scrape(counting), scrape(counting)

    for figures in (first, second):  # asked twice, counted once
        assert figures["pneumocam_items_total code= outcome=succeeded"] == 2
        assert figures["pneumocam_items_total code=inverted outcome=rejected"] == 1
        assert figures["pneumocam_items_total code=truncated_image outcome=failed"] == 1
        assert figures["pneumocam_items_total code=not_an_image outcome=failed"] == 1
        assert figures["pneumocam_attempts_total"] == 4
        assert figures["pneumocam_reclaimed_total"] == 0
        assert figures["pneumocam_batch_items_count"] == 2
        assert figures["pneumocam_batch_items_sum"] == 4


def test_stages_are_shown_as_histograms_in_seconds(
    counting: TestClient, database: Database
) -> None:
    submit(counting, film(), film())
    analyse(database, SUCCEEDED, SUCCEEDED)
    settle(database)

    figures = scrape(counting)

    for stage, ms in RESULT["timings_ms"].items():
        name = f"pneumocam_stage_seconds_{{}} stage={stage}"
        assert figures[name.format("count")] == 2
        assert figures[name.format("sum")] == pytest.approx(2 * ms / 1000)


def test_an_item_whose_worker_was_lost_shows_as_reclaimed(
    counting: TestClient, database: Database
) -> None:
    submit(counting, film())
    with database.write() as session:
        session.execute(update(ItemRow).values(attempts=1))
    analyse(database, SUCCEEDED)
    settle(database)

    figures = scrape(counting)

    assert figures["pneumocam_attempts_total"] == 2
    assert figures["pneumocam_reclaimed_total"] == 1


def test_more_films_than_are_read_at_once_are_all_counted(
    counting: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.views.figures._PAGE", 2)
    submit(counting, *[film()] * 5)
    analyse(database, *[SUCCEEDED] * 5)
    settle(database)

    figures = scrape(counting)

    assert figures["pneumocam_items_total code= outcome=succeeded"] == 5
    assert figures["pneumocam_batch_items_count"] == 1
    assert figures["pneumocam_batch_items_sum"] == 5


def test_workers_and_their_network_are_shown(client: TestClient, database: Database) -> None:
    assert scrape(client)["pneumocam_workers"] == 0

    announce(database, "worker-1", {"name": "pneumocam", "version": "1.2"})

    figures = scrape(client)
    assert figures["pneumocam_workers"] == 1
    assert figures["pneumocam_model name=pneumocam version=1.2"] == 1


def test_requests_are_counted_by_the_pattern_of_their_route(client: TestClient) -> None:
    path = submit(client, film())["links"]["self"]
    for _ in range(3):
        client.get(path)
    client.get("/v1/jobs/DOE-JANE")
    client.get("/v1/DOE/JANE")
    client.request("BREW", "/v1/jobs")

    figures = scrape(client)

    route = "method=GET route=/v1/jobs/{job_id}"
    assert figures[f"pneumocam_requests_total {route} status=200"] == 3
    assert figures[f"pneumocam_requests_total {route} status=422"] == 1
    assert figures[f"pneumocam_request_seconds_count {route}"] == 4
    assert figures["pneumocam_refusals_total code=invalid_request"] == 1
    assert figures["pneumocam_refusals_total code=not_found"] == 1
    assert any("method=other" in name for name in figures)


def test_a_request_that_was_held_open_is_not_a_slow_one(client: TestClient) -> None:
    path = submit(client, film())["links"]["self"]
    client.get(path, params={"wait": 0.3})

    figures = scrape(client)

    route = "method=GET route=/v1/jobs/{job_id}"
    assert figures[f"pneumocam_requests_total {route} status=200"] == 1
    assert f"pneumocam_request_seconds_count {route}" not in figures


def test_only_a_key_for_figures_or_an_admins_reads_them(
    client: TestClient, database: Database
) -> None:
    def bearer(*scopes: Scope) -> dict[str, str]:
        return {"Authorization": f"Bearer {create_key(database, 'x', scopes=scopes).text}"}

    everything_else = [scope for scope in Scope if scope not in {Scope.METRICS, Scope.ADMIN}]
    refused(client.get("/metrics", headers=bearer(*everything_else)), 403, "missing_scope")
    refused(client.get("/metrics"), 401, "key_required")
    for scope in (Scope.METRICS, Scope.ADMIN):
        assert "pneumocam_workers" in scrape(client, bearer(scope))
    refused(client.get("/v1/jobs", headers=bearer(Scope.METRICS)), 403, "missing_scope")


#: The names and the labels that figures may have. A new one is looked at here first: whether its
#: values are a closed set, and none of them is of a person, a film or a key.
LABELS = {"priority", "outcome", "code", "stage", "route", "method", "status", "reason", "le"}
OF_THE_MODEL = {"name", "version"}


def test_no_label_can_name_a_patient(
    counting: TestClient, database: Database, store: ArtifactStore
) -> None:
    del store
    answer = counting.post(
        "/v1/jobs",
        files=[("files", ("DOE^JANE.png", film("DOE^JANE")))],
        data={"reference": "DOE^JANE"},
        headers={"Idempotency-Key": "DOE-JANE", "X-Request-ID": "DOE-JANE-1970"},
    )
    counting.get("/v1/jobs/DOE-JANE", params={"wait": "DOE"})
    counting.request("DOE", "/DOE/JANE")
    analyse(database, SUCCEEDED)
    settle(database)

    text = counting.get("/metrics").text

    assert "DOE" not in text
    assert answer.json()["id"] not in text
    assert "…" not in text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            assert sample.labels.keys() <= LABELS | OF_THE_MODEL, sample
    assert re.search(r'code="[^"]*[^a-z0-9_"]', text) is None


def test_the_number_of_figures_does_not_grow_with_what_clients_make_up(
    client: TestClient, say: Callable[[str], None]
) -> None:
    def names() -> int:
        return len(scrape(client))

    client.get("/nothing/at/all")
    client.request("BREW", "/")
    before = names()
    for number in range(50):
        client.get(f"/nothing/{number}")
        client.request(f"BREW{chr(65 + number % 26)}", f"/{number}")
    after = names()

    say(f"{after} samples")
    # The scrape's own request is one of them.
    assert after - before <= 30


def test_overdue_jobs_are_shown(client: TestClient, database: Database) -> None:
    submit(client, film())
    assert scrape(client)["pneumocam_retention_overdue_jobs"] == 0
    with database.write() as session:
        moment = database.now(session) - timedelta(hours=2)
        session.execute(update(JobRow).values(expires_at=moment))

    figures = scrape(client)

    assert figures["pneumocam_retention_overdue_jobs"] == 1
    assert figures["pneumocam_retention_overdue_seconds"] == pytest.approx(7200, abs=60)
