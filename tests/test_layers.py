"""The architecture as a test: who may import whom (the table in docs/architecture.md)."""

import ast
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import sipcli

ROOT = Path(sipcli.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

_VALUES = ("settings", "account", "server_settings", "policies", "tables")
SETTINGS = {f"config.{name}" for name in _VALUES}
"""The values of the settings: what `config.settings` stands for below."""

ALLOWED: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {"start"},
    "interrupts": set(),
    "start": {"cli", "interrupts"},
    "errors": set(),
    "text": set(),
    "files": set(),
    "awake": set(),
    "catalog": set(),
    "sip": {"text"},
    "sdp": {"catalog"},
    "config": {"catalog", "sip", "errors", "text", "files"},
    "core": {"sip", "config.settings", "errors"},
    "journal": {"errors"},
    "net": {"config.settings", "errors", "awake", "files", "journal"},
    "media": {
        "journal",
        "catalog",
        "sdp",
        "errors",
        "files",
        "awake",
        "net.dns",
        "net.tls",
        "net.network_watch",
        "net.key_log",
        "config.settings",
    },
    "log": {"config.settings", "sip", "text", "files", "journal"},
    "evidence": {
        "sip",
        "sdp",
        "media",
        "config.settings",
        "errors",
        "text",
        "files",
        "net.dns",
        "net.tcp",
        "net.tls",
        "journal",
        "phone",
        "expect",
        "log",
    },
    "sandbox": {
        "journal",
        "sip",
        "core",
        "media",
        "phone",
        "net.websockets_compat",
        "net.trim",
        "net.key_log",
        "errors",
        "text",
        "log",
        "config.settings",
    },
    "expect": {"catalog", "media", "errors", "text"},
    "doctor": {
        "journal",
        "sip",
        "sdp",
        "core",
        "net",
        "media",
        "phone",
        "expect",
        "errors",
        "text",
        "config.settings",
    },
    "phone": {
        "journal",
        "awake",
        "sip",
        "sdp",
        "core",
        "net",
        "config",
        "media",
        "expect",
        "log",
        "errors",
        "text",
    },
    "pytest_plugin": {"pytest_evidence"},
    "pytest_evidence": {
        "config.format",
        "config.settings",
        "core.describe",
        "phone",
        "journal",
        "evidence",
        "errors",
        "text",
        "files",
    },
    "pytest_fixtures": {"phone", "sandbox", "evidence", "log", "pytest_plugin"},
    "cli": {
        "journal",
        "evidence",
        "interrupts",
        "sip",
        "core",
        "net",
        "media",
        "config",
        "phone",
        "errors",
        "files",
        "log",
        "text",
        "sandbox",
        "expect",
        "doctor",
    },
}
"""Layer -> what of sipcli it may import, besides itself; `a.b` allows that module alone."""

PURE = {"text", "catalog", "sip", "sdp", "core", "errors"}
PURE_FILES = {
    f"sandbox/{name}.py"
    for name in (
        "fork",
        "digest_auth",
        "locations",
        "names",
        "proxy",
        "registrar",
        "routing",
    )
}
PURE_FILES |= {
    f"expect/{name}.py"
    for name in ("call_record", "evaluation", "expectations", "feasible", "junit", "thresholds")
}
NOT_PURE = {
    "capture",
    "capture_output",
    "capture_reader",
    "captured_sip",
    "hep_connection",
    "hep_sender",
    "report_writer",
}
"""Of `evidence/`: they read and write files or sockets. All else there is pure."""
PURE_FILES |= {
    f"evidence/{path.name}"
    for path in (ROOT / "evidence").glob("*.py")
    if path.stem not in NOT_PURE
}
PURE_FILES |= {"phone/errors.py", "phone/registration_status.py"}
PURE_FILES |= {f"doctor/{name}.py" for name in ("check", "stun_turn")}
PURE_FILES |= {f"cli/output/{name}.py" for name in ("event_json", "status_line", "wording")}
PURE_FILES |= {
    f"config/{name}.py" for name in (*_VALUES, "addresses", "format", "keys", "list_types")
}
"""Pure, though their layer is not."""
PURE_FOLDERS = {
    "media/rtp",
    "media/codecs",
    "media/dtmf",
    "media/jitter_buffer",
    "media/quality",
    "evidence/page",
}
"""The same of whole folders: in them only arithmetic is done, with the time handed in."""
IMPURE = {"asyncio", "logging", "os", "random", "secrets", "socket", "threading", "time"}
OWNER = {
    "click": {"cli"},
    "rich": {"cli"},
    "websockets": {"net", "sandbox"},
    "keyring": {"config"},
    "platformdirs": {"config"},
    "pytest": {"pytest_plugin", "pytest_fixtures"},
    "pytest_asyncio": {"pytest_fixtures"},
    "jinja2": {"evidence"},
    "aioice": {"media"},
    "aiortc": {"media"},
    "OpenSSL": {"media"},
    "av": {"media"},
    "numpy": {"media"},
    "sounddevice": {"media"},
    "pywebrtc_audio": {"media"},
    "pylibsrtp": {"media"},
}
WEBRTC = {"aioice", "aiortc", "OpenSSL", "pylibsrtp"}
"""Imported in media/webrtc/ only, since what that uses of them is not all promised to stay."""
CORE_ROOMS: dict[str, set[str]] = {
    "transactions": {"connection"},
    "connection": set(),
    "requests": {"transactions", "connection"},
    "registration": {"requests", "connection"},
    "dialogs": {"requests", "transactions", "connection"},
    "calls": {"dialogs", "requests", "transactions", "connection"},
}
"""Room of the core -> the rooms it may import; what lies beside the rooms may import them all."""
BELOW_THE_ROOMS = (
    "sipcli.core.agent_actions",
    "sipcli.core.debug_log",
    "sipcli.core.events",
    "sipcli.core.timers",
)
"""What every room may import."""
LONGEST_FILE = 400
TESTS = Path(__file__).parent

SAME_CLASS_NAMES = {
    "Call": 2,
}
"""Classes and type aliases that several modules define -> how many do. This list only shrinks."""
SAME_MODULE_NAMES = {
    "call": 2,
}
"""The same of modules. This list only shrinks, too."""
IN_EVERY_LAYER = {"__init__", "errors", "events"}
"""Modules that several layers have, each its own."""
EVENTS_OF_THE_CORE = {"core/events.py", "core/calls/events.py"}
EDGE = {
    f"phone/{name}.py"
    for name in ("runner", "call_manager", "call_signalling", "event_translation")
}
"""The modules that receive the core's events, and the one that makes the public ones of them."""
PUBLIC_EVENTS = {"phone/events.py", "phone/call_events.py"}
"""A public event has the name of the core's event that it is made from."""


def imports(path: Path) -> Iterator[str]:
    """Dotted names of everything `path` imports, late imports included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def is_allowed(name: str, layer: str) -> bool:
    inside = name.removeprefix("sipcli.")
    allowed = ALLOWED[layer] | (SETTINGS if "config.settings" in ALLOWED[layer] else set())
    return inside.split(".")[0] == layer or any(
        inside == each or inside.startswith(f"{each}.") for each in allowed
    )


def is_pure(path: Path) -> bool:
    inside = path.relative_to(ROOT)
    return (
        layer_of(path) in PURE
        or inside.as_posix() in PURE_FILES
        or inside.parent.as_posix() in PURE_FOLDERS
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_imports_point_down(path: Path) -> None:
    layer = layer_of(path)
    for name in imports(path):
        top = name.split(".")[0]
        if name.startswith("sipcli.") and name != "sipcli.__version__":
            assert is_allowed(name, layer), f"{layer} must not import {name}"
        if is_pure(path):
            assert top not in IMPURE, f"{path.name} is pure and must not import {name}"
        assert layer in OWNER.get(top, {layer}), f"only {OWNER.get(top)} may import {name}"
        is_webrtc = path.parent.name == "webrtc"
        assert top not in WEBRTC or is_webrtc, f"only media/webrtc may import {name}"


def test_the_tables_name_what_is_there() -> None:
    for name in PURE_FILES | PURE_FOLDERS:
        assert (ROOT / name).exists(), f"{name} is pure and gone"
    for layer in ALLOWED.keys() | PURE:
        assert (ROOT / layer).is_dir() or (ROOT / f"{layer}.py").exists(), layer


def test_the_core_s_events_go_no_further_than_the_phone_s_edge() -> None:
    """All others get the public events, which have nothing that a user may not see."""
    for path in MODULES:
        if layer_of(path) != "core" and path.relative_to(ROOT).as_posix() not in EDGE:
            for name in imports(path):
                assert not name.startswith(("sipcli.core.events", "sipcli.core.calls.events")), path


@pytest.mark.parametrize("room", CORE_ROOMS)
def test_the_rooms_of_the_core_lie_above_one_another(room: str) -> None:
    for path in (ROOT / "core" / room).glob("*.py"):
        for name in imports(path):
            if name.startswith("sipcli.core."):
                other = name.split(".")[2]
                assert other in CORE_ROOMS.keys() & (CORE_ROOMS[room] | {room}) or (
                    name.startswith(BELOW_THE_ROOMS)
                ), f"core/{room} must not import {name}"


def test_every_room_of_the_core_is_in_the_table() -> None:
    assert {p.name for p in (ROOT / "core").iterdir() if (p / "__init__.py").exists()} == {
        *CORE_ROOMS
    }


def test_no_module_imports_itself_in_a_circle() -> None:
    names = {
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path
        for path in MODULES
    }
    graph = {
        module: ({n.rsplit(".", 1)[0] for n in imports(path)} | set(imports(path)))
        & names.keys() - {module}
        for module, path in names.items()
    }
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_file_is_too_long_to_hold_in_the_head(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def public_classes(path: Path) -> set[str]:
    """Return the names of the classes and type aliases that a module defines for others."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
            names.add(ast.unparse(node.target))
    return {name for name in names if not name.startswith("_")}


def test_a_class_name_means_one_thing() -> None:
    of_the_core = {name for file in EVENTS_OF_THE_CORE for name in public_classes(ROOT / file)}
    counts: Counter[str] = Counter()
    for path in MODULES:
        is_public_event = path.relative_to(ROOT).as_posix() in PUBLIC_EVENTS
        counts.update(public_classes(path) - (of_the_core if is_public_event else set()))
    repeated = {name: count for name, count in counts.items() if count > 1}
    assert repeated == SAME_CLASS_NAMES, "find another name, or shorten the list"


def test_a_module_name_means_one_thing() -> None:
    # A command's module has the name of the command, whatever else has it.
    modules = [path.stem for path in MODULES if path.parent != ROOT / "cli" / "commands"]
    counts = Counter(name for name in modules if name not in IN_EVERY_LAYER)
    repeated = {name: count for name, count in counts.items() if count > 1}
    assert repeated == SAME_MODULE_NAMES, "find another name, or shorten the list"


def test_no_file_of_the_tests_is_longer_either() -> None:
    long = {
        path.relative_to(TESTS).as_posix()
        for path in TESTS.rglob("*.py")
        if "node_modules" not in path.parts
        and len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE
    }
    assert not long
