# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of nouns: what an option, a property and a parameter make of each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import UNKNOWN, Secret, Span
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidInput
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.fields import Field
from hypothesis import given
from hypothesis import strategies as st

TEXT, ENUM, BOOL, INT, FQDN, LIST, SPAN = (
    Field("option", "Property", kind=kind) for kind in ("text", "enum", "bool", "int", "fqdn", "list", "span")
)


@pytest.mark.parametrize(
    ("field", "value", "found", "same"),
    [
        (TEXT, "a", "a", True),
        (TEXT, "a", "A", False),
        (TEXT, "", None, True),
        (TEXT, "", "", True),
        (TEXT, "a", None, False),
        (ENUM, "Required", "REQUIRED", True),
        (ENUM, "Required", None, False),
        (BOOL, True, True, True),
        (BOOL, False, None, False),
        (BOOL, False, True, False),
        (INT, 5, 5, True),
        (INT, 5, "5", True),
        (INT, 0, None, False),
        (FQDN, "gw.contoso.test", "GW.Contoso.Test", True),
        (FQDN, "", None, True),
        (LIST, ["a.test", "b.test"], ["B.test", "a.test"], True),
        (LIST, [], None, True),
        (LIST, ["a.test"], None, False),
        (LIST, ["a.test"], "a.test", True),
        (SPAN, 300, "00:05:00", True),
        (SPAN, 90061, "1.01:01:01", True),
        (SPAN, 300, "00:05:01", False),
        (TEXT, "a", UNKNOWN, False),
    ],
)
def test_comparing(field: Field, value: Any, found: Any, same: bool) -> None:
    assert field.same(value, found) is same


@pytest.mark.parametrize(
    ("field", "given", "value"),
    [
        (FQDN, "GW.Contoso.TEST", "gw.contoso.test"),
        (FQDN, "", ""),
        (LIST, ["A.test", "a.TEST", "b.test"], ["a.test", "b.test"]),
        (LIST, ["bücher.test"], ["xn--bcher-kva.test"]),
        (TEXT, "what? [all] * 'y'", "what? [all] * 'y'"),
        (INT, 7, 7),
        (TEXT, None, None),
        (TEXT, UNKNOWN, UNKNOWN),
    ],
)
def test_what_an_option_means(field: Field, given: Any, value: Any) -> None:
    assert field.value(given) == value


@pytest.mark.parametrize(
    ("field", "given"),
    [
        (FQDN, "gw"),
        (FQDN, "*.contoso.test"),
        (LIST, ["a b"]),
        (TEXT, "a\nb"),
        (TEXT, "$(Remove-Item x)"),
        (TEXT, "{{ x }}"),
        (TEXT, "\u202e"),
        (INT, -1),
        (INT, 2**32),
    ],
)
def test_what_an_option_cannot_be_is_said_with_its_name(field: Field, given: Any) -> None:
    with pytest.raises(InvalidInput, match="option: "):
        field.value(given)


def test_parameters_of_set() -> None:
    assert LIST.for_set(["a.test"], ["b.test"]) == {"Replace": ["a.test"]}
    # An empty list modifier changes nothing, so what goes is named.
    assert LIST.for_set([], ["b.test", "c.test"]) == {"Remove": ["b.test", "c.test"]}
    assert TEXT.for_set("", "x") == "" == TEXT.for_set(None, "x")
    assert SPAN.for_set(300, None) == Span(timedelta(minutes=5)) == SPAN.for_new(300)


def test_what_can_be_restored() -> None:
    assert TEXT.can_restore(None) and LIST.can_restore([]) and BOOL.can_restore(False)
    assert not INT.can_restore(None) and not ENUM.can_restore("") and not TEXT.can_restore(UNKNOWN)
    assert not Field("o", "P", secret=True).can_restore("x")
    assert TEXT.worth_keeping({"Property": "x"}) and not TEXT.worth_keeping({"Property": None})


def test_secrets_are_markers() -> None:
    assert Field("o", "P", secret=True).value("CANARY") == Secret("CANARY", plain=True)
    assert "CANARY" not in repr(Field("o", "P", secret=True).value("CANARY"))


def test_defaults_may_be_undocumented() -> None:
    assert not TEXT.known_default and Field("o", "P", default=None).known_default
    assert Field("o", "P", parameter="Q").name == "Q" and TEXT.name == "Property"


@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_spans_read_back_as_seconds(seconds: int) -> None:
    assert SPAN.option_value(SPAN.result(seconds)) == seconds and SPAN.same(seconds, SPAN.result(seconds))


def test_a_span_of_another_form_is_shown_as_it_is() -> None:
    assert SPAN.option_value("fünf Minuten") == "fünf Minuten" and not SPAN.same(300, "fünf Minuten")
