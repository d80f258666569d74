"""The page as a whole: one file that loads nothing, in which all text of others stays text."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from scripts.sample_report import call, report, several
from sipcli.evidence.page.report_page import report_page
from sipcli.evidence.report_content import (
    JudgedExpectation,
    Judgement,
    ReportContent,
    RunVerdict,
    SettingInForce,
)
from tests.evidence.page.poison import poisoned


class Reader(HTMLParser):
    """The elements, attributes and text of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page.decode())
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("meta", "link"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data + " "

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


@pytest.fixture(scope="module")
def page() -> Reader:
    return Reader(report_page(report()))


def test_what_matters_is_said_and_in_its_order(page: Reader) -> None:
    order = (
        "✗ Failed at audio min-mos: expected at least 4; found: 3.51",
        "Exit code 8",
        "Expectations ✗ failed min-mos",
        "Warnings",
        "Phases",
        "Messages",
        "Quality over time",
        "What was heard",
        "ICE candidates and pairs",
        "✓ chosen",
        "Certificates, ciphers, addresses",
        "TLS_AES_256_GCM_SHA384",
        "Run it again sipcli call sip:bob@example.com",
        "Settings that were set",
        "aiortc",
    )
    body = page.words[page.words.index("Skip to the details") :]
    links = body.index("Settings and versions") + 1
    begin = 0
    for number, words in enumerate(order):
        begin = body.index(words, max(begin, links if number > 2 else 0))


def test_each_message_unfolds_to_its_text(page: Reader) -> None:
    assert page.tags.count("details") == 14 + 2  # and two tables
    assert "candidate:1 1 udp 2130706431 192.0.2.7 41000 typ host" in page.words


def test_it_has_no_script_and_loads_nothing(page: Reader) -> None:
    assert "script" not in page.tags
    named = [
        value for name, value in page.attributes if name in ("src", "href", "srcset", "action")
    ]
    assert [value for value in named if not value.startswith(("#", "data:image/"))] == []
    assert [name for name, _ in page.attributes if name.startswith("on")] == []
    ((policy),) = [value for _, value in page.attributes if value.startswith("default-src")]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    styles = report_page(report()).decode()
    assert "@import" not in styles
    assert "url(" not in styles


def test_each_name_on_the_page_is_there_once_and_each_link_leads_to_one() -> None:
    found = Reader(report_page(several()))
    names = [value for name, value in found.attributes if name == "id"]
    assert len(names) == len({*names})
    links = {value[1:] for name, value in found.attributes if name == "href" and value[0] == "#"}
    labelled = {
        each
        for name, value in found.attributes
        if name == "aria-labelledby"
        for each in value.split()
    }
    assert links | labelled <= {*names}


@pytest.mark.parametrize("content", [report(), several()], ids=["one", "several"])
def test_hostile_text_stays_text(content: ReportContent) -> None:
    clean, found = (Reader(report_page(each)) for each in (content, poisoned(content)))
    assert found.tags == clean.tags
    assert [name for name, _ in found.attributes] == [name for name, _ in clean.attributes]
    assert "<script>alert(1)</script>" in found.text
    assert "{{7*7}}\\u202egnp\\x1b[31m\\x00" in found.text
    assert re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", found.text) is None


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (
            RunVerdict(result="passed", sentence="All is well.", exit_code=0, phase=None),
            "✓ Passed All",
        ),
        (
            RunVerdict(result="failed", sentence="TCP: it refused.", exit_code=3, phase="tcp"),
            "✗ Failed at TCP it refused.",
        ),
        (RunVerdict(result="failed", sentence="No.", exit_code=1, phase=None), "✗ Failed No."),
        (
            RunVerdict(result="unknown", sentence="Ended.", exit_code=130, phase="ring"),
            "? Not known Ended.",
        ),
    ],
)
def test_the_headline_says_the_result_and_the_step_that_failed(
    verdict: RunVerdict, words: str
) -> None:
    assert words in Reader(report_page(replace(report(), verdict=verdict))).words


def test_the_checks_of_doctor_are_called_so_and_those_not_run_are_not_unknown() -> None:
    results: tuple[tuple[str, Judgement], ...] = (("tcp", "passed"), ("turn", "unknown"))
    checks = tuple(
        JudgedExpectation(name=name, result=result, expected="it works", actual="")
        for name, result in results
    )
    content = replace(report(), expectations=checks, calls=())
    doctor = replace(content, run=replace(content.run, command="doctor"))
    found = Reader(report_page(doctor)).words
    assert "Checks ? not run turn ✓ passed tcp" in found


def test_settings_that_somebody_chose_stand_in_front_of_all_others() -> None:
    emptied = SettingInForce(name="turn_servers", value="", source="the sandbox")
    run = replace(report().run, settings=(emptied, *report().run.settings))
    found = Reader(report_page(replace(report(), run=run))).words
    chosen, others = found.split("All other settings (3)")
    assert '"sip:alice@example.com"' in chosen
    assert "turn_servers not set the sandbox" in others
    assert "register_expires 600 default" in others


def test_the_page_says_how_much_it_leaves_out() -> None:
    content = replace(
        report(),
        waterfall=replace(report().waterfall, left_out=5),
        ladder=replace(report().ladder, left_out=6),
    )
    found = Reader(report_page(content)).words
    assert "5 more bars from the middle were left out." in found
    assert "6 more messages were left out." in found


def test_a_call_in_which_nothing_came_has_no_loss_of_zero() -> None:
    """It would look like a call without losses."""
    stats, deaf = call().stats, tuple(replace(each, packets_received=0) for each in call().samples)
    assert stats is not None
    stats = replace(stats, packets_received=0, mos=None)
    silent = replace(call(), samples=deaf, stats=stats, expectations=())
    found = Reader(report_page(replace(report(), calls=(silent,)))).words
    assert "1.67 %" not in found
    assert "of what we receive: not known" in found
    assert "In 60 of 60 intervals no packet was received." in found
    both = Reader(report_page(replace(report(), calls=(silent, silent)))).words
    assert "1.67 %" not in both


def test_a_run_without_a_call_has_what_there_is() -> None:
    found = Reader(report_page(replace(report(), calls=())))
    assert "Phases" in found.words
    assert "REGISTER" in found.words
    assert "Quality over time" not in found.words


def test_several_calls_have_an_overview_and_a_section_each() -> None:
    found = Reader(report_page(replace(several(), calls_left_out=7)))
    assert "All calls" in found.words
    assert "Call 3 of 3: sip:bob@example.com" in found.words
    assert "7 more calls went well" in found.words


def test_a_call_in_which_nothing_is_known_has_a_page() -> None:
    bare = replace(
        call(), stats=None, samples=(), spectrum=None, ice=(), duration_s=0.0, expectations=()
    )
    assert "Phases" in Reader(report_page(replace(report(), calls=(bare,)))).words
    assert "–" in Reader(report_page(replace(report(), calls=(bare, bare)))).words


def test_a_minute_of_a_call_takes_less_than_500_kb() -> None:
    assert len(report_page(report(60))) < 250_000  # half of that: real messages are longer


def test_an_hour_of_a_call_is_not_much_more() -> None:
    hour = replace(report(), calls=(call(1800),))  # a report has no more points than that
    assert len(report_page(hour)) < 500_000
