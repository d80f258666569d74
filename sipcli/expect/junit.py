"""Verdicts as JUnit XML, the form of it that GitLab, Jenkins and GitHub's reporters all read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree

from sipcli.text import printable

_NO_XML: Final = re.compile("[\ufffe\uffff]")
"""What `printable` leaves, and XML 1.0 cannot hold (§2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCase:
    """One test case; passed where it has neither a failure nor an error."""

    __test__ = False  # pytest would take it for its own

    name: str
    seconds: float
    """How long this case took by itself."""
    failure: str | None = None
    """Why it was judged and found wanting."""
    error: str | None = None
    """Why it could not be judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One suite: a command and what came of it."""

    suite: str
    classname: str
    """Of all cases (`a.b`: of package `a`)."""
    cases: Sequence[TestCase]
    began: datetime
    """With its time zone."""
    seconds: float
    host: str
    """The machine that it ran on."""
    properties: Sequence[tuple[str, str]] = ()
    """What else there is to know, by name."""
    output: str = ""
    """What a person may want to read who looks for the reason."""


def junit(report: Report) -> bytes:
    """The document, UTF-8."""
    counts = {
        "tests": str(len(report.cases)),
        "failures": str(sum(case.failure is not None for case in report.cases)),
        "errors": str(sum(case.error is not None for case in report.cases)),
        "skipped": "0",
        "time": f"{report.seconds:.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": "sipcli", **counts})
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        {
            "name": _text(report.suite),
            **counts,
            # Schemas of the format take no offset; the time is UTC.
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


def _text(text: str) -> str:
    return _NO_XML.sub("\ufffd", printable(text))
