"""What keys and words do to calls, and what is said where they cannot."""

import re
from typing import NoReturn

import pytest

from sipcli.cli.call_keys import command_of_key
from sipcli.cli.script.call_commands import (
    CallCommands,
    InvalidCommand,
    command_of_line,
)
from sipcli.errors import NoAnswerError, Phase, RefusedError, SipcliError
from sipcli.sip.uri import SipUri
from tests.cli.call_session_fixture import ASKED, MOVED, FakeCall, FakeCallSession

ALICE = SipUri.parse("sip:alice@example.com")


def do(fake: FakeCallSession, line: str) -> None:
    """Run a line."""
    command_of_line(line, ALICE).begin(CallCommands(fake.call_session))


def press(fake: FakeCallSession, key: str) -> None:
    """Press a key."""
    command_of_key(key).begin(CallCommands(fake.call_session))


def talking() -> FakeCall:
    return FakeCall(is_answered=True)


def ringing() -> FakeCall:
    return FakeCall(is_ringing=True, is_incoming=True)


@pytest.mark.parametrize(
    ("lines", "did"),
    [
        (("hold", "resume"), ["hold", "resume"]),
        (("mute", "unmute"), ["mute", "unmute"]),
        (("dtmf 12,3",), ["dtmf 12,3"]),
        (("HANGUP",), ["hangup"]),
        (("transfer carol",), ["transfer sip:carol@example.com"]),
        (("  transfer   sip:carol@host ",), ["transfer sip:carol@host"]),
    ],
)
def test_words_do_what_they_say(lines: tuple[str, ...], did: list[str]) -> None:
    call = talking()
    for line in lines:
        do(FakeCallSession(call), line)
    assert call.did == did


def test_keys_toggle_hold_and_mute() -> None:
    call = talking()
    fake = FakeCallSession(call)
    for key in "hhmm5*#q":
        press(fake, key)
    assert call.did == [
        *("hold", "resume", "mute", "unmute"),
        *("dtmf 5", "dtmf *", "dtmf #", "hangup"),
    ]


def test_a_transfer_that_there_is_no_room_for_any_more_fails_as_a_command_does() -> None:
    """Not as the call does: its exit code would be that of a refused call."""

    def refuse(**_: float) -> NoReturn:
        raise RefusedError("there are as many calls as max_calls allows")

    call = FakeCall(is_answered=True, transfer_request=ASKED)
    call.accept_transfer = refuse  # type: ignore[method-assign]
    for run, typed in ((do, "accept-transfer"), (press, "y")):
        with pytest.raises(InvalidCommand, match="as many calls as max_calls") as failed:
            run(FakeCallSession(call), typed)
        assert failed.value.phase is Phase.ANSWER


def test_what_a_far_end_asks_is_decided_by_a_key_or_a_word() -> None:
    call = talking()
    fake = FakeCallSession(call)
    for key in "yn":
        with pytest.raises(InvalidCommand, match="no transfer is waiting for a decision"):
            press(fake, key)
    with pytest.raises(InvalidCommand, match="no redirection is waiting for a decision"):
        do(fake, "accept-redirect")
    call.transfer_request = ASKED
    press(fake, "y")
    press(fake, "n")
    do(fake, "Accept-Transfer")
    with pytest.raises(InvalidCommand, match="no redirection is waiting for a decision"):
        do(fake, "refuse-redirect")
    call.transfer_request, call.redirect_request = None, MOVED
    press(fake, "y")
    press(fake, "n")
    assert call.did == [
        *("accept-transfer", "refuse-transfer", "accept-transfer"),
        *("accept-redirect", "refuse-redirect"),
    ]


def test_answering_holds_who_is_talked_to() -> None:
    first, second = talking(), ringing()
    press(FakeCallSession(first, second), "a")
    assert first.did == ["hold"]
    assert second.did == ["answer"]


def test_answering_leaves_who_is_on_hold() -> None:
    first, second = talking(), ringing()
    first.wants_hold = True
    press(FakeCallSession(first, second), "a")
    assert first.did == []


@pytest.mark.parametrize(
    ("line", "did"),
    [("reject", ["reject 486"]), ("reject 603", ["reject 603"]), ("reject 300", ["reject 300"])],
)
def test_what_rings_is_rejected_and_nothing_else(line: str, did: list[str]) -> None:
    first, second = talking(), ringing()
    do(FakeCallSession(first, second), line)
    assert (first.did, second.did) == ([], did)


@pytest.mark.parametrize("rest", ["200", "700", "6", "busy", "48６", "-486"])
def test_a_call_is_rejected_with_a_final_status_only(rest: str) -> None:
    call = ringing()
    with pytest.raises(InvalidCommand, match="300 to 699"):
        do(FakeCallSession(call), f"reject {rest}")
    assert call.did == []


@pytest.mark.parametrize("line", ["hold", "resume", "transfer carol"])
def test_what_needs_an_answered_call_says_so(line: str) -> None:
    with pytest.raises(InvalidCommand, match="not answered"):
        do(FakeCallSession(FakeCall()), line)


@pytest.mark.parametrize("line", ["hold", "mute", "dtmf 1", "hangup", "stats"])
def test_without_a_call_it_says_so(line: str) -> None:
    with pytest.raises(InvalidCommand, match="no call"):
        do(FakeCallSession(), line)


@pytest.mark.parametrize("key", ["a", "r"])
def test_where_nothing_rings_it_says_so(key: str) -> None:
    with pytest.raises(InvalidCommand, match="no call is ringing"):
        press(FakeCallSession(talking()), key)


@pytest.mark.parametrize("line", ["", "dance", "transfer", "transfer http://x", "transfer a@[b"])
def test_what_means_nothing_says_so(line: str) -> None:
    call = talking()
    with pytest.raises(InvalidCommand):
        do(FakeCallSession(call), line)
    assert call.did == []


@pytest.mark.parametrize("key", ["x", "A", "[", "é", "½"])
def test_a_key_that_means_nothing_is_answered_with_where_to_look(key: str) -> None:
    with pytest.raises(
        InvalidCommand, match=rf"no such key: {re.escape(repr(key))}; \? shows the keys"
    ):
        press(FakeCallSession(talking()), key)


@pytest.mark.asyncio
@pytest.mark.parametrize("error", [RefusedError("488", Phase.OFFER_ANSWER), NoAnswerError("480")])
async def test_a_transfer_that_is_refused_is_of_the_step_in_which_it_is_answered(
    error: SipcliError, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(_: FakeCall, target: object, **__: float) -> None:
        raise error

    monkeypatch.setattr(FakeCall, "transfer", refused)
    command = command_of_line("transfer carol", ALICE)
    result = command.begin(CallCommands(FakeCallSession(talking()).call_session))
    assert result is not None
    with pytest.raises(InvalidCommand, match=error.text) as caught:
        await result
    assert caught.value.phase is Phase.ANSWER
