"""ICE, DTLS and audio: by a call to somebody who echoes, or to ourselves."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from sipcli.config.settings import Settings
from sipcli.config.tables import AudioTable
from sipcli.doctor import trial_call
from sipcli.doctor.probe_phone import ProbePhone
from sipcli.doctor.trial_call import call_ourselves, place
from sipcli.errors import MediaError, NoAnswerError, Phase, RefusedError
from sipcli.journal.journal import Journal
from sipcli.media.rtp.delivery import Delivery
from sipcli.media.rtp.reporting import Reporting
from sipcli.media.transport import media_transport
from sipcli.media.webrtc.dtls import Dtls
from sipcli.media.webrtc.errors import DtlsFailed, IceFailed
from sipcli.media.webrtc.ice_socket import IceSocket
from sipcli.phone.events import Binding, CallEnded, Registered
from sipcli.sandbox.names import address_of
from sipcli.sandbox.sandbox import Plan, Sandbox
from sipcli.sip.status import TEMPORARILY_UNAVAILABLE
from sipcli.sip.uri import SipUri
from tests.core.factories import settings
from tests.doctor.doctor_world import Findings, at, examined
from tests.sip_server import Behaviour, SipServer


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call says little more than it needs to be heard."""
    monkeypatch.setattr(trial_call, "TALK_S", 1.2)


@asynccontextmanager
async def sandbox() -> AsyncIterator[tuple[Sandbox, Settings]]:
    """A sandbox, and the settings of its first user."""
    async with Sandbox(Plan()) as here:
        usual = settings(audio=AudioTable(input="silence", output="null"), instance_id=uuid4())
        yield here, here.account("alice", usual)


async def in_sandbox(echo: str | None = None, **changes: Any) -> Findings:
    """The examination of a user of a sandbox."""

    async with sandbox() as (here, chosen):
        target = address_of(echo) if echo is not None else None
        return await examined(
            replace(chosen, **changes), credentials=here.credentials("alice"), echo=target
        )


async def test_all_is_well_by_a_call_to_ourselves() -> None:
    findings = await in_sandbox()
    assert findings.failed == []
    assert findings.report.failure is None
    assert [findings.the(name).ok for name in ("ice", "dtls", "audio")] == [True] * 3
    assert findings.the("ice").found[0].count("host ") == 2
    assert "--echo TARGET" in findings.the("ice").found[1]
    assert findings.the("dtls").found[0].startswith("DTLSv1.2, ECDHE-ECDSA-")
    assert "SRTP_" in findings.the("dtls").found[0]
    assert "sha-256 " in findings.the("dtls").found[1]
    assert findings.the("audio").found[0] == "both ways, opus: 440 Hz sent and heard back"
    assert "loss 0.0 %" in findings.the("audio").detail


async def test_all_is_well_by_somebody_who_echoes() -> None:
    findings = await in_sandbox("echo", codecs=("pcmu",))
    assert findings.failed == []
    assert len(findings.the("ice").found) == 1
    assert findings.the("audio").found[0] == "both ways, pcmu: 440 Hz sent and heard back"


async def test_a_far_end_that_says_something_else_is_told_as_that() -> None:
    check = (await in_sandbox("tone")).the("audio")
    assert check.ok
    assert check.found[0].endswith("something was heard, but not the tone that was sent")


async def test_a_far_end_that_sends_nothing_fails_in_audio_and_names_the_direction() -> None:
    findings = await in_sandbox("silent")
    check = findings.the("audio")
    assert findings.failed == ["audio"]
    assert findings.the("dtls").ok
    assert "nothing reaches us" in check.found[0]
    assert "send back" in str(check.hint)
    assert findings.failure.exit_code == MediaError.exit_code
    assert findings.failure.phase is Phase.AUDIO


@pytest.mark.parametrize(
    ("target", "kind", "words"),
    [("busy", RefusedError, "486"), ("nobody", RefusedError, "404"), ("bob", NoAnswerError, "480")],
)
async def test_a_target_that_takes_no_call_is_a_fault_with_the_calls_own_code(
    target: str, kind: type[RefusedError], words: str
) -> None:
    findings = await in_sandbox(target)
    check = findings.the("ice")
    assert findings.failed == ["ice"]
    assert f"the call to sip:{target}@sandbox.invalid failed: {words}" in check.detail
    assert "--echo" in str(check.hint)
    assert findings.the("audio").detail == "not run: there was no call"
    assert findings.failure.exit_code == kind.exit_code


async def test_a_target_that_never_answers_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trial_call, "RING_TIMEOUT_S", 0.3)
    findings = await in_sandbox("ring")
    assert "no answer within 0.3 s" in findings.the("ice").detail
    assert findings.failure.exit_code == NoAnswerError.exit_code


@pytest.mark.parametrize(("target", "failed"), [("echo", []), ("tone", ["audio"])])
async def test_a_tone_that_comes_back_has_arrived_whatever_reports_leave_out(
    monkeypatch: pytest.MonkeyPatch, target: str, failed: list[str]
) -> None:
    monkeypatch.setattr(Reporting, "delivery", property(lambda _: Delivery.UNNAMED))
    findings = await in_sandbox(target)
    assert findings.failed == failed
    assert ("unless it never reports" in findings.the("audio").detail) is bool(failed)


async def test_where_no_udp_gets_through_ice_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_transport, "ICE_LIMIT", 0.5)
    monkeypatch.setattr(IceSocket, "datagram_received", lambda *_: None)
    findings = await in_sandbox("echo")
    check = findings.the("ice")
    assert findings.failed == ["ice"]
    assert re.search("no ICE check was answered|ended before ICE found a path", check.detail)
    assert "turn_servers" in str(check.hint)
    assert findings.the("dtls").detail == "not run: ICE failed"
    assert str(findings.failure).startswith("ICE: ")
    assert findings.failure.exit_code == MediaError.exit_code


@pytest.mark.parametrize("failure", [None, IceFailed("no ICE check was answered")])
def test_whoever_notices_first_that_there_is_no_way_it_is_ice(failure: IceFailed | None) -> None:
    ended = CallEnded(
        call="1", by="remote", status=None, reason="hung up", duration_s=12.0, stats=None
    )
    found = trial_call.Findings(
        target=address_of("echo"),
        failure=failure,
        pair=None,
        protection=None,
        fingerprint=None,
        verdict=None,
        ended=ended,
        tone_s=0.0,
    )
    ice, dtls, audio = trial_call.call_checks(found)
    assert (ice.ok, dtls.ok, audio.ok) == (False, None, None)
    assert "turn_servers" in str(ice.hint)


async def test_where_the_handshake_fails_it_is_dtls_and_ice_is_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def handshake(*_: object) -> None:
        raise DtlsFailed("the far end did not answer the DTLS handshake")

    monkeypatch.setattr(Dtls, "handshake", handshake)
    findings = await in_sandbox()
    assert findings.failed == ["dtls"]
    assert findings.the("ice").ok
    assert "did not answer the DTLS handshake" in findings.the("dtls").detail
    assert findings.the("audio").detail == "not run: DTLS failed"
    assert findings.failure.phase is Phase.DTLS


async def test_a_server_that_does_not_put_us_through_to_ourselves_is_no_fault() -> None:
    async with SipServer(Behaviour(statuses={"INVITE": 404})) as server:
        findings = await examined(at(server.uri))
    assert findings.failed == []
    assert "does not route a call from us" in findings.the("ice").detail
    assert "404" in findings.the("ice").detail
    assert "--echo TARGET" in str(findings.the("ice").hint)
    assert [findings.the(name).ok for name in ("ice", "dtls", "audio")] == [None] * 3


async def test_without_a_registration_nobody_can_call_us() -> None:
    findings = await in_sandbox(register=False)
    assert findings.failed == []
    assert findings.the("ice").detail == "not run: we cannot be called without a registration"


async def test_where_other_devices_would_ring_nobody_is_called() -> None:
    others = Binding(contact="sip:desk@192.0.2.9", expires_s=60, ours=False)

    async with SipServer() as server, ProbePhone(at(server.uri), None, Journal()) as line:
        await line.register()
        first = line.registration
        assert isinstance(first.registered, Registered)
        first.registered = replace(first.registered, bindings=(others,), pub_gruu=None)
        ice, *_ = await call_ourselves(line, None, Journal())
        assert server.requests("INVITE") == []
        result = [ice.detail]
    assert result == ["not run: other devices of the account would ring"]


async def test_a_stranger_who_calls_meanwhile_hears_no_echo() -> None:
    async with sandbox() as (here, chosen):
        bob = here.account("bob", replace(chosen, instance_id=uuid4()))
        credentials = here.credentials
        async with (
            ProbePhone(chosen, credentials("alice"), Journal(), echoes=True) as alice,
            ProbePhone(bob, credentials("bob"), Journal()) as stranger,
        ):
            await alice.register()
            await stranger.register()
            found = await place(stranger, SipUri.parse("sip:alice@sandbox.invalid"))
    assert found.ended is not None
    assert found.ended.status == TEMPORARILY_UNAVAILABLE


async def test_the_second_phone_is_where_the_first_one_is() -> None:
    behaviours = [Behaviour(statuses={"INVITE": 404}) for _ in range(2)]
    async with SipServer(behaviours[0]) as first, SipServer(behaviours[1]) as second:
        await examined(at(first.uri, second.uri))
        result = [len(server.requests("REGISTER")) for server in (first, second)]
    assert sorted(result) == [0, 4]


async def test_nothing_stays_registered_at_the_end() -> None:
    async with SipServer(Behaviour(statuses={"INVITE": 404})) as server:
        await examined(at(server.uri))
        expires = [one.contacts[0].params.get("expires") for one in server.requests("REGISTER")]
        result = [str(each) for each in expires]
    assert sorted(result) == ["0", "0", "600", "600"]


async def test_who_gives_up_in_the_middle_leaves_nothing_behind() -> None:
    async with sandbox() as (here, chosen):
        examination = asyncio.create_task(examined(chosen, credentials=here.credentials("alice")))
        await asyncio.sleep(0.6)
        examination.cancel()
        with pytest.raises(asyncio.CancelledError):
            await examination
