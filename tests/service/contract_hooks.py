"""Real films and existing jobs for the generated requests."""

import os
from typing import Any

import schemathesis
from hypothesis import strategies as st

from tests.service.conftest import PROJECTED_FILM

_JOB_IDS = os.environ.get("PNEUMOCAM_CONTRACT_JOBS", "").split(",")
_FILMS = [PROJECTED_FILM.read_bytes(), b"no film", b""]

schemathesis.openapi.format("binary", st.sampled_from(_FILMS))


@schemathesis.hook
def map_path_parameters(
    context: Any,  # Any: the library's own objects, without types
    path_parameters: dict[str, Any] | None,
) -> dict[str, Any] | None:
    """Put a job that exists where the generator made up a valid id."""
    del context
    made_up = (path_parameters or {}).get("job_id")
    if path_parameters is None or not isinstance(made_up, str) or len(made_up) != 26:
        return path_parameters
    job_id = _JOB_IDS[hash(made_up) % len(_JOB_IDS)]
    return {**path_parameters, "job_id": job_id, "index": path_parameters.get("index", 0)}


@schemathesis.hook
def filter_body(
    context: Any,  # Any: the library's own objects, without types
    body: Any,
) -> bool:
    """Leave out forms that are invalid by a number alone: a form sends every value as text."""
    if context.operation.path != "/v1/jobs" or not isinstance(body, dict):
        return True
    return not any(isinstance(body.get(name), int | float) for name in ("reference", "priority"))
