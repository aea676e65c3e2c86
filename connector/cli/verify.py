"""`connector verify`: is a packet from whom it says, stage by stage."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from connector.cli import usage_codes
from connector.cli.nodes import config_option, json_option
from connector.cli.output import fold_time, print_json, tell_findings
from connector.cli.usage import WrongUsage
from connector.errors import Finding, Severity

if TYPE_CHECKING:
    from connector.trust.registry import Trust
    from connector.trust.verdict import Verdict

__all__ = ["verify"]

REFUSED = 77
HELD = 75

_WORDS: Final = {
    "valid": "hợp lệ",
    "refused": "không được chấp nhận",
    "held": "chờ, chưa kết luận được",
}


@click.command()
@json_option
@click.option(
    "--trust",
    "trust_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory with anchors/, registry.yaml and perhaps crls/, instead of the node's trust.",
)
@click.option("--at", "at_text", metavar="TIME", help="Verify as of this time (ISO 8601).")
@config_option
@click.argument("file", type=click.Path(path_type=Path))
def verify(
    file: Path, trust_dir: Path | None, at_text: str | None, config_path: Path, *, as_json: bool
) -> None:
    """Explain stage by stage whether FILE is from whom it says, in Vietnamese and English.

    Names the chain, the revocation data used with its age, and the signer's agencies. Exits
    with 77 on every refusal; with 75 if the packet is held, because revocation data is missing.
    """
    from connector.cli.files import read_file
    from connector.clock import SystemClock
    from connector.trust.verify import explain

    at = _moment(at_text) if at_text else SystemClock().now()
    data = read_file(file)
    verdict = explain(data, _trust(trust_dir, config_path, at), at=at)
    if as_json:
        print_json({"file": str(file), **_as_dict(verdict)})
    else:
        _tell(file, verdict)
    if not verdict.valid:
        raise click.exceptions.Exit(HELD if verdict.held else REFUSED)


def _trust(trust_dir: Path | None, config_path: Path, at: dt.datetime) -> Trust:
    from connector.cli.catalogue_of import catalogue_at
    from connector.cli.nodes import load_config
    from connector.trust.registry import load_trust
    from connector.trust.trust_source import TrustFiles

    if trust_dir is None:
        config = load_config(config_path)
        files = TrustFiles(config=config.trust, state_dir=config.state_dir)
        return files.load(catalogue_at(config.catalogue.file).canonical, at=at)
    crls = trust_dir / "crls"
    return load_trust(
        trust_dir / "anchors",
        trust_dir / "registry.yaml",
        crls_dir=crls if crls.is_dir() else None,
        canonical=catalogue_at(None).canonical,
        at=at,
    )


def _moment(text: str) -> dt.datetime:
    from connector.clock import VIETNAM

    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongUsage(usage_codes.NO_MOMENT, text=text, reason=error) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)


def _revocation(verdict: Verdict) -> list[Finding]:
    """Return what the verdict says of revocation: the data used, its age, what is missing."""
    from connector.trust.data_codes import CATALOGUE

    known = {text.code for text in CATALOGUE}
    return [each for each in verdict.findings if each.code in known]


def _as_dict(verdict: Verdict) -> dict[str, Any]:
    from connector.trust.stage_titles import TITLES

    facts = verdict.as_dict()
    for stage in facts["stages"]:
        stage["vi"], stage["en"] = TITLES.get(stage["name"], ("", ""))
    revocation = [each.as_dict() for each in _revocation(verdict)]
    return {**facts, "revocation": revocation}


def _tell(file: Path, verdict: Verdict) -> None:
    from connector.trust.stage_titles import OUTCOMES, TITLES

    word = _WORDS[verdict.verdict]
    click.echo(f"{file}: {word} / {verdict.verdict}, {fold_time(verdict.at)}")
    for stage in verdict.stages:
        title, english = TITLES.get(stage.name, ("", ""))
        outcome = " / ".join(dict.fromkeys(OUTCOMES.get(stage.outcome, (stage.outcome,))))
        click.echo(f"  {stage.name:<12} {outcome}")
        click.echo(f"      {title}? / {english}?")
        if stage.detail:
            click.echo(f"      {stage.detail}")
    _tell_signer(verdict)
    told = _revocation(verdict)
    if told:
        click.echo("  thu hồi / revocation:")
    for finding in told:
        click.echo(f"      {finding.place}")
        click.echo(f"      {finding.vi}")
        click.echo(f"      {finding.en}")
    tell_findings(each for each in verdict.findings if each.severity is not Severity.INFO)


def _tell_signer(verdict: Verdict) -> None:
    if verdict.signer:
        agencies = ", ".join(verdict.signer.agencies) or "không cơ quan nào / no agency"
        click.echo(f"  người ký / signer: {verdict.signer.certificate.subject}")
        click.echo(f"      được ký cho / may sign for: {agencies}")
    if verdict.chain:
        click.echo("  chuỗi chứng thư / chain:")
    for each in verdict.chain:
        ends = fold_time(each.not_after)
        click.echo(f"      {each.subject} (đến / until {ends})")
        click.echo(f"        sha256 {each.sha256}")
