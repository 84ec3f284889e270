# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An estate as YAML: small parts at once, users as they come, each on a line of its own.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

try:
    import yaml
except ImportError:
    pass  # ansible-core needs it itself

#: What JSON leaves as it is and YAML does not take.
_UNREADABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_HALF = re.compile("[\ud800-\udfff]")


def text_of(value: Any) -> str:
    """A value on one line, in the form of JSON, which YAML has too. Half characters are replaced."""
    said = _HALF.sub("\ufffd", json.dumps(value, ensure_ascii=False))
    return _UNREADABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", said)


def comment(lines: Iterable[str]) -> str:
    return "".join(f"# {' '.join(text_of(line)[1:-1].split())}\n" for line in lines)


def chunks(head: Iterable[str], document: Mapping[str, Any], users: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """The file, part by part."""
    yield ("---\n" + comment(head)).encode("utf-8")
    for name, value in document.items():
        plain = json.loads(_HALF.sub("\ufffd", json.dumps(value, ensure_ascii=False)))
        yield yaml.safe_dump({name: plain}, allow_unicode=True, sort_keys=False, width=160).encode("utf-8")
    first = True
    for one in users:
        yield ("users:\n" if first else "").encode("ascii") + f"  - {text_of(one)}\n".encode()
        first = False
