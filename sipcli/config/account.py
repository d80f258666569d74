"""The account: who we are to the SIP network, and how we prove it. Part of `Settings`."""

from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from sipcli.config.addresses import account_uri, registrar_uri
from sipcli.config.keys import Section, declared, key
from sipcli.config.types import (
    boolean,
    ha1_kind,
    of_text,
    optional_text,
    text_kind,
    uuid_kind,
    whole_seconds,
)
from sipcli.sip.uri import SipUri

ANONYMOUS_HOST: Final = "anonymous.invalid"
"""Host of the `uri` that is used if none is set (RFC 2606 §2: it never resolves)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The settings of an account. Secrets do not appear in `repr`."""

    uri: SipUri = field(
        metadata=declared(
            of_text(account_uri, accepts="a SIP URI such as sip:alice@example.org", metavar="URI"),
            Section.ACCOUNT,
            "The SIP address that your provider gave you. "
            "sip: may be omitted; port and parameters are kept.",
            example='"sip:alice@example.org"',
            derived="sip:anonymous.X@anonymous.invalid, X random",
        )
    )
    display_name: str | None = key(
        None,
        optional_text("text without control characters; an empty one means none"),
        Section.ACCOUNT,
        "The name that people you call or write to see. Write it without extra quotes; any "
        "Unicode text is fine.",
        example='"Alice Ångström"',
    )
    authorization_user: str | None = key(
        None,
        text_kind("the user name that goes with your password"),
        Section.ACCOUNT,
        "The user name of your credentials. Providers often call it the auth ID.",
        example='"alice123"',
        derived="the user of uri",
        effective="username",
    )
    registrar_server: SipUri | None = key(
        None,
        of_text(
            registrar_uri,
            accepts="a SIP URI without a user, such as sip:registrar.example.org",
            metavar="URI",
        ),
        Section.ACCOUNT,
        "The server that registrations are sent to.",
        example='"sip:registrar.example.org"',
        derived="uri without its user",
        effective="registrar",
        rare=True,
    )
    register: bool = key(
        True,
        boolean(),
        Section.ACCOUNT,
        "Register before anything else, and unregister at the end.",
    )
    register_expires: int = key(
        600,
        whole_seconds(),
        Section.ACCOUNT,
        "How long a registration lasts, in whole seconds. The server may grant another time; "
        "sipcli refreshes the registration before it expires.",
    )
    instance_id: UUID = field(
        metadata=declared(
            uuid_kind(),
            Section.ACCOUNT,
            "The UUID that identifies this device among your devices (RFC 5626, GRUU). Two devices "
            "must not share one. If several processes use the account at the same time, the first "
            "has this id, and the others have ids derived from it.",
            example='"8f1fa16a-1165-4a96-8341-785b1ef24f12"',
            derived="random at first, then kept for each uri",
            rare=True,
        )
    )
    password: str | None = key(
        None,
        text_kind("the password of your account", "PASSWORD"),
        Section.SECRETS,
        "The password of your account. Other users of the machine can see it if you give it as "
        "an option; use the file (chmod 600), the environment, password_command or keyring. "
        "Of password, ha1, password_command and keyring, the one from the strongest source is "
        "used; within one source, the first in this order.",
        example='"secret"',
        secret=True,
    )
    ha1: str | None = key(
        None,
        ha1_kind(),
        Section.SECRETS,
        "A digest to use instead of the password. It is the hash of USER:REALM:PASSWORD in "
        "hexadecimal, 32 digits for MD5 or 64 for SHA-256, and works only for that realm.",
        example='"939e7578ed9e3c518a452acee763bce9"',
        secret=True,
        rare=True,
    )
    password_command: str | None = key(
        None,
        text_kind("a command line for the shell", "COMMAND"),
        Section.SECRETS,
        "A shell command that prints the password on its first line. It runs just before "
        "sipcli connects, with no input and a timeout of 10 seconds.",
        example='"pass show sip/alice"',
        hidden=True,
    )
    keyring: bool = key(
        False,
        boolean(),
        Section.SECRETS,
        "Read the password from the system's keyring. Needs pip install 'sipcli[keyring]'. To "
        "store it: keyring set sipcli USER@HOST, with the user of your credentials and the host "
        "of uri.",
    )

    @property
    def username(self) -> str:
        """The user name of credentials: `authorization_user`, else the decoded user of `uri`."""
        return self.authorization_user or self.uri.user or ""

    @property
    def registrar(self) -> SipUri:
        """Where REGISTER goes: `registrar_server`, else `uri` without its user (RFC 3261 §10.2)."""
        return self.registrar_server or replace(self.uri, user=None)

    @property
    def is_anonymous(self) -> bool:
        """True if `uri` was not set."""
        return self.uri.host == ANONYMOUS_HOST
