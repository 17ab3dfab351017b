"""Mapping of the model package's results to results of the record."""

from jobs.queue.leases import Lease, Outcome
from jobs.queue.reuse import EarlierResult
from jobs.results import ErrorCode, ItemError, Result, ReusedFrom, Timings
from jobs.states import ItemState
from model import analysis
from model.errors import UnreadableImage


def outcome_of(found: analysis.Result, lease: Lease) -> Outcome:
    """Return the outcome of a film that was read, scored or not.

    Raises:
        pydantic.ValidationError: The model package gave a code that the record does not have.
    """
    values = found.to_dict()
    timings = {**values["timings_ms"], "queued": _queued_ms(lease)}
    result = Result.model_validate({**values, "timings_ms": timings})
    return Outcome(ItemState.REJECTED if found.rejected else ItemState.SUCCEEDED, result=result)


def reused_outcome(earlier: EarlierResult, lease: Lease) -> Outcome:
    """Return an earlier item's outcome for an item with the same bytes."""
    changes = {
        "timings_ms": Timings(queued=_queued_ms(lease)),
        "reused_from": ReusedFrom(job_id=earlier.job_id, index=earlier.index),
    }
    return Outcome(earlier.state, result=earlier.result.model_copy(update=changes))


def refused_outcome(refused: UnreadableImage) -> Outcome:
    """Return the outcome of a file that cannot be read.

    Raises:
        ValueError: The record does not have the code.
    """
    return failed_outcome(ErrorCode(refused.code), refused.detail)


def failed_outcome(code: ErrorCode, detail: str) -> Outcome:
    """Return the outcome of an item that failed."""
    return Outcome(ItemState.FAILED, error=ItemError(code=code, detail=detail))


def _queued_ms(lease: Lease) -> float:
    return round((lease.claimed_at - lease.queued_at).total_seconds() * 1000, 1)
