"""Reads the fields of one record by an adapter's rules; gathers every finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from connector.config.suggest import did_you_mean
from connector.errors import Finding
from connector.mapping import codes
from connector.mapping.fields import FIELDS, Field
from connector.mapping.fit import fitted
from connector.mapping.provenance import Provenance, Step
from connector.mapping.python_functions import OWN_FUNCTION, Function
from connector.mapping.settings import FieldSettings
from connector.mapping.tables import CodeTable
from connector.mapping.transforms import BoundTransform, bind
from connector.mapping.values import Refusal, is_empty, shown
from connector.model.record import Record

__all__ = ["Reading", "Rule", "compile_rules"]

_NOTHING: Final = {path: () if one.many else None for path, one in FIELDS.items()}


@dataclass(frozen=True, slots=True)
class Rule:
    """How one field is read."""

    field: Field
    settings: FieldSettings
    transforms: tuple[BoundTransform, ...]
    constant: Any = None
    """What the field holds in every record, if that was found out already."""

    def place(self, record: Record) -> str:
        """Return the place of the field's value: the record's, with the column."""
        columns = self.settings.sources
        return f"{record.place} [{', '.join(columns)}]" if columns else record.place


def compile_rules(
    fields: Mapping[str, FieldSettings],
    tables: Mapping[str, CodeTable],
    functions: Mapping[str, Function],
) -> tuple[Rule, ...]:
    """Return the rules of an adapter, transforms joined with their tables and functions."""
    return tuple(
        _known(Rule(FIELDS[path], settings, tuple(bind(settings.transforms, tables, functions))))
        for path, settings in fields.items()
    )


def _known(rule: Rule) -> Rule:
    """Return a rule with what it always gives, if it looks at no record and all of it is pure."""
    settings = rule.settings
    own = any(transform.name == OWN_FUNCTION for transform in rule.transforms)
    if settings.value is None or settings.when is not None or own:
        return rule
    try:
        return replace(rule, constant=_fitted(rule, settings.value))
    except Refusal:
        return rule  # each record is refused by itself, at its place


def _fitted(rule: Rule, value: object) -> Any:
    """Return what a field holds of a value that is not explained."""
    if is_empty(value) and rule.settings.default is not None:
        value = rule.settings.default
    for transform in rule.transforms:
        value = transform.function(value)
    return fitted(rule.field, value)


@dataclass(slots=True)
class Reading:
    """The fields of one record so far: values by path, findings, and where values came from."""

    record: Record
    explain: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    provenance: list[Provenance] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def read(self, rules: Sequence[Rule]) -> None:
        """Read every field; a field that fails does not keep the others from being read."""
        for rule in rules:
            path = rule.field.path
            self.places[path] = rule.place(self.record)
            try:
                self.values[path] = self._value(rule)
            except Refusal as refusal:
                self.refuse(path, refusal)

    def get(self, path: str) -> Any:
        """Return a field's value; None or () if it says nothing or failed."""
        return self.values.get(path, _NOTHING[path])

    def place(self, path: str) -> str:
        """Return the place of a field's value, the record's if the field is not mapped."""
        return self.places.get(path, self.record.place)

    def refuse(self, path: str, refusal: Refusal) -> None:
        """Put a refused value of a field among the findings."""
        self.failed.add(path)
        self.findings.append(refusal.at(self.place(path)))

    def require(self, path: str) -> Any:
        """Return a field's value; a finding if it says nothing and has not failed already."""
        value = self.get(path)
        if (value is None or value == ()) and path not in self.failed:
            title = FIELDS[path].title
            self.refuse(path, Refusal(codes.MISSING_FIELD, field=path, title=title))
        return value

    def derived(self, path: str, step: str, value: object, *, before: object = None) -> None:
        """Note that a field was not read but made, by a named rule."""
        if self.explain:
            steps = (Step(step, shown(before), shown(value)),)
            self.provenance.append(Provenance(path, self.place(path), None, shown(before), steps))

    def _value(self, rule: Rule) -> Any:
        settings = rule.settings
        if not self.explain:
            if rule.constant is not None:
                return rule.constant
            value = _raw(settings, self.record)
            holds = settings.when is None or settings.when.holds(self.record)
            return _fitted(rule, value if holds else None)
        return self._explained(rule)

    def _explained(self, rule: Rule) -> Any:
        """Read a field as `_fitted` does, and note each step."""
        settings = rule.settings
        value = _raw(settings, self.record)
        raw, steps = value, []
        if settings.when is not None and not settings.when.holds(self.record):
            value = None
            steps.append(Step("when", shown(raw), ""))
        if is_empty(value) and settings.default is not None:
            value = settings.default
            steps.append(Step("default", shown(raw), shown(value)))
        for transform in rule.transforms:
            before, value = value, transform.function(value)
            steps.append(Step(transform.name, shown(before), shown(value)))
        fit = fitted(rule.field, value)
        self._note(rule, raw, steps, value, fit)
        return fit

    def _note(self, rule: Rule, raw: object, steps: list[Step], value: object, fit: object) -> None:
        if shown(value) != shown(fit):
            steps.append(
                Step("nfc" if isinstance(value, str) else "as text", *map(shown, (value, fit)))
            )
        columns = rule.settings.sources
        column = ", ".join(columns) if columns else None
        self.provenance.append(
            Provenance(rule.field.path, rule.place(self.record), column, shown(raw), tuple(steps))
        )


def _raw(settings: FieldSettings, record: Record) -> object:
    if settings.value is not None:
        return settings.value
    for column in settings.sources:
        if column not in record.values:
            raise Refusal(codes.COLUMN_ABSENT, column=column, **did_you_mean(column, record.values))
    if settings.column is not None:
        return record.values[settings.column]
    cells = (record.values[column] for column in settings.sources)
    return tuple(cell for cell in cells if not is_empty(cell))
