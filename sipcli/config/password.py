"""Gets the password from a command or from the system's keyring."""

import os
import signal
import subprocess
from typing import Any, Final

from sipcli.config.settings import Settings
from sipcli.errors import ConfigError

COMMAND_TIMEOUT_S: Final = 10.0
"""Timeout of `password_command`, in seconds."""

SERVICE: Final = "sipcli"
"""The service name in the keyring."""


def account_name(settings: Settings) -> str:
    """Return the account name in the keyring: user name of the credentials, `@`, host of `uri`."""
    return f"{settings.username}@{settings.uri.host}"


def from_command(command: str, place: str, timeout: float = COMMAND_TIMEOUT_S) -> str:
    """Run a shell command, and return the first line that it prints.

    The command gets no input, and shares our stderr. It runs in its own process group, so that
    all of it can be killed after `timeout` seconds or an interrupt. Raises `ConfigError`, which
    names `place` and never shows what the command printed.
    """
    grouped: dict[str, Any] = {"process_group": 0} if os.name == "posix" else {}
    with subprocess.Popen(
        command,
        shell=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        **grouped,
    ) as process:
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            text = f"{place}: password_command did not end within {timeout:g} s"
            raise ConfigError(text) from None
        finally:
            if process.returncode is None:
                _kill(process)
    if process.returncode:
        raise ConfigError(f"{place}: password_command {_end_of(process.returncode)}")
    return _first_line(output, place)


def from_keyring(settings: Settings, place: str) -> str:
    """Return the password of the account from the system's keyring. Raises `ConfigError`."""
    try:
        from keyring import get_password
        from keyring.errors import KeyringError
    except ImportError:
        raise ConfigError(
            f"{place}: keyring = true needs the package keyring: pip install 'sipcli[keyring]'"
        ) from None
    account = account_name(settings)
    try:
        password = get_password(SERVICE, account)
    except KeyringError as error:
        raise ConfigError(
            f"{place}: the keyring could not be used ({type(error).__name__}); "
            "expected one that is unlocked, or another way to give the password"
        ) from None
    if not password:
        raise ConfigError(
            f"{place}: the keyring has no password for {account}; "
            f"to store it: keyring set {SERVICE} {account}"
        )
    return password


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the whole process group of the command: the shell may have children."""
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _end_of(returncode: int) -> str:
    if returncode < 0:
        return f"was killed by signal {-returncode}"
    return f"failed with exit code {returncode}"


def _first_line(output: bytes, place: str) -> str:
    line = output.partition(b"\n")[0].removesuffix(b"\r")
    if not line:
        raise ConfigError(f"{place}: password_command printed no password on its first line")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise ConfigError(f"{place}: password_command printed no UTF-8 text") from None
