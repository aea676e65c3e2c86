"""What is installed from the wheel works away from any checkout: data files travel with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATCHES = ("_editable_impl_", "__editable__")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, offline, with what the environment has."""
    directory = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = directory.glob("connector-*.whl")
    return built


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment that sees our libraries, but not the checkout."""
    directory = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(directory)], check=True)
    scheme = {"base": str(directory), "platbase": str(directory)}
    purelib = Path(sysconfig.get_path("purelib", "venv", scheme))
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"),
            *("--disable-pip-version-check", "--target", str(purelib), str(wheel)),
        ],
        check=True,
        capture_output=True,
    )
    libraries = Path(sysconfig.get_path("purelib"))
    for entry in libraries.iterdir():
        target = purelib / entry.name
        ours = entry.name.startswith(PATCHES) or entry.name.startswith("connector")
        if not ours and not target.exists():
            target.symlink_to(entry)
    return directory / "bin" / "python"


def run(program: Path, *arguments: str, cwd: Path | str = "/") -> subprocess.CompletedProcess[str]:
    """Run the installed program from outside the checkout."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(program), "-I", "-m", "connector", *arguments],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_holds_schemas_examples_and_types(wheel: Path) -> None:
    """Schemas, the catalogue, the examples and the type marker are in the wheel, tests are not."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for path in (ROOT / "schemas").rglob("*"):
        if path.is_file():
            assert f"connector/_data/schemas/{path.relative_to(ROOT / 'schemas')}" in names
    for adapter in (ROOT / "examples").glob("*/adapter.yaml"):
        assert f"connector/_data/examples/{adapter.parent.name}/adapter.yaml" in names
    assert "connector/py.typed" in names
    assert not {name for name in names if name.startswith(("tests/", "var/", "docs/"))}


def test_the_program_runs_from_the_installed_wheel(program: Path) -> None:
    """It is the wheel's code that runs, not the checkout's."""
    code = "import connector, pathlib; print(pathlib.Path(connector.__file__).resolve())"
    where = subprocess.run(
        [str(program), "-I", "-c", code], cwd="/", capture_output=True, text=True, check=True
    ).stdout.strip()
    assert not Path(where).is_relative_to(ROOT)
    result = run(program, "version")
    assert (result.returncode, result.stdout.split()[0]) == (0, "connector")


def test_the_shipped_catalogue_is_found(program: Path) -> None:
    """An agency code is looked up in the seed inside the wheel."""
    result = run(program, "agencies", "resolve", "--json", "H41")
    assert result.returncode == 0, result.stderr
    assert "H41" in json.dumps(json.loads(result.stdout))


def test_the_shipped_schemas_are_found(program: Path, tmp_path: Path) -> None:
    """A good packet passes the schemas inside the wheel, a cut one does not."""
    packet = ROOT / "tests" / "golden" / "packets" / "0-minimal.edxml"
    result = run(program, "validate", str(packet))
    assert result.returncode == 0, result.stderr
    broken = tmp_path / "broken.edxml"
    broken.write_bytes(packet.read_bytes().replace(b"edXML:Subject>", b"edXML:Subjekt>"))
    assert run(program, "validate", str(broken)).returncode == 65


def test_the_shipped_examples_pass_their_own_tests(program: Path, tmp_path: Path) -> None:
    """The adapters of the wheel are found and run, in a copy as a user would make."""
    code = "from connector.resources import examples_dir; print(examples_dir())"
    found = subprocess.run(
        [str(program), "-I", "-c", code], cwd="/", capture_output=True, text=True, check=True
    ).stdout.strip()
    assert not Path(found).is_relative_to(ROOT)
    copy = tmp_path / "examples"
    shutil.copytree(found, copy)
    result = run(program, "test", str(copy), cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("ok ") >= 3
