"""All messages of RFC 4475 and RFC 5118, judged as their index.json asks."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from sipcli.sip import build
from sipcli.sip.message import Fault, Layer, Request, Response
from sipcli.sip.parser import encode, parse
from sipcli.sip.uri import SipUri
from sipcli.sip.validate import check
from tests.sip.corpus import Case, case, cases

LAYERS = {
    "framing": Layer.FRAMING,
    "start-line": Layer.START_LINE,
    "header": Layer.HEADER,
    "validate": Layer.VALIDATION,
    "app": Layer.APPLICATION,
}

each = pytest.mark.parametrize("one", cases(), ids=lambda one: one.name)


def sip(uri: object) -> SipUri:
    assert isinstance(uri, SipUri)
    return uri


def target(message: Any) -> SipUri:
    return sip(message.uri)


def uri_params(uri: object) -> dict[str, str | None]:
    return {name: value for name, value, _ in sip(uri).params.items}


FACTS: dict[str, Callable[[Any], object]] = {
    "method": lambda m: m.method,
    "status": lambda m: m.status,
    "reason": lambda m: m.reason,
    "ruri": lambda m: str(m.uri),
    "ruri_user": lambda m: target(m).user,
    "ruri_host": lambda m: target(m).host,
    "ruri_port": lambda m: target(m).port,
    "to_tag": lambda m: m.to.tag,
    "to_name": lambda m: m.to.display_name,
    "to_user": lambda m: sip(m.to.uri).user,
    "to_uri": lambda m: str(m.to.uri),
    "to_uri_port": lambda m: sip(m.to.uri).port,
    "to_params": lambda m: [name for name, _, _ in m.to.params.items],
    "from_tag": lambda m: m.from_.tag,
    "from_name": lambda m: m.from_.display_name,
    "from_user": lambda m: sip(m.from_.uri).user,
    "from_uri": lambda m: str(m.from_.uri),
    "call_id": lambda m: m.call_id,
    "cseq": lambda m: [m.cseq.number, m.cseq.method],
    "max_forwards": lambda m: m.max_forwards,
    "content_length": lambda m: m.content_length,
    "content_type": lambda m: str(m.content_type),
    "body_len": lambda m: len(m.body),
    "body_sha256": lambda m: hashlib.sha256(m.body).hexdigest(),
    "via_n": lambda m: len(m.vias),
    "via": lambda m: [[via.transport, via.host, via.port, via.branch] for via in m.vias],
    "via0_received": lambda m: m.via.received,
    "contact_n": lambda m: len(m.contacts),
    "contact_name": lambda m: m.contacts[0].display_name,
    "contact_user": lambda m: sip(m.contacts[0].uri).user,
    "contact_host": lambda m: sip(m.contacts[0].uri).host,
    "contact_uri": lambda m: str(m.contacts[0].uri),
    "contact_uri_params": lambda m: uri_params(m.contacts[0].uri),
    "contact_params": lambda m: [name for name, _, _ in m.contacts[0].params.items],
    "contact_q": lambda m: m.contacts[0].params.get("q"),
    "route_n": lambda m: len(m.routes),
    "record_route_n": lambda m: len(m.record_routes),
    "accept_n": lambda m: len(m.accept),
    "require": lambda m: list(m.require),
    "subject": lambda m: m.subject,
    "auth_scheme": lambda m: m.headers.get("Authorization").split()[0],
}
ONE_OF = {"via0_received", "ruri_host"}
"""Facts whose list in the index holds spellings that are all right."""


def read(message: Request | Response, fact: str) -> object:
    if fact.startswith("hdr:"):
        return message.headers.get(fact.removeprefix("hdr:"))
    return FACTS[fact](message)


def test_both_corpora_are_complete() -> None:
    names = [one.name.split("/")[0] for one in cases()]
    assert (names.count("rfc4475"), names.count("rfc5118")) == (49, 12)


@each
def test_the_bytes_are_those_of_the_index(one: Case) -> None:
    assert hashlib.sha256(one.data).hexdigest() == one.entry["sha256"]


@each
def test_the_kind_of_message_is_told(one: Case) -> None:
    kind = {"request": Request, "response": Response}[one.entry["kind"]]
    assert type(one.message) is kind


@each
def test_every_fact_can_be_read(one: Case) -> None:
    for fact, expected in one.facts.items():
        found = read(one.message, fact)
        if fact in ONE_OF and isinstance(expected, list):
            assert found in expected, fact
        else:
            assert found == expected, fact


def is_of(fault: Fault, layer: str) -> bool:
    name, _, header = layer.partition(":")
    return fault.layer is LAYERS[name] and (not header or fault.header == header)


@each
def test_the_verdict_is_that_of_the_index(one: Case) -> None:
    faults = check(one.message)
    layer = one.entry["layer"]
    match one.entry["parser"], layer:
        case "accept", "-":
            assert faults == ()
        case "accept", "app":
            assert all(fault.layer is Layer.APPLICATION for fault in faults)
        case "accept", _:
            assert parse(one.data).faults == ()
            assert any(is_of(fault, layer) for fault in faults)
        case "reject", _:
            assert any(is_of(fault, layer) for fault in faults)
        case "either", _:
            assert not faults or any(is_of(fault, layer) for fault in faults)
        case verdict:
            pytest.fail(f"the index says {verdict}")


@each
def test_faults_of_framing_and_start_line_are_found_at_once(one: Case) -> None:
    early = (Layer.FRAMING, Layer.START_LINE)
    found = {fault for fault in parse(one.data).faults if not fault.is_tolerable}
    assert found == {fault for fault in check(one.message) if fault.layer in early}


@each
def test_a_faulty_request_gets_an_answer_that_names_the_fault(one: Case) -> None:
    faults = check(one.message)
    if not faults or isinstance(one.message, Response):
        return
    assert faults[0].status in one.acceptable
    assert faults[0].status not in one.entry["ua"].get("never", [])
    assert one.entry["ua"].get("reason_hint", "") in faults[0].reason


@pytest.mark.parametrize("name", ["unkscm", "novelsc"])
def test_an_unknown_uri_scheme_deserves_416(name: str) -> None:
    assert [fault.status for fault in check(case(name).message)] == [416]


@each
def test_what_was_read_is_written_byte_for_byte(one: Case) -> None:
    message = one.message
    head, _, _ = one.data.partition(b"\r\n\r\n")
    head = head.removesuffix(b"\r\n")
    lines = head.decode("utf-8", "surrogateescape").split("\r\n", 1)[1]
    assert "\r\n".join(message.headers.lines) == lines
    if not any(f.layer in (Layer.START_LINE, Layer.FRAMING) for f in message.faults):
        written = encode(message)
        expected = head + b"\r\n\r\n" + message.body
        if message.content_length is None:
            length = b"\r\nContent-Length: %d" % len(message.body)
            expected = head + length + b"\r\n\r\n" + message.body
        assert written == expected


@each
def test_an_answer_echoes_what_the_request_says_of_itself(one: Case) -> None:
    if isinstance(one.message, Response):
        return
    answer = build.response(one.message, 400, to_tag="a-tag-of-ours")
    back = parse(encode(answer)).message
    assert isinstance(back, Response)
    assert back.headers.all("Via") == one.message.headers.all("Via")
    for name in ("From", "Call-ID", "CSeq"):
        assert back.headers.all(name) == one.message.headers.all(name)[:1]
    asked = one.message.headers.all("To")[:1]
    for was, now in zip(asked, back.headers.all("To"), strict=True):
        assert now in (was, f"{was};tag=a-tag-of-ours")


@pytest.mark.parametrize(
    ("name", "tag"),
    [("lwsdisp", "a-tag-of-ours"), ("wsinv", "1918181833n"), ("intmeth", "a-tag-of-ours")],
)
def test_a_to_without_a_tag_gets_one(name: str, tag: str) -> None:
    request = case(name).message
    assert isinstance(request, Request)
    assert build.response(request, 200, to_tag="a-tag-of-ours").to.tag == tag


def test_a_body_that_goes_on_is_cut_off_without_a_word() -> None:
    assert len(case("dblreq").data) > 600
    assert case("dblreq").message.body == b""
    assert check(case("dblreq").message) == ()
