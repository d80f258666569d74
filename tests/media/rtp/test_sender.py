"""Numbers, timestamps and markers of what is sent (RFC 3550 §5.1, RFC 3551 §4.1)."""

from sipcli.media.rtp.packet import RtpPacket, parse
from sipcli.media.rtp.sender import Sender


def sender(**changes: int) -> Sender:
    return Sender(
        **{"ssrc": 5, "sequence": 65_534, "timestamp": 1000, "clock_rate": 48_000, **changes}
    )


def read(data: bytes) -> RtpPacket:
    packet = parse(data)
    assert packet is not None
    return packet


def audio(source: Sender, frame: int, payload_type: int = 111) -> RtpPacket:
    now = frame * 0.020
    return read(source.audio(payload_type, b"sound", source.tick(now), now))


def test_sequence_and_timestamp_go_on_from_where_they_were_drawn() -> None:
    source = sender()
    found = [audio(source, n) for n in range(4)]
    assert [one.sequence for one in found] == [65_534, 65_535, 0, 1]
    assert [one.timestamp for one in found] == [1000, 1960, 2920, 3880]
    assert {(one.ssrc, one.payload_type, one.payload) for one in found} == {(5, 111, b"sound")}


def test_only_the_first_packet_of_a_talkspurt_is_marked() -> None:
    source = sender()
    marks = [audio(source, n).marker for n in range(3)]
    for now in (0.060, 0.080):
        source.tick(now)
        source.pause()
    marks += [audio(source, n).marker for n in (5, 6)]
    assert marks == [True, False, False, True, False]


def test_time_goes_on_in_a_pause_and_numbers_do_not() -> None:
    source = sender()
    before = audio(source, 0)
    for n in range(1, 51):
        source.tick(n * 0.020)
        source.pause()
    after = audio(source, 51)
    assert after.timestamp - before.timestamp == 51 * 960
    assert after.sequence - before.sequence == 1


def test_an_event_takes_the_place_of_a_frame_of_audio() -> None:
    source = sender(sequence=10)
    audio(source, 0)
    source.tick(0.020)
    event = read(source.event(101, b"key", 1960, marker=True, now=0.020))
    source.tick(0.040)
    again = read(source.event(101, b"key", 1960, marker=False, now=0.040))
    after = audio(source, 3)
    assert [event.sequence, again.sequence, after.sequence] == [11, 12, 13]
    assert [event.timestamp, again.timestamp, after.timestamp] == [1960, 1960, 1000 + 3 * 960]
    assert [event.marker, again.marker, after.marker] == [True, False, False]


def test_another_codec_goes_on_without_a_jump_at_its_own_pace() -> None:
    source = sender()
    audio(source, 0)
    source.clock_rate = 8_000
    found = [audio(source, n, payload_type=0) for n in (1, 2, 3)]
    assert [one.timestamp for one in found] == [1960, 2120, 2280]
    assert not found[0].marker


def test_the_timestamp_wraps() -> None:
    source = sender(timestamp=0xFFFF_FFFF)
    audio(source, 0)
    assert audio(source, 1).timestamp == 959


def test_late_frames_do_not_move_the_timestamp() -> None:
    source = sender()
    audio(source, 0)
    assert source.tick(0.9) == 1960


def test_the_timestamp_skips_the_frames_that_there_will_never_be() -> None:
    source = sender()
    audio(source, 0)
    source.skip(499)
    woken = audio(source, 500)
    assert woken.timestamp == 1000 + 500 * 960
    assert woken.marker
    assert not audio(source, 501).marker


def test_what_only_says_how_a_pause_sounds_is_not_marked() -> None:
    source = sender()
    audio(source, 0)
    silent = [read(source.audio(111, b"hush", 960 * n, n * 0.020, silent=True)) for n in (1, 2)]
    assert [one.marker for one in silent] == [False, False]
    assert audio(source, 3).marker


def test_it_counts_packets_and_octets_of_payload() -> None:
    source = sender()
    audio(source, 0)
    source.event(101, b"1234", 0, marker=True, now=0.020)
    source.pause()
    assert (source.packets, source.octets) == (2, 9)


def test_it_knows_the_timestamp_of_any_instant() -> None:
    source = sender()
    assert source.timestamp_at(77.0) == 1000
    audio(source, 0)
    assert source.timestamp_at(0.0) == 1000
    assert source.timestamp_at(0.030) == 1000 + 1440
