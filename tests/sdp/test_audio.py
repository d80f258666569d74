"""An audio medium as a phone sees it, wherever its attributes stand."""

import pytest

from sipcli.sdp.audio import MAX_CANDIDATES, AudioMedia, audio_media
from sipcli.sdp.description import Direction
from sipcli.sdp.read import read
from sipcli.sdp.transport import DtlsSetup, Fingerprint
from tests.sdp.ends import DIGEST, OTHER_DIGEST, WEAK_DIGEST, audio, sdp


def only(*media: list[str], session: tuple[str, ...] = ()) -> AudioMedia:
    (found,) = audio_media(read(sdp(*media, session=session)))
    return found


def test_audio_is_found_among_other_media() -> None:
    text = sdp(["m=video 1 x 0"], audio(), ["m=image 1 udptl t38"], audio(line="m=AUDIO 0 x 0"))
    assert [(each.place, each.port) for each in audio_media(read(text))] == [(1, 5000), (3, 0)]


@pytest.mark.parametrize(
    ("media", "session", "direction"),
    [
        ((), (), Direction.SENDRECV),
        ((), ("a=sendonly",), Direction.SENDONLY),
        (("a=recvonly",), ("a=sendonly",), Direction.RECVONLY),
        (("a=INACTIVE",), (), Direction.INACTIVE),
    ],
)
def test_the_direction_stands_with_the_medium_or_the_session(
    media: tuple[str, ...], session: tuple[str, ...], direction: Direction
) -> None:
    assert only(audio(*media), session=session).direction is direction


TRANSPORT = ("a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup")


def test_ice_and_dtls_may_stand_with_the_session() -> None:
    lines = [each for each in audio() if each.startswith(TRANSPORT)]
    assert only(audio(without=TRANSPORT), session=(*lines, "a=ice-lite")) == only(
        audio("a=ice-lite")
    )


def test_what_stands_with_the_medium_counts_more() -> None:
    found = only(
        audio("a=ice-lite"),
        session=(
            "a=ice-ufrag:all",
            "a=ice-pwd:all",
            f"a=fingerprint:sha-256 {DIGEST}",
            "a=setup:passive",
        ),
    )
    assert (found.ufrag, found.setup) == ("peer", DtlsSetup.ACTPASS)
    assert found.fingerprints == (Fingerprint("sha-256", OTHER_DIGEST),)


def test_several_fingerprints_are_all_read_and_nonsense_left_out() -> None:
    found = only(audio(f"a=fingerprint:SHA-1 {WEAK_DIGEST}", "a=fingerprint:x", "a=fingerprint"))
    assert [each.hash_function for each in found.fingerprints] == ["sha-256", "sha-1"]


def test_an_unknown_setup_is_as_if_missing() -> None:
    found = only(audio(setup="sometimes"), session=("a=setup:passive",))
    assert found.setup is DtlsSetup.PASSIVE
    assert only(audio(without=["a=setup"])).setup is None


@pytest.mark.parametrize(
    ("value", "read"),
    [("x", "x"), ("x" * 256, "x" * 256), ("x" * 257, None), ("a b", None), ("é", None), ("", None)],
)
def test_credentials_are_of_a_length_that_ice_can_use(value: str, read: str | None) -> None:
    found = only(audio(f"a=ice-ufrag:{value}", f"a=ice-pwd:{value}", without=["a=ice"]))
    assert (found.ufrag, found.pwd) == (read, read)


def test_the_password_is_not_in_the_repr() -> None:
    assert "password-of-22" not in repr(only(audio()))


def test_only_candidates_of_use_are_kept_and_not_too_many() -> None:
    odd = "a=candidate:1 1 TCP 1 192.0.2.1 9 typ host tcptype active"
    many = [f"a=candidate:{n} 1 UDP 1 192.0.2.1 {n} typ host" for n in range(1, 200)]
    found = only(audio(odd, "a=candidate:nonsense", *many, without=["a=candidate"]))
    assert [each.port for each in found.candidates] == [*range(1, MAX_CANDIDATES + 1)]


@pytest.mark.parametrize(
    ("group", "mid", "bundled"),
    [
        ("BUNDLE 0 1", "a=mid:0", True),
        ("bundle 1 0 ", "a=mid: 0 ", True),
        ("BUNDLE 1", "a=mid:0", False),
        ("LS 0", "a=mid:0", False),
        ("BUNDLE 0", "a=other", False),
        ("BUNDLE", "a=mid:", False),
        ("", "a=mid:0", False),
    ],
)
def test_a_bundle_is_known_by_its_members(group: str, mid: str, bundled: bool) -> None:
    assert only(audio(mid), session=(f"a=group:{group}",)).bundled is bundled


@pytest.mark.parametrize(
    ("lines", "ptime", "max_ptime"),
    [
        ((), None, None),
        (("a=ptime:30", "a=maxptime:60"), 30, 60),
        (("a=ptime:0", "a=maxptime:121"), None, None),
        (("a=ptime:20.5", "a=maxptime"), None, None),
    ],
)
def test_packet_times(lines: tuple[str, ...], ptime: int | None, max_ptime: int | None) -> None:
    found = only(audio(*lines))
    assert (found.ptime, found.max_ptime) == (ptime, max_ptime)


@pytest.mark.parametrize(
    ("lines", "bandwidth"),
    [
        ((), None),
        (("b=TIAS:30000",), 30000),
        (("b=AS:64",), 64 * 950 - 16000),
        (("b=as:64", "b=TIAS:30000"), 30000),
        (("b=AS:10",), None),
        (("b=AS:x", "b=RR:0"), None),
        (("b=AS:0",), None),
        (("i=AS:64", "k=TIAS:30000"), None),
    ],
)
def test_bandwidth_is_what_is_left_for_payload(
    lines: tuple[str, ...], bandwidth: int | None
) -> None:
    assert only(audio(*lines)).bandwidth == bandwidth


@pytest.mark.parametrize(
    ("line", "connection", "has_address", "takes_away"),
    [
        ("m=audio 5000 x 0", "c=IN IP4 192.0.2.9", True, False),
        ("m=audio 5000 x 0", "c=IN IP4 0.0.0.0", False, True),
        ("m=audio 5000 x 0", "c=IN IP6 ::", False, True),
        ("m=audio 9 x 0", "c=IN IP4 0.0.0.0", False, False),
        ("m=audio 5000 x 0", "a=x", False, False),
    ],
)
def test_a_zero_address_takes_the_address_away_unless_ice_is_to_find_one(
    line: str, connection: str, has_address: bool, takes_away: bool
) -> None:
    found = only(audio(connection, line=line, without=["c="]))
    assert (found.has_address, found.takes_address_away) == (has_address, takes_away)


def test_the_session_s_address_is_inherited() -> None:
    found = only(audio(without=["c="]), session=("c=IN IP4 192.0.2.9",))
    assert found.connection is not None
    assert found.connection.address == "192.0.2.9"


def test_keys_in_the_signalling_are_noticed() -> None:
    assert only(audio("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x")).has_keys
    assert not only(audio()).has_keys
