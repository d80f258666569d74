"""Verdicts as JUnit XML, the form of it that GitLab, Jenkins and GitHub's reporters all read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.etree import ElementTree

from sipcli.printable import printable

_NO_XML: Final = re.compile("[\ufffe\uffff]")
"""What `printable` leaves, and XML 1.0 cannot hold (§2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCase:
    """One test case; passed where it has neither a failure nor an error."""

    __test__ = False  # pytest would take it for its own

    name: str
    seconds: float
    failure: str | None = None
    """Why it was judged and found wanting."""
    error: str | None = None
    """Why it could not be judged."""


def junit(
    suite: str, classname: str, cases: Sequence[TestCase], began: datetime, seconds: float
) -> bytes:
    """The document, UTF-8: one suite, its cases all of one class (`a.b`: of package `a`)."""
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.failure is not None for case in cases)),
        "errors": str(sum(case.error is not None for case in cases)),
        "skipped": "0",
        "time": f"{seconds:.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": "sipcli", **counts})
    stamp = began.isoformat(timespec="seconds")
    top = ElementTree.SubElement(
        root, "testsuite", {"name": _text(suite), **counts, "timestamp": stamp}
    )
    for case in cases:
        names = {"classname": classname, "name": _text(case.name)}
        one = ElementTree.SubElement(top, "testcase", {**names, "time": f"{case.seconds:.3f}"})
        for kind, why in (("failure", case.failure), ("error", case.error)):
            if why is not None:
                told = ElementTree.SubElement(one, kind, {"message": _text(why), "type": kind})
                told.text = _text(why)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _text(text: str) -> str:
    return _NO_XML.sub("\ufffd", printable(text))
