# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One argument string out of many: read back by the rules that Windows programs read it by."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidRequest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.quoting import quote_argv, quote_msi
from hypothesis import given
from hypothesis import strategies as st


def command_line_to_argv(line: str) -> list[str]:
    """CommandLineToArgvW after the program's name, written from Microsoft's description of it (and of 2008's C runtime).

    2n backslashes before a quotation mark are n backslashes and the mark toggles; 2n+1 are n and a literal mark; a mark
    right after a closing one is literal.
    """
    arguments: list[str] = []
    position, length = 0, len(line)
    while True:
        while position < length and line[position] in " \t":
            position += 1
        if position == length:
            return arguments
        text, quoted = "", False
        while position < length and (quoted or line[position] not in " \t"):
            backslashes = 0
            while position < length and line[position] == "\\":
                backslashes += 1
                position += 1
            if position < length and line[position] == '"':
                text += "\\" * (backslashes // 2)
                if backslashes % 2:
                    text += '"'
                elif quoted and line[position + 1 : position + 2] == '"':
                    text += '"'
                    position += 1
                else:
                    quoted = not quoted
                position += 1
            elif backslashes:
                text += "\\" * backslashes
            else:
                text += line[position]
                position += 1
        arguments.append(text)


def msiexec_properties(line: str) -> list[str]:
    """What msiexec makes of its command line: blanks separate, marks hold together, two marks inside are one."""
    found: list[str] = []
    position, length = 0, len(line)
    while position < length:
        if line[position] == " ":
            position += 1
            continue
        text = ""
        while position < length and line[position] != " ":
            if line[position] != '"':
                text += line[position]
                position += 1
                continue
            position += 1
            while position < length:
                if line[position : position + 2] == '""':
                    text += '"'
                    position += 2
                elif line[position] == '"':
                    position += 1
                    break
                else:
                    text += line[position]
                    position += 1
        found.append(text)
    return found


TEXTS = st.text(
    alphabet=st.one_of(st.sampled_from(" \t\"\\'=x/-;&|%$`"), st.characters(exclude_categories=("Cs", "Cc")))
)


@given(st.lists(TEXTS, max_size=6))
def test_every_argument_arrives_as_itself(arguments: list[str]) -> None:
    assert command_line_to_argv(quote_argv(arguments)) == arguments


@pytest.mark.parametrize(
    ("argument", "quoted"),
    [
        ("/BootstrapLocalMgmt", "/BootstrapLocalMgmt"),
        ("two words", '"two words"'),
        ("", '""'),
        ("C:\\with blank\\", '"C:\\with blank\\\\"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("C:\\plain\\", "C:\\plain\\"),
        ('x\\"y', '"x\\\\\\"y"'),
    ],
)
def test_known_forms(argument: str, quoted: str) -> None:
    assert quote_argv([argument]) == quoted


@given(TEXTS)
def test_a_property_of_msiexec_never_becomes_two(value: str) -> None:
    line = quote_msi(["/i", "C:\\a b.msi", f"INSTALLDIR={value}", "/qn"])
    assert msiexec_properties(line.replace("\t", "\x01")) == [
        "/i", "C:\\a b.msi", "INSTALLDIR=" + value.replace("\t", "\x01"), "/qn",
    ]  # fmt: skip


def test_msi_injection_stays_a_value() -> None:
    assert quote_msi(["NAME=x TRANSFORMS=evil.mst"]) == 'NAME="x TRANSFORMS=evil.mst"'
    assert quote_msi(['NAME=x" TRANSFORMS="evil.mst']) == 'NAME="x"" TRANSFORMS=""evil.mst"'


@pytest.mark.parametrize("bad", ["a\nb", "a\0b", "a\rb"])
@pytest.mark.parametrize("quote", [quote_argv, quote_msi])
def test_line_ends_and_nul_are_refused(bad: str, quote: Callable[[list[str]], str]) -> None:
    with pytest.raises(InvalidRequest):
        quote([bad])


def test_a_mark_outside_of_a_property_is_refused_by_msi() -> None:
    with pytest.raises(InvalidRequest, match="quotation mark"):
        quote_msi(['/l"x'])
