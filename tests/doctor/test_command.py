"""`sipcli doctor` as a user and a script have it."""

from pathlib import Path

import pytest

from sipcli.doctor import trial_call
from sipcli.doctor.check import ORDER
from tests.cli.program import Outcome, Sipcli, account, sipcli
from tests.cli.test_process import Terminal
from tests.net.peers import closed_port
from tests.sip_server import Behaviour, in_a_thread

__all__ = ["sipcli"]

NAMES = [phase.lower() for phase in ORDER]
QUIET = ("--audio-in", "silence", "--audio-out", "null", "--stun-servers", "none")
FIELDS = {"time", "event", "name", "ok", "detail", "hint"}


def checks(outcome: Outcome) -> dict[str, bool | None]:
    return {each["name"]: each["ok"] for each in outcome.events if each["event"] == "check"}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_call, "TALK_S", 1.2)


@pytest.mark.usefixtures("short")
def test_in_a_sandbox_all_is_well(sipcli: Sipcli) -> None:
    outcome = sipcli("doctor", "--sandbox", *QUIET, "--json")
    assert outcome.code == 0
    assert list(checks(outcome)) == NAMES
    assert False not in checks(outcome).values()
    assert outcome.kinds == ["started", *["check"] * len(NAMES), "finished"]
    told = [each for each in outcome.events if each["event"] == "check"]
    assert all(each.keys() - {"schema"} == FIELDS for each in told)


@pytest.mark.usefixtures("short")
def test_a_person_reads_one_mark_for_each_check(sipcli: Sipcli) -> None:
    outcome = sipcli("doctor", "--sandbox", "--echo", "echo", *QUIET)
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    marked = [line.split()[1] for line in lines if line[0] in "✓✗–"]
    assert marked == [str(phase) for phase in ORDER]
    assert lines[-1] == "all checks passed"


def test_checks_that_were_not_run_have_not_passed(sipcli: Sipcli) -> None:
    outcome = sipcli("doctor", "--sandbox", "--no-register", *QUIET)
    assert outcome.code == 0
    assert "not run: register is off" in outcome.out
    assert outcome.out.splitlines()[-1] == "all checks that ran passed"


def test_a_wrong_configuration_is_the_first_check_that_fails(
    sipcli: Sipcli, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("uri = 'sip:alice@example.com'\nregister = 'maybe'\ncodec = 1\n")
    outcome = sipcli("doctor", "--config", str(file), "--json")
    assert outcome.code == 2
    assert checks(outcome) == {"configuration": False, **dict.fromkeys(NAMES[1:])}
    told = outcome.events[0]
    assert f"{file}:2" in told["detail"]
    assert "codec" in told["detail"]
    assert "sipcli config" in told["hint"]
    assert outcome.the("finished")["phase"] == "configuration"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--ws-servers", "http://example.com"),
        ("--ws-servers", "wss://a.example", "--tls-ca-file", "/nowhere"),
        ("--ws-servers", "ws://a.example"),
        ("--ws-servers", "ws://a.example", "--uri", "sip:a@b", "--echo", "sip:"),
        ("--ws-servers", "ws://a.example", "--uri", "sip:a@b", "--audio-out", "file:x.mp3"),
    ],
    ids=["no server", "bad server", "no CA file", "nobody", "bad target", "bad sink"],
)
def test_whatever_is_wrong_with_the_settings_is_told_before_anything_is_sent(
    sipcli: Sipcli, arguments: tuple[str, ...]
) -> None:
    outcome = sipcli("doctor", *arguments, "--json")
    assert outcome.code == 2
    assert checks(outcome) == {"configuration": False, **dict.fromkeys(NAMES[1:])}
    assert "Traceback" not in outcome.err


def test_the_first_failure_is_the_reason_and_the_exit_code(sipcli: Sipcli) -> None:
    server = f"ws://127.0.0.1:{closed_port()}"
    outcome = sipcli(
        "doctor", "--uri", "sip:a@b", "--ws-servers", server, *QUIET[:4], "--stun-servers",
        f"stun:127.0.0.1:{closed_port()}", "--ice-gathering-timeout", "0.2", "--json",
    )  # fmt: skip
    assert outcome.code == 3
    assert [name for name, ok in checks(outcome).items() if ok is False] == ["tcp", "stun"]
    finished = outcome.the("finished")
    assert finished["phase"] == "tcp"
    assert finished["reason"].startswith("TCP: 127.0.0.1:")
    assert finished["reason"].endswith(": is the server running there?")


def test_a_stun_server_that_is_dead_is_exit_7_though_calls_would_get_on(sipcli: Sipcli) -> None:
    with in_a_thread(Behaviour(statuses={"INVITE": 404})) as server:
        outcome = sipcli(
            "doctor", *account(server), *QUIET[:4], "--stun-servers",
            f"stun:127.0.0.1:{closed_port()}", "--ice-gathering-timeout", "0.2", "--json",
        )  # fmt: skip
    assert outcome.code == 7
    assert [name for name, ok in checks(outcome).items() if ok is False] == ["stun"]
    assert outcome.the("finished")["phase"] == "stun"


def test_a_device_that_is_named_and_missing_is_exit_9(sipcli: Sipcli) -> None:
    with in_a_thread(Behaviour(statuses={"INVITE": 404})) as server:
        outcome = sipcli(
            "doctor", *account(server), "--stun-servers", "none",
            "--audio-in", "device:Nowhere", "--audio-out", "null", "--json",
        )  # fmt: skip
    assert outcome.code == 9
    assert outcome.the("finished")["phase"] == "devices"


def test_a_wrong_password_is_exit_4_and_not_shown(
    sipcli: Sipcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIPCLI_PASSWORD", "n0t-the-right-one")
    with in_a_thread(Behaviour(password="another")) as server:
        outcome = sipcli("doctor", *account(server), *QUIET, "--trace-sip")
    assert outcome.code == 4
    assert "✗ registration" in outcome.out
    assert "error: registration: " in outcome.err
    assert "REGISTER sip:" in outcome.err
    assert "n0t-the-right-one" not in outcome.out + outcome.err


def test_on_a_terminal_the_last_line_does_not_tell_again_what_the_first_fault_is() -> None:
    server = ("--uri", "sip:a@example.com", "--ws-servers", f"ws://127.0.0.1:{closed_port()}")
    terminal = Terminal("doctor", *server, *QUIET, "--no-color")
    assert terminal.end() == 3
    assert terminal.shown.count("refused the connection") == 1
    assert "the first failed step is TCP" in terminal.shown


def test_a_password_that_is_missing_is_no_question_to_a_script(sipcli: Sipcli) -> None:
    with in_a_thread(Behaviour(password="another")) as server:
        outcome = sipcli("doctor", *account(server), *QUIET, "--json")
    assert outcome.code == 4
    assert checks(outcome)["registration"] is False
    assert checks(outcome)["devices"] is True


def test_a_servers_words_reach_no_terminal_unescaped(sipcli: Sipcli) -> None:
    behaviour = Behaviour(statuses={"REGISTER": 403}, reason="\x1b[31mNo")
    with in_a_thread(behaviour) as server:
        outcome = sipcli("doctor", *account(server), *QUIET)
    assert "\x1b" not in outcome.out + outcome.err
    assert "\\x1b[31mNo" in outcome.out
