"""Write verdicts as JUnit XML, in the form that GitLab, Jenkins and GitHub's reporters read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree

from sipcli.text import printable

_NO_XML: Final = re.compile("[\ufffe\uffff]")
"""Characters that `printable` keeps and XML 1.0 forbids (§2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCase:
    """One test case; it passed if it has neither a failure nor an error."""

    __test__ = False  # pytest would collect it as a test class

    name: str
    seconds: float
    """The time that this case alone took."""
    failure: str | None = None
    """Why it failed, if it was judged."""
    error: str | None = None
    """Why it could not be judged."""
    skipped: str | None = None
    """Why it was not looked at, if that is no fault."""
    output: str = ""
    """Text for a person who looks for the reason of a failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One test suite: a command and its results."""

    suite: str
    classname: str
    """Of all cases; `a.b` is class `b` of package `a`."""
    cases: Sequence[TestCase]
    began: datetime
    """With its time zone."""
    seconds: float
    host: str
    """The name of the machine that it ran on."""
    properties: Sequence[tuple[str, str]] = ()
    """More facts, each with its name."""
    output: str = ""
    """Text for a person who looks for the reason of a failure."""


def junit(report: Report) -> bytes:
    """Return the document, in UTF-8."""
    counts = {
        "tests": str(len(report.cases)),
        "failures": str(sum(case.failure is not None for case in report.cases)),
        "errors": str(sum(case.error is not None for case in report.cases)),
        "skipped": str(sum(case.skipped is not None for case in report.cases)),
        "time": f"{report.seconds:.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": "sipcli", **counts})
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        {
            "name": _text(report.suite),
            **counts,
            # The format's schemas allow no UTC offset, so the time is UTC.
            "timestamp": report.began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "hostname": _text(report.host),
        },
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in report.properties:
        ElementTree.SubElement(properties, "property", {"name": _text(name), "value": _text(value)})
    for case in report.cases:
        _add(suite, case, report.classname)
    ElementTree.SubElement(suite, "system-out").text = _text(report.output)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _add(suite: ElementTree.Element, case: TestCase, classname: str) -> None:
    names = {"classname": classname, "name": _text(case.name)}
    one = ElementTree.SubElement(suite, "testcase", {**names, "time": f"{case.seconds:.3f}"})
    for kind, why in (("failure", case.failure), ("error", case.error)):
        if why is not None:
            told = ElementTree.SubElement(one, kind, {"message": _text(why), "type": kind})
            told.text = _text(why)
    if case.skipped is not None:
        ElementTree.SubElement(one, "skipped", {"message": _text(case.skipped)})
    if case.output:
        ElementTree.SubElement(one, "system-out").text = _text(case.output)


def _text(text: str) -> str:
    return _NO_XML.sub("\ufffd", printable(text))
