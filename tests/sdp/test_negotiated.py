"""ICE and DTLS from one description to the next: restarts, roles, certificates."""

from dataclasses import replace

import pytest

from sipcli.sdp.description import Direction
from sipcli.sdp.transport import CandidateType, DtlsRole, Fingerprint, is_strong
from sipcli.sdp.validation import Refused
from tests.sdp.ends import (
    DIGEST,
    OTHER_DIGEST,
    answering,
    audio,
    audio_of,
    candidate,
    local,
    negotiation,
    offered,
    offering,
    sdp,
)

SENDRECV = Direction.SENDRECV
OFFER = sdp(audio())
ANSWER = sdp(audio(setup="active"))


def test_other_credentials_are_an_ice_restart() -> None:
    us = negotiation()
    _, first = answering(us, OFFER)
    assert not first.transport.ice_restarted
    restarted = sdp(audio(ufrag="anew"))
    assert offered(us, restarted).transport.ice_restarted
    text, agreed = us.create_answer(local("new2"), SENDRECV)
    assert audio_of(text).value("ice-ufrag") == "new2"
    assert agreed.transport.ice_restarted
    assert not agreed.transport.new_association
    assert agreed.transport.remote.ufrag == "anew"


def test_a_restart_we_offer_is_known_by_the_answer() -> None:
    us = negotiation()
    offering(us, ANSWER)
    offer, agreed = offering(us, sdp(audio(ufrag="anew")), transport=local("new2"))
    assert audio_of(offer).value("ice-ufrag") == "new2"
    assert agreed.transport.ice_restarted
    _, ignored = offering(us, sdp(audio(ufrag="anew")), transport=local("new3"))
    assert not ignored.transport.ice_restarted


def test_credentials_that_move_to_the_session_are_no_restart() -> None:
    """RFC 8839 §4.4.1.1.1."""
    us = negotiation()
    answering(us, OFFER)
    ice = [each for each in audio() if each.startswith("a=ice")]
    assert not offered(us, sdp(audio(without=["a=ice"]), session=ice)).transport.ice_restarted


def test_the_offerer_controls_and_goes_on_controlling() -> None:
    us, them = negotiation(), negotiation()
    _, agreed = offering(us, ANSWER)
    assert agreed.transport.controlling
    _, agreed = answering(us, sdp(audio(ufrag="anew")))
    assert agreed.transport.controlling
    _, agreed = answering(them, OFFER)
    assert not agreed.transport.controlling
    _, agreed = offering(them, ANSWER)
    assert not agreed.transport.controlling


def test_a_lite_agent_never_controls() -> None:
    _, agreed = answering(negotiation(), sdp(audio(), session=["a=ice-lite"]))
    assert agreed.transport.remote.lite
    assert agreed.transport.controlling


def test_the_default_candidate_is_on_the_m_and_c_lines() -> None:
    relay = candidate("203.0.113.1", 50000, CandidateType.RELAY, 1)
    relay = replace(relay, related_address="198.51.100.1", related_port=4)
    text = negotiation().create_offer(local(candidates=(candidate(), relay)), SENDRECV)
    media = audio_of(text)
    assert media.port == 50000
    assert media.connection is not None
    assert media.connection.address == "203.0.113.1"
    assert list(media.values("candidate")) == [
        "1 1 UDP 2130706431 192.0.2.10 40000 typ host",
        "1 1 UDP 1 203.0.113.1 50000 typ relay raddr 198.51.100.1 rport 4",
    ]


def test_without_candidates_the_lines_say_nowhere() -> None:
    text = negotiation().create_offer(local(candidates=()), SENDRECV)
    assert "m=audio 9 UDP/TLS" in text
    assert "c=IN IP4 0.0.0.0\r\n" in text
    assert audio_of(text).has("end-of-candidates")


def test_an_ipv6_default_candidate() -> None:
    text = negotiation().create_offer(local(candidates=(candidate("2001:db8::7"),)), SENDRECV)
    assert "c=IN IP6 2001:db8::7\r\n" in text


@pytest.mark.parametrize(
    ("theirs", "ours", "role"),
    [
        ("actpass", "active", DtlsRole.CLIENT),
        ("active", "passive", DtlsRole.SERVER),
        ("passive", "active", DtlsRole.CLIENT),
        ("nonsense", "active", DtlsRole.CLIENT),
    ],
)
def test_the_answer_s_setup_fits_the_offer_s(theirs: str, ours: str, role: DtlsRole) -> None:
    text, agreed = answering(negotiation(), sdp(audio(setup=theirs)))
    assert audio_of(text).value("setup") == ours
    assert agreed.transport.dtls_role is role
    assert agreed.transport.new_association


@pytest.mark.parametrize(
    ("theirs", "role"),
    [
        ("active", DtlsRole.SERVER),
        ("passive", DtlsRole.CLIENT),
        ("actpass", DtlsRole.CLIENT),
        ("nonsense", DtlsRole.CLIENT),
    ],
)
def test_our_role_follows_the_answer(theirs: str, role: DtlsRole) -> None:
    offer, agreed = offering(negotiation(), sdp(audio(setup=theirs)))
    assert audio_of(offer).value("setup") == "actpass"
    assert agreed.transport.dtls_role is role


@pytest.mark.parametrize("later", ["actpass", "active", "passive", "holdconn", "nonsense"])
@pytest.mark.parametrize(("first", "ours"), [("active", "passive"), ("passive", "active")])
def test_later_offers_of_theirs_do_not_change_the_role(first: str, ours: str, later: str) -> None:
    """Without an ICE restart there is no other association (RFC 8842 §6).

    The answer fits what was offered all the same (RFC 4145 §4.1).
    """
    us = negotiation()
    _, before = answering(us, sdp(audio(setup=first)))
    text, agreed = answering(us, sdp(audio(setup=later)))
    fitting = {"active": "passive", "passive": "active", "holdconn": "holdconn"}
    assert audio_of(text).value("setup") == fitting.get(later, ours)
    assert agreed.transport.dtls_role is before.transport.dtls_role
    assert not agreed.transport.new_association


@pytest.mark.parametrize("later", ["active", "passive", "holdconn"])
def test_later_offers_of_ours_say_actpass_and_keep_the_role(later: str) -> None:
    us = negotiation()
    _, before = answering(us, OFFER)
    offer, agreed = offering(us, sdp(audio(setup=later)))
    assert audio_of(offer).value("setup") == "actpass"
    assert agreed.transport.dtls_role is before.transport.dtls_role
    assert not agreed.transport.new_association


def test_another_role_with_an_ice_restart_is_a_new_association() -> None:
    us = negotiation()
    answering(us, sdp(audio(setup="active")))
    text, agreed = answering(us, sdp(audio(setup="passive", ufrag="anew")), transport=local("x"))
    assert audio_of(text).value("setup") == "active"
    assert agreed.transport.dtls_role is DtlsRole.CLIENT
    assert agreed.transport.new_association


def test_an_ice_restart_alone_keeps_association_and_role() -> None:
    us = negotiation()
    answering(us, sdp(audio(setup="active")))
    text, agreed = answering(us, sdp(audio(ufrag="anew")), transport=local("x"))
    assert audio_of(text).value("setup") == "passive"
    assert not agreed.transport.new_association


def test_another_certificate_needs_an_ice_restart() -> None:
    us = negotiation()
    _, before = answering(us, OFFER)
    refused = us.receive_offer(sdp(audio(digest=DIGEST)))
    assert isinstance(refused, Refused)
    assert "certificate changes" in refused.text
    assert us.agreed == before
    _, agreed = answering(us, sdp(audio(digest=DIGEST, ufrag="anew")), transport=local("x"))
    assert agreed.transport.new_association


def test_one_more_fingerprint_of_the_same_certificate_changes_nothing() -> None:
    us = negotiation()
    answering(us, OFFER)
    more = f"a=fingerprint:sha-512 {':'.join(['CD'] * 64)}"
    _, agreed = answering(us, sdp(audio(more)))
    assert not agreed.transport.new_association
    assert len(agreed.transport.fingerprints) == 2


SHOWN = (
    Fingerprint("sha-384", ":".join(["38"] * 48)),
    Fingerprint("sha-512", ":".join(["51"] * 64)),
    Fingerprint("sha-1", ":".join(["01"] * 20)),
    Fingerprint("sha-256", OTHER_DIGEST),
)


def named(*fingerprints: Fingerprint, ufrag: str = "peer", setup: str = "actpass") -> str:
    """A description that names the certificate so."""
    lines = [f"a=fingerprint:{each}" for each in fingerprints]
    return sdp(audio(*lines, without=["a=fingerprint"], ufrag=ufrag, setup=setup))


@pytest.mark.parametrize("by", SHOWN, ids=lambda by: by.hash_function)
@pytest.mark.parametrize("ufrag", ["peer", "anew"], ids=["same way", "ICE restart"])
def test_a_certificate_named_by_another_hash_is_the_same(by: Fingerprint, ufrag: str) -> None:
    us = negotiation()
    answering(us, OFFER)
    us.certificate = SHOWN
    _, agreed = answering(us, named(by, ufrag=ufrag), transport=local(ufrag))
    assert not agreed.transport.new_association
    assert agreed.transport.fingerprints
    assert all(map(is_strong, agreed.transport.fingerprints))
    _, agreed = answering(us, named(SHOWN[-1], ufrag=ufrag), transport=local(ufrag))
    assert not agreed.transport.new_association, "and back"
    _, agreed = offering(us, named(by, ufrag=ufrag, setup="active"), transport=local(ufrag))
    assert not agreed.transport.new_association, "in an answer"


@pytest.mark.parametrize("by", SHOWN[:3], ids=lambda by: by.hash_function)
def test_another_certificate_by_another_hash_is_another(by: Fingerprint) -> None:
    us = negotiation()
    answering(us, OFFER)
    us.certificate = SHOWN
    other = Fingerprint(by.hash_function, by.value.replace(by.value[:2], "FF"))
    refused = us.receive_offer(named(other))
    assert isinstance(refused, Refused)
    assert "certificate" in refused.text


def test_a_weak_hash_is_no_proof_of_a_certificate_that_was_never_shown() -> None:
    us = negotiation()
    assert isinstance(us.receive_offer(named(SHOWN[2])), Refused)
    answering(us, OFFER)
    refused = us.receive_offer(named(SHOWN[2]))
    assert isinstance(refused, Refused)
    assert "weak" in refused.text


def test_a_weak_hash_of_the_certificate_of_before_is_none_of_the_present_ones() -> None:
    us = negotiation()
    answering(us, OFFER)
    us.certificate = SHOWN
    answering(us, sdp(audio(digest=DIGEST, ufrag="anew")), transport=local("x"))
    refused = us.receive_offer(named(SHOWN[2], ufrag="again"))
    assert isinstance(refused, Refused)
    assert "weak" in refused.text


def test_weak_fingerprints_are_not_passed_on() -> None:
    weak = f"a=fingerprint:sha-1 {':'.join(['CD'] * 20)}"
    _, agreed = answering(negotiation(), sdp(audio(weak)))
    assert [each.hash_function for each in agreed.transport.fingerprints] == ["sha-256"]
