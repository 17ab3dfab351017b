"""The model card and drift over HTTP."""

from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from jobs.artifacts.store import ArtifactStore
from jobs.queue.heartbeats import announce
from jobs.record.database import Database
from tests.api.routes.test_feedback import submit
from tests.api.routes.test_jobs import finish
from tests.api.wire.test_problems import refused

if TYPE_CHECKING:
    from pydantic import JsonValue


def test_drift_counts_a_keys_own_films_beside_the_training_set(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    metrics: list[JsonValue] = [{"name": "auroc", "value": 0.8, "films": 10}]
    announce(database, "worker-1", {"name": "pneumocam", "metrics": metrics})
    submit(client)
    finish(database, store)

    drift = client.get("/v1/model/drift", params={"days": 7}).json()

    [day] = drift["days"]
    assert (day["model_version"], day["succeeded"], day["above_threshold"]) == ("1.0.0", 2, 2)
    assert day["mean_probability"] == pytest.approx(0.83)
    assert day["scores"] == [0, 0, 0, 0, 0, 0, 0, 0, 2, 0]
    assert day["views"] == {"PA": 2}
    assert drift["training_set"]["films"] == 10
    refused(client.get("/v1/model/drift", params={"days": 0}), 422, "invalid_request")
