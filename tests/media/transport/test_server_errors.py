"""What a person reads of a STUN or TURN server that is of no use."""

import socket

import pytest
from aioice import stun

from sipcli.media.webrtc.errors import explain_connection, explain_stun


def refusal(code: int | None) -> stun.TransactionFailed:
    response = stun.Message(stun.Method.ALLOCATE, stun.Class.ERROR)
    if code is not None:
        response.attributes["ERROR-CODE"] = (code, "\x1b[31mwords of the server")
    return stun.TransactionFailed(response)


@pytest.mark.parametrize("code", [None, 300, 400, 401, 403, 437, 438, 441, 442, 486, 508, 599])
def test_a_refusal_is_explained_without_the_servers_own_words(code: int | None) -> None:
    for has_credentials in (True, False):
        text = str(explain_stun(refusal(code), has_credentials=has_credentials))
        assert text.startswith(("it ", "this user ", "the user name "))
        assert "words" not in text


def test_silence_is_explained() -> None:
    assert str(explain_stun(stun.TransactionTimeout())) == "it does not answer"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(), "is the server running there?"),
        (ConnectionResetError(), "it closed the connection"),
        (socket.gaierror(socket.EAI_AGAIN, "Try again"), "that this machine is online"),
        (OSError(113, "No route to host"), "No route to host"),
        (TimeoutError(), "TimeoutError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, OSError) else "",
)
def test_a_connection_that_fails_is_explained(error: OSError, words: str) -> None:
    assert words in str(explain_connection(error))
