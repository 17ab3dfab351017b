"""Every fault that can be made on one machine, each with how it is undone."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random

import psutil
import redis

from tests.faults.disk import SmallDisk
from tests.faults.films import FilmStock
from tests.faults.hanging_up import hang_up
from tests.faults.installation import Installation
from tests.faults.parts import Part
from tests.faults.slow_network import CUT, GOOD, LATE, TRICKLING, Quality
from tests.servers.postgresql import PostgresqlServer

#: Where a gateway may be killed within a submission, and a worker's processes within a batch.
_GATEWAY_POINTS = ("storing", "stored", "accepting", "accepted", "hinted")
_WORKER_POINTS = ("taken", "claimed", "committing", "committed")

#: How often the last worker that can work is broken all the same.
_NOBODY_LEFT = 0.1

Undo = Callable[[], None]


class NothingToBreak(Exception):
    """The target of a fault is broken already."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that was made, and how it ends by itself.

    Attributes:
        name: Its kind.
        lasts_s: After so many seconds `undo` is called.
        undo: Ends it; repeatable.
        killed: The worker that was killed with all that it held, if one was.
    """

    name: str
    lasts_s: float = 0.0
    undo: Undo = lambda: None
    killed: Part | None = None


class Mischief:
    """Draws faults from a seed and commits them."""

    def __init__(
        self,
        installation: Installation,
        random: Random,
        stock: FilmStock,
        *,
        lease_s: float,
        disk: SmallDisk | None,
        server: PostgresqlServer | None,
    ) -> None:
        self._installation = installation
        self._random = random
        self._stock = stock
        self._lease_s = lease_s
        self._disk = disk
        self._server = server
        self.counts: Counter[str] = Counter()
        self._kinds: list[Callable[[], Fault]] = [
            self._kill_worker,
            self._kill_worker,
            self._kill_worker,
            self._kill_main_process,
            self._kill_pool_process,
            self._kill_pool_process,
            self._kill_worker_at_a_point,
            self._freeze_worker,
            self._restart_worker,
            self._kill_gateway,
            self._kill_gateway_at_a_point,
            self._freeze_gateway,
            self._kill_redis,
            self._freeze_redis,
            self._cut_network_to_redis,
            self._slow_network_to_redis,
            self._trickle_to_redis,
            self._restart_redis,
            self._empty_redis,
            self._litter_redis,
            self._hang_up,
            *([self._fill_disk] if disk is not None else []),
            *([self._crash_database] if server is not None else []),
        ]

    def commit_one(self) -> Fault:
        """Commit a fault of a kind drawn at random, of what is whole enough for it."""
        while True:
            try:
                fault = self._random.choice(self._kinds)()
            except NothingToBreak:
                continue
            self.counts[fault.name] += 1
            return fault

    def kill(self, worker: Part) -> Fault:
        """Kill a certain worker with all its processes."""
        worker.kill()
        fault = Fault("worker killed", killed=worker)
        self.counts[fault.name] += 1
        return fault

    def end(self) -> None:
        """Take back, and do not count, what was armed and never reached."""
        for path in self._installation.armed():
            process, point = path.name.split(".")
            self.counts[f"{process.split('-')[0]} killed when {point}"] -= 1
        self.counts += Counter()  # drops the zeros
        self._installation.disarm()

    def _any_worker(self) -> Part:
        """A worker that runs and is not frozen; one that is at work, if there is one."""
        busy = self._installation.busy_workers()
        victim = self._awake(self._random.choice(busy or self._installation.workers))
        self._spare_the_last(victim)
        return victim

    def _spare_the_last(self, victim: Part | None = None) -> None:
        """Leave nobody to work now and then only: without work there is little to lose."""
        able = [worker for worker in self._installation.able_workers() if worker is not victim]
        if not able and self._random.random() > _NOBODY_LEFT:
            raise NothingToBreak

    def _awake(self, part: Part) -> Part:
        if not part.is_awake():
            raise NothingToBreak
        return part

    def _arm(self, part: Part, point: str) -> None:
        if self._installation.is_armed(part, point):
            raise NothingToBreak
        self._installation.arm(part, point)

    def _kill_worker(self) -> Fault:
        worker = self._any_worker()
        worker.kill()
        return Fault("worker killed", killed=worker)

    def _kill_main_process(self) -> Fault:
        """Its pool lives on, holds its leases, and may still commit."""
        self._any_worker().signal(signal.SIGKILL, group=False)
        return Fault("worker's main process killed")

    def _kill_pool_process(self) -> Fault:
        pool = self._installation.pool(self._any_worker())
        if not pool:
            raise NothingToBreak
        with suppress(psutil.NoSuchProcess):
            self._random.choice(pool).kill()
        return Fault("pool process killed")

    def _kill_worker_at_a_point(self) -> Fault:
        point = self._random.choice(_WORKER_POINTS)
        self._arm(self._any_worker(), point)
        return Fault(f"worker killed when {point}")

    def _freeze_worker(self) -> Fault:
        worker = self._any_worker()
        worker.freeze()
        lasts_s = self._lease_s + self._random.uniform(0.5, 3)
        return Fault("worker frozen beyond its lease", lasts_s, worker.thaw)

    def _restart_worker(self) -> Fault:
        self._any_worker().ask_to_stop()
        return Fault("worker restarted")

    def _kill_gateway(self) -> Fault:
        self._awake(self._installation.gateway).kill()
        return Fault("gateway killed")

    def _kill_gateway_at_a_point(self) -> Fault:
        point = self._random.choice(_GATEWAY_POINTS)
        self._arm(self._installation.gateway, point)
        return Fault(f"gateway killed when {point}")

    def _freeze_gateway(self) -> Fault:
        gateway = self._awake(self._installation.gateway)
        gateway.freeze()
        return Fault("gateway frozen", self._random.uniform(0.5, 3), gateway.thaw)

    def _kill_redis(self) -> Fault:
        server = self._awake(self._installation.redis)
        server.hold_down()

        def want_again() -> None:
            server.wanted = True

        return Fault("Redis killed", self._random.uniform(0.2, 2), want_again)

    def _freeze_redis(self) -> Fault:
        server = self._awake(self._installation.redis)
        server.freeze()
        return Fault("Redis frozen", self._random.uniform(1, 12), server.thaw)

    def _restart_redis(self) -> Fault:
        self._awake(self._installation.redis).ask_to_stop()
        return Fault("Redis restarted")

    def _cut_network_to_redis(self) -> Fault:
        return self._spoil_network("network to Redis cut", CUT)

    def _slow_network_to_redis(self) -> Fault:
        return self._spoil_network("network to Redis 3 s late", LATE)

    def _trickle_to_redis(self) -> Fault:
        return self._spoil_network("network to Redis at 1 byte/s", TRICKLING)

    def _spoil_network(self, name: str, quality: Quality) -> Fault:
        network = self._installation.network
        if network.quality is not GOOD:
            raise NothingToBreak
        network.quality = quality

        def repair() -> None:
            network.quality = GOOD

        return Fault(name, self._random.uniform(2, 12), repair)

    def _empty_redis(self) -> Fault:
        try:
            self._installation.redis_client().flushall()
        except redis.RedisError as error:
            raise NothingToBreak from error
        return Fault("Redis emptied")

    def _litter_redis(self) -> Fault:
        """A worker that takes it ends."""
        self._spare_the_last()
        try:
            self._installation.redis_client().rpush("routine", "garbage")
        except redis.RedisError as error:
            raise NothingToBreak from error
        return Fault("garbage in the queue")

    def _hang_up(self) -> Fault:
        films = self._stock.films(3)
        try:
            hang_up(self._installation.url, films, part=self._random.uniform(0.05, 0.95))
        except OSError as error:
            raise NothingToBreak from error
        return Fault("client hung up")

    def _fill_disk(self) -> Fault:
        assert self._disk is not None
        if self._disk.is_full():
            raise NothingToBreak
        self._disk.fill()
        return Fault("disk full", self._random.uniform(0.5, 3), self._disk.free)

    def _crash_database(self) -> Fault:
        assert self._server is not None
        if not self._server.is_running():
            raise NothingToBreak
        self._server.crash()
        return Fault("database crashed", self._random.uniform(0.2, 1.5), self._server.start)


def may_mount() -> bool:
    """Return whether a small disk can be mounted here."""
    return os.getuid() == 0
