"""No two running processes of an account have the same instance id."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest

from sipcli.config import instance_id as module
from sipcli.config.instance_id import MAX_INSTANCES, lock_instance_id
from sipcli.sip.uri import SipUri

ALICE = SipUri.parse("sip:alice@example.org")
WANTED = UUID("8f1fa16a-1165-4a96-8341-785b1ef24f12")


def hold(stack: ExitStack, folder: Path, uri: SipUri = ALICE, wanted: UUID = WANTED) -> UUID:
    return stack.enter_context(lock_instance_id(wanted, uri, folder))


def test_the_first_has_what_it_wants_and_the_next_ones_their_own(tmp_path: Path) -> None:
    with ExitStack() as stack:
        ids = [hold(stack, tmp_path / "state") for _ in range(5)]
    assert ids[0] == WANTED
    assert len(set(ids)) == 5


def test_what_was_given_back_is_had_by_the_next(tmp_path: Path) -> None:
    with ExitStack() as staying:
        with lock_instance_id(WANTED, ALICE, tmp_path):
            second = hold(staying, tmp_path)
        with lock_instance_id(WANTED, ALICE, tmp_path) as found:
            assert found == WANTED
            with lock_instance_id(WANTED, ALICE, tmp_path) as third:
                assert third not in (WANTED, second)
    with (
        lock_instance_id(WANTED, ALICE, tmp_path),
        lock_instance_id(WANTED, ALICE, tmp_path) as found,
    ):
        assert found == second


@pytest.mark.parametrize(
    ("uri", "wanted"), [("sip:bob@example.org", WANTED), ("sip:alice@example.org", UUID(int=1))]
)
def test_other_accounts_and_other_ids_are_not_in_the_way(
    uri: str, wanted: UUID, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        hold(stack, tmp_path)
        assert hold(stack, tmp_path, SipUri.parse(uri), wanted) == wanted


def test_where_all_are_taken_one_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_INSTANCES", 3)
    with ExitStack() as stack:
        taken = [hold(stack, tmp_path) for _ in range(3)]
        assert len(list(tmp_path.iterdir())) == 3
        further = [hold(stack, tmp_path) for _ in range(2)]
        assert len({*taken, *further}) == 5
        assert {found.version for found in further} == {4}
    assert len(list(tmp_path.iterdir())) == 3
    assert MAX_INSTANCES > 3


def test_a_folder_that_cannot_be_used_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("relative")):
        with (
            lock_instance_id(WANTED, ALICE, folder) as first,
            lock_instance_id(WANTED, ALICE, folder) as second,
        ):
            assert first == second == WANTED
    assert not Path("relative").exists()


def test_file_and_folder_are_for_the_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    before = os.umask(0)
    try:
        with lock_instance_id(WANTED, ALICE, folder):
            (path,) = folder.iterdir()
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


HOLDER = """
import sys
from pathlib import Path
from tests.config.test_instance_lock import ALICE, WANTED
from sipcli.config.instance_id import lock_instance_id
with lock_instance_id(WANTED, ALICE, Path(sys.argv[1])) as found:
    print(found, flush=True)
    sys.stdin.read()
"""


def test_a_process_that_is_killed_holds_nothing_any_more(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == str(WANTED)
        with lock_instance_id(WANTED, ALICE, tmp_path) as found:
            assert found != WANTED
        other.send_signal(signal.SIGKILL)
        other.wait()
    with lock_instance_id(WANTED, ALICE, tmp_path) as found:
        assert found == WANTED
