"""What a far end may send to do harm: it costs a refusal at most, and no time beyond its size."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipcli.sdp.description import Direction
from sipcli.sdp.negotiated import NegotiatedMedia
from sipcli.sdp.negotiation import NegotiationState, ReceivedOffer
from sipcli.sdp.read import MAX_LENGTH
from sipcli.sdp.validation import Refused
from tests.growth import assert_grows_linearly
from tests.sdp.ends import PEERS, answering, audio, local, negotiation, sdp

pytestmark = pytest.mark.no_cover  # much of the same: measuring it costs more than the tests

TEXTS = sorted(PEERS.values())


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real description with bytes changed, lines lost, doubled and moved."""
    lines = draw(st.sampled_from(TEXTS)).splitlines()
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(lines) - 1))
        what = draw(st.sampled_from(["drop", "double", "move", "cut", "swap", "junk"]))
        line = lines[place]
        if what == "double":
            lines.insert(place, line)
        elif what == "move":
            lines.append(lines.pop(place))
        elif what == "cut":
            lines[place] = line[: draw(st.integers(0, len(line)))]
        elif what == "swap":
            other = draw(st.sampled_from(TEXTS)).splitlines()
            lines[place] = draw(st.sampled_from(other))
        elif what == "junk":
            lines[place] = line[:4] + draw(st.text(max_size=20)) + line[4:]
        elif len(lines) > 1:
            del lines[place]
    return "\r\n".join(lines).encode("utf-8", "surrogatepass")


@settings(max_examples=400)
@given(damaged(), damaged())
def test_damaged_descriptions_are_agreed_to_or_refused(first: bytes, second: bytes) -> None:
    us = negotiation()
    for text in (first, second):
        outcome = us.receive_offer(text)
        if isinstance(outcome, ReceivedOffer):
            answer, agreed = us.create_answer(local(), Direction.SENDRECV)
            assert answer.encode().decode() == answer
            assert agreed.codec.encoding in ("opus", "g722", "pcmu", "pcma")
            assert len(agreed.receives) <= 128
        else:
            assert outcome.text.isprintable()
        us.create_offer(local(), Direction.SENDRECV)
        answered = us.receive_answer(second)
        assert isinstance(answered, NegotiatedMedia | Refused)
        assert us.state is NegotiationState.STABLE


def filled(piece: str, size: int) -> str:
    """A usable offer, filled up with `piece` to `size`."""
    head = sdp(audio("a=mid:0"), session=["a=group:BUNDLE 0"])
    return head + piece * ((size - len(head)) // len(piece))


@pytest.mark.parametrize(
    "piece",
    [
        "a=candidate:1 1 UDP 1 192.0.2.1 9 typ host\r\n",
        "a=rtpmap:96 x/8000\r\n",
        "a=fmtp:111 ;=;=;=;=;=;=;=;=;=;=;=;=;=;=;=;=;=\r\n",
        "a=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB\r\n",
        "a=group:BUNDLE 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\r\n",
        "b=AS:1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\r\n",
        "m=audio 0 x 0\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxx\r\n",
        "\r\n",
        " ",
        ":",
        "a=",
        "AB:",
    ],
)
def test_no_offer_costs_more_than_its_length_deserves(piece: str) -> None:
    def receive(size: int) -> Callable[[], object]:
        text = filled(piece, size)
        return lambda: receive_and_answer(text)

    def receive_and_answer(text: str) -> None:
        us = negotiation()
        if isinstance(us.receive_offer(text), ReceivedOffer):
            us.create_answer(local(), Direction.SENDRECV)

    assert_grows_linearly(receive, MAX_LENGTH)


@pytest.mark.parametrize("piece", ["0 ", "111 ", "a/", "x=1;", "AB:", "\t", "1 1 UDP "])
@pytest.mark.parametrize("begin", ["m=audio 1 x ", "a=fmtp:111 ", "a=rtpmap:96 ", "a=group:"])
def test_no_line_costs_more_than_its_length_deserves(begin: str, piece: str) -> None:
    def receive(size: int) -> Callable[[], object]:
        text = sdp(audio(begin + piece * (size // len(piece))))
        return lambda: negotiation().receive_offer(text)

    assert_grows_linearly(receive, 60_000)


def test_an_endless_dialog_does_not_grow() -> None:
    """Re-offers with ever other numbers fill the table of 128 numbers and no more."""
    us = negotiation()
    for turn in range(300):
        number = 35 + turn % 93
        line = f"m=audio 5000 UDP/TLS/RTP/SAVPF {number}"
        _, agreed = answering(
            us, sdp(audio(f"a=rtpmap:{number} opus/48000/2", line=line, without=["a=rtpmap"]))
        )
        assert len(agreed.receives) <= 128
