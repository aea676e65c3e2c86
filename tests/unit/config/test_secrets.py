from __future__ import annotations

from pathlib import Path

import pytest

from connector.config.load import Settings, findings_of, parse
from connector.config.secrets import SecretRef, check, check_access, resolve
from connector.config.yaml_source import parse_yaml
from connector.errors import ConfigError


class Holder(Settings):
    """Something with a password."""

    password: SecretRef


def ref(tmp_path: Path, text: str) -> SecretRef:
    """Read a reference from a file in tmp_path."""
    return parse(Holder, parse_yaml(text.encode(), tmp_path / "c.yaml", environ={})).password


def test_inline_secret_is_refused_and_not_repeated() -> None:
    """A password in the file itself is refused without being shown."""
    node = parse_yaml(b"password: hunter2", Path("c.yaml"), environ={})
    (found,) = findings_of(Holder, node)
    assert (found.code, found.place) == ("EDX-1020", "c.yaml:1:11")
    assert "hunter2" not in str(found.as_dict())


@pytest.mark.parametrize("text", ["{}", "{env: A, file: b}"])
def test_exactly_one_reference_is_needed(text: str) -> None:
    """No reference and two references are both refused."""
    node = parse_yaml(f"password: {text}".encode(), Path("c.yaml"), environ={})
    assert [finding.code for finding in findings_of(Holder, node)] == ["EDX-1021"]


def test_file_is_relative_to_the_configuration(tmp_path: Path) -> None:
    """A secret's file is found beside the configuration; one line break at its end is dropped."""
    (tmp_path / "pw").write_bytes("bí mật \n".encode())
    assert resolve(ref(tmp_path, "password: {file: pw}")) == "bí mật "
    (tmp_path / "pw").write_bytes(b"x\r\n")
    assert resolve(ref(tmp_path, "password: {file: pw}")) == "x"


def test_environment_variable(tmp_path: Path) -> None:
    """A secret can come from the environment; an undefined variable is refused."""
    found = ref(tmp_path, "password: {env: PW}")
    assert resolve(found, environ={"PW": "x"}) == "x"
    with pytest.raises(ConfigError) as caught:
        resolve(found, environ={})
    assert caught.value.code == "EDX-1022"


def test_systemd_credential(tmp_path: Path) -> None:
    """A credential is read from the directory that systemd names."""
    (tmp_path / "broker").write_bytes(b"x")
    found = ref(tmp_path, "password: {credential: broker}")
    assert resolve(found, environ={"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "x"
    with pytest.raises(ConfigError) as caught:
        resolve(found, environ={})
    assert "CREDENTIALS_DIRECTORY" in str(caught.value)


@pytest.mark.parametrize("name", ["../broker", "a/b", ".hidden", ""])
def test_credential_names_cannot_leave_their_directory(name: str) -> None:
    """A credential is a name, not a path."""
    node = parse_yaml(f"password: {{credential: '{name}'}}".encode(), Path("c"), environ={})
    assert [finding.code for finding in findings_of(Holder, node)] == ["EDX-1015"]


@pytest.mark.parametrize(("content", "code"), [(b"", "EDX-1024"), (b"\xff", "EDX-1022")])
def test_empty_and_binary_secrets_are_refused(tmp_path: Path, content: bytes, code: str) -> None:
    """An empty secret and one that is no text are refused."""
    (tmp_path / "pw").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        resolve(ref(tmp_path, "password: {file: pw}"))
    assert caught.value.code == code


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_check_warns_of_open_files(tmp_path: Path, mode: int) -> None:
    """A secret that others than its owner can read is a warning; an absent one an error."""
    path = tmp_path / "pw"
    path.write_bytes(b"x")
    path.chmod(mode)
    found = ref(tmp_path, "password: {file: pw}")
    assert [(one.code, one.severity.value) for one in check(found)] == [("EDX-1023", "warning")]
    path.chmod(0o600)
    assert check(found) == ()
    path.unlink()
    assert [one.code for one in check(found)] == ["EDX-1022"]


def test_only_files_are_open_to_others(tmp_path: Path) -> None:
    """Of a variable, a credential and a file that is not there nothing is known."""
    assert check_access(SecretRef(env="PW")) == ()
    assert check_access(SecretRef(credential="pw")) == ()
    assert check_access(SecretRef(file=tmp_path / "away")) == ()


def test_reference_is_shown_not_the_secret(tmp_path: Path) -> None:
    """Text and representation of a reference name the place only."""
    (tmp_path / "pw").write_bytes(b"hunter2")
    found = ref(tmp_path, "password: {file: pw}")
    assert str(found) == str(tmp_path / "pw")
    assert str(SecretRef(env="A")) == "$A"
    assert str(SecretRef(credential="c")) == "credential:c"
    assert "hunter2" not in repr(found)
