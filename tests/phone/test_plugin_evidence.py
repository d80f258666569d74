"""What the pytest plugin tells of a failed test, and what it leaves in a folder."""

from pathlib import Path
from typing import Any

import pytest

from sipcli import Phone
from sipcli.evidence.captured_sip import read_sip
from sipcli.journal.entries import SipEntry
from sipcli.pytest_evidence import PhoneEvidence, file_stem
from tests.phone.test_plugin import user

__all__ = ["user"]
pytest_plugins = ["pytester"]

TWO_PHONES = """
import pytest

async def test_it(sip_phone, sip_sandbox):
    alice, bob = await sip_phone("alice"), await sip_phone("bob")
    call = await alice.call("bob")
    await bob.answer()
    await call.wait_for_answer()
    with open("passwords", "w") as file:
        print(*sip_sandbox.passwords.values(), file=file)
    assert call.status == 404

async def test_that_is_fine(sip_phone):
    await sip_phone("carol")

@pytest.mark.xfail
async def test_that_may_fail(sip_phone):
    await sip_phone("dave")
    assert False

def test_without_phones():
    assert False
"""

SESSION = """
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

async def test_first(sip_phone_session):
    alice = await sip_phone_session("alice")
    call = await alice.call("echo")
    await call.wait_for_answer()
    await call.hang_up()
    pytest.alice = alice

async def test_second(sip_phone_session):
    call = await pytest.alice.call("busy")
    await call.wait_for_answer()
"""

WITHOUT_ITS_FOLDER = """
import shutil

async def test_it(sip_phone):
    await sip_phone("alice")
    shutil.rmtree("out")
    assert False

async def test_that_is_fine(sip_phone):
    await sip_phone("alice")
"""


def test_a_failed_test_shows_its_ladder_figures_and_events(user: pytest.Pytester) -> None:
    user.makepyfile(TWO_PHONES)
    outcome = user.runpytest_subprocess("--tb=short")
    outcome.assert_outcomes(passed=1, failed=2, xfailed=1)
    outcome.stdout.fnmatch_lines(
        [
            "*- sipcli -*",
            "* alice *127.0.0.1:* bob*",
            "*REGISTER*▶*",
            "*INVITE*▶*│*",
            "*180 Ringing*",
            "*ACK*▶*",
            "alice, call *: *",
            "bob, call *: *",
            "the last events:",
            "* alice calling call=* to=sip:bob@sandbox.invalid",
            "* bob incoming call=*",
            "* alice answered call=* status=200 *",
        ]
    )
    assert outcome.stdout.str().count("- sipcli -") == 1
    assert "carol" not in outcome.stdout.str()


def test_reports_and_captures_of_failed_tests_alone_are_left(user: pytest.Pytester) -> None:
    path = user.makepyfile(TWO_PHONES)
    outcome = user.runpytest_subprocess("-n", "2", "--sipcli-evidence", "new/out")
    outcome.assert_outcomes(passed=1, failed=2, xfailed=1)
    folder = user.path / "new" / "out"
    stem = file_stem(f"{path.name}::test_it")
    assert {each.name for each in folder.iterdir()} == {
        f"{stem}-{name}" for name in ("alice.html", "alice.pcapng", "bob.html", "bob.pcapng")
    }
    outcome.stdout.fnmatch_lines(["reports, with captures*:", f"  new/out/{stem}-alice.html"])
    page = (folder / f"{stem}-alice.html").read_text("utf-8")
    assert f"{path.name}::test_it" in page
    assert "assert 200 == 404" in page
    lines = [entry.data.split()[0] for entry in read_sip(folder / f"{stem}-bob.pcapng")]
    assert b"INVITE" in lines
    assert b"BYE" in lines, "the capture goes on until the phone is closed"
    secrets = Path(user.path / "passwords").read_text().split()
    assert len(secrets) == 2
    for each in folder.iterdir():
        assert each.stat().st_mode & 0o777 == 0o600
        for secret in secrets:
            assert secret.encode() not in each.read_bytes()


def test_of_a_shared_phone_only_what_happened_in_the_test_is_told(user: pytest.Pytester) -> None:
    user.makepyfile(SESSION)
    outcome = user.runpytest_subprocess("--sipcli-evidence", "out")
    outcome.assert_outcomes(passed=1, failed=1)
    told = outcome.stdout.str().partition("- sipcli -")[2]
    assert "486 Busy Here" in told
    assert "sip:echo@" not in told
    assert "REGISTER" not in told
    assert len(list((user.path / "out").iterdir())) == 2


def test_what_cannot_be_written_is_a_warning(user: pytest.Pytester) -> None:
    user.makepyfile(WITHOUT_ITS_FOLDER)
    outcome = user.runpytest_subprocess("-W", "default", "--sipcli-evidence", "out")
    outcome.assert_outcomes(passed=1, failed=1, warnings=1)
    outcome.stdout.fnmatch_lines(["*PytestWarning: no evidence by sipcli: *"])


def test_a_folder_that_is_none_is_a_usage_error(user: pytest.Pytester) -> None:
    user.makepyfile("def test_it(): pass")
    (user.path / "file").write_text("")
    outcome = user.runpytest_subprocess("--sipcli-evidence", "file")
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines(["*--sipcli-evidence file: expected a folder: *"])


@pytest.mark.parametrize(
    "node_id",
    [
        "test_a.py::test_b",
        "test_a.py::test_b[/]",
        "test_a.py::test_b[<>]",
        "../test_a.py::test_b[../../etc]",
        "test_a.py::test_b[" + "x" * 5000 + "]",
        "test_a.py::test_b[名\x00\n]",
    ],
)
def test_a_file_name_is_one_everywhere(node_id: str) -> None:
    stem = file_stem(node_id)
    assert stem == file_stem(node_id)
    assert stem != file_stem(node_id + "x")
    assert stem.isascii()
    assert not set(stem) & set('/\\<>:"|?* \n\0')
    assert not stem.startswith((".", "-"))
    assert len(stem) < 200


def phone(name: str, **settings: Any) -> Phone:
    return Phone(uri=f"sip:{name}@example.com", ws_servers="ws://127.0.0.1:1", **settings)


def test_phones_of_one_name_are_told_apart(tmp_path: Path) -> None:
    evidence = PhoneEvidence("test_a.py::test_b", tmp_path)
    for name in ("a", "a", "a-2", "a%2Fb", "..%2Fa"):
        evidence.watch(phone(name))
    evidence.fail(None)
    evidence.end()
    stem = file_stem("test_a.py::test_b")
    labels = ("a", "a-2", "a-2-2", "a-b", "..-a")
    assert {each.name for each in tmp_path.iterdir()} == {
        f"{stem}-{label}{suffix}" for label in labels for suffix in (".html", ".pcapng")
    }


def test_nobody_listens_to_a_phone_when_its_test_has_ended(tmp_path: Path) -> None:
    alice = phone("alice")
    evidence = PhoneEvidence("test_a.py::test_b", tmp_path)
    evidence.watch(alice)
    assert alice.journal.wants(SipEntry)
    evidence.end()
    assert not alice.journal.wants(SipEntry)
    assert list(tmp_path.iterdir()) == []


def test_a_report_has_the_settings_that_were_given_without_secrets(tmp_path: Path) -> None:
    evidence = PhoneEvidence("test_a.py::test_b", tmp_path)
    evidence.watch(phone("alice", password="geheim", max_calls=7))
    evidence.fail(None)
    evidence.end()
    (page,) = tmp_path.glob("*.html")
    text = page.read_text("utf-8")
    assert "max_calls" in text
    assert "sip:alice@example.com" in text
    assert "stun_servers" not in text
    assert "geheim" not in text


def test_a_phone_that_wants_no_sound_captured_has_none(tmp_path: Path) -> None:
    evidence = PhoneEvidence("test_a.py::test_b", tmp_path)
    evidence.watch(phone("alice", capture_audio=False))
    evidence.fail(None)
    evidence.end()
    (capture,) = tmp_path.glob("*.pcapng")
    assert b"The sound of calls is left out" in capture.read_bytes()
