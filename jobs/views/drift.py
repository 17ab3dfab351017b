"""Drift: the films of the last weeks compared with those that the network was measured on.

The module returns counts and means only. Of the files' own values it names only the two views that
the network is made for.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, and_, case, cast, func, select

from jobs.record.database import Database
from jobs.record.tables import ItemRow, JobRow
from jobs.results import FIRST_REASON, MODEL_VERSION, VIEW
from jobs.states import ItemState

#: Number of equal bins of the probability from 0 to 1.
SCORE_BINS = 10

_VIEWS = frozenset({"PA", "AP"})
OTHER_VIEW = "other"
UNSTATED_VIEW = "not_stated"


@dataclass(slots=True)
class DayOfFilms:
    """The films that one network finished on one day.

    Attributes:
        day: In UTC.
        model_version: The network's version; None for failed films, which no network has read.
        succeeded: Number of films with a score.
        rejected: Number of films that were read and not scored.
        failed: Number of films that could not be read.
        above_threshold: Number of scored films that reach the threshold.
        probability_sum: Sum of the probabilities of the scored films.
        scores: Number of scored films in each of `SCORE_BINS` bins; the last bin includes 1.
        views: Number of read films by the view that they state; `OTHER_VIEW` for views other
            than PA and AP.
        reasons: Number of rejected films by the code of their first reason.
    """

    day: date
    model_version: str | None
    succeeded: int = 0
    rejected: int = 0
    failed: int = 0
    above_threshold: int = 0
    probability_sum: float = 0.0
    scores: list[int] = field(default_factory=lambda: [0] * SCORE_BINS)
    views: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Figures of the films that a model card was measured on.

    Attributes:
        films: Number of films.
        views: Number of films by view; empty if the card does not state it.
        mean_probability: Mean probability.
        above_threshold: Share of films that reach the threshold, in [0, 1].
        rejected: Share of frontal films that the gate refuses, in [0, 1].
    """

    films: int
    views: Mapping[str, int]
    mean_probability: float | None
    above_threshold: float | None
    rejected: float | None


def films_by_day(
    database: Database, *, days: int, owner: str | None
) -> tuple[datetime, list[DayOfFilms]]:
    """Return the films finished in the last days, oldest first, and the time of the query.

    Erased films do not count. It takes half a second for 100,000 films.

    Args:
        database: The record.
        days: Number of days, including today.
        owner: Owner of the jobs; None for all owners.
    """
    with database.read() as session:
        now = database.now(session)
        first = (now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
        found = session.execute(_groups(database, since=first, owner=owner)).all()
    by_day: dict[tuple[date, str | None], DayOfFilms] = {}
    for group in found:
        day = date.fromisoformat(str(group.day))
        films = by_day.setdefault((day, group.version), DayOfFilms(day, group.version))
        _add(films, group)
    return now, sorted(by_day.values(), key=lambda films: (films.day, films.model_version or ""))


def training_set(card: Mapping[str, Any]) -> TrainingSet | None:
    """Derive figures of the training set from a model card.

    The share above the threshold follows from sensitivity, specificity and precision; the mean
    probability from the share of films with opacity and the calibration in the large. Films of
    further sources have figures of their own and do not count here.

    Args:
        card: The manifest of a network; missing values become None.

    Returns:
        None if the card does not state the number of measured films.
    """
    metrics = dict(_metrics(card))
    films = metrics.get("auroc", {}).get("films")
    if not isinstance(films, int):
        return None

    def figure(name: str, *, of: int | None = films) -> float | None:
        metric = metrics.get(name)
        known = metric is not None and (of is None or metric.get("films") == of)
        return metric.get("value") if metric and known else None

    views = {
        view: metric["films"]
        for view in sorted(_VIEWS)
        if (metric := metrics.get(f"auroc_view_{view.lower()}")) is not None
    }
    with_opacity, above = _shares(figure("sensitivity"), figure("specificity"), figure("precision"))
    excess = figure("calibration_in_the_large")
    return TrainingSet(
        films=films,
        # Views without a figure in the card would be missing.
        views=views if sum(views.values()) == films else {},
        mean_probability=None if with_opacity is None or excess is None else with_opacity + excess,
        above_threshold=above,
        rejected=figure("gate_refused_frontal", of=None),
    )


def _groups(
    database: Database, *, since: datetime, owner: str | None
) -> Select[tuple[Any, ...]]:  # Any: as many columns as there are bins, and some
    result, probability = ItemRow.result, ItemRow.probability
    version = result[MODEL_VERSION].as_string()
    view = result[VIEW].as_string()
    reason = result[FIRST_REASON].as_string()
    day = _utc_day(database).label("day")
    bins = [
        _how_many(and_(probability >= i / SCORE_BINS, probability < (i + 1) / SCORE_BINS))
        for i in range(SCORE_BINS - 1)
    ]
    bins.append(_how_many(probability >= (SCORE_BINS - 1) / SCORE_BINS))
    grouped = [day, version.label("version"), ItemRow.state, view.label("view"), reason]
    query = (
        select(
            *grouped[:-1],
            reason.label("reason"),
            func.count().label("films"),
            _how_many(ItemRow.positive.is_(True)).label("above_threshold"),
            func.coalesce(func.sum(probability), 0.0).label("probability_sum"),
            *[count.label(f"bin_{i}") for i, count in enumerate(bins)],
        )
        .where(
            ItemRow.finished_at >= since,
            ItemRow.state.in_([ItemState.SUCCEEDED, ItemState.REJECTED, ItemState.FAILED]),
        )
        .group_by(*grouped)
    )
    if owner is not None:
        query = query.join(ItemRow.job).where(JobRow.owner == owner)
    return query


def _utc_day(database: Database) -> ColumnElement[Any]:  # Any: a date, or its text
    if database.is_sqlite:
        return func.date(ItemRow.finished_at)
    return cast(func.date(func.timezone("UTC", ItemRow.finished_at)), String)


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _add(films: DayOfFilms, group: Row[tuple[Any, ...]]) -> None:
    match group.state:
        case ItemState.SUCCEEDED:
            films.succeeded += group.films
            films.above_threshold += group.above_threshold
            films.probability_sum += group.probability_sum
            for i in range(SCORE_BINS):
                films.scores[i] += getattr(group, f"bin_{i}")
        case ItemState.REJECTED:
            films.rejected += group.films
            films.reasons[group.reason or ""] += group.films
        case _:
            films.failed += group.films
            return
    view = (group.view or "").upper()
    stated = OTHER_VIEW if view else UNSTATED_VIEW
    films.views[view if view in _VIEWS else stated] += group.films


def _metrics(card: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    metrics = card.get("metrics")
    for metric in metrics if isinstance(metrics, list) else []:
        if isinstance(metric, dict) and isinstance(metric.get("films"), int):
            yield str(metric.get("name")), metric


def _shares(
    sensitivity: float | None, specificity: float | None, precision: float | None
) -> tuple[float | None, float | None]:
    """Return the shares of films with opacity, and of films above the threshold."""
    if sensitivity is None or specificity is None or precision is None:
        return None, None
    false_alarms = 1 - specificity
    # precision = sensitivity x / (sensitivity x + false_alarms (1 - x)), solved for x.
    divisor = sensitivity * (1 - precision) + precision * false_alarms
    if not divisor:
        return None, None
    with_opacity = precision * false_alarms / divisor
    return with_opacity, sensitivity * with_opacity + false_alarms * (1 - with_opacity)
