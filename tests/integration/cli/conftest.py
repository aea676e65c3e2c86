"""Two nodes on a real broker that have exchanged the documents of the first example."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import structlog

from connector import resources
from connector.broker.sandbox import Sandbox
from connector.broker.settings import BrokerSettings
from connector.cli.app import run_program

CONFIG = """\
config_version: 1
environment: test
state_dir: state-{code}
agencies:
  - code: {code}
    name: {name}
    key: {{type: pem, key_file: pki/keys/{lower}.key, certificate_file: pki/keys/{lower}.crt}}
trust: {{anchors_dir: pki/anchors, registry_file: pki/registry.yaml}}
broker: {{url: "{url}", management_url: "{management}"}}
adapters: [{adapters}]
sinks:
  - {{type: folder, directory: in-{code}, desk: true}}
retry: {{first_seconds: 1, max_seconds: 2}}
"""


@dataclass(frozen=True)
class Said:
    """How a command line ended and what it said."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


def process(*arguments: object, seconds: float = 300, **environment: str) -> Said:
    """Run a command line in a process of its own, with nobody at its terminal."""
    run = subprocess.run(
        [sys.executable, "-m", "connector", *(str(argument) for argument in arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
        timeout=seconds,
        check=False,
    )
    return Said(run.returncode, run.stdout, run.stderr)


def connector(*arguments: object, **environment: str) -> Said:
    """Run a command line in this process, which saves the time of starting one."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with (
        mock.patch.dict(os.environ, environment),
        mock.patch.object(sys, "stdin", io.StringIO()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        run_program([str(argument) for argument in arguments])
    structlog.reset_defaults()
    for handler in tuple(logging.getLogger().handlers):
        logging.getLogger().removeHandler(handler)
    assert isinstance(ended.value.code, int)
    return Said(ended.value.code, *(_text(stream) for stream in (out, err)))


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


@dataclass(frozen=True)
class Node:
    """One node by its configuration."""

    config: Path

    def do(self, *arguments: object) -> Said:
        """Run a verb of this node; the daemon as a process of its own."""
        how = process if arguments[0] == "run" else connector
        return how(*arguments, CONNECTOR_CONFIG=str(self.config))

    def once(self) -> None:
        """Collect, send and receive until nothing moves."""
        said = self.do("run", "--once")
        assert said.status == 0, said.err

    def deliveries(self, *arguments: object) -> list[dict[str, Any]]:
        """Return deliveries of documents in the outbox."""
        listed = self.do("outbox", "list", "--kind", "document", "--json", *arguments)
        rows: list[dict[str, Any]] = listed.data
        return rows


@dataclass(frozen=True)
class Pair:
    """Sender (G22) and receiver (H41); G09, the other receiver, is not connected."""

    directory: Path
    sender: Node
    receiver: Node

    def exchange(self) -> None:
        """Let documents go over and answers come back."""
        for node in (self.sender, self.receiver, self.sender):
            node.once()

    def new_document(self) -> str:
        """Send a new document of one's own to H41 and return its packet id."""
        number = str(uuid.uuid4().int % 10**6)
        out = self.directory / f"packet-{number}"
        example = self.directory / "g22-csv-tcvn3"
        rows = connector("preview", example, "--limit", 2, "--json", "--out", out).data
        text = Path(rows[1]["file"]).read_text(encoding="utf-8")
        parts = text.split("<edXML:To>")
        assert "H41" in parts[2]
        text = parts[0] + "<edXML:To>" + parts[2]
        old = rows[1]["code"].partition("/")[0]
        text = text.replace(f"CodeNumber>{old}<", f"CodeNumber>{number}<")
        text = text.replace(f",{old}/", f",{number}/")
        text = re.sub(r"<ds:Signature .*</ds:Signature>", "", text, flags=re.DOTALL)
        path = out / "new.edxml"
        path.write_text(text, encoding="utf-8")
        said = self.sender.do("send", "--json", path)
        assert said.status == 0, said.err
        assert said.data[0]["queued"] is True
        return str(said.data[0]["packet_id"])


@pytest.fixture(scope="module")
def pair(broker_node: BrokerSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two nodes after a first exchange."""
    directory = tmp_path_factory.mktemp("pair")
    shutil.copytree(resources.examples_dir() / "g22-csv-tcvn3", directory / "g22-csv-tcvn3")
    said = connector("keys", "new-dev", directory / "pki", "G22", "H41")
    assert said.status == 0, said.err
    with Sandbox(broker_node, f"cli-{uuid.uuid4().hex[:12]}") as sandbox:
        sandbox.connect(("G22", "H41"))
        nodes = [
            Node(_configured(directory, code, name, sandbox, broker_node))
            for code, name in (("G22", "Văn phòng Chính phủ"), ("H41", "UBND tỉnh Nghệ An"))
        ]
        made = Pair(directory, *nodes)
        made.exchange()
        yield made


def _configured(
    directory: Path, code: str, name: str, sandbox: Sandbox, broker: BrokerSettings
) -> Path:
    path = directory / f"connector-{code}.yaml"
    path.write_text(
        CONFIG.format(
            code=code,
            lower=code.lower(),
            name=name,
            url=sandbox.settings(code).url,
            management=broker.management_url,
            adapters="g22-csv-tcvn3" if code == "G22" else "",
        ),
        encoding="utf-8",
    )
    return path
