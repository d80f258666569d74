"""What sipcli does, shown on a real Kamailio on loopback, a wrong password included."""

# ruff: noqa: T201 - a demonstration prints

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.realpeer.kamailio import Kamailio, installed


def main() -> int:
    """Run the demonstration; returns the exit code."""
    if not installed():
        print("The demo needs Kamailio, which only root (or sudo) can install: sudo make peers")
        return 1
    server = Kamailio()
    with tempfile.TemporaryDirectory() as home:
        try:
            server.start()
            return _show(server, Path(home))
        finally:
            server.close()


def _show(server: Kamailio, home: Path) -> int:
    print(f"A Kamailio is up: {server.wss_uri}, with users alice and bob.\n", flush=True)
    listener = subprocess.Popen(
        _words("register", "--duration", "4"),
        env=_account("bob", server, home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    time.sleep(1)
    codes = [
        _run("alice", server, home, "register", "--once"),
        _run("alice", server, home, "ping", "bob", "--count", "3", "--interval", "0.2"),
        _run("alice", server, home, "message", "bob", "Hello ¶ from the command line"),
    ]
    os.environ["SIPCLI_PASSWORD"] = "wrong"
    refused = _run("alice", server, home, "register", "--once")
    print("$ sipcli register --duration 4      # what bob saw meanwhile")
    print(listener.communicate()[0])
    return 0 if codes == [0, 0, 0] and refused == 4 and listener.returncode == 0 else 1


def _run(user: str, server: Kamailio, home: Path, *words: str) -> int:
    print(f"$ sipcli {' '.join(words)}", flush=True)
    environment = _account(user, server, home) | dict(os.environ)
    code = subprocess.run(_words(*words), env=environment, check=False).returncode
    print(f"(exit code {code})\n", flush=True)
    return code


def _words(*words: str) -> list[str]:
    return [sys.executable, "-m", "sipcli", *words]


def _account(user: str, server: Kamailio, home: Path) -> dict[str, str]:
    return os.environ | {
        "SIPCLI_URI": f"sip:{user}@{server.domain}",
        "SIPCLI_PASSWORD": server.users[user],
        "SIPCLI_WS_SERVERS": server.wss_uri,
        "SIPCLI_TLS_CA_FILE": str(server.ca_file),
        "XDG_STATE_HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
    }


if __name__ == "__main__":
    sys.exit(main())
