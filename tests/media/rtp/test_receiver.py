"""Which packets belong to the stream that is heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.media.rtp import extension
from sipcli.media.rtp.packet import RtpPacket, build
from sipcli.media.rtp.receiver import Receiver
from sipcli.media.rtp.rtcp import SenderReport


def packet(sequence: int, ssrc: int = 1, timestamp: int = 0, mid: bytes | None = None) -> bytes:
    block = b"" if mid is None else extension.build(extension.ExtensionElement(4, mid))
    return build(RtpPacket(0, sequence & 0xFFFF, timestamp, ssrc, b"x", extension=block))


def heard(receiver: Receiver, *datagrams: bytes) -> list[int]:
    """The sequence numbers of those let through."""
    found = (receiver.receive(data) for data in datagrams)
    return [one.sequence for one in found if one is not None]


def test_the_first_source_is_believed_at_once() -> None:
    receiver = Receiver()
    assert receiver.ssrc is None
    assert heard(receiver, packet(9)) == [9]
    assert receiver.ssrc == 1


def test_another_source_is_followed_after_two_packets_in_sequence() -> None:
    receiver = Receiver()
    assert heard(receiver, packet(1), packet(70, 2), packet(71, 2), packet(72, 2)) == [1, 71, 72]
    assert receiver.ssrc == 2
    assert receiver.strays == 1


def test_packets_out_of_sequence_prove_no_source() -> None:
    receiver = Receiver()
    assert heard(receiver, packet(1), packet(70, 2), packet(80, 2), packet(5, 3)) == [1]
    assert receiver.ssrc == 1


def test_of_two_sources_at_a_time_the_first_stays() -> None:
    receiver = Receiver()
    both = [packet(n, ssrc) for n in range(50) for ssrc in (1, 2)]
    assert heard(receiver, *both) == list(range(50))
    assert receiver.ssrc == 1


def test_an_announced_source_needs_no_proof_against_one_that_is_not() -> None:
    receiver = Receiver()
    receiver.announce(frozenset((2,)))
    assert heard(receiver, packet(1), packet(70, 2), packet(2), packet(71, 2)) == [1, 70, 71]
    assert receiver.ssrc == 2
    assert receiver.strays == 1


def test_a_change_of_source_that_is_announced_is_followed_at_once() -> None:
    receiver = Receiver()
    receiver.announce(frozenset((1,)))
    assert heard(receiver, packet(1), packet(70, 2)) == [1]
    receiver.announce(frozenset((2,)))
    assert heard(receiver, packet(2), packet(71, 2), packet(3), packet(72, 2)) == [2, 71, 72]


def test_of_two_announced_sources_at_a_time_the_first_stays() -> None:
    receiver = Receiver()
    receiver.announce(frozenset((1, 2)))
    both = [packet(n, ssrc) for n in range(9) for ssrc in (1, 2)]
    assert heard(receiver, *both) == list(range(9))


def test_packets_of_another_medium_are_dropped() -> None:
    receiver = Receiver()
    receiver.announce(frozenset(), extension.OneOf(4, frozenset((b"1",))))
    assert heard(receiver, packet(5, 2, mid=b"1"), packet(6, 2, mid=b"1")) == []
    assert receiver.strays == 2
    assert heard(receiver, packet(1, mid=b"0"), packet(2), packet(7, 2, mid=b"1")) == [1, 2]
    receiver.announce(frozenset())
    assert heard(receiver, packet(3, mid=b"1")) == [3]


def test_a_name_that_the_description_does_not_have_says_nothing() -> None:
    """A server passes packets on from a session where the audio has another name."""
    receiver = Receiver()
    receiver.announce(frozenset(), extension.OneOf(4, frozenset((b"1",))))
    assert heard(receiver, packet(1, mid=b"audio"), packet(2, mid=b"")) == [1, 2]


def test_counts_go_on_over_a_change_of_source() -> None:
    receiver = Receiver()
    heard(receiver, packet(1), packet(3), packet(3))
    heard(receiver, packet(70, 2), packet(71, 2), packet(74, 2))
    assert (receiver.expected, receiver.received, receiver.lost) == (3 + 4, 2 + 2, 1 + 2)
    assert receiver.duplicates == 1


def test_duplicates_and_strays_are_not_let_through() -> None:
    receiver = Receiver()
    assert heard(receiver, packet(1), packet(1), packet(30_000), packet(2)) == [1, 2]
    assert receiver.strays == 1


def test_what_is_no_rtp_is_counted() -> None:
    receiver = Receiver()
    assert heard(receiver, b"", b"\x80\x00") == []
    assert receiver.unreadable == 2
    assert receiver.expected == 0


def test_jitter_is_that_of_the_current_source() -> None:
    receiver = Receiver()
    assert receiver.jitter_ms == 0.0
    for n, when in enumerate((0.0, 0.036)):
        one = receiver.receive(packet(n, timestamp=n * 160))
        assert one is not None
        receiver.count_jitter(one, 8_000, when)
    assert receiver.jitter_ms == pytest.approx(1.0)


def test_there_is_nothing_to_report_before_the_first_packet() -> None:
    receiver = Receiver()
    assert receiver.report(0.0) == ()
    receiver.receive(packet(5))
    (block,) = receiver.report(0.0)
    assert (block.ssrc, block.highest_sequence) == (1, 5)


def test_sender_reports_of_others_are_dropped() -> None:
    receiver = Receiver()
    receiver.receive(packet(5))
    receiver.on_sender_report(SenderReport(2, 1 << 20, 0, 0, 0), 0.0)
    assert receiver.report(0.0)[0].last_sender_report == 0
    receiver.on_sender_report(SenderReport(1, 1 << 20, 0, 0, 0), 0.0)
    assert receiver.report(0.0)[0].last_sender_report == 1 << 4


@given(
    st.lists(
        st.builds(
            packet,
            st.integers(0, 0xFFFF) | st.integers(0, 9),
            st.integers(0, 3),
            st.integers(0, 0xFFFF_FFFF),
        )
        | st.binary(max_size=40),
        max_size=60,
    )
)
def test_nothing_raises_and_the_counts_hold_together(datagrams: list[bytes]) -> None:
    receiver = Receiver()
    let_through = heard(receiver, *datagrams)
    assert receiver.received >= 0
    assert receiver.received <= len(let_through)
    assert receiver.expected >= receiver.received
    assert receiver.strays + receiver.unreadable + len(let_through) <= len(datagrams)
    for block in receiver.report(1.0):
        assert 0.0 <= block.fraction_lost <= 1.0
