"""Parse numbers in the peer's text."""


def number(text: str | None, low: int, high: int) -> int | None:
    """Return the value of a string of ASCII digits if it is within bounds, else None.

    At most eleven digits: all the numbers that we read from SDP fit.
    """
    if text is None or len(text) > 11 or not (text.isascii() and text.isdigit()):
        return None
    value = int(text)
    return value if low <= value <= high else None
