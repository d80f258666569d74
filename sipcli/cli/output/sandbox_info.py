"""How to reach a sandbox: as an event, and as command lines to copy."""

from collections.abc import Mapping
from shlex import quote

from sipcli.cli.output.screen import Screen
from sipcli.sandbox.extensions import EXTENSIONS
from sipcli.sandbox.names import DOMAIN, address_of
from sipcli.sandbox.sandbox import Sandbox


def tell(sandbox: Sandbox, screen: Screen, passwords: Mapping[str, str]) -> None:
    """Write the `sandbox` event. It has only `passwords`: those that the sandbox made up."""
    accounts = [
        {"uri": str(address_of(name)), "password": passwords.get(name)}
        for name in sandbox.passwords
    ]
    screen.record(
        "sandbox",
        {
            "server": str(sandbox.server),
            "tls_ca_file": sandbox.ca_file,
            "domain": DOMAIN,
            "accounts": accounts,
            "extensions": list(EXTENSIONS),
        },
    )


def extensions() -> list[str]:
    """Return a line for each extension."""
    width = max(map(len, EXTENSIONS))
    return [f"  {name:<{width}}  {does}" for name, does in EXTENSIONS.items()]


def environment(sandbox: Sandbox, name: str, passwords: Mapping[str, str]) -> list[str]:
    """Return the settings of one account as shell commands."""
    settings = {
        "SIPCLI_WS_SERVERS": str(sandbox.server),
        "SIPCLI_URI": str(address_of(name)),
        "SIPCLI_PASSWORD": passwords.get(name, "what you gave with --user"),
        "SIPCLI_STUN_SERVERS": "none",
    }
    if sandbox.ca_file is not None:
        settings["SIPCLI_TLS_CA_FILE"] = sandbox.ca_file
    return [f"  export {key}={quote(value)}" for key, value in settings.items()]
