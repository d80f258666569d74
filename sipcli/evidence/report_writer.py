"""Writes a report: what its path ends with says in which form."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from sipcli.errors import ConfigError
from sipcli.evidence.report_content import ReportContent
from sipcli.evidence.report_forms import ReportForm, is_report
from sipcli.evidence.report_json import report_json
from sipcli.evidence.report_markdown import report_markdown


def _page(content: ReportContent) -> bytes:
    from sipcli.evidence.page.report_page import report_page  # late: it loads the templates

    return report_page(content)


_FORMS: Final[Mapping[str, Callable[[ReportContent], bytes]]] = {
    ReportForm.PAGE: _page,
    ReportForm.MARKDOWN: report_markdown,
    ReportForm.JSON: report_json,
}
"""Suffix -> what makes the file's content."""


def report_bytes(path: Path, content: ReportContent) -> bytes:
    """Return the report in the form that the path asks for. Raises `ConfigError`."""
    check_form(path)
    return _FORMS[path.suffix.lower()](content)


def check_form(path: Path) -> None:
    """Raise `ConfigError` unless the path names a form of the report."""
    if not is_report(path.suffix):
        raise ConfigError(
            f"--report: {path}: it ends with none of .html (a page), .md (Markdown) and .json"
        )
