"""The benchmark runs and reports what it promises; how fast is nobody's business here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.broker.settings import BrokerSettings
from tests.perf.bench import main

ROW = {
    "name",
    "direction",
    "attachment_bytes",
    "workers",
    "documents_per_second",
    "cpu_ms_per_document",
    "peak_mib",
}


@pytest.mark.broker
def test_a_short_benchmark_writes_its_report(
    tmp_path: Path, broker_node: BrokerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three documents through each pipeline give a row each, and the ratios by name."""
    monkeypatch.setenv("CONNECTOR_BROKER_URL", broker_node.url)
    monkeypatch.setenv("CONNECTOR_BROKER_MANAGEMENT_URL", broker_node.management_url or "")
    path = tmp_path / "bench" / "report.json"
    counts = ("--documents", "--peer-documents", "--naive-documents")
    arguments = [argument for count in counts for argument in (count, "3")]

    main([*arguments, "--rounds", "1", "--attachment-bytes", "20000", "--report", str(path)])

    report = json.loads(path.read_text(encoding="utf-8"))
    assert {"machine", "versions", "rows", "ratios"} <= set(report)
    assert all(set(row) == ROW for row in report["rows"])
    names = {row["name"]: row["direction"] for row in report["rows"]}
    assert names["connector out"] == "out"
    assert names["connector in"] == "in"
    assert len(names) == 6
    assert all(row["documents_per_second"] > 0 for row in report["rows"])
    assert all(row["attachment_bytes"] == 20000 for row in report["rows"])
    assert report["ratios"]["connector out / naive script out"] > 0
    assert {"rabbitmq", "python", "sqlite"} <= set(report["versions"])
    assert not (path.parent / "work").exists()
