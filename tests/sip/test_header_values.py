"""The smaller typed header values."""

import pytest

from sipcli.sip.grammar import Malformed
from sipcli.sip.header_values import (
    ContentDisposition,
    CSeq,
    EventPackage,
    MediaType,
    RAck,
    Reason,
    Replaces,
    RetryAfter,
    SessionExpires,
    SubscriptionState,
    Warning,
)
from sipcli.sip.params import Params
from sipcli.sip.status import reason_phrase


def test_cseq() -> None:
    assert CSeq.parse("0009 \t INVITE") == CSeq(9, "INVITE")
    assert CSeq.parse("4294967295 a") == CSeq(2**32 - 1, "a")
    assert str(CSeq(1, "ACK")) == "1 ACK"


@pytest.mark.parametrize("text", ["1", "INVITE", "1INVITE", "-1 A", "4294967296 A", "1 A B", "1 "])
def test_malformed_cseq(text: str) -> None:
    with pytest.raises(Malformed):
        CSeq.parse(text)


def test_rack() -> None:
    assert RAck.parse("776656  1 INVITE") == RAck(776656, CSeq(1, "INVITE"))
    assert str(RAck(1, CSeq(2, "INVITE"))) == "1 2 INVITE"


@pytest.mark.parametrize("text", ["1 INVITE", "1 2", "4294967296 1 A", "1 4294967296 A", ""])
def test_malformed_rack(text: str) -> None:
    with pytest.raises(Malformed):
        RAck.parse(text)


def test_media_types_are_compared_in_lower_case() -> None:
    media = MediaType.parse("Multipart / Mixed ; Boundary=Ab")
    assert media == MediaType("multipart", "mixed", Params.parse(";Boundary=Ab"))
    assert media.essence == "multipart/mixed"
    assert str(media) == "multipart/mixed;Boundary=Ab"


@pytest.mark.parametrize("text", ["", "text", "text/", "/plain", "text/plain x", "text/plain;"])
def test_malformed_media_type(text: str) -> None:
    with pytest.raises(Malformed):
        MediaType.parse(text)


def test_content_disposition() -> None:
    disposition = ContentDisposition.parse("Session;handling=Optional")
    assert (disposition.kind, disposition.is_optional) == ("session", True)
    assert not ContentDisposition.parse("session;handling=required").is_optional
    assert not ContentDisposition.parse("session").is_optional
    assert str(disposition) == "session;handling=Optional"
    with pytest.raises(Malformed):
        ContentDisposition.parse(";x")


def test_retry_after() -> None:
    retry = RetryAfter.parse("18000 (at (lunch\\)) now) ;duration=3600")
    assert (retry.seconds, retry.comment, retry.duration) == (18000, "at (lunch\\)) now", 3600)
    assert RetryAfter.parse("5") == RetryAfter(5)
    assert RetryAfter.parse("5").duration is None
    assert RetryAfter.parse("5;duration=x").duration is None


@pytest.mark.parametrize("text", ["", "x", "-1", "5 (a", "5 (a\\)", "5 a", "4294967296", "5;"])
def test_malformed_retry_after(text: str) -> None:
    with pytest.raises(Malformed):
        RetryAfter.parse(text)


def test_session_expires() -> None:
    session = SessionExpires.parse("1800 ; Refresher = UAC")
    assert (session.seconds, session.refresher) == (1800, "uac")
    assert str(session) == "1800;Refresher=UAC"
    assert SessionExpires.parse("90").refresher is None
    with pytest.raises(Malformed):
        SessionExpires.parse("soon")


def test_event() -> None:
    event = EventPackage.parse("Dialog ;id=7;shared")
    assert (event.package, event.id) == ("Dialog", "7")
    assert str(event) == "Dialog;id=7;shared"
    with pytest.raises(Malformed):
        EventPackage.parse(";id=7")


def test_subscription_state() -> None:
    state = SubscriptionState.parse("Terminated;Reason=NoResource")
    assert (state.state, state.reason) == ("terminated", "noresource")
    assert str(state) == "terminated;Reason=NoResource"
    assert SubscriptionState.parse("active;expires=5").reason is None


def test_reason() -> None:
    reason = Reason.parse('Q.850 ;cause=16;text="Normal, clearing"')
    assert (reason.protocol, reason.cause, reason.text) == ("Q.850", 16, "Normal, clearing")
    assert str(reason) == 'Q.850;cause=16;text="Normal, clearing"'
    assert Reason.parse("SIP").cause is None
    assert Reason.parse("SIP;cause=many").cause is None
    with pytest.raises(Malformed):
        Reason.parse('"SIP"')


def test_warning() -> None:
    warning = Warning.parse('399 isi.edu:5060 "Session \\"x\\" not, understood"')
    assert warning == Warning(399, "isi.edu:5060", 'Session "x" not, understood')


@pytest.mark.parametrize("text", ["", '1812 a "b"', "399 a b", '399 "b"', '399 a "b'])
def test_malformed_warning(text: str) -> None:
    with pytest.raises(Malformed):
        Warning.parse(text)


def test_replaces() -> None:
    replaces = Replaces.parse("425928@a.b ;to-tag=7743;from-tag=6472;early-only")
    assert replaces == Replaces("425928@a.b", "7743", "6472", early_only=True)
    assert str(replaces) == "425928@a.b;to-tag=7743;from-tag=6472;early-only"
    assert Replaces.parse(str(Replaces("a", "b", "c"))) == Replaces("a", "b", "c")


@pytest.mark.parametrize("text", ["", "a;to-tag=1", "a;from-tag=1", ";to-tag=1;from-tag=2", "a"])
def test_malformed_replaces(text: str) -> None:
    with pytest.raises(Malformed):
        Replaces.parse(text)


@pytest.mark.parametrize(
    ("status", "phrase"),
    [(200, "OK"), (488, "Not Acceptable Here"), (499, "Request Failure"), (777, "Unknown")],
)
def test_reason_phrases(status: int, phrase: str) -> None:
    assert reason_phrase(status) == phrase
