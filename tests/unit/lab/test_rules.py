# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Truth from outside: every rule of the lab has a source or a switch, every switch a meaning, every text its languages."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration import lab
from ansible_collections.lync.xmpp_migration.lab.organisation.rules import LANGUAGES, Rule, message, rules
from ansible_collections.lync.xmpp_migration.lab.organisation.unknowns import SWITCHES, Unknowns
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import world

HOME = Path(next(iter(lab.__path__)))
SOURCES = {path: path.read_text(encoding="utf-8") for path in HOME.rglob("*.py")}
USE = re.compile(r"""\b(?:fail|failed|refusal|message|warn)\(\s*(?:call|call\.world|world|self\.world),\s*["']([a-z0-9-]+)["']""")


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.id)
def test_every_rule_has_a_source_or_a_switch(rule: Rule) -> None:
    assert bool(rule.source) != bool(rule.switch), "exactly one of the two"
    assert rule.rule.endswith(".") and re.fullmatch(r"[a-z0-9-]+", rule.id)
    if rule.switch:
        assert rule.switch in {switch.name for switch in SWITCHES}
    if rule.source and "[unv]" in rule.source:
        pytest.fail("what is not verified is a switch, not a source")


@pytest.mark.parametrize("rule", [r for r in rules().values() if r.text], ids=lambda rule: rule.id)
def test_every_text_is_in_every_language_with_the_same_fields(rule: Rule) -> None:
    assert set(rule.text) == set(LANGUAGES)
    assert len(set(rule.text.values())) == len(LANGUAGES)
    fields = [{name for _t, name, _s, _c in string.Formatter().parse(text) if name} for text in rule.text.values()]
    assert fields[0] == fields[1] == fields[2]


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.id)
def test_every_rule_is_used(rule: Rule) -> None:
    assert any(re.search(rf"\b{re.escape(rule.id)}\b", text) for text in SOURCES.values())


def test_every_refusal_has_its_rule() -> None:
    used = {name for text in SOURCES.values() for name in USE.findall(text)}
    assert used - set(rules()) - {"rule-id"} == set()  # rule-id stands for one in the documentation


def test_at_most_twelve_switches_each_used_and_explained() -> None:
    assert len(SWITCHES) <= 12
    for switch in SWITCHES:
        assert re.match(r"\[(unv|inf|conflict)\] ", switch.source), switch.name
        assert len(set(switch.answers)) == 2
        assert switch.meaning.endswith(".") and switch.source.endswith((".", "."))
        code = [text for path, text in SOURCES.items() if path.name != "unknowns.py"]
        assert any(switch.name in text for text in code), f"nothing asks {switch.name}"


def test_switches_are_in_the_documentation() -> None:
    text = (HOME / "README.md").read_text(encoding="utf-8")
    for switch in SWITCHES:
        assert f"`{switch.name}`" in text


def test_answers() -> None:
    unknowns = Unknowns({"allowed_domain_beats_partner": True, "enable_computer_on_edge": "refused"})
    assert unknowns.yes("allowed_domain_beats_partner") and unknowns.refused("enable_computer_on_edge")
    for wrong in ({"nonsense": True}, {"enable_computer_on_edge": True}, {"enable_computer_on_edge": 1}):
        with pytest.raises(ValueError, match=r"\.$"):
            Unknowns(wrong)


def test_language_that_a_text_lacks_falls_back_to_english() -> None:
    w = world()
    w.language = "fr"
    assert message(w, "item-not-found", target="x") == 'Cannot find "x".'
