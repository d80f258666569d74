"""docs/python.md: its examples run, and it leaves nothing out."""

import re
import socket
from pathlib import Path
from typing import Any, get_args

import pytest

from sipcli import Call, Phone, errors
from sipcli.evidence.captured_sip import read_sip
from sipcli.phone.audio_meters import Measured
from sipcli.phone.events import Event
from sipcli.sandbox.sandbox import Sandbox

pytest_plugins = ["pytester"]

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")


def example(language: str, number: int) -> str:
    """The `number`th block of that language."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return blocks[number]


def test_the_first_example_is_a_test_that_passes(pytester: pytest.Pytester) -> None:
    pytester.makefile(".ini", pytest=example("ini", 0))
    pytester.makepyfile(example("python", 0))
    outcome = pytester.runpytest_subprocess("-W", "error")
    outcome.assert_outcomes(passed=1)


def test_the_example_for_a_session_is_a_test_that_passes(pytester: pytest.Pytester) -> None:
    pytester.makefile(".ini", pytest=example("ini", 0))
    pytester.makepyfile(example("python", 1))
    outcome = pytester.runpytest_subprocess("-W", "error")
    outcome.assert_outcomes(passed=1)


def of_the_sandbox(source: str, sandbox: Sandbox) -> dict[str, Any]:
    """Return the names that an example defines, with the sandbox in place of its server."""
    for its, here in (
        ("sip:alice@example.com", "sip:alice@sandbox.invalid"),
        ("wss://sip.example.com/ws", sandbox.server.ws_uri),
        ("reception", "echo"),
    ):
        assert its in source
        source = source.replace(its, here)
    names: dict[str, Any] = {}
    exec(compile(source, "docs/python.md", "exec"), names)
    return names


@pytest.mark.asyncio
async def test_the_example_of_a_test_runs_against_a_server(
    sip_sandbox: Sandbox, sip_phone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = of_the_sandbox(example("python", 2), sip_sandbox)
    monkeypatch.setenv("SIP_PASSWORD", sip_sandbox.passwords["alice"])
    await names["test_the_front_desk_answers"](sip_phone)


@pytest.mark.asyncio
async def test_the_example_of_a_program_runs_against_a_server(sip_sandbox: Sandbox) -> None:
    source = example("python", 3).replace("file:hello.wav", "tone:440")
    names = of_the_sandbox(source, sip_sandbox)
    await names["ring_the_front_desk"](sip_sandbox.passwords["alice"])


@pytest.mark.asyncio
async def test_the_example_with_evidence_leaves_a_capture(
    sip_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(example("python", 5), "docs/python.md", "exec"), names)
    with socket.socket(type=socket.SOCK_DGRAM) as homer:
        homer.bind(("127.0.0.1", 0))
        homer.settimeout(10)
        server = f"udp:127.0.0.1:{homer.getsockname()[1]}"
        await names["call_with_evidence"](**sip_sandbox.keys("alice"), hep_server=server)
        assert homer.recv(4) == b"HEP3"
    methods = [entry.data.split()[0] for entry in read_sip(tmp_path / "call.pcapng")]
    assert methods.count(b"BYE") == 1


@pytest.mark.parametrize("kind", [Phone, Call, Measured])
def test_everything_public_is_in_the_reference(kind: type) -> None:
    public = {name for name in dir(kind) if not name.startswith("_")}
    missing = {name for name in public if not re.search(rf"`[^`]*\b{name}\b[^`]*`", PAGE)}
    assert public
    assert missing == set()


def test_every_event_is_in_the_reference_under_its_name() -> None:
    _, _, table = PAGE.partition("### Events")
    for kind in get_args(Event):
        assert re.search(rf"^\|.*`{kind.__name__}`.*\|.*`{kind.name}`", table, re.MULTILINE), kind


def test_every_error_is_in_the_reference() -> None:
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    names = {one.__name__ for one in kinds if issubclass(one, errors.SipcliError)}
    assert {name for name in names if f"`{name}`" not in PAGE} == {"Interrupted"}
