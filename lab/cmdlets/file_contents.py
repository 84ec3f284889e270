# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get-Content and Set-Content of text files.

# source: pages of Get-Content (a string for each line, without its end) and Set-Content (each value with a line end of
# Windows behind it); error ids are the engine's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..organisation.files import BadPath
from . import Call, PSError, cmdlet
from .windows import COMMANDS, not_found, paths

_LINE_END = re.compile(r"\r\n|\n|\r")
_ENCODINGS = {"ascii": "ascii", "utf8": "utf-8-sig", "unicode": "utf-16", "default": "cp1252", "oem": "cp437"}


@cmdlet("Get-Content", class_name=COMMANDS + "GetContentCommand")
def get_content(call: Call) -> Iterator[str]:
    encoding = _ENCODINGS.get(str(call.p.get("Encoding") or "default").casefold(), "cp1252")
    for path, _wildcards in paths(call):
        try:
            text = call.world.files.read(call.computer, path).decode(encoding, "replace")
        except (FileNotFoundError, BadPath):
            call.write_error(not_found(path))
            continue
        if call.p.get("Raw"):
            yield text
            continue
        lines = _LINE_END.split(text)
        yield from lines[:-1] if not lines[-1] else lines


@cmdlet("Set-Content", writes=True, class_name=COMMANDS + "SetContentCommand")
def set_content(call: Call) -> None:
    value = call.p.get("Value")
    lines = [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value)]
    encoding = _ENCODINGS.get(str(call.p.get("Encoding") or "default").casefold(), "cp1252")
    content = "".join(f"{line}\r\n" for line in lines).encode(encoding, "replace")
    for path, _wildcards in paths(call):
        if not call.should_process(path, impact="Medium"):
            continue
        try:
            call.world.files.write(call.computer, path, content, call.world.clock.now())
        except (OSError, BadPath) as error:
            text = f"Could not find a part of the path '{path}'."
            raise PSError("GetContentWriterDirectoryNotFoundError", "ObjectNotFound",
                          "System.IO.DirectoryNotFoundException", text, path) from error  # fmt: skip
