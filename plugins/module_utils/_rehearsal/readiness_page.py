# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The readiness report as a page.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._report.html import page

_BODY = """
<p>Read {{ at | moment }}{{ ' by ' + controller if controller else '' }}, lync.xmpp_migration {{ version }}. Nothing was changed.
{% if stops %}<span class="bad">{{ stops | length }} things would stop the migration.</span>
{% else %}<span class="good">Nothing was found that would stop the migration.</span>{% endif %}</p>

<h2>What would stop the migration</h2>
{% if stops %}<div class="wide"><table><thead><tr><th>Of</th><th>Finding</th><th></th></tr></thead><tbody>
{% for one in stops %}<tr><td>{{ one.of }}</td><td>{{ one.id }}</td><td>{{ one.sentence }}</td></tr>
{% endfor %}</tbody></table></div>{% else %}<p>Nothing that was looked at.</p>{% endif %}

<h2>To be done by hand</h2>
{% if gates %}<ul>{% for one in gates %}<li>{{ one.what }} <span class="soft">({{ one.gate }})</span></li>{% endfor %}</ul>
{% else %}<p>Nothing.</p>{% endif %}

<h2>Warnings, and what is not known</h2>
{% if others %}<div class="wide"><table><thead><tr><th>Of</th><th>Finding</th><th></th></tr></thead><tbody>
{% for one in others %}<tr><td>{{ one.of }}</td><td class="{{ 'warn' if one.severity == 'warning' else 'soft' }}">{{ one.id }}</td>
<td>{{ one.sentence }}</td></tr>
{% endfor %}</tbody></table></div>{% else %}<p>Nothing.</p>{% endif %}

<h2>The organisation</h2>
<table><tbody>{% for name, value in counts.items() %}<tr><th>{{ name }}</th><td class="n">{{ value }}</td></tr>{% endfor %}</tbody></table>

<h2>Certificates in use</h2>
{% if certificates %}<div class="wide"><table><thead><tr><th>Host</th><th>Use</th><th>Subject and names</th><th>Until</th></tr></thead><tbody>
{% for one in certificates %}<tr><td>{{ one.host }}</td><td>{{ one.use }}</td><td>{{ one.subject }}<br>
<span class="soft">{{ one.names | join(', ') }}</span></td>
<td>{{ one.until | moment }}</td></tr>
{% endfor %}</tbody></table></div>{% else %}<p>None were read.</p>{% endif %}

<h2>The exported estate</h2>
<p><code>{{ estate }}</code>{{ ', with other names for users, hosts and domains' if pseudonymised else '' }}.
What it could not be told, and what is assumed there:</p>
<ul>{% for one in unread %}<li>{{ one.what }}: {{ one.why }}</li>{% endfor %}
{% for one in assumed %}<li>{{ one }}</li>{% endfor %}</ul>
"""


def readiness_page(data: Mapping[str, Any]) -> str:
    return page(f"Readiness of {data['name']}", _BODY, data)
