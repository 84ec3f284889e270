# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cmdlet_host.ps1 is the only PowerShell, and it is the one that ran on a real one: a changed line is a line nobody has run."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import _pipe, _talk

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "plugins" / "plugin_utils" / "cmdlet_host.ps1"
SHA256 = "9f07d0be0c51c6c288e0bf848e4d1ac7f631583f8de62a14445b2e44fd3e8e66"


# The parser does not know a method's result used further as a command's argument, which PowerShell takes since its version 1.
# Put in parentheses, nothing is left to complain about.
FALSE_POSITIVES = (
    b"$e.GetType().FullName",
    b"$answer.Append(']}').ToString()",
)


def errors(source: bytes) -> list[str]:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    found, queue = [], [parser.parse(source).root_node]
    while queue:
        node = queue.pop()
        if node.is_error or node.is_missing:
            found.append(source[node.start_byte : node.end_byte].decode("utf-8", "replace") or f"missing {node.type}")
        queue.extend(node.children)
    return found


def test_it_is_the_one_that_ran_on_a_real_powershell() -> None:
    assert hashlib.sha256(SCRIPT.read_bytes()).hexdigest() == SHA256


def test_it_parses_clean() -> None:
    source = SCRIPT.read_bytes()
    for known in FALSE_POSITIVES:
        assert known in source
        source = source.replace(b" " + known, b" (" + known + b")")
    assert errors(source) == []


def test_what_the_parser_does_not_know() -> None:
    assert errors(b"Write-Output $a.B().C()"), "the parser has learnt it: drop FALSE_POSITIVES"
    assert not errors(b"Write-Output ($a.B().C())")


@pytest.mark.parametrize("broken", ["if ($a) { 1", "foreach ($a in (1, 2) { $a }", "'never ends", "$a = @(1, 2"])
def test_the_parser_sees_what_is_broken(broken: str) -> None:
    assert errors(broken.encode())


def test_it_is_the_only_powershell() -> None:
    tracked = subprocess.run(["git", "ls-files", "plugins"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [name for name in tracked.stdout.split() if name.endswith((".ps1", ".psm1"))] == [str(SCRIPT.relative_to(ROOT))]
    assert _talk.SCRIPT.resolve() == SCRIPT


def test_it_uses_no_syntax_later_than_windows_powershell_3() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert not re.search(r"\?\?|&&|\|\||\bclass\s+\w+\s*\{|\bGet-FileHash\b|::new\(|-AsHashtable", text)
    assert text.isascii()


def test_nothing_that_is_sent_is_parsed_as_code() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert not re.search(r"Invoke-Expression|\biex\b|ScriptBlock\]::Create|NewScriptBlock|AddScript|ExpandString", text)


def test_the_loader_is_all_that_stands_on_the_command_line() -> None:
    line = " ".join(("powershell.exe", *_pipe.ARGUMENTS))
    assert len(line) < 1_000, "cmd.exe takes 8 191 characters, and cuts what is longer without an error"
    assert "-InputFormat None" in line and "-OutputFormat" not in line
    assert errors(_pipe.LOADER.encode()) == []


def test_a_secret_is_built_character_by_character() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert "AppendChar" in text and "ConvertTo-SecureString" not in text
