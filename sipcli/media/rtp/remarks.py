"""Remarks: what became of a received packet, where that is worth a note."""


def missing(packets: int) -> str:
    """Return the remark on a packet before which `packets` have not arrived."""
    return f"{'1 packet' if packets == 1 else f'{packets} packets'} missing before it"


def joined(one: str | None, other: str | None) -> str | None:
    """Return both remarks as one; None if there is neither."""
    if one is None or other is None:
        return one or other
    return f"{one}; {other}"
