"""Passwords from a command or the keyring; what the command prints is never shown."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from sipcli.config.password import from_command, from_keyring
from sipcli.config.settings import Settings
from sipcli.errors import ConfigError
from sipcli.sip.uri import SipUri

SETTINGS = Settings(
    uri=SipUri.parse("sip:alice@example.org"), instance_id=UUID(int=0), authorization_user="al"
)


@pytest.mark.parametrize(
    ("command", "password"),
    [
        ("printf 'geheim\\n'", "geheim"),
        ("printf geheim", "geheim"),
        ("printf 'geheim\\r\\nmore\\n'", "geheim"),
        ("printf ' a b \\n'", " a b "),
        ("echo gehjm | tr j i | tr -d x", "gehim"),
        ("printf 'gehe\\303\\244m'", "geheäm"),
        ('X="a  b"; printf "$X"', "a  b"),
        ("cat", None),
        ("true", None),
        ("printf '\\ngeheim'", None),
    ],
)
def test_the_first_line_is_the_password(command: str, password: str | None) -> None:
    if password is None:
        with pytest.raises(ConfigError, match=r"^c.toml:3: password_command printed no password"):
            from_command(command, "c.toml:3")
    else:
        assert from_command(command, "c.toml:3") == password


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("echo geheim; exit 3", "c.toml:3: password_command failed with exit code 3"),
        ("echo geheim; kill -9 $$", "c.toml:3: password_command was killed by signal 9"),
        ("printf 'geheim\\377'", "c.toml:3: password_command printed no UTF-8 text"),
        ("/no/such/geheim 2>/dev/null", "c.toml:3: password_command failed with exit code 127"),
    ],
)
def test_a_failure_names_place_and_exit_code_but_no_output(command: str, wanted: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_command(command, "c.toml:3")
    assert str(caught.value) == wanted


def test_the_command_does_not_eat_our_input() -> None:
    code = "from sipcli.config.password import from_command; from_command('cat', 'here')"
    result = subprocess.run(
        [sys.executable, "-c", code], input="geheim\n", capture_output=True, text=True, check=False
    )
    assert "here: password_command printed no password" in result.stderr


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    command = f"sleep 600 & echo $! >{shlex.quote(str(pids))}; echo geheim; wait"
    with pytest.raises(ConfigError, match=r"^--x: password_command did not end within 0\.5 s$"):
        from_command(command, "--x", timeout=0.5)
    pid = int(pids.read_text())
    deadline = time.monotonic() + 10
    while _runs(pid) and time.monotonic() < deadline:
        os.sched_yield()
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


class FakeKeyring(KeyringBackend):
    """A keyring that holds one password for everybody, or none, or fails."""

    priority = 1.0
    password: str | None = None
    failure: Exception | None = None

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.append((service, username))
        if self.failure:
            raise self.failure
        return self.password


@pytest.fixture
def fake() -> Iterator[FakeKeyring]:
    before = keyring.get_keyring()
    backend = FakeKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def test_the_keyring_is_asked_for_the_account(fake: FakeKeyring) -> None:
    fake.password = "geheim"
    assert from_keyring(SETTINGS, "--keyring") == "geheim"
    assert fake.asked == [("sipcli", "al@example.org")]


def test_a_keyring_without_the_password_says_how_to_store_it(fake: FakeKeyring) -> None:
    with pytest.raises(ConfigError, match=r"keyring set sipcli al@example.org$"):
        from_keyring(SETTINGS, "--keyring")


def test_a_keyring_that_fails_is_told_without_its_words(fake: FakeKeyring) -> None:
    fake.failure = KeyringLocked("geheim")
    with pytest.raises(ConfigError, match=r"^--keyring: .*\(KeyringLocked\)") as caught:
        from_keyring(SETTINGS, "--keyring")
    assert "geheim" not in str(caught.value)


def test_without_the_package_the_error_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match=r"pip install 'sipcli\[keyring\]'"):
        from_keyring(SETTINGS, "--keyring")
