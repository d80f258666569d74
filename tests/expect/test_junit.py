"""The JUnit XML that reporters read."""

from datetime import UTC, datetime
from xml.etree import ElementTree

from sipcli.expect.junit import TestCase, junit

BEGAN = datetime(2026, 3, 1, 12, 0, 0, 654, UTC)


def read(*cases: TestCase, suite: str = "sipcli call echo") -> ElementTree.Element:
    return ElementTree.fromstring(junit(suite, "sipcli.call", cases, BEGAN, 2.5))


def test_each_case_stands_in_the_one_suite_with_its_outcome() -> None:
    root = read(
        TestCase(name="expect-audio", seconds=2.0),
        TestCase(name="expect-tone", seconds=2.0, failure="1000 Hz"),
        TestCase(name="min-mos", seconds=2.0, error="not reached"),
    )
    assert root.tag == "testsuites"
    (suite,) = root
    assert suite.attrib == {
        "name": "sipcli call echo",
        "tests": "3",
        "failures": "1",
        "errors": "1",
        "skipped": "0",
        "time": "2.500",
        "timestamp": "2026-03-01T12:00:00+00:00",
    }
    assert [case.attrib for case in suite] == [
        {"classname": "sipcli.call", "name": name, "time": "2.000"}
        for name in ("expect-audio", "expect-tone", "min-mos")
    ]
    outcomes = [[(told.tag, told.get("message")) for told in case] for case in suite]
    assert outcomes == [[], [("failure", "1000 Hz")], [("error", "not reached")]]
    assert suite[1][0].text == "1000 Hz"


def test_what_xml_cannot_hold_is_spelt_out() -> None:
    wild = "a\x00\x1b[31m<&>\"'\ud800\uffff é"
    root = read(TestCase(name="call", seconds=0.0, failure=wild), suite=wild)
    assert root[0].get("name") == root[0][0][0].text == "a\\x00\\x1b[31m<&>\"'\\ud800\ufffd é"
