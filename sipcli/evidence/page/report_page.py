"""The report as one HTML page: no script, and nothing that a browser would have to fetch.

Text of a peer can be anything: each piece of text that a template shows is made printable, then
escaped. Should both fail, the page's policy (Content-Security-Policy) still runs and loads nothing.
"""

from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from sipcli.evidence.page.headline import headline
from sipcli.evidence.page.page_parts import page_expectations, page_parts
from sipcli.evidence.page.waterfall_rows import duration
from sipcli.evidence.report_content import ReportContent
from sipcli.text import printable

MOST_TABLE_ROWS: Final = 300
"""A call with more samples has no table of them: the charts show them, and the JSON has them."""


def report_page(content: ReportContent) -> bytes:
    """Return the page, in UTF-8."""
    page = _environment().get_template("page.html.jinja")
    return page.render(
        content=content,
        headline=headline(content.verdict),
        expectations=page_expectations(content),
        parts=page_parts(content),
        most_table_rows=MOST_TABLE_ROWS,
    ).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sipcli.evidence.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["duration"] = duration
    environment.filters["clock"] = _clock
    return environment


def _shown(value: object) -> object:
    """Make text printable; what a template has made is so already."""
    return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _clock(ms: float) -> str:
    return f"{ms / 1000:.3f}"
