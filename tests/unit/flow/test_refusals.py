from __future__ import annotations

import pytest

from connector.flow.refusals import impossible


@pytest.mark.parametrize(
    ("why", "facts", "en", "vi"),
    [
        ("state", {"state": "delivered"}, "it is delivered", "đang ở trạng thái delivered"),
        ("act", {"business_type": 1}, "(business type 1)", "(loại 1)"),
        ("overtaken", {"status": "06"}, "06 was sent already", "đã gửi trạng thái 06"),
        ("nothing to recall", {}, "no delivery is left", "không còn lượt gửi nào"),
        ("deliveries", {"states": "H41 sent"}, "are: H41 sent", "các lượt gửi: H41 sent"),
        ("part", {}, "only a part of a packet", "chỉ là một phần của gói tin"),
        ("has left", {"states": "H41 sent"}, "has left already: H41 sent", "đã gửi đi: H41 sent"),
    ],
)
def test_both_languages_are_whole(why: str, facts: dict[str, object], en: str, vi: str) -> None:
    """Each sentence speaks one language, with the same facts."""
    (finding,) = impossible("recall", why, "05/VPCP", **facts).findings
    assert (finding.code, finding.place) == ("EDX-7032", "05/VPCP")
    assert en in finding.en
    assert vi in finding.vi
    assert en not in finding.vi
    verb = {"has left": "resend", "part": "inbox show"}.get(why, "status")
    assert f"`connector {verb} 05/VPCP`" in finding.hint_en
    assert f"`connector {verb} 05/VPCP`" in finding.hint_vi


def test_what_has_left_is_sent_again_by_another_command() -> None:
    """Both languages name it, with the packet to write behind it."""
    (finding,) = impossible("retry", "has left", "05/VPCP", states="H41 sent").findings
    assert "`connector resend 05/VPCP`" in finding.hint_en
    assert "`connector resend 05/VPCP`" in finding.hint_vi


def test_a_reason_that_there_is_not() -> None:
    """A misspelt reason is a bug that shows at once."""
    with pytest.raises(KeyError):
        impossible("recall", "sate")
