"""Payload type numbers and what they stand for, as peers write them."""

import pytest

from sipcli.sdp.formats import (
    CODECS,
    EVENTS,
    STATIC,
    Format,
    Preferences,
    first_of_each,
    read_formats,
)
from sipcli.sdp.read import read


def formats(numbers: str, *attributes: str) -> list[Format]:
    lines = "".join(f"a={each}\n" for each in attributes)
    (media,) = read(f"m=audio 4000 RTP/AVP {numbers}\n{lines}").media
    return list(read_formats(media))


def test_static_numbers_need_no_rtpmap() -> None:
    assert formats("0 8 9 18 3 13") == [
        Format(0, "pcmu", 8000),
        Format(8, "pcma", 8000),
        Format(9, "g722", 8000),
        Format(18, "g729", 8000),
        Format(3, "gsm", 8000),
        Format(13, "cn", 8000),
    ]
    assert STATIC[10].channels == 2


def test_dynamic_numbers_without_rtpmap_mean_nothing() -> None:
    assert formats("96 0 97", "fmtp:96 useinbandfec=1", "rtpmap:98 opus/48000/2") == [
        Format(0, "pcmu", 8000)
    ]


@pytest.mark.parametrize(
    ("rtpmap", "encoding", "rate", "channels"),
    [
        ("96 opus/48000/2", "opus", 48000, 2),
        ("96 OPUS/48000", "opus", 48000, 2),
        ("96 opus/48000/1", "opus", 48000, 2),
        ("96 opus", "opus", 48000, 2),
        ("96 opus/16000", "opus", 16000, 1),
        ("96 red/48000", "red", 48000, 2),
        ("96 G722/8000", "g722", 8000, 1),
        ("96 G722/16000", "g722", 8000, 1),
        ("96 PCMA", "pcma", 8000, 1),
        ("96 PCMU/8000/2", "pcmu", 8000, 2),
        ("96  telephone-event / 8000", "telephone-event", 8000, 1),
        ("96 telephone-event/48000/1", "telephone-event", 48000, 1),
        ("96 x/y", "x", 8000, 1),
    ],
)
def test_rtpmaps_as_peers_write_them(rtpmap: str, encoding: str, rate: int, channels: int) -> None:
    assert formats("96", f"rtpmap:{rtpmap}") == [Format(96, encoding, rate, channels)]


@pytest.mark.parametrize("rtpmap", ["96", "96 ", "x opus/48000/2", "", "96 /8000"])
def test_an_rtpmap_without_number_or_name_is_none(rtpmap: str) -> None:
    assert formats("96", f"rtpmap:{rtpmap}") == []


def test_an_rtpmap_overrules_the_static_meaning() -> None:
    assert formats("8", "rtpmap:8 PCMU/8000") == [Format(8, "pcmu", 8000)]


def test_of_two_lines_for_one_number_the_first_counts() -> None:
    assert formats("96", "rtpmap:96 a/1", "rtpmap:96 b/1", "fmtp:96 x", "fmtp:96 y") == [
        Format(96, "a", 1, parameters="x")
    ]


def test_numbers_that_are_none_or_come_twice_are_left_out() -> None:
    assert [each.payload_type for each in formats("8 x 128 -1 999999999999 08 0 8 0")] == [8, 0]


def test_an_fmtp_without_rtpmap_is_ignored() -> None:
    """media.md's G.729 without rtpmap is no fault, nor is a line without a number."""
    assert formats("18 0", "fmtp:18 annexb=no", "fmtp:annexb", "fmtp:0") == [
        Format(18, "g729", 8000, parameters="annexb=no"),
        Format(0, "pcmu", 8000),
    ]


def test_options_are_read_one_by_one() -> None:
    given = Format(96, "opus", 48000, 2, "minptime=10; UseInbandFEC = 1;;flag; =x")
    assert given.options() == {"minptime": "10", "useinbandfec": "1", "flag": "", "": "x"}


def test_first_of_each_keeps_the_order_and_the_first() -> None:
    one, two, three = Format(0, "pcmu", 8000), Format(96, "pcmu", 8000), Format(8, "pcma", 8000)
    assert list(first_of_each([one, two, three]).values()) == [one, three]


def test_we_write_rtpmaps_with_the_registered_names() -> None:
    written = [each.rtpmap for each in (*CODECS.values(), *EVENTS)]
    assert written == [
        "111 opus/48000/2",
        "9 G722/8000",
        "0 PCMU/8000",
        "8 PCMA/8000",
        "110 telephone-event/48000",
        "101 telephone-event/8000",
    ]


def names(preferences: Preferences) -> list[tuple[str, int]]:
    return [(each.encoding, each.clock_rate) for each in preferences.formats]


def test_events_follow_the_clocks_of_the_codecs() -> None:
    assert names(Preferences(codecs=("opus",))) == [("opus", 48000), ("telephone-event", 48000)]
    assert names(Preferences(codecs=("pcma", "g722"))) == [
        ("pcma", 8000),
        ("g722", 8000),
        ("telephone-event", 8000),
    ]


def test_red_and_comfort_noise_come_with_the_codecs_they_serve() -> None:
    def both(*codecs: str) -> list[tuple[str, int]]:
        return names(Preferences(codecs=codecs, red=True, comfort_noise=True))

    assert both("opus", "pcmu")[2:4] == [
        ("red", 48000),
        ("cn", 8000),
    ]
    assert ("cn", 8000) not in both("opus")
    assert ("red", 48000) not in both("pcmu")


@pytest.mark.parametrize("codecs", [(), ("opus", "g729"), ("OPUS",)])
def test_codecs_that_we_do_not_have_are_a_mistake_of_ours(codecs: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="codecs must be some of opus, g722, pcmu, pcma"):
        Preferences(codecs=codecs)
