"""A run in a few lines."""

from collections import Counter

from tests.faults.chaos.run import Outcome
from tests.faults.installation import patience

#: What an idle machine adds to lease and sweep: the hint, and the batch that the next worker is at.
_TO_CLAIM_S = 3.0


def tell(outcome: Outcome) -> str:
    """The run's figures."""
    plan, found = outcome.plan, outcome.findings
    faults = outcome.faults.total()
    served, unserved = outcome.recoveries.served, outcome.recoveries.unserved
    return (
        f"seed {plan.seed}, {plan.database}, {plan.seconds:.0f} s, lease {plan.lease_s:g} s, "
        f"sweep {plan.sweep_s:g} s, {plan.workers} workers\n"
        f"  {faults} faults: {_listed(outcome.faults)}\n"
        f"  {outcome.jobs} jobs, {outcome.items} items: {_listed(outcome.outcomes)}; "
        f"clients: {_listed(outcome.actions)}\n"
        f"  lost {len(found.lost)}, duplicate or changed {len(found.changed)}, "
        f"cross-wired {len(found.cross_wired)}, stuck {len(found.stuck)}, "
        f"illegal {len(found.illegal)}; all ended {outcome.to_the_end_s:.0f} s after\n"
        f"  killed workers' items ran again after {_slowest(served)} while another worker "
        f"could work, {_slowest(unserved)} where further faults left none\n"
        f"  slowest answer to a submission {outcome.slowest_answer_s:.1f} s; with none broken "
        f"in {faults} faults, at most {3 / max(faults, 1):.1%} break a promise (95 %)"
    )


def broken_promises(outcome: Outcome) -> list[str]:
    """Violations that a run must not have."""
    broken = outcome.findings.all()
    bound = (outcome.plan.lease_s + outcome.plan.sweep_s + _TO_CLAIM_S) * patience()
    if any(seconds > bound for seconds in outcome.recoveries.served):
        broken.append(f"a killed worker's item waited for more than {bound:.0f} s")
    return broken


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.most_common()) or "none"


def _slowest(seconds: list[float]) -> str:
    if not seconds:
        return "- s (of 0)"
    return f"{max(seconds):.1f} s (of {len(seconds)})"
