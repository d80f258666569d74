"""What is given away: the sdist has all of the repository, and the wheel made from it works."""

import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import sipcli

ROOT = Path(__file__).parents[2]
NOT_GIVEN_AWAY = {".gitignore"}
"""Of use in a repository only; others that begin so are not looked for."""
SMOKE = "call --sandbox echo --audio-in tone:440 --audio-out null --expect-tone 440 --duration 2"


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command to its success; returns what it wrote."""
    done = subprocess.run(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An sdist, and the wheel that was made from it and not from this folder."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the wheel, and borrows what it depends on."""
    venv = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", venv)
    python = venv / "bin" / "python"
    (wheel,) = dist.glob("*.whl")
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel)
    ours = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    # A .pth file that this one leads to is not followed: the sources here stay out of sight.
    Path(ours, "borrowed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return venv / "bin"


def in_the_repository() -> Iterator[str]:
    """Every file that is under version control; what was unpacked from an sdist is its own list."""
    if (ROOT / ".git").exists():
        yield from run("git", "-c", "safe.directory=*", "ls-files").splitlines()
    else:
        yield from (str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py"))


def test_the_sdist_has_every_file_of_the_repository(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert {*in_the_repository()} - held - NOT_GIVEN_AWAY == set()


def test_the_wheel_has_the_package_and_the_manual_page_and_nothing_else(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "sipcli",
        f"sipcli-{sipcli.__version__}.data",
        f"sipcli-{sipcli.__version__}.dist-info",
    }
    data = [name.partition("/")[2] for name in names if ".data/" in name]
    assert data == ["data/share/man/man1/sipcli.1"]
    assert "sipcli/py.typed" in names


def test_the_wheel_has_every_module(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "sipcli").rglob("*.py")}
    assert modules - {*zipfile.ZipFile(wheel).namelist()} == set()


def test_the_wheel_has_the_templates_of_the_report_s_page(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    folder = "sipcli/evidence/page/templates"
    templates = {f"{folder}/{path.name}" for path in (ROOT / folder).iterdir()}
    assert len(templates) > 2
    assert templates - {*zipfile.ZipFile(wheel).namelist()} == set()


def test_what_the_wheel_installs_is_what_runs(installed: Path, tmp_path: Path) -> None:
    where = "import sipcli; print(sipcli.__file__)"
    found = run(installed / "python", "-c", where, cwd=tmp_path)
    assert Path(found.strip()).is_relative_to(installed.parent)
    version = run(installed / "sipcli", "--version", cwd=tmp_path)
    assert version == f"sipcli {sipcli.__version__}\n"


def test_the_wheel_installs_the_manual_page(installed: Path) -> None:
    page = installed.parent / "share/man/man1/sipcli.1"
    assert page.read_text("utf-8") == (ROOT / "docs/sipcli.1").read_text("utf-8")


def test_what_the_wheel_installs_can_call(installed: Path, tmp_path: Path) -> None:
    assert "✓ expect-tone" in run(installed / "sipcli", *SMOKE.split(), cwd=tmp_path)
