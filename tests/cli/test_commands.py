"""`register`, `message` and `ping` against a server on loopback: exit codes, events, words."""

import io
import sys

import pytest

from sipcli.cli.commands.ping import Tally
from sipcli.core.requests.exchange import FinalResponse, Unanswered
from sipcli.errors import RefusedError
from sipcli.phone.errors import ping_result
from sipcli.sip import build
from tests.cli.program import Sipcli, account
from tests.core.digest_server import request
from tests.net.peers import closed_port
from tests.sip_server import Behaviour, in_a_thread


def test_register_once_shows_the_bindings_and_takes_ours_back(sipcli: Sipcli) -> None:
    with in_a_thread(Behaviour(password="secret")) as server:
        ended = sipcli("register", "--once", *account(server, "--password", "secret"), "--json")
    assert ended.code == 0
    assert ended.kinds == [
        "started",
        "warning",
        "connecting",
        "connected",
        "registered",
        "unregistered",
        "finished",
    ]
    started, registered = ended.the("started"), ended.the("registered")
    assert (started["schema"], started["command"]) == (1, "register")
    assert all("schema" not in event for event in ended.events[1:])
    assert registered["expires_s"] == 600
    assert [binding["ours"] for binding in registered["bindings"]] == [True]
    assert ended.the("finished")["exit_code"] == 0
    assert "secret" not in ended.out + ended.err


def test_register_once_takes_no_longer_than_it_may(sipcli: Sipcli) -> None:
    with in_a_thread(Behaviour(silent=frozenset({"REGISTER"}))) as server:
        flags = ["--once", "--duration", "0.2", "--json"]
        ended = sipcli("register", *account(server, *flags))
    assert ended.code == 130
    assert ended.the("finished")["reason"] == "ended before it was registered"


@pytest.mark.parametrize("command", [["call"], ["message"], ["ping"]])
@pytest.mark.parametrize("target", ["mailto:bob@h", "http://h/bob", "sipp:bob@h", "sip://bob@h"])
def test_what_cannot_be_called_is_a_usage_error(
    command: list[str], target: str, sipcli: Sipcli
) -> None:
    words = ["hello"] if command == ["message"] else []
    with in_a_thread() as server:
        ended = sipcli(*command, target, *words, *account(server, "--json"))
        assert server.requests("REGISTER") == []
    assert ended.code == 2
    assert "only sip:, sips: and tel: addresses can" in ended.the("error")["text"]


def test_what_people_type_goes_out_escaped(sipcli: Sipcli) -> None:
    with in_a_thread() as server:
        assert sipcli("ping", '"J" <sip:jürgen #4@example.com>', *account(server)).code == 0
        assert sipcli("message", "*21*0171#@example.com", "hi", *account(server)).code == 0
        (ping,), (message,) = server.requests("OPTIONS"), server.requests("MESSAGE")
    assert ping.target == "sip:j%C3%BCrgen%20%234@example.com"
    assert message.target == "sip:*21*0171%23@example.com"


def test_of_several_pings_the_first_failure_decides() -> None:
    options = request("OPTIONS")
    bob = "sip:bob@example.com"
    tally = Tally()
    for status in (200, 404):
        answer = FinalResponse(options, build.response(options, status), 0.002)
        tally.add(ping_result(bob, answer))
    tally.add(ping_result(bob, Unanswered()))
    assert isinstance(tally.failure, RefusedError)
    assert tally.failure.text == "ping sip:bob@example.com: 404 Not Found"
    assert tally.summary().startswith("3 sent, 2 answered, 33% lost; min/median/max 2.0/2.0/2.0")


def test_register_once_for_a_person(sipcli: Sipcli) -> None:
    with in_a_thread() as server:
        ended = sipcli("register", "--once", *account(server))
    assert ended.code == 0
    assert "registered sip:alice@example.com at sip:example.com for 600 s" in ended.out
    assert "  * sip:" in ended.out
    assert "unregistered" in ended.out
    assert ended.err == ""


def test_register_stays_for_the_duration_and_shows_messages(sipcli: Sipcli) -> None:
    message = (
        b"MESSAGE sip:alice@example.com SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK1\r\n"
        b"Max-Forwards: 70\r\nFrom: <sip:bob@example.com>;tag=1\r\nTo: <sip:alice@example.com>\r\n"
        b"Call-ID: 1\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n"
        b"Content-Length: 15\r\n\r\nhi \x1b[2J\xc2\x9b\xff\xe2\x80\xa8.."
    )
    with in_a_thread(Behaviour(greeting=(message,))) as server:
        told = sipcli("register", "--duration", "0.5", *account(server), "--json")
        shown = sipcli("register", "--duration", "0.5", *account(server))
    assert told.code == shown.code == 0
    event = told.the("message")
    assert event["direction"] == "received"
    assert event["from"] == "sip:bob@example.com"
    assert event["text"] == "hi \x1b[2J\x9b\ufffd\u2028.."
    assert "sip:bob@example.com: hi \\x1b[2J\\x9b" in shown.out
    for raw in "\x1b", "\x9b", "\u2028":
        assert raw not in told.out
        assert raw not in shown.out


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (Behaviour(statuses={"REGISTER": 403}), 4),
        (Behaviour(password="another"), 4),
        (Behaviour(statuses={"REGISTER": 500}), 4),
    ],
)
@pytest.mark.parametrize(
    "command", [["register", "--once"], ["ping", "bob"], ["message", "b", "x"]]
)
def test_a_refused_registration_is_exit_4(
    sipcli: Sipcli, behaviour: Behaviour, code: int, command: list[str]
) -> None:
    with in_a_thread(behaviour) as server:
        ended = sipcli(*command, *account(server, "--password", "x"), "--json")
    assert ended.code == code
    assert ended.kinds[-2:] == ["error", "finished"]
    assert ended.the("finished")["exit_code"] == code
    assert ended.the("registration_failed")["retry_in_s"] is None
    assert server.requests("OPTIONS") == server.requests("MESSAGE") == []


@pytest.mark.parametrize(
    ("method", "command", "code", "phase"),
    [
        ("REGISTER", ["register", "--once"], 4, "registration"),
        ("OPTIONS", ["ping", "bob"], 5, "answer"),
        ("MESSAGE", ["message", "bob", "x"], 5, "answer"),
        ("INVITE", ["call", "bob", "--audio-in", "silence", "--audio-out", "null"], 5, "answer"),
    ],
)
def test_an_answer_that_cannot_be_read_is_a_refusal_and_not_silence(
    sipcli: Sipcli, method: str, command: list[str], code: int, phase: str
) -> None:
    def damage(data: bytes) -> bytes:
        return data.replace(b"SIP/2.0 200 OK", b"SIP/2.0 OK", 1)

    with in_a_thread(Behaviour(damage={method: damage})) as server:
        ended = sipcli(*command, *account(server), "--json")
    finished = ended.the("finished")
    assert (ended.code, finished["phase"]) == (code, phase)
    assert finished["reason"].endswith("502 the answer cannot be used: Malformed Status-Line")
    texts = [event["text"] for event in ended.events if event["event"] == "warning"]
    assert f"a response to {method} cannot be used: Malformed Status-Line" in texts


@pytest.mark.parametrize("size", [10_000, 100_000, 2_000_000])
def test_an_answer_may_be_large_and_the_connection_stays(sipcli: Sipcli, size: int) -> None:
    def damage(data: bytes) -> bytes:
        return data.replace(b"\r\n\r\n", b"\r\nX-Long: " + b"x" * size + b"\r\n\r\n", 1)

    with in_a_thread(Behaviour(damage={"REGISTER": damage, "OPTIONS": damage})) as server:
        ended = sipcli("ping", "bob", *account(server), "--json")
    assert ended.code == 0
    assert ended.the("pong")["status"] == 200
    assert ended.kinds.count("connected") == ended.kinds.count("unregistered") == 1
    assert "disconnected" not in ended.kinds
    told = [event["text"] for event in ended.events if "Too Large" in event.get("text", "")]
    assert len(told) == (0 if size < 65536 else 1)


@pytest.mark.parametrize(
    "command", [["register", "--once"], ["ping", "bob"], ["message", "b", "x"]]
)
def test_no_server_is_exit_3(sipcli: Sipcli, command: list[str]) -> None:
    uri = f"ws://127.0.0.1:{closed_port()}"
    ended = sipcli(*command, "--uri", "sip:alice@example.com", "--ws-servers", uri, "--json")
    assert ended.code == 3
    assert ended.the("connect_failed")["phase"] == "tcp"
    assert ended.kinds[-2:] == ["error", "finished"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (200, 0),
        (202, 0),
        (302, 5),
        (404, 5),
        (486, 5),
        (603, 5),
        (408, 6),
        (480, 6),
        (487, 6),
    ],
)
@pytest.mark.parametrize(("command", "method"), [("ping", "OPTIONS"), ("message", "MESSAGE")])
def test_the_answer_decides_the_exit_code(
    sipcli: Sipcli, command: str, method: str, status: int, code: int
) -> None:
    words = ["ping", "bob"] if command == "ping" else ["message", "bob", "hello"]
    with in_a_thread(Behaviour(statuses={method: status})) as server:
        ended = sipcli(*words, *account(server, "--no-register"), "--json")
    assert ended.code == code
    assert ended.the("pong" if command == "ping" else "message")["status"] == status
    assert ended.the("finished")["exit_code"] == code
    assert server.requests("REGISTER") == []


def test_a_message_is_sent_after_registering_and_to_whom_it_says(sipcli: Sipcli) -> None:
    with in_a_thread() as server:
        ended = sipcli("message", "bob", "grüß dich", *account(server), "--json")
    assert ended.code == 0
    (request,) = server.requests("MESSAGE")
    assert request.target == "sip:bob@example.com"
    assert request.body == "grüß dich".encode()
    assert ended.kinds[-3:] == ["message", "unregistered", "finished"]
    assert ended.the("message") | {"time": 0} == {
        "time": 0,
        "event": "message",
        "direction": "sent",
        "from": "sip:alice@example.com",
        "to": "sip:bob@example.com",
        "text": "grüß dich",
        "status": 200,
    }


def test_the_text_may_come_from_standard_input(
    sipcli: Sipcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("zwei\nZeilen ☎\n".encode())))
    with in_a_thread() as server:
        ended = sipcli("message", "bob", "-", *account(server))
    assert ended.code == 0
    assert server.requests("MESSAGE")[0].body == "zwei\nZeilen ☎\n".encode()


@pytest.mark.parametrize("text", ["\udcff", "-"])
def test_a_text_that_is_none_is_a_usage_error(
    sipcli: Sipcli, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff"), encoding="utf-8"))
    ended = sipcli("message", "bob", text, "--ws-servers", "ws://x", "--no-register")
    assert ended.code == 2
    assert "TEXT" in ended.err


def test_a_text_that_is_too_long_is_a_usage_error(
    sipcli: Sipcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("ä".encode() * 25_000)))
    for text in "x" * 50_000, "-":
        ended = sipcli("message", "bob", text, "--json")
        assert ended.code == 2
        assert ended.kinds == ["error", "finished"]
        assert ended.events[0]["schema"] == 1


def test_several_pings_end_with_a_summary_and_the_first_failure_decides(sipcli: Sipcli) -> None:
    with in_a_thread(Behaviour(statuses={"OPTIONS": 404})) as server:
        ended = sipcli("ping", "bob", "--count", "3", "--interval", "0", *account(server))
    assert ended.code == 5
    assert len(server.requests("OPTIONS")) == 3
    assert "3 sent, 3 answered, 0% lost; min/median/max " in ended.out
    assert ended.out.count("sip:bob@example.com: 404") == 3


def test_pings_of_a_program_have_no_summary_but_times(sipcli: Sipcli) -> None:
    with in_a_thread() as server:
        ended = sipcli("ping", "bob", "--count", "2", "--interval", "0", *account(server), "--json")
    assert ended.code == 0
    times = [event["rtt_ms"] for event in ended.events if event["event"] == "pong"]
    assert len(times) == 2
    assert all(time > 0 for time in times)


def test_a_connection_lost_before_the_outcome_is_exit_3(sipcli: Sipcli) -> None:
    with in_a_thread(Behaviour(hangs_up=frozenset({"OPTIONS"}))) as server:
        ended = sipcli("ping", "bob", *account(server), "--json")
    assert ended.code == 3
    assert ended.the("disconnected")["retry_in_s"] is None


def test_a_password_that_is_missing_and_cannot_be_asked_for_is_exit_4(
    sipcli: Sipcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with in_a_thread(Behaviour(password="secret")) as server:
        ended = sipcli("register", "--once", *account(server))
    assert ended.code == 4
    assert "password" in ended.err


def test_the_trace_goes_to_stderr_with_the_digest_masked(sipcli: Sipcli) -> None:
    with in_a_thread(Behaviour(password="secret")) as server:
        options = account(server, "--password", "secret", "--trace-sip")
        ended = sipcli("register", "--once", *options, "--json")
    assert ended.code == 0
    assert "-> ws://127.0.0.1" in ended.err
    assert "<- ws://127.0.0.1" in ended.err
    assert 'response="***"' in ended.err
    assert "secret" not in ended.err


def test_with_quiet_only_results_are_shown(sipcli: Sipcli) -> None:
    with in_a_thread() as server:
        ended = sipcli("ping", "bob", "-q", *account(server))
    (line,) = ended.out.splitlines()
    assert "sip:bob@example.com: 200 in " in line


def test_with_verbose_every_refresh_and_attempt_is_shown(sipcli: Sipcli) -> None:
    with in_a_thread() as server:
        ended = sipcli("ping", "bob", "-v", *account(server))
    assert f"connecting to {server.uri}" in ended.out


def test_an_answer_with_bad_words_is_shown_harmless(sipcli: Sipcli) -> None:
    behaviour = Behaviour(statuses={"OPTIONS": 404}, reason="No \u202e\u001b[2J\u009b")
    with in_a_thread(behaviour) as server:
        shown = sipcli("ping", "bob", *account(server))
        told = sipcli("ping", "bob", *account(server), "--json")
    for text in (shown.out, shown.err, told.out, told.err):
        assert not {"\x1b", "\x9b", "\u202e"} & set(text)
    assert told.the("finished")["reason"].endswith("404 No \u202e\u001b[2J\u009b")


@pytest.mark.parametrize(
    ("silent", "words"),
    [
        ({"INVITE"}, "ring: no response to the INVITE within 0.3 s"),
        (set(), "answer: 486 Busy Here"),
    ],
)
def test_a_call_names_the_step_that_failed(sipcli: Sipcli, silent: set[str], words: str) -> None:
    behaviour = Behaviour(silent=frozenset(silent), statuses={"INVITE": 486})
    with in_a_thread(behaviour) as server:
        quiet = ("--audio-in", "silence", "--audio-out", "null", "--stun-servers", "none")
        outcome = sipcli("call", "bob", *quiet, "--ring-timeout", "0.3", *account(server), "--json")
    finished = outcome.the("finished")
    assert finished["reason"] == words
    assert finished["phase"] == words.split(":")[0]
    assert outcome.the("error")["text"] == words


def test_a_command_that_went_well_has_no_phase(sipcli: Sipcli) -> None:
    with in_a_thread() as server:
        assert "phase" not in sipcli("ping", "bob", *account(server), "--json").the("finished")
