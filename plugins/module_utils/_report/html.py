# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages for people: one file each, without scripts, that asks no network for anything.

Every text is escaped by the template engine, and characters that steer a terminal or turn the direction of writing are
shown as what they are. The policy in the head forbids a browser whatever a text may have smuggled in.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

try:
    import jinja2
    from markupsafe import Markup
except ImportError:
    pass  # ansible-core needs it itself

_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)

STYLE = """
:root{color-scheme:light dark;--line:#8885;--soft:#8882;--good:#1a7f37;--bad:#c1361f;--warn:#9a6700}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:62rem;overflow-wrap:break-word}
h1{font-size:1.6rem;margin:.5rem 0}h2{font-size:1.2rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}
table{border-collapse:collapse;width:100%;margin:.5rem 0}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line)}
th{font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}code{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}
.wide{overflow-x:auto}.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}.soft{opacity:.75}
ul,ol{padding-left:1.4rem}svg{max-width:100%;height:auto}figure{margin:1rem 0}
@media print{body{max-width:none;font-size:11pt}h2{break-after:avoid}tr,figure{break-inside:avoid}}
"""

_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{{ title }}</title><style>{{ style }}</style></head>
<body>
<h1>{{ title }}</h1>
{{ body }}
</body></html>
"""


def plain(value: object) -> str:
    """A text for people, in whatever they read it: nothing in it steers a terminal or turns the direction of writing."""
    text = "" if value is None else str(value)
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", unicodedata.normalize("NFC", text))


def moment(value: object) -> str:
    """A time of the journal or of a server, in UTC and to the second."""
    try:
        at = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return plain(value)
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if at.tzinfo else at.strftime("%Y-%m-%d %H:%M:%S")


def page(title: str, template: str, data: Mapping[str, Any]) -> str:
    """A whole page around the body that the template makes of the data."""
    environment = jinja2.Environment(
        autoescape=True, finalize=_finalized, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["moment"] = moment
    body = environment.from_string(template).render(**data)
    frame = environment.from_string(_FRAME)
    return str(frame.render(title=title, style=Markup(STYLE), body=Markup(body)))  # noqa: S704 - our own, rendered above


def _finalized(value: Any) -> Any:
    if isinstance(value, Markup):
        return value
    return plain(value) if isinstance(value, str) or value is None else value
