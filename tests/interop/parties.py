"""The two other implementations: the JDK's XML signatures and the command xmlsec1."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from tests.corpus.signing import HEADER_END, prefixed
from tests.corpus.world import NOW, Identity, World

__all__ = ["JavaParty", "XmlsecParty"]

_SOURCE: Final = Path(__file__).with_name("XmlSignatures.java")
_PASSWORD: Final = b"interop"


def _need(program: str, package: str) -> str:
    """Return a program's path; the tests fail where it is missing, they are not left out."""
    found = shutil.which(program)
    assert found is not None, f"{program} is missing: apt-get install {package}"
    return found


class JavaParty:
    """The JDK; orders are collected and carried out by one virtual machine."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._orders: list[str] = []
        javac = _need("javac", "openjdk-17-jdk-headless")
        subprocess.run([javac, "-d", str(directory), str(_SOURCE)], check=True, timeout=120)

    def path(self, name: str) -> Path:
        """Return the path of a file of this party."""
        return self._directory / name

    def order_signature(
        self,
        name: str,
        data: bytes,
        signer: Identity,
        *,
        prefix: str,
        c14n: str,
        transforms: Sequence[str],
        digest: str,
        method: str,
        key_value: bool = False,
    ) -> None:
        """Order a signature; the signed packet will stand in `name`."""
        self.path(f"{name}.in").write_bytes(data)
        keystore = self.path(f"{signer.certificate.serial_number}.p12")
        encryption = BestAvailableEncryption(_PASSWORD)
        keystore.write_bytes(
            pkcs12.serialize_key_and_certificates(
                b"key", signer.private, signer.certificate, signer.issuers, encryption
            )
        )
        fields = (self.path(f"{name}.in"), self.path(name), keystore, prefix, c14n)
        rest = (" ".join(transforms), digest, method, "yes" if key_value else "no")
        self._orders.append("\t".join(map(str, ("sign", *fields, *rest))))

    def order_verdict(self, name: str, data: bytes, signer: Identity) -> None:
        """Order a verdict over a packet by the key of a certificate."""
        packet, certificate = self.path(name), self.path(f"{name}.crt")
        packet.write_bytes(data)
        certificate.write_bytes(signer.certificate.public_bytes(Encoding.PEM))
        self._orders.append(f"verify\t{packet}\t{certificate}")

    def answers(self) -> list[str]:
        """Return the answers to all orders since the last time: OK, INVALID or an error."""
        run = subprocess.run(
            [_need("java", "openjdk-17-jdk-headless"), "-cp", str(self._directory), _SOURCE.stem],
            input="".join(f"{order}\n" for order in self._orders),
            capture_output=True,
            text=True,
            timeout=200,
            check=True,
        )
        self._orders.clear()
        return run.stdout.splitlines()


class XmlsecParty:
    """The command xmlsec1 with the corpus' root as only anchor."""

    def __init__(self, directory: Path, world: World) -> None:
        self._directory = directory
        self._program = _need("xmlsec1", "xmlsec1")
        self._root = directory / "root.pem"
        self._root.write_bytes(world.root.certificate.public_bytes(Encoding.PEM))

    def accepts(self, data: bytes, *options: str) -> bool:
        """Tell whether it verifies a packet, chain included."""
        path = self._directory / "packet.xml"
        path.write_bytes(data)
        at = NOW.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        trusted = ("--trusted-pem", str(self._root), "--verification-time", at)
        return self._run("--verify", "--enabled-key-data", "x509", *trusted, *options, str(path))

    def signs(
        self,
        data: bytes,
        signer: Identity,
        *,
        prefix: str,
        c14n: str,
        transforms: Sequence[str],
        digest: str,
        method: str,
    ) -> bytes:
        """Return the packet as it signs it."""
        steps = "".join(f'<Transform Algorithm="{step}"/>' for step in transforms)
        text = (
            f'<Signature><SignedInfo><CanonicalizationMethod Algorithm="{c14n}"/>'
            f'<SignatureMethod Algorithm="{method}"/><Reference URI=""><Transforms>{steps}'
            f'</Transforms><DigestMethod Algorithm="{digest}"/><DigestValue/></Reference>'
            "</SignedInfo><SignatureValue/><KeyInfo><X509Data><X509Certificate/></X509Data>"
            "</KeyInfo></Signature>"
        )
        path, out = self._directory / "template.xml", self._directory / "signed.xml"
        path.write_bytes(data.replace(HEADER_END, prefixed(text, prefix).encode() + HEADER_END))
        files = [self._directory / "key.pem"]
        files[0].write_bytes(
            signer.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        for number, certificate in enumerate(signer.chain):
            files.append(self._directory / f"chain-{number}.pem")
            files[-1].write_bytes(certificate.public_bytes(Encoding.PEM))
        keys = ",".join(map(str, files))
        assert self._run("--sign", "--privkey-pem", keys, "--output", str(out), str(path))
        return out.read_bytes()

    def _run(self, *arguments: str) -> bool:
        run = subprocess.run(
            [self._program, *arguments], capture_output=True, timeout=60, check=False
        )
        return run.returncode == 0
