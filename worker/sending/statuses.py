from jobs.deliveries.outbox import Verdict

#: Success, warnings after which the object is stored, and Duplicate SOP Instance.
_STORED = frozenset({0x0000, 0xB000, 0xB006, 0xB007, 0x0111})

_SOP_CLASS_REFUSED = 0x0122


def dimse_verdict(status: int) -> Verdict:
    """Return the consequence of a C-STORE status or STOW failure reason (PS3.4 B.2.3)."""
    if status in _STORED:
        return Verdict.DELIVERED
    if status == _SOP_CLASS_REFUSED:
        return Verdict.OTHER_KIND
    if status >> 8 == 0xA9 or status >> 12 == 0xC:
        return Verdict.GIVE_UP
    return Verdict.RETRY
