"""A short and repeatable run of each fuzz target; ``make fuzz`` runs them for longer."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.seeds import DICTIONARY, write_seeds

pytestmark = pytest.mark.slow

_RUNS = 4000


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seed corpus, without what takes long."""
    directory = tmp_path_factory.mktemp("fuzz") / "seeds"
    assert write_seeds(directory, 16_384) > 300
    return directory


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="atheris 3.0 has no release for it")
@pytest.mark.parametrize("target", ["reader", "verify", "ways"])
def test_only_our_own_errors(target: str, seeds: Path, tmp_path: Path) -> None:
    """A few thousand mutations of every vector end in a reading, a verdict or a refusal."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", f"tests.fuzz.fuzz_{target}"),
            *(f"-runs={_RUNS}", "-seed=1", "-max_len=16384", "-timeout=20", "-rss_limit_mb=2000"),
            *(f"-artifact_prefix={tmp_path}/", f"-dict={seeds.with_name(DICTIONARY)}", str(seeds)),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=250,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    done = re.search(r"Done (\d+) runs", run.stderr)
    assert done is not None, run.stderr[-4000:]
    assert int(done.group(1)) >= _RUNS
