"""What is checked before a message is acted on."""

import pytest

from sipcli.sip.lazy import MAX_ELEMENTS
from sipcli.sip.message import Layer, Request
from sipcli.sip.parser import parse
from sipcli.sip.validate import check

SOUND = {
    "Via": "SIP/2.0/WSS c.invalid;branch=z9hG4bKd",
    "Max-Forwards": "70",
    "From": "<sip:e@f>;tag=g",
    "To": "<sip:a@b>",
    "Call-ID": "h",
    "CSeq": "1 INVITE",
    "Contact": "<sip:e@c.invalid;transport=ws>",
    "Record-Route": "<sip:p;lr>, <sip:q;lr>",
    "Content-Type": "application/sdp",
}


def faults(
    start: str = "INVITE sip:a@b SIP/2.0", /, **changes: str | None
) -> list[tuple[Layer, str, int]]:
    """What `check` finds in a sound INVITE with some fields changed, doubled or left out."""
    fields = SOUND | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [start]
    for name, value in fields.items():
        if value is not None:
            lines += [f"{name}: {part}" for part in value.split("\n")]
    message = parse("\r\n".join([*lines, "", ""]).encode()).message
    assert message is not None
    return [(fault.layer, fault.reason, fault.status) for fault in check(message)]


def test_a_sound_request_passes() -> None:
    assert faults() == []


@pytest.mark.parametrize("name", ["Via", "From", "To", "Call-ID", "CSeq"])
def test_a_mandatory_field_has_to_be_there(name: str) -> None:
    expected = [(Layer.VALIDATION, f"Missing {name}", 400)]
    assert faults(**{name: None}) == expected
    assert faults(**{name: ""}) == expected


@pytest.mark.parametrize("name", [*SOUND, "Replaces", "Event", "RAck"])
def test_a_single_field_stands_once(name: str) -> None:
    value = SOUND.get(name, "x")
    found = faults(**{name: f"{value}\n{value}"})
    if name in ("Via", "Contact", "Record-Route"):
        assert found == []
    else:
        assert found == [(Layer.VALIDATION, f"More Than One {name}", 400)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Via", "SIP/2.0/WSS"),
        ("Via", "SIP/2.0/WSS a;branch=b, SIP/2.0/TCP b;;"),
        ("From", '"a <sip:e@f>'),
        ("To", "<sip:a@b"),
        ("Call-ID", "a b"),
        ("CSeq", "4294967296 INVITE"),
        ("Max-Forwards", "256"),
        ("Max-Forwards", ""),
        ("Contact", "<sip:a@b>, <sip:>"),
        ("Contact", "*, <sip:a@b>"),
        ("Record-Route", "sip"),
        ("Require", "100rel, a b"),
        ("Require", "\0"),
        ("Content-Type", "sdp"),
        ("Session-Expires", "soon"),
        ("Min-SE", "soon"),
        ("Replaces", "x"),
        ("Refer-To", "x"),
        ("RAck", "x"),
        ("Event", ";"),
        ("Subscription-State", ";"),
    ],
)
def test_a_field_that_is_needed_has_to_be_well_formed(name: str, value: str) -> None:
    (fault,) = faults(**{name: value})
    layer, reason, status = fault
    assert (layer, status) == (Layer.HEADER, 400)
    assert reason.startswith(f"Malformed {name}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Date", "Fri, 01 Jan 2010 16:00:00 EST"),
        ("Expires", "1" + "0" * 99),
        ("Contact", "*"),
        ("Subject", "\\"),
        ("Route", "broken"),
        ("Authorization", "NoOneKnowsThisScheme opaque-data=here"),
        ("X-Odd", ",;<"),
        ("Max-Forwards", "0"),
        ("Max-Forwards", None),
        ("Contact", None),
        ("From", "<sip:e@f>"),
    ],
)
def test_all_else_is_not_worth_a_refusal(name: str, value: str | None) -> None:
    assert faults(**{name: value}) == []


def test_the_method_stands_in_cseq_too() -> None:
    assert faults(CSeq="1 ACK") == [(Layer.VALIDATION, "CSeq Method Does Not Match", 400)]
    assert faults(CSeq="1 invite") == [(Layer.VALIDATION, "CSeq Method Does Not Match", 400)]


def test_an_unknown_version_is_told_first() -> None:
    start = "INVITE sip:a@b SIP/7.0"
    assert faults(start, To=None)[0] == (Layer.VALIDATION, "Version Not Supported", 505)
    assert faults("INVITE sip:a@b sip/2.0") == []


def test_an_unknown_scheme_is_told_last() -> None:
    unsupported = (Layer.APPLICATION, "Unsupported URI Scheme", 416)
    assert faults("INVITE tel:+1 SIP/2.0") == [unsupported]
    assert faults("INVITE tel:+1 SIP/2.0", CSeq="1 ACK")[-1] == unsupported


def test_header_fields_in_the_request_uri_are_refused() -> None:
    assert faults("INVITE sip:a@b?Route=%3Csip:c%3E SIP/2.0") == [
        (Layer.VALIDATION, "Header Fields In The Request-URI", 400)
    ]


def test_a_bare_magic_cookie_identifies_nothing() -> None:
    assert faults(Via="SIP/2.0/UDP a;branch=z9hG4bK") == [
        (Layer.VALIDATION, "Via Branch Without An Identifier", 400)
    ]
    assert faults(Via="SIP/2.0/UDP a") == []


def test_a_malformed_request_uri_is_told_once() -> None:
    assert faults("INVITE sip: SIP/2.0") == [(Layer.START_LINE, "Malformed Request-URI", 400)]


@pytest.mark.parametrize("name", ["Contact", "Record-Route"])
def test_a_list_may_be_long_but_not_without_end(name: str) -> None:
    assert faults(**{name: ", ".join(["<sip:a@b>"] * MAX_ELEMENTS)}) == []
    assert faults(**{name: ",".join(["<sip:a@b>"] * (MAX_ELEMENTS + 1))}) == [
        (Layer.FRAMING, f"Too Many {name} Elements", 513)
    ]


def test_the_place_of_a_fault_is_told() -> None:
    message = parse(
        b"INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:e@f>;tag=g;\r\n"
        b"To: <sip:a>\r\nCall-ID: h\r\nCSeq: 1 INVITE\r\n\r\n"
    ).message
    assert isinstance(message, Request)
    (fault,) = check(message)
    assert (fault.header, fault.offset) == ("From", 15)


def test_a_response_needs_less() -> None:
    start = "SIP/2.0 200 OK"
    assert faults(start, Contact="broken", Max_Forwards="x", CSeq="1 ACK") == []
    assert faults(start, CSeq="x") != []
    assert faults("SIP/3.0 200 OK")[0][1] == "Version Not Supported"
