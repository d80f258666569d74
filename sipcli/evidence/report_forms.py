"""The forms of a report, by the suffix of its file; light, as it is read at the very start."""

from enum import StrEnum


class ReportForm(StrEnum):
    """What the name of a report ends with."""

    PAGE = ".html"
    MARKDOWN = ".md"
    JSON = ".json"


def is_report(suffix: str) -> bool:
    """True if a file with this suffix is a report."""
    return suffix.lower() in set(ReportForm)
