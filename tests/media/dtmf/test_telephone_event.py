"""The payload of a telephone-event (RFC 4733 §2.3)."""

from hypothesis import given
from hypothesis import strategies as st

from sipcli.media.dtmf.telephone_event import TelephoneEvent, build, parse


def test_the_payload_is_that_of_the_rfc() -> None:
    assert build(TelephoneEvent(11, 0x1234, end=True, volume=10)) == b"\x0b\x8a\x12\x34"


@given(
    st.builds(
        TelephoneEvent,
        code=st.integers(0, 255),
        duration=st.integers(0, 0xFFFF),
        end=st.booleans(),
        volume=st.integers(0, 63),
    )
)
def test_what_is_built_is_read_back(event: TelephoneEvent) -> None:
    assert parse(build(event)) == event


def test_the_reserved_bit_says_nothing_and_further_events_are_left_out() -> None:
    assert parse(b"\x01\x4a\x00\xa0" + b"\x02\x0a\x00\xa0") == TelephoneEvent(1, 160)


@given(st.binary(max_size=3))
def test_what_is_too_short_is_none(payload: bytes) -> None:
    assert parse(payload) is None
