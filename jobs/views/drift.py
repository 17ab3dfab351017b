"""How the films of the last weeks look to the network, beside those that it was measured on.

Only counts and means leave this module, and of what a file says of itself only the two views that
the network is made for, by name.
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

#: Equal parts of the scale from 0 to 1, in which scores are counted.
SCORE_BINS = 10

_VIEWS = frozenset({"PA", "AP"})
OTHER_VIEW = "other"
UNSTATED_VIEW = "not_stated"


@dataclass(slots=True)
class DayOfFilms:
    """The films that one network finished on one day.

    Attributes:
        day: In UTC.
        model_version: The network's; None of films that failed, which none has read.
        succeeded: How many got a score.
        rejected: How many were read and not scored.
        failed: How many could not be read.
        above_threshold: Of those with a score, how many reach the threshold.
        probability_sum: Of their scores.
        scores: How many fall into each of `SCORE_BINS` parts; the last one holds 1.
        views: How many of those that were read say which view they are; `OTHER_VIEW` for other
            than PA and AP.
        reasons: How many were rejected, by the code of the first reason.
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
    """What a model card's figures say of the films that they were measured on.

    Attributes:
        films: How many.
        views: By view; empty where the card does not say.
        mean_probability: Of their scores.
        above_threshold: The share of them that reaches the threshold, in [0, 1].
        rejected: The share of frontal films that the gate refuses, in [0, 1].
    """

    films: int
    views: Mapping[str, int]
    mean_probability: float | None
    above_threshold: float | None
    rejected: float | None


def films_by_day(
    database: Database, *, days: int, owner: str | None
) -> tuple[datetime, list[DayOfFilms]]:
    """What was finished in the last days, oldest first, and when that was looked up.

    Erased films no longer count. Half a second for 100,000 films.

    Args:
        database: The record.
        days: How many, today among them.
        owner: Of the jobs; None for everyone's.
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
    """The training set as far as a model card's figures tell of it.

    Of its films the share above the threshold follows from sensitivity, specificity and
    precision, and the mean score from the share with opacity and the calibration in the large.
    Films of further sources that a network was trained on as well have figures of their own and
    do not count here.

    Args:
        card: The manifest of a network; whatever it lacks is None here.

    Returns:
        None where the card does not say how many films its figures are of.
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
        # Views of which the card has no figure would be missing.
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
    """The shares of films with opacity, and of films above the threshold."""
    if sensitivity is None or specificity is None or precision is None:
        return None, None
    false_alarms = 1 - specificity
    # precision = sensitivity x / (sensitivity x + false_alarms (1 - x)), solved for x.
    divisor = sensitivity * (1 - precision) + precision * false_alarms
    if not divisor:
        return None, None
    with_opacity = precision * false_alarms / divisor
    return with_opacity, sensitivity * with_opacity + false_alarms * (1 - with_opacity)
