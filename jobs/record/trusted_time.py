"""The time that deletions by age go by: the database's, less what its clock jumped ahead.

A database clock that is set ahead would let everything expire at once. Workers therefore read it at
each sweep and compare its steps with the time that passed in the process. A step that is too long
is not believed: nothing that it would let expire is deleted until the clock is set back or an
operator confirms it. Time that passes after the step counts as usual.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from jobs.record.database import Database
from jobs.record.tables import RetentionRow

log = structlog.get_logger()

#: Longest time without a running worker that is believed: a long weekend.
MAX_PAUSE: Final = timedelta(days=3)

#: Difference between the database's clock and the process's that is believed.
TOLERANCE: Final = timedelta(hours=1)

#: Interval of recorded readings. Others are recorded only if the clock jumped.
_RECORDED_EVERY: Final = timedelta(seconds=60)


def boot_time_s() -> float:
    """Return the seconds since the machine's start, which no setting of a clock moves.

    The time in which the machine was suspended counts, unlike with `time.monotonic`.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class ClockWatch:
    """Compares the steps of the database's clock with the time that passed in this process."""

    def __init__(self, database: Database, *, elapsed_s: Callable[[], float] = boot_time_s) -> None:
        self._database = database
        self._elapsed_s = elapsed_s
        self._last_s: float | None = None

    def read(self) -> None:
        """Read the clock; record how far it is ahead, and log it if that has changed."""
        began_s = self._elapsed_s()
        if not self._is_due():
            self._last_s = began_s
            return
        with self._database.write() as session:
            row = session.scalars(select(RetentionRow).with_for_update()).one()
            now = self._database.now(session)
            before = timedelta(seconds=row.clock_ahead_s)
            ahead = self._judge(row.clock_read_at, before, now, began_s)
            row.clock_read_at, row.clock_ahead_s = now, ahead.total_seconds()
        self._last_s = began_s
        if ahead > before:
            log.error("database_clock_ahead", ahead_s=round(ahead.total_seconds()))
        elif before and not ahead:
            log.warning("database_clock_returned", ahead_s=round(before.total_seconds()))

    def _is_due(self) -> bool:
        with self._database.read() as session:
            read_at = session.scalar(select(RetentionRow.clock_read_at))
            if read_at is None:
                return True
            return not timedelta(0) <= self._database.now(session) - read_at < _RECORDED_EVERY

    def _judge(
        self, read_at: datetime | None, ahead: timedelta, now: datetime, began_s: float
    ) -> timedelta:
        """Return how far the clock is ahead, from the step since the last recorded reading."""
        if read_at is None:
            return timedelta(0)
        step = now - read_at
        longest = MAX_PAUSE
        if self._last_s is not None:
            longest = _RECORDED_EVERY + timedelta(seconds=began_s - self._last_s) + TOLERANCE
        if step > longest or step < timedelta(0):
            ahead += step
        return ahead if ahead > TOLERANCE else timedelta(0)


def trusted_now(database: Database, session: Session) -> datetime:
    """Return the time that deletions by age go by; never later than the database's.

    If the last reading of the clock is too long ago, the time of that reading counts: the clock has
    jumped since, or no worker runs.
    """
    now = database.now(session)
    read_at, ahead_s = session.execute(
        select(RetentionRow.clock_read_at, RetentionRow.clock_ahead_s)
    ).one()
    if read_at is not None and now - read_at > TOLERANCE:
        now = read_at
    return now - timedelta(seconds=ahead_s)


def clock_ahead(database: Database) -> timedelta:
    """Return how far the database's clock has jumped ahead without confirmation; 0 normally."""
    with database.read() as session:
        return timedelta(seconds=session.scalar(select(RetentionRow.clock_ahead_s)) or 0)


def confirm_clock(database: Database, session: Session) -> timedelta:
    """Believe the database's clock as it is now, and return how far it was ahead."""
    ahead_s = session.scalar(select(RetentionRow.clock_ahead_s).with_for_update()) or 0
    session.execute(
        update(RetentionRow).values(clock_read_at=database.now(session), clock_ahead_s=0)
    )
    return timedelta(seconds=ahead_s)
