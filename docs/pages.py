"""The generated reference pages, one function a page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
from pydantic import BaseModel

from docs.settings_tables import cell, models_below, settings_table

__all__ = [
    "adapter_config",
    "cli",
    "commands",
    "errors",
    "events",
    "node_config",
    "rules",
    "sinks",
    "sources",
    "states",
    "transforms",
]

_WIDTH = 88
_GROUPS = {
    "10": "Cấu hình · configuration",
    "11": "Kiểm thử adapter · adapters' tests",
    "12": "Ánh xạ · mapping",
    "20": "Gói tin: đọc · packet: reading",
    "21": "Gói tin: lược đồ · packet: schema",
    "22": "Gói tin: quy tắc nghiệp vụ · packet: business rules",
    "23": "Gói tin: tệp đính kèm · packet: attachments",
    "30": "Khóa · keys",
    "31": "Chữ ký · signature",
    "32": "Chứng thư · certificates",
    "33": "Danh tính · identity",
    "40": "Nguồn dữ liệu · sources",
    "41": "Thu thập · collecting",
    "50": "Kho lưu trữ · store",
    "60": "RabbitMQ",
    "70": "Luồng gửi, nhận · corridors",
    "80": "Đích nhận · sinks",
    "85": "Danh mục cơ quan · agencies",
    "90": "Dịch vụ và dòng lệnh · service and command line",
    "91": "Bàn làm việc của người tích hợp · the integrator's workbench",
    "92": "Trình diễn · demonstration",
    "99": "Lỗi chương trình · bugs",
}
_STATUSES = (
    (0, "fine", "bình thường"),
    (1, "findings, or failed tests", "có phát hiện, hoặc ca kiểm thử không đạt"),
    (2, "wrong usage of the command line", "gọi lệnh sai"),
    (65, "bad data", "dữ liệu sai"),
    (66, "a named file is not there or not readable", "không có hoặc không đọc được tệp đã nêu"),
    (69, "broker or source is not available", "không kết nối được RabbitMQ hoặc nguồn dữ liệu"),
    (70, "a bug of the program", "lỗi của chương trình"),
    (73, "a file cannot be created", "không tạo được tệp"),
    (74, "input or output failed", "lỗi đọc, ghi"),
    (75, "try again later", "tạm thời, thử lại sau"),
    (77, "not trusted, or not permitted", "không đáng tin cậy hoặc không được phép"),
    (78, "wrong configuration", "cấu hình sai"),
)

_CLI = (
    "Dữ liệu ra đầu ra chuẩn, lời nhắn ra đầu ra lỗi. Data goes to standard output, talk to "
    "standard error. Verbs that read have `--json`; verbs that change something ask at a "
    "terminal; in scripts those of an operator need `--yes`, those of a legacy system (`recall`, "
    "`resend`, `reply`, `send`) go ahead. `--dry-run` says what would be done."
)
_STATES = (
    "Mọi chuyển trạng thái hợp lệ; kho lưu trữ từ chối mọi chuyển trạng thái khác. Every move "
    "there is; the store refuses any other. To stay in a state is always allowed."
)
_ERRORS = (
    "Mỗi thông báo có mã `EDX-nnnn` không bao giờ đổi nghĩa. Chữ trong ngoặc nhọn được thay "
    "bằng giá trị cụ thể. Every message has a code that never changes its meaning; words in "
    "braces are replaced by facts."
)
_TRANSFORMS = (
    "Danh sách đóng: adapter chỉ chọn từ đây. A closed list. A bare argument sets the first "
    "parameter: `{date: dd/MM/yyyy}`. Lists are transformed item by item unless the text "
    "says otherwise; empty values pass by."
)
_RULES = (
    "Kiểm tra trên mọi gói tin khi gửi và khi nhận, sau lược đồ. Checked on every packet "
    "that leaves and that arrives, after the schema."
)
_EVENTS = (
    "Mỗi sự kiện là một dòng nhật ký, một bước của văn bản trong `connector status ID` và "
    "một số đếm `connector_events_total{event, error_code}`. Each event is one log line, "
    "one entry of the journal and one count."
)
_NODE = (
    "Cấu hình của một nút. Relative paths count from the file's directory; `${NAME}` and "
    "`${NAME:-default}` come from the environment; secrets are named, never written. "
    "[connector.schema.json](../../schemas/connector.schema.json) is for editors. Kinds of "
    "[sinks](sinks.md)."
)
_ADAPTER = (
    "Một thư mục cho mỗi hệ thống cũ. One directory a legacy export; kinds of "
    "[sources](sources.md), list of [transforms](transforms.md). "
    "[adapter.schema.json](../../schemas/adapter.schema.json) is for editors."
)


def cli() -> str:
    """Return the page of all verbs with their help."""
    from connector.cli.app import app

    parts = [
        "# Dòng lệnh · Command line",
        _CLI,
        "## Mã kết thúc · Exit codes",
        "| code | meaning | ý nghĩa |\n| --- | --- | --- |\n"
        + "\n".join(f"| {code} | {en} | {vi} |" for code, en, vi in _STATUSES),
        "## connector",
        _help(_context(app, "connector", None)),
    ]
    for name, context in commands():
        parts += [f"## connector {name}", _help(context)]
    return _page(parts)


def commands() -> Iterator[tuple[str, click.Context]]:
    """Yield every verb and sub-verb by name, each with the context in which it runs."""
    from connector.cli.app import VERBS, app

    top = _context(app, "connector", None)
    for verb in VERBS:
        command = app.get_command(top, verb)
        if command is None:
            raise LookupError(verb)
        context = _context(command, verb, top)
        yield verb, context
        if isinstance(command, click.Group):
            for name in sorted(command.commands):
                yield f"{verb} {name}", _context(command.commands[name], name, context)


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    return click.Context(
        command, info_name=name, parent=parent, terminal_width=_WIDTH, **command.context_settings
    )


def _help(context: click.Context) -> str:
    return f"```text\n{context.get_help()}\n```"


def errors() -> str:
    """Return the page of all codes."""
    from connector.cli.catalogues import all_texts

    parts = [
        "# Mã thông báo · Codes",
        _ERRORS,
    ]
    group = ""
    for text in all_texts():
        number = text.code[4:6]
        if number != group:
            group = number
            parts.append(f"## {number}xx {_GROUPS.get(number, '')}".rstrip())
        lines = [f"### {text.code}", "", f"- {text.severity.value}: {_plain(text.vi)}"]
        lines.append(f"- {_plain(text.en)}")
        if text.hint_vi or text.hint_en:
            hints = " / ".join(filter(None, (_plain(text.hint_vi), _plain(text.hint_en))))
            lines.append(f"- → {hints}")
        parts.append("\n".join(lines))
    return _page(parts)


def transforms() -> str:
    """Return the page of all transforms."""
    from connector.mapping.transforms import TRANSFORMS

    parts = [
        "# Các phép biến đổi · Transforms",
        _TRANSFORMS,
    ]
    for one in TRANSFORMS.values():
        parts += [f"## {one.name}", f"{one.title}. {one.doc}"]
        if one.on_lists:
            parts.append("Works on the whole list · áp dụng cho cả danh sách.")
        if one.parameters.model_fields:
            parts.append(settings_table(one.parameters))
        rows = ["| argument | given | result |", "| --- | --- | --- |"]
        for example in one.examples:
            argument = "" if example.argument is None else f"`{example.argument}`"
            rows.append(f"| {argument} | {_value(example.given)} | {_value(example.result)} |")
        parts.append("\n".join(rows))
    return _page(parts)


def rules() -> str:
    """Return the page of all business rules."""
    from connector.edxml.rules import RULES

    rows = [
        f"| `{rule.name}` | {cell(rule.vi)} | {cell(rule.en)} | {cell(rule.law)} |"
        for rule in RULES
    ]
    return _page(
        [
            "# Quy tắc nghiệp vụ · Business rules",
            _RULES,
            "| rule | quy tắc | rule in English | căn cứ · source |\n| --- | --- | --- | --- |\n"
            + "\n".join(rows),
        ]
    )


def events() -> str:
    """Return the page of all events."""
    import dataclasses

    from connector import events as room

    kinds = [getattr(room, name) for name in room.__all__]
    kinds = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, room.Event)]
    rows = [
        f"| `{kind.name()}` | {kind.level} | {cell(kind.__doc__ or '')} | "
        f"{', '.join(f'`{field.name}`' for field in dataclasses.fields(kind))} |"
        for kind in kinds
        if kind is not room.Event
    ]
    return _page(
        [
            "# Sự kiện · Events",
            _EVENTS,
            "| event | level | meaning | facts |\n| --- | --- | --- | --- |\n" + "\n".join(rows),
        ]
    )


def states() -> str:
    """Return the page of the states of deliveries and received messages."""
    from connector.model.transitions import DELIVERY_MOVES, INBOX_MOVES

    head = "| from | to | by | when |\n| --- | --- | --- | --- |\n"
    tables = (
        head
        + "\n".join(
            f"| {', '.join(sorted(f'`{state.value}`' for state in move.before))} | "
            f"`{move.after.value}` | {move.actor.value} | {cell(move.when)} |"
            for move in moves
        )
        for moves in (DELIVERY_MOVES, INBOX_MOVES)
    )
    delivery, inbox = tables
    return _page(
        [
            "# Trạng thái · States",
            _STATES,
            "## Gửi đi · Delivery, as the sender sees it",
            delivery,
            "## Nhận về · Received message",
            inbox,
        ]
    )


def sources() -> str:
    """Return the page of the kinds of sources."""
    from connector.sources.registry import BUILT_IN, settings_model

    return _kinds_page(
        "# Nguồn dữ liệu · Sources",
        "Phần `source` của `adapter.yaml`; `type` chọn loại. The part `source` of `adapter.yaml`.",
        {name: settings_model(name) for name in BUILT_IN},
    )


def sinks() -> str:
    """Return the page of the kinds of sinks."""
    from connector.sinks.registry import kinds, settings_model

    return _kinds_page(
        "# Đích nhận · Sinks",
        "Một mục của `sinks` trong `connector.yaml`; `type` chọn loại. One entry of `sinks` in "
        "`connector.yaml`. Each also takes `serves`, the codes whose documents go there. "
        "Mỗi đích nhận mọi văn bản của các mã đó: nhiều đích thì văn bản được giao cho từng đích. "
        "Of several sinks each gets every document of its codes; it counts as delivered when all "
        "have taken it.",
        {name: settings_model(name) for name in kinds()},
    )


def node_config() -> str:
    """Return the page of connector.yaml."""
    from connector.config.node import NodeConfig
    from connector.flow.states.feed import StatusSourceSettings
    from connector.sinks.status_settings import STATUS_SINKS
    from connector.trust.settings import KEY_MODELS

    parts = [
        "# connector.yaml",
        _NODE,
        *_model_sections(NodeConfig),
        "# Khóa ký · Kinds of keys",
        "Phần `key` của một cơ quan; `type` chọn loại. The part `key` of an agency.",
    ]
    for name, model in KEY_MODELS.items():
        parts += [f"## key type: {name}", _first_sentence(model), settings_table(model)]
    parts += [
        "# Trạng thái · Exchange of states",
        "Hai phần của một cơ quan trong `connector.yaml`. Two parts of an agency.",
        "## status_source",
        _first_sentence(StatusSourceSettings),
        settings_table(StatusSourceSettings),
    ]
    for name, sink in STATUS_SINKS.items():
        parts += [f"## status_sink type: {name}", _first_sentence(sink), settings_table(sink)]
    return _page(parts)


def adapter_config() -> str:
    """Return the page of adapter.yaml and of tests.yaml."""
    from connector.flow.adapters.trial import Case
    from connector.mapping.fields import FIELDS
    from connector.mapping.settings import AdapterSettings

    rows = [
        f"| `{field.path}` | {cell(field.title)} | {cell(field.doc)} | "
        f"{'list, each ' if field.many else ''}{field.kind.en} | "
        f"{'**yes**' if field.required else ''} |"
        for field in FIELDS.values()
    ]
    return _page(
        [
            "# adapter.yaml",
            _ADAPTER,
            *_model_sections(AdapterSettings),
            "# Các trường · Fields",
            "Tên trường trong `fields`. A required field may be given by its parts.",
            "| field | tên gọi | meaning | holds | required |\n| --- | --- | --- | --- | --- |\n"
            + "\n".join(rows),
            "# tests.yaml",
            "Danh sách `tests`; mỗi ca: · A list `tests`, each with:",
            settings_table(Case),
        ]
    )


def _kinds_page(title: str, intro: str, models: dict[str, type[BaseModel]]) -> str:
    parts, shown = [title, intro], set(models.values())
    for name, model in models.items():
        parts += [f"## {name}", _first_sentence(model), settings_table(model)]
    for model in models.values():
        for inner in models_below(model):
            if inner not in shown:
                shown.add(inner)
                parts += [f"### {inner.__name__}", _first_sentence(inner), settings_table(inner)]
    return _page(parts)


def _model_sections(model: type[BaseModel]) -> Iterator[str]:
    for one in models_below(model):
        yield f"## {one.__name__}"
        yield _first_sentence(one)
        yield settings_table(one)


def _first_sentence(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").partition("\n\n")[0].split())


def _value(value: object) -> str:
    from connector.mapping.values import spelled

    return f"`{cell(spelled(value))}`".replace("&lt;", "<")


def _plain(text: str) -> str:
    return re.sub(r"([<*_])", r"\\\1", text)


def _page(parts: list[str]) -> str:
    return "\n\n".join(parts) + "\n"
