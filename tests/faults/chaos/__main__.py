"""Break the service at random for a while, and say whether it kept its promises.

    make chaos                                          # 60 s on each database
    make chaos SECONDS=300 SEED=7 DATABASE=postgresql

Prints, for each run, its seed, the faults by kind, and what was lost, doubled, cross-wired or
stuck. The exit status is 1 if any promise was broken; then the processes' logs and the clients'
journal are kept. The seed draws faults and films;
when they meet is the machine's doing.
"""

import shutil
from typing import Annotated

import typer

from tests.faults.chaos.report import broken_promises, tell
from tests.faults.chaos.run import Plan, run
from tests.faults.films import FilmStock
from worker.settings import WorkerSettings

_DEFAULTS = WorkerSettings.model_fields


def main(
    *,
    seconds: Annotated[
        float, typer.Option(help="How long faults are made, on each database.")
    ] = 60,
    seed: Annotated[int, typer.Option(help="Of the faults and the clients.")] = 1,
    database: Annotated[str, typer.Option(help="sqlite, postgresql, or both.")] = "both",
    lease_s: Annotated[float, typer.Option(help="The workers' lease.")] = _DEFAULTS[
        "lease_s"
    ].default,
    sweep_s: Annotated[float, typer.Option(help="Between two sweeps.")] = _DEFAULTS[
        "sweep_s"
    ].default,
    workers: Annotated[int, typer.Option(min=1)] = 3,
    keep: Annotated[bool, typer.Option(help="Keep logs and journal also of a good run.")] = False,
) -> None:
    """Break the service at random for a while."""
    stock = FilmStock(seed)
    all_kept = True
    for kind in ("sqlite", "postgresql") if database == "both" else (database,):
        plan = Plan(kind, seed, seconds, lease_s, sweep_s, workers=workers)
        outcome = run(plan, stock)
        typer.echo(tell(outcome))
        broken = broken_promises(outcome)
        if broken:
            all_kept = False
            typer.echo("\n".join(broken))
        if broken or keep:
            typer.echo(f"logs and journal: {outcome.folder}")
        else:
            shutil.rmtree(outcome.folder, ignore_errors=True)
    raise typer.Exit(0 if all_kept else 1)


if __name__ == "__main__":
    typer.run(main)
