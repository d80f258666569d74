"""The JUnit XML that reporters read."""

from datetime import datetime, timedelta, timezone
from typing import Any
from xml.etree import ElementTree

from sipcli.expect.junit import Report, TestCase, junit

BEGAN = datetime(2026, 3, 1, 14, 0, 0, 654, timezone(timedelta(hours=2)))


def read(*cases: TestCase, suite: str = "sipcli call echo", **more: Any) -> ElementTree.Element:
    report = Report(
        suite=suite,
        classname="sipcli.call",
        cases=cases,
        began=BEGAN,
        seconds=2.5,
        **{"host": "runner-7"} | more,
    )
    return ElementTree.fromstring(junit(report))


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
        "timestamp": "2026-03-01T12:00:00",  # in UTC; the schemas of the format take no offset
        "hostname": "runner-7",
    }
    cases = suite.findall("testcase")
    assert [case.attrib for case in cases] == [
        {"classname": "sipcli.call", "name": name, "time": "2.000"}
        for name in ("expect-audio", "expect-tone", "min-mos")
    ]
    outcomes = [[(told.tag, told.get("message")) for told in case] for case in cases]
    assert outcomes == [[], [("failure", "1000 Hz")], [("error", "not reached")]]
    assert cases[1][0].text == "1000 Hz"


def test_what_else_there_is_to_know_stands_where_readers_look_for_it() -> None:
    root = read(
        TestCase(name="call", seconds=2.0),
        properties=[("version", "1.2"), ("mos", "4.4")],
        output="→ INVITE\n← 200 OK",
    )
    assert [one.tag for one in root[0]] == ["properties", "testcase", "system-out"]
    assert [one.attrib for one in root[0][0]] == [
        {"name": "version", "value": "1.2"},
        {"name": "mos", "value": "4.4"},
    ]
    assert root[0][2].text == "→ INVITE\n← 200 OK"


def test_what_xml_cannot_hold_is_spelt_out() -> None:
    wild = "a\x00\x1b[31m<&>\"'\ud800\uffff é"
    root = read(
        TestCase(name="call", seconds=0.0, failure=wild),
        suite=wild,
        host=wild,
        properties=[(wild, wild)],
        output=wild,
    )
    suite, (told,) = root[0], root.iter("property")
    found = {suite.get("name"), suite.get("hostname"), suite[1][0].text, suite[2].text}
    (one,) = found | {told.get("name"), told.get("value")}
    assert one == "a\\x00\\x1b[31m<&>\"'\\ud800\ufffd é"
