"""Numbers in the peer's text."""


def number(text: str | None, low: int, high: int) -> int | None:
    """The number that ASCII digits spell, if it is within bounds, else None.

    Eleven digits at most: all numbers of SDP that count for us fit.
    """
    if text is None or len(text) > 11 or not (text.isascii() and text.isdigit()):
        return None
    value = int(text)
    return value if low <= value <= high else None
