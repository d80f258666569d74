"""The pytest plugin as its users have it: in a run of pytest of its own."""

import inspect

import pytest

from tests import open_files

pytest_plugins = ["pytester"]

INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""

LIGHT = """
import sys

def test_nothing_was_imported_for_nothing():
    heavy = ("numpy", "aiortc", "aioice", "av", "websockets", "click")
    ours = [name for name in sys.modules if name.startswith("sipcli.")]
    assert [name for name in heavy if name in sys.modules] == []
    assert sorted(ours) == ["sipcli.pytest_fixtures", "sipcli.pytest_plugin"]
"""

TALKING = """
async def test_a_call(sip_phone):
    alice, bob = await sip_phone("alice", audio_in="tone:440"), await sip_phone("bob")
    await alice.call("bob")
    other = await bob.answer()
    await other.wait_for_tone(440)

async def test_whoever_is_named_is_there(sip_phone, sip_sandbox):
    await sip_phone("carol")
    assert set(sip_sandbox.passwords) == {"alice", "bob", "carol"}

async def test_each_test_has_a_sandbox_of_its_own(sip_sandbox):
    assert set(sip_sandbox.passwords) == {"alice", "bob"}

def test_a_test_without_a_loop_can_have_a_sandbox(sip_sandbox):
    assert sip_sandbox.server.ws_uri.startswith("ws://127.0.0.1:")
"""

FAILING = """
async def test_no_audio(sip_phone):
    alice = await sip_phone("alice")
    call = await alice.call("silent")
    await call.wait_for_audio(timeout=0.5)

async def test_wrong_tone(sip_phone):
    alice = await sip_phone("alice")
    call = await alice.call("tone")
    await call.wait_for_audio()
    assert call.received.tone_hz == 440

async def test_nobody_answers(sip_phone):
    alice = await sip_phone("alice")
    call = await alice.call("ring")
    await call.wait_for_answer(timeout=0.5)

async def test_nobody_calls(sip_phone):
    bob = await sip_phone("bob")
    await bob.answer(timeout=0.5)

async def test_the_name_of_an_extension(sip_phone):
    await sip_phone("echo")

async def test_a_wrong_setting(sip_phone):
    await sip_phone("alice", passwort="x")
"""

LEFT = f"""{inspect.getsource(open_files)}
import asyncio
import pytest

@pytest.fixture(autouse=True)
async def nothing_is_left():
    before = asyncio.all_tasks(), open_files()
    yield
    assert {{task for task in asyncio.all_tasks() if task not in before[0]}} <= {{
        asyncio.current_task()
    }}
    assert open_files() <= before[1]

@pytest.mark.parametrize("fails", [False, True])
async def test_a_call(nothing_is_left, sip_phone, fails):
    alice, bob = await sip_phone("alice"), await sip_phone("bob")
    call = await alice.call("bob")
    await bob.answer()
    await call.wait_for_answer()
    assert not fails
"""

OTHER_LOOP = """
import pytest

@pytest.mark.asyncio(loop_scope="module")
async def test_a_call(sip_phone):
    await sip_phone("alice")
"""

OWN_SERVER = """
async def test_a_server_of_ones_own(sip_phone, sip_sandbox_session):
    keys = sip_sandbox_session.keys("bob")
    bob = await sip_phone(**keys, audio_in="tone:440")
    assert bob.uri == "sip:bob@sandbox.invalid"
    call = await bob.call("echo")
    await call.wait_for_audio()
"""

NO_SANDBOX = """
import sys

import pytest
from sipcli import errors

async def test_no_sandbox_is_started_for_it(sip_phone):
    with pytest.raises(errors.ConnectError):
        await sip_phone(uri="sip:a@b.invalid", ws_servers="ws://127.0.0.1:1", register=False)
    assert "sipcli.sandbox.sandbox" not in sys.modules

async def test_it_needs_a_server(sip_phone):
    with pytest.raises(errors.ConfigError, match="ws_servers is missing"):
        await sip_phone(uri="sip:a@b.invalid")
"""

SESSION = """
import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="session")
seen = []

@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def alice(sip_phone_session):
    return await sip_phone_session("alice", audio_in="tone:440")

async def test_a_call(alice):
    call = await alice.call("echo")
    await call.wait_for_audio()
    await call.hang_up()
    seen.append(alice)

async def test_another_call_of_the_same_phone(alice, sip_phone_session, sip_sandbox_session):
    assert seen == [alice]
    bob = await sip_phone_session("bob")
    await alice.call("bob")
    await bob.answer()
    assert set(sip_sandbox_session.passwords) == {"alice", "bob"}
"""

BUG = """
from sipcli.errors import ConfigError
from sipcli.sip.uri import SipUri

def test_an_error():
    raise ConfigError("no")

def test_a_bug():
    SipUri.parse(None)
"""

COVERED = """
from sipcli.sip.uri import SipUri

def test_a_uri():
    assert SipUri.parse("sip:a@b").user == "a"
"""


@pytest.fixture
def user(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder of somebody who has installed sipcli[pytest]."""
    pytester.makefile(".ini", pytest=INI)
    return pytester


def test_fixtures_make_a_sandbox_and_phones(user: pytest.Pytester) -> None:
    user.makepyfile(TALKING)
    user.runpytest_subprocess().assert_outcomes(passed=4)


def test_whoever_does_not_use_it_pays_nothing(user: pytest.Pytester) -> None:
    user.makepyfile(LIGHT)
    user.runpytest_subprocess().assert_outcomes(passed=1)


def test_failures_say_what_was_seen(user: pytest.Pytester) -> None:
    user.makepyfile(FAILING)
    outcome = user.runpytest_subprocess("--tb=short")
    outcome.assert_outcomes(failed=6)
    outcome.stdout.fnmatch_lines(
        [
            "E   *ExpectationError: audio: expected 0.5 s of audible sound received within 0.5 s;"
            " found: sent * packets, received 0: ICE connected by host, DTLS up, nothing came back:"
            " the call was too short to judge, its media were up for 0.? s",
            "E   assert *9.* == 440",
            "E   *NoAnswerError: ring: no answer within 0.5 s; so far: 180 Ringing",
            "E   *NoAnswerError: ring: no call came in for sip:bob@sandbox.invalid within 0.5 s",
            "E   *ConfigError: *echo is an extension of the sandbox:*",
            "E   *ConfigError: *Phone(): passwort: unknown key; did you mean*",
        ]
    )


def test_nothing_is_left_after_a_test_that_fails_neither(user: pytest.Pytester) -> None:
    user.makepyfile(LEFT)
    user.runpytest_subprocess().assert_outcomes(passed=1, failed=1)


def test_a_test_in_another_loop_is_told_so(user: pytest.Pytester) -> None:
    user.makepyfile(OTHER_LOOP)
    outcome = user.runpytest_subprocess()
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["*sip_phone and the test run in different event loops*"])


def test_a_phone_of_ones_own_server_needs_no_sandbox(user: pytest.Pytester) -> None:
    user.makepyfile(NO_SANDBOX)
    user.runpytest_subprocess().assert_outcomes(passed=2)


def test_a_phone_of_ones_own_server(user: pytest.Pytester) -> None:
    user.makepyfile(OWN_SERVER)
    user.runpytest_subprocess(
        "-o",
        "asyncio_default_test_loop_scope=session",
        "-o",
        "asyncio_default_fixture_loop_scope=session",
    ).assert_outcomes(passed=1)


def test_phones_that_all_tests_share(user: pytest.Pytester) -> None:
    user.makepyfile(SESSION)
    user.runpytest_subprocess().assert_outcomes(passed=2)


def test_a_failure_ends_in_the_line_of_the_test(user: pytest.Pytester) -> None:
    user.makepyfile(FAILING)
    outcome = user.runpytest_subprocess("--tb=short")
    outcome.assert_outcomes(failed=6)
    assert "sipcli/" not in outcome.stdout.str()
    whole = user.runpytest_subprocess("--tb=short", "--full-trace", "-k", "test_nobody_calls")
    assert "sipcli/phone/phone.py" in whole.stdout.str()


def test_a_bug_in_sipcli_keeps_its_traceback(user: pytest.Pytester) -> None:
    user.makepyfile(BUG)
    outcome = user.runpytest_subprocess("--tb=short")
    outcome.assert_outcomes(failed=2)
    outcome.stdout.fnmatch_lines(["*sipcli/sip/uri.py:*", "E   *TypeError*"])


def test_without_pytest_asyncio_the_fixtures_say_what_is_missing(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        "def test_it(sip_phone): pass\n"
        "def test_this(sip_phone_session): pass\n"
        "def test_that(sip_sandbox_session): pass\n"
    )
    outcome = pytester.runpytest_subprocess("-p", "no:asyncio")
    outcome.assert_outcomes(errors=3)
    outcome.stdout.fnmatch_lines(
        ["*sip_sandbox needs pytest-asyncio: pip install 'sipcli?pytest?'*"]
    )


def test_coverage_of_sipcli_itself_is_measured_all_the_same(user: pytest.Pytester) -> None:
    user.makepyfile(COVERED)
    outcome = user.runpytest_subprocess("--cov", "sipcli.sip.uri", "--cov-report", "term-missing")
    outcome.assert_outcomes(passed=1)
    (line,) = [line for line in outcome.outlines if "sip/uri.py" in line]
    (covered,) = [word for word in line.split() if word.endswith("%")]
    assert int(covered.rstrip("%")) > 50  # what runs as it is imported is more than that
