"""Results for tests that only need one."""

from jobs.results import (
    ErrorCode,
    InputFacts,
    ItemError,
    ModelVersion,
    Reason,
    ReasonCode,
    Region,
    Result,
    Side,
    Timings,
)

_THRESHOLD = 0.41


def make_result(
    probability: float | None = 0.83,
    *,
    view: str | None = "PA",
    version: str = "1.0.0",
    threshold: float = _THRESHOLD,
    reason: ReasonCode | None = None,
) -> Result:
    """Return the result of a film; rejected with `reason` if one is given."""
    scored = probability is not None
    return Result(
        probability=probability,
        threshold=threshold,
        positive=probability >= threshold if probability is not None else None,
        model=ModelVersion(name="pneumocam", version=version),
        regions=[Region(x=0.5, y=0.4, width=0.2, height=0.2, side=Side.LEFT, peak=0.9)]
        if scored
        else [],
        reasons=[] if reason is None else [Reason(code=reason, detail="…")],
        input=InputFacts(view=view, width=10, height=10, photometric_interpretation="MONOCHROME2"),
        timings_ms=Timings(queued=4, decode=6, infer=7, render=9),
    )


def make_error() -> ItemError:
    """Return the error of a file that breaks off."""
    return ItemError(code=ErrorCode.TRUNCATED_IMAGE, detail="Cut off.")
