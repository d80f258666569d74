"""All keys: the source of the readers, the options, `config show` and the example file."""

from typing import Final

from sipcli.config.addresses import account_uri, registrar_uri
from sipcli.config.call_keys import CALL_KEYS
from sipcli.config.list_types import headers, ws_servers
from sipcli.config.schema import WHOLE_SECONDS, Key, Section
from sipcli.config.settings import LogLevel
from sipcli.config.types import (
    boolean,
    choice,
    ha1_kind,
    of_text,
    optional_text,
    origin_kind,
    path_kind,
    seconds,
    text_kind,
    token_kind,
    uuid_kind,
)

KEYS: Final[tuple[Key, ...]] = (
    Key(
        name="uri",
        kind=of_text(account_uri, accepts="a SIP URI such as sip:alice@example.org", metavar="URI"),
        section=Section.ACCOUNT,
        doc="The SIP address that your provider gave you. "
        "sip: may be omitted; port and parameters are kept.",
        example='"sip:alice@example.org"',
        derived="sip:anonymous.X@anonymous.invalid, X random",
    ),
    Key(
        name="display_name",
        kind=optional_text("text without control characters; an empty one means none"),
        section=Section.ACCOUNT,
        doc="The name that people you call or write to see. Write it without extra quotes; any "
        "Unicode text is fine.",
        example='"Alice Ångström"',
    ),
    Key(
        name="authorization_user",
        kind=text_kind("the user name that goes with your password"),
        section=Section.ACCOUNT,
        doc="The user name of your credentials. Providers often call it the auth ID.",
        example='"alice123"',
        derived="the user of uri",
        effective="username",
    ),
    Key(
        name="registrar_server",
        kind=of_text(
            registrar_uri,
            accepts="a SIP URI without a user, such as sip:registrar.example.org",
            metavar="URI",
        ),
        section=Section.ACCOUNT,
        doc="The server that registrations are sent to.",
        example='"sip:registrar.example.org"',
        derived="uri without its user",
        effective="registrar",
        rare=True,
    ),
    Key(
        name="register",
        kind=boolean(),
        section=Section.ACCOUNT,
        doc="Register before anything else, and unregister at the end.",
    ),
    Key(
        name="register_expires",
        kind=WHOLE_SECONDS,
        section=Section.ACCOUNT,
        doc="How long a registration lasts, in whole seconds. The server may grant another time; "
        "sipcli refreshes the registration before it expires.",
    ),
    Key(
        name="instance_id",
        kind=uuid_kind(),
        section=Section.ACCOUNT,
        doc="The UUID that identifies this device among your devices (RFC 5626, GRUU). Two devices "
        "must not share one. If several processes use the account at the same time, the first "
        "has this id, and the others have ids derived from it.",
        example='"8f1fa16a-1165-4a96-8341-785b1ef24f12"',
        derived="random at first, then kept for each uri",
        rare=True,
    ),
    Key(
        name="password",
        kind=text_kind("the password of your account", "PASSWORD"),
        section=Section.SECRETS,
        doc="The password of your account. Other users of the machine can see it if you give it as "
        "an option; use the file (chmod 600), the environment, password_command or keyring. "
        "Of password, ha1, password_command and keyring, the one from the strongest source is "
        "used; within one source, the first in this order.",
        example='"secret"',
        secret=True,
    ),
    Key(
        name="ha1",
        kind=ha1_kind(),
        section=Section.SECRETS,
        doc="A digest to use instead of the password. It is the hash of USER:REALM:PASSWORD in "
        "hexadecimal, 32 digits for MD5 or 64 for SHA-256, and works only for that realm.",
        example='"939e7578ed9e3c518a452acee763bce9"',
        secret=True,
        rare=True,
    ),
    Key(
        name="password_command",
        kind=text_kind("a command line for the shell", "COMMAND"),
        section=Section.SECRETS,
        doc="A shell command that prints the password on its first line. It runs just before "
        "sipcli connects, with no input and a timeout of 10 seconds.",
        example='"pass show sip/alice"',
        hidden=True,
    ),
    Key(
        name="keyring",
        kind=boolean(),
        section=Section.SECRETS,
        doc="Read the password from the system's keyring. Needs pip install 'sipcli[keyring]'. To "
        "store it: keyring set sipcli USER@HOST, with the user of your credentials and the host "
        "of uri.",
    ),
    Key(
        name="ws_servers",
        kind=ws_servers(),
        section=Section.CONNECTION,
        doc="The WebSocket servers to connect to. Servers with a higher weight (default 0) are "
        "tried first, those with the same weight in random order. The default port is 80 for ws: "
        "and 443 for wss:.",
        example='["wss://sip.example.org/ws", { ws_uri = "wss://b.example.org", weight = -1 }]',
    ),
    Key(
        name="connect_timeout",
        kind=seconds(),
        section=Section.CONNECTION,
        doc="How long connecting to one server may take, in seconds. "
        "It covers DNS, TCP, TLS and the WebSocket handshake.",
    ),
    Key(
        name="connection_recovery_min_interval",
        kind=WHOLE_SECONDS,
        section=Section.CONNECTION,
        doc="The minimum wait before reconnecting, in whole seconds.",
        rare=True,
    ),
    Key(
        name="connection_recovery_max_interval",
        kind=WHOLE_SECONDS,
        section=Section.CONNECTION,
        doc="The maximum wait before reconnecting, in whole seconds.",
        rare=True,
    ),
    Key(
        name="tls_ca_file",
        kind=path_kind("the path of a file with certificates in PEM form"),
        section=Section.CONNECTION,
        doc="Certificate authorities to trust instead of the system's, in PEM format. They apply "
        "to wss:, turns: and stuns:.",
        example='"/etc/ssl/certs/example-ca.pem"',
    ),
    Key(
        name="tls_client_certificate",
        kind=path_kind("the path of a certificate in PEM form"),
        section=Section.CONNECTION,
        doc="A client certificate for the server, in PEM format. The file may hold the key, too.",
        example='"client.pem"',
        rare=True,
    ),
    Key(
        name="tls_client_key",
        kind=path_kind("the path of a private key in PEM form"),
        section=Section.CONNECTION,
        doc="The private key of tls_client_certificate, in PEM format.",
        example='"client-key.pem"',
        rare=True,
    ),
    Key(
        name="tls_verify",
        kind=boolean(),
        section=Section.CONNECTION,
        doc="Verify the server's certificate. Without this, anyone on the path can listen in.",
    ),
    Key(
        name="origin",
        kind=origin_kind(),
        section=Section.CONNECTION,
        doc="The Origin header of the WebSocket handshake, for servers that require one.",
        example='"https://phone.example.org"',
        rare=True,
    ),
    Key(
        name="ws_headers",
        kind=headers(),
        section=Section.CONNECTION,
        doc="Additional headers for the WebSocket handshake. Their values are treated as secrets.",
        example='{ X-Tenant = "blue" }',
        secret=True,
        rare=True,
    ),
    Key(
        name="user_agent",
        kind=text_kind("text without control characters"),
        section=Section.WIRE,
        doc="The value of the User-Agent and Server headers.",
        example='"Desk phone"',
        derived="sipcli/ and the version",
        rare=True,
    ),
    Key(
        name="contact_transport",
        kind=token_kind("a transport such as ws", "TRANSPORT"),
        section=Section.WIRE,
        doc="The transport parameter of our Contact. "
        "ws is correct for wss:, too (RFC 7118); some servers need another value.",
        rare=True,
    ),
    Key(
        name="use_preloaded_route",
        kind=boolean(),
        section=Section.WIRE,
        doc="Send a Route header with the WebSocket server in every request outside a dialog. Some "
        "outbound proxies require it.",
        rare=True,
    ),
    Key(
        name="hack_ip_in_contact",
        kind=boolean(),
        section=Section.WIRE,
        doc="Use a random IP address as host in Contact and Via. "
        "For registrars that do not accept domain names there.",
        rare=True,
    ),
    Key(
        name="hack_via_tcp",
        kind=boolean(),
        section=Section.WIRE,
        doc="Use TCP as transport in Via. For servers that do not understand WS or WSS there.",
        rare=True,
    ),
    *CALL_KEYS,
    Key(
        name="trace_sip",
        kind=boolean(),
        section=Section.LOG,
        doc="Show every SIP message sent and received, with secrets masked. They are written to "
        "log.file if it is set, else to stderr.",
    ),
    Key(
        name="log.level",
        kind=choice(LogLevel),
        section=Section.LOG,
        doc="How much is logged. info logs the events of a run, debug also the details: "
        "connections, transactions, dialogs, offers, ICE, DTLS, playout.",
    ),
    Key(
        name="log.file",
        kind=path_kind("the path of a file in a folder that exists"),
        section=Section.LOG,
        doc="The file that the log is appended to.",
        example='"sipcli.log"',
        derived="stderr",
    ),
)

BY_NAME: Final = {key.name: key for key in KEYS}
"""Name in the file -> key."""

TABLES: Final = tuple(dict.fromkeys(key.table for key in KEYS if key.table))
"""The names of the tables in the file."""
