"""Whether the registrar takes us: what it asks for, what it grants, and what its refusal means."""

from typing import Any

import pytest

from sipcli.doctor.check import ORDER
from sipcli.doctor.doctor_run import run_checks
from sipcli.doctor.registration_check import ChallengeWatch
from sipcli.errors import MissingPassword, Phase, RegistrationError
from sipcli.journal.journal import Journal
from sipcli.sip import build
from sipcli.sip.parser import encode
from tests.core.digest_server import request
from tests.doctor.doctor_world import Findings, at, examined, retry_forever
from tests.sip_entries import record_received
from tests.sip_server import Behaviour, SipServer


async def registered(behaviour: Behaviour, **changes: Any) -> Findings:
    """The examination of Alice at a server that behaves so, and puts no calls through."""
    behaviour.statuses.setdefault("INVITE", 404)

    async with SipServer(behaviour) as server:
        return await examined(at(server.uri), **changes)


async def test_what_is_granted_and_how_it_was_asked_for_is_told() -> None:
    check = (await registered(Behaviour(password="open sesame", expires=300))).the("registration")
    assert check.ok
    assert check.found[0].startswith("sip:alice@example.com at sip:example.com for 300 s (")
    assert check.found[-1] == "password requested with Digest, realm 'example.com', MD5"


async def test_a_server_that_asks_for_nothing_is_told_as_one() -> None:
    assert (await registered(Behaviour())).the("registration").found[-1] == "no password requested"


async def test_a_wrong_password_fails_and_nothing_is_called() -> None:
    findings = await registered(Behaviour(password="another"))
    check = findings.the("registration")
    assert findings.failed == ["registration"]
    assert "realm 'example.com'" in check.detail
    assert "authorization_user" in str(check.hint)
    assert findings.the("ice").detail == "not run: there is no registration"
    assert findings.failure.exit_code == RegistrationError.exit_code
    assert findings.failure.phase is Phase.REGISTRATION
    assert "open sesame" not in repr(findings.checks)


@pytest.mark.parametrize(
    ("status", "words"), [(403, "password, too"), (404, "check uri"), (603, "--trace-sip")]
)
async def test_a_refusal_has_the_cure_of_its_status(status: int, words: str) -> None:
    check = (await registered(Behaviour(statuses={"REGISTER": status}))).the("registration")
    assert check.ok is False
    assert str(status) in check.detail
    assert words in str(check.hint)


async def test_a_password_that_is_missing_is_a_fault_where_nobody_can_be_asked() -> None:
    findings = await registered(Behaviour(password="open sesame"), credentials=None)
    check = findings.the("registration")
    assert findings.failed == ["registration"]
    assert check.found[0] == "no password is set"
    assert "password_command" in str(check.hint)


async def test_a_password_that_is_missing_can_be_asked_for_and_nothing_is_told_twice() -> None:
    findings = Findings()
    behaviour = Behaviour(password="open sesame", statuses={"INVITE": 404})
    async with SipServer(behaviour) as server:
        without = retry_forever(at(server.uri), credentials=None, can_ask=True)
        with pytest.raises(MissingPassword):
            await run_checks(without, findings.report, lambda _: None)
        await run_checks(retry_forever(at(server.uri)), findings.report, lambda _: None)
    findings = findings
    assert [check.phase for check in findings.checks] == list(ORDER)
    assert findings.the("registration").ok


@pytest.mark.parametrize(
    ("others", "told"),
    [
        (0, None),
        (1, "another device of this account is registered"),
        (2, "2 other devices of this account are registered"),
    ],
)
async def test_other_devices_of_the_account_are_told(others: int, told: str | None) -> None:
    fields = tuple(("Contact", f"<sip:x@other{n}.invalid>;expires=60") for n in range(others))
    found = (await registered(Behaviour(fields=fields))).the("registration").found
    assert [text for text in found if "of this account" in text] == ([told] if told else [])


def test_the_first_challenge_is_told() -> None:
    watch = ChallengeWatch(journal := Journal())
    for realm in ("first", "second"):
        fields = [("WWW-Authenticate", f'Digest realm="{realm}", nonce="1"')]
        record_received(journal, encode(build.response(request("REGISTER"), 401, headers=fields)))
    assert watch.shown == "password requested with Digest, realm 'first', MD5"


def test_hostile_words_of_a_challenge_are_bounded() -> None:
    watch = ChallengeWatch(journal := Journal())
    challenge = 'Digest realm="' + "x" * 5000 + '", nonce="1", algorithm=' + "y" * 5000
    refusal = build.response(request("REGISTER"), 401, headers=[("WWW-Authenticate", challenge)])
    record_received(journal, encode(refusal))
    assert watch.shown.startswith("password requested with Digest, realm 'xxx")
    assert len(watch.shown) < 400


def test_what_is_no_message_tells_nothing() -> None:
    watch = ChallengeWatch(journal := Journal())
    for data in (b"", b"\r\n\r\n", b"\xff\xfe", b"SIP/2.0 401 No\r\nWWW-Authenticate: ,\r\n\r\n"):
        record_received(journal, data)
    assert watch.shown == "no password requested"
