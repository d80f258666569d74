"""The phone in Python: how it is set up, what it tells, and that nothing of it is left."""

import asyncio
import gc
import os
import socket
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import sipcli
from sipcli import Phone
from sipcli.errors import (
    ConfigError,
    ConnectError,
    DeviceError,
    NoAnswerError,
    RefusedError,
    RegistrationError,
)
from sipcli.media.audio_io.generators import ToneSource
from sipcli.media.pcm import FRAME, Pcm, silence
from sipcli.phone.events import Connected, Event, Registered
from sipcli.sandbox.sandbox import Plan, Sandbox
from tests.open_files import open_files
from tests.phone.kinds import MakePhone
from tests.sip_server import Behaviour, SipServer

pytestmark = pytest.mark.asyncio

NOWHERE: dict[str, Any] = {
    "uri": "sip:alice@example.com",
    "ws_servers": "ws://127.0.0.1:1",
    "stun_servers": [],
}


class Listener:
    """A sink that counts."""

    def __init__(self) -> None:
        self.samples = 0
        self.closed = 0

    def write(self, frame: Pcm) -> None:
        assert len(frame) == FRAME
        self.samples += len(frame)

    def close(self) -> None:
        self.closed += 1


async def test_the_package_has_its_classes_and_no_others() -> None:
    assert {"Phone", "Call", "__version__"} <= set(dir(sipcli))
    assert sipcli.Call.__module__ == "sipcli.phone.call"
    with pytest.raises(AttributeError, match="module 'sipcli' has no attribute 'Fone'"):
        sipcli.Fone  # type: ignore[attr-defined]  # noqa: B018


async def test_a_phone_says_how_it_is_registered(sip_phone: MakePhone) -> None:
    alice = await sip_phone("alice", register_expires=300)
    registered = await alice.register()
    assert isinstance(registered, Registered)
    assert (registered.uri, registered.expires_s) == ("sip:alice@sandbox.invalid", 300)


async def test_without_registration_it_is_connected(sip_sandbox: Sandbox) -> None:
    async with Phone(**sip_sandbox.keys("alice"), register=False) as alice:
        assert isinstance(await alice.register(), Connected)


async def test_messages_and_pings_have_their_outcome(sip_phone: MakePhone) -> None:
    alice, bob = await sip_phone("alice"), await sip_phone("bob")
    await alice.message("bob", "lunch?")
    message = await bob.received_message()
    assert (message.sender, message.text) == (alice.uri, "lunch?")
    with pytest.raises(NoAnswerError, match=r"no message came within 0.1 s"):
        await bob.received_message(timeout=0.1)
    assert 0 < await alice.ping("bob") < 10_000
    for request in (alice.ping("nobody"), alice.message("nobody", "hello?")):
        with pytest.raises(RefusedError, match=r"sip:nobody@sandbox.invalid: 404"):
            await request


async def test_events_are_told_in_their_order(sip_phone: MakePhone) -> None:
    names: list[str] = []
    alice = await sip_phone("alice", on_event=lambda event: names.append(event.name))
    call = await alice.call("echo")
    await call.wait_for_answer()
    await call.hang_up()
    assert names[:3] == ["connecting", "connected", "registered"]
    wanted = ["calling", "progress", "answered", "ended"]
    assert [name for name in names if name in wanted] == wanted


async def test_sound_can_come_from_an_object_and_go_to_one(sip_phone: MakePhone) -> None:
    alice, bob = await sip_phone("alice"), await sip_phone("bob")
    listener = Listener()
    call = await alice.call("bob", audio_in=ToneSource(600.0))
    other = await bob.answer(audio_in="tone:700", audio_out=listener)
    await other.wait_for_tone(600)
    await call.wait_for_tone(700)
    await call.hang_up()
    await other.wait_for_end()
    assert listener.samples >= FRAME * 10
    assert listener.closed == 1


async def test_sound_can_be_recorded(sip_phone: MakePhone, tmp_path: Path) -> None:
    heard, both = tmp_path / "heard.wav", tmp_path / "both.wav"
    alice = await sip_phone("alice", audio_out=f"file:{heard}", record=str(both))
    call = await alice.call("tone")
    await call.wait_for_audio()
    await call.hang_up()
    assert heard.stat().st_size > 0.4 * 96_000
    assert both.stat().st_size > 2 * 0.4 * 96_000


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"passwort": "x"}, r"Phone\(\): passwort: unknown key; did you mean password\?"),
        ({"ws_servers": []}, r"ws_servers is missing; expected the server's wss://HOST"),
        ({"uri": "alice"}, r"Phone\(\): uri"),
        ({"audio_in": "tone"}, r"'tone' is not an audio source"),
        ({"audio_out": "file:x.mp3"}, r"'file:x.mp3' is not an audio sink"),
        ({"tls_ca_file": "/nowhere.pem"}, r"tls_ca_file: /nowhere.pem cannot be used"),
    ],
)
async def test_what_is_wrong_is_told_before_anything_is_done(
    changes: dict[str, Any], text: str
) -> None:
    with pytest.raises(ConfigError, match=text):
        Phone(**NOWHERE | changes)


async def test_a_phone_out_of_its_place_says_so_at_once() -> None:
    phone = Phone(**NOWHERE)
    with pytest.raises(RuntimeError, match="inside its `async with`"):
        await phone.call("bob")
    async with phone:
        pass
    with pytest.raises(RuntimeError, match="inside its `async with`"):
        await phone.ping("bob")
    with pytest.raises(RuntimeError, match="create another one"):
        await phone.__aenter__()


async def test_an_account_is_needed_to_register() -> None:
    with pytest.raises(ConfigError, match=r"uri is missing.*register=False"):
        Phone(ws_servers="ws://127.0.0.1:1")


async def test_what_cannot_be_called_is_told_before_anything_is_sent(
    sip_phone: MakePhone, tmp_path: Path
) -> None:
    alice = await sip_phone("alice")
    with pytest.raises(ConfigError, match="only sip:, sips: and tel:"):
        await alice.call("http://example.com")
    with pytest.raises(ConfigError, match="headers: Via is set by sipcli itself"):
        await alice.call("echo", headers={"Via": "x"})
    with pytest.raises(ConfigError, match="is not an audio source"):
        await alice.call("echo", audio_in="tone:")
    with pytest.raises(DeviceError, match="No such file"):
        await alice.call("echo", audio_in=f"file:{tmp_path}/none.wav")
    assert not alice.calls


async def test_a_wrong_password_is_told(sip_phone: MakePhone, sip_sandbox: Sandbox) -> None:
    keys = sip_sandbox.keys("alice") | {"password": "wrong"}
    async with Phone(**keys) as alice:
        for waiting in (alice.register(), alice.call("echo"), alice.ping("echo")):
            with pytest.raises(RegistrationError, match="wrong user name or password") as caught:
                await waiting
            assert "wrong'" not in str(caught.value)


async def test_a_server_that_is_not_there_is_told() -> None:
    async with Phone(**NOWHERE) as alice:
        with pytest.raises(ConnectError, match=r"^TCP: ws://127.0.0.1:1"):
            await alice.register()


async def test_a_registrar_that_says_nothing_is_waited_for_no_longer_than_asked() -> None:
    behaviour = Behaviour(silent=frozenset({"REGISTER", "UNREGISTER"}))
    async with SipServer(behaviour) as server:
        keys = NOWHERE | {"ws_servers": server.uri}
        async with Phone(**keys) as alice:
            text = r"^registration: ws://.* is connected, .* has not answered within 0.3 s"
            with pytest.raises(NoAnswerError, match=text):
                await alice.register(timeout=0.3)


async def test_a_server_that_says_nothing_is_waited_for_no_longer_than_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # which never takes a connection
        port = server.getsockname()[1]
        async with Phone(**NOWHERE | {"ws_servers": f"ws://127.0.0.1:{port}"}) as alice:
            with pytest.raises(ConnectError, match=r"no server was connected within 0.2 s"):
                await alice.ping("bob", timeout=0.2)


async def test_the_far_ends_words_cannot_steer_a_terminal() -> None:
    behaviour = Behaviour(statuses={"OPTIONS": 403}, reason="No\x1b[2J")
    async with SipServer(behaviour) as server:
        keys = NOWHERE | {"ws_servers": server.uri}
        async with Phone(**keys) as alice:
            with pytest.raises(RefusedError, match=r"403 No\\x1b\[2J"):
                await alice.ping("bob")


async def test_a_phone_can_be_set_up_as_the_commands_are(
    tmp_path: Path, sip_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in [name for name in os.environ if name.startswith("SIPCLI_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("SIPCLI_PASSWORD", sip_sandbox.passwords["bob"])
    path = tmp_path / "c.toml"
    path.write_text(
        f'ws_servers = "{sip_sandbox.server.ws_uri}"\nstun_servers = []\n'
        '[profiles.bob]\nuri = "sip:bob@sandbox.invalid"\naudio.input = "tone:500"\n',
        encoding="utf-8",
    )
    async with Phone.configured(config=path, profile="bob", register_expires=99) as bob:
        registered = await bob.register()
        assert isinstance(registered, Registered)
        assert (registered.uri, registered.expires_s) == (bob.uri, 99)
        call = await bob.call("echo")
        await call.wait_for_tone(500)


async def test_at_the_end_all_calls_are_hung_up_and_nothing_is_left(sip_sandbox: Sandbox) -> None:
    keys = {name: sip_sandbox.keys(name) for name in ("alice", "bob")}
    tasks = len(asyncio.all_tasks())
    async with Phone(**keys["bob"], audio_in="noise") as bob:
        await bob.register()
        files = open_files()
        async with Phone(**keys["alice"]) as alice:
            call = await alice.call("bob")
            other = await bob.answer()
            await call.wait_for_audio()
        assert call.is_over
        assert (await other.wait_for_end()).by == "remote"
        await asyncio.sleep(0)
        gc.collect()
        assert open_files() <= files
    assert len(asyncio.all_tasks()) == tasks


async def test_a_call_outlives_its_server_and_the_phone_comes_back() -> None:
    again = asyncio.Event()
    lost = asyncio.Event()
    heard: list[str] = []

    def on_event(event: Event) -> None:
        heard.append(event.name)
        if event.name == "disconnected":
            lost.set()
        if heard.count("registered") == 2:
            again.set()

    plan = Plan(passwords={"alice": "secret"})
    async with AsyncExitStack() as first:
        here = await first.enter_async_context(Sandbox(plan))
        keys = here.keys("alice") | {"connection_recovery_min_interval": 1}
        async with Phone(**keys, on_event=on_event) as alice:
            call = await alice.call("tone")
            await call.wait_for_audio()
            port = int(here.server.ws_uri.rpartition(":")[2])
            await first.aclose()
            await asyncio.wait_for(lost.wait(), 5)  # how soon differs with the Python
            with pytest.raises(ConnectError, match=r"did not come back.* within 0.1 s"):
                await alice.ping("echo", timeout=0.1)
            async with asyncio.timeout(20), Sandbox(replace(plan, port=port)):
                await again.wait()


async def test_a_tls_sandbox_says_whom_to_trust() -> None:
    async with Sandbox(Plan(tls=True)) as here:
        async with Phone(**here.keys("alice")) as alice:
            assert isinstance(await alice.register(), Registered)
        keys = here.keys("alice")
        del keys["tls_ca_file"]
        async with Phone(**keys) as alice:
            with pytest.raises(ConnectError, match=r"^TLS: "):
                await alice.register()


async def test_a_source_that_was_opened_is_closed_where_the_sink_cannot_be() -> None:
    class Source:
        closed = 0

        def read(self) -> Pcm:
            return silence(FRAME)

        def close(self) -> None:
            self.closed += 1

    source = Source()
    behaviour = Behaviour()
    async with SipServer(behaviour) as server:
        keys = NOWHERE | {"ws_servers": server.uri}
        async with Phone(**keys) as alice:
            with pytest.raises(DeviceError):
                await alice.call("bob", audio_in=source, audio_out="file:/nowhere/x.wav")
    assert source.closed == 1


@pytest.mark.parametrize("traces", [False, True])
async def test_a_phone_logs_its_story_and_its_messages_where_asked(
    caplog: pytest.LogCaptureFixture, traces: bool
) -> None:
    with caplog.at_level("DEBUG", logger="sipcli"):
        async with (
            Sandbox(Plan()) as sandbox,
            Phone(**sandbox.keys("alice"), trace_sip=traces) as phone,
        ):
            await phone.ping("echo")
    history = [record.getMessage() for record in caplog.records if record.name != "sipcli.trace"]
    assert any(line.startswith("registered: uri=sip:alice@") for line in history)
    assert any(line.startswith("-> OPTIONS sip:echo@") for line in history)
    traced = [record.getMessage() for record in caplog.records if record.name == "sipcli.trace"]
    assert any("\n  OPTIONS sip:echo@" in block for block in traced) == traces
    assert sandbox.passwords["alice"] not in caplog.text


async def test_a_phone_that_is_registered_does_not_wait_for_it_again(
    sip_phone: MakePhone,
) -> None:
    """A message that answers another one goes out before the sender has unregistered."""
    alice = await sip_phone("alice")
    with pytest.raises(StopIteration):
        alice.register().send(None)
