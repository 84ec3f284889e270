# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as a page.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .html import page

WIDTH, HEIGHT, LEFT, BELOW = 640, 220, 60, 24

_BODY = """
<p>Made {{ at | moment }}{{ ' on ' + controller if controller else '' }}, lync.xmpp_migration {{ version }}, from the journal in
<code>{{ state_dir }}</code>{{ ' and from the servers' if live else '' }}.
{% if accepted %}<span class="good">Accepted at {{ accepted | moment }}.</span>{% else %}Not accepted yet.{% endif %}</p>

<h2>Steps</h2>
<div class="wide"><table><thead><tr><th>Step</th><th>Outcome</th><th>From</th><th>To</th><th class="n">Changes</th><th class="n">Runs</th></tr></thead><tbody>
{% for one in steps %}
<tr><td>{{ one.step if one.step in (1, 2, 3, 4, 5, 6) else '' }} {{ one.title }}</td>
<td class="{{ {'done': 'good', 'failed': 'bad', 'in doubt': 'bad', 'begun': 'warn'}.get(one.outcome, 'soft') }}">{{ one.outcome }}</td>
<td>{{ one.from | moment }}</td><td>{{ one.to | moment }}</td><td class="n">{{ one.changes }}</td><td class="n">{{ one.runs }}</td></tr>
{% if one.open %}<tr><td></td><td colspan="5"><ul>{% for line in one.open %}<li>{{ line }}</li>{% endfor %}</ul></td></tr>{% endif %}
{% endfor %}
</tbody></table></div>

<h2>Users</h2>
<p>{{ users.moved }} moves.</p>
{% if chart.line %}
<figure><svg viewBox="0 0 {{ chart.width }} {{ chart.height }}" role="img" aria-label="Users moved over time">
<polyline points="{{ chart.line }}" fill="none" stroke="currentColor" stroke-width="2"/>
<line x1="{{ chart.left }}" y1="{{ chart.base }}" x2="{{ chart.width }}" y2="{{ chart.base }}" stroke="currentColor" stroke-opacity=".4"/>
<line x1="{{ chart.left }}" y1="0" x2="{{ chart.left }}" y2="{{ chart.base }}" stroke="currentColor" stroke-opacity=".4"/>
<text x="{{ chart.left - 6 }}" y="12" font-size="12" text-anchor="end" fill="currentColor">{{ users.moved }}</text>
<text x="{{ chart.left }}" y="{{ chart.height - 4 }}" font-size="12" fill="currentColor">{{ chart.first }}</text>
<text x="{{ chart.width }}" y="{{ chart.height - 4 }}" font-size="12" text-anchor="end" fill="currentColor">{{ chart.last }}</text>
</svg><figcaption class="soft">Users moved over time</figcaption></figure>
{% endif %}

<h2>Failures by class</h2>
{% if failures %}<div class="wide"><table><thead><tr><th>Class</th><th class="n">Count</th><th>Example</th><th>Message</th></tr></thead><tbody>
{% for one in failures %}<tr><td>{{ one.class }}</td><td class="n">{{ one.count }}</td><td>{{ one.example }}</td><td>{{ one.said }}</td></tr>
{% endfor %}</tbody></table></div>{% else %}<p>None.</p>{% endif %}

<h2>Certificates in use</h2>
{% if certificates %}<div class="wide"><table><thead><tr><th>Host</th><th>Use</th><th>Subject</th><th>Until</th><th class="n">Days left</th></tr></thead><tbody>
{% for one in certificates %}{% if one.unread is defined %}<tr><td>{{ one.host }}</td><td colspan="4" class="warn">Not read: {{ one.unread }}</td></tr>
{% else %}<tr><td>{{ one.host }}</td><td>{{ one.use }}</td><td>{{ one.subject }}<br>
<span class="soft">{{ one.names | join(', ') }}</span></td><td>{{ one.until | moment }}</td>
<td class="n {{ 'bad' if one.days_left is not none and one.days_left < 30 else '' }}">{{ one.days_left }}</td></tr>
{% endif %}{% endfor %}</tbody></table></div>{% else %}<p>Not read.</p>{% endif %}

<h2>DNS by server</h2>
{% if records %}<div class="wide"><table><thead><tr><th>Record</th><th>Server</th><th>Values</th><th class="n">TTL</th></tr></thead><tbody>
{% for one in records %}<tr><td>{{ one.name }}</td><td>{{ one.server }}</td>
{% if one.unread is defined %}<td colspan="2" class="warn">Not read: {{ one.unread }}</td>{% else %}<td>{{ one['values'] | join(', ') or 'none' }}</td>
<td class="n">{{ one.ttl }}</td>{% endif %}</tr>
{% endfor %}</tbody></table></div>{% else %}<p>Not read.</p>{% endif %}

<h2>Findings of the last probe</h2>
{% if probe %}<p class="soft">{{ probe.at | moment }}</p>
{% if probe.findings %}<div class="wide"><table><thead><tr><th>Severity</th><th>Finding</th><th>Reason</th></tr></thead><tbody>
{% for one in probe.findings %}<tr><td class="{{ {'error': 'bad', 'warning': 'warn'}.get(one.severity, '') }}">{{ one.severity }}</td>
<td>{{ one.id }}</td><td>{{ one.reason }}</td></tr>
{% endfor %}</tbody></table></div>{% else %}<p class="good">None.</p>{% endif %}
{% else %}<p>The new Edge has not been probed.</p>{% endif %}

<h2>What was verified for the laws</h2>
{% if laws %}<div class="wide"><table><thead><tr><th>That</th><th>Of</th><th>At</th></tr></thead><tbody>
{% for one in laws %}<tr><td>{{ one.that }}</td><td>{{ one.member }}</td><td>{{ one.at | moment }}</td></tr>
{% endfor %}</tbody></table></div>{% else %}<p>Nothing.</p>{% endif %}
{% if overrides %}<p>Laws that were overridden by name:</p>
<ul>{% for one in overrides %}<li>{{ one.at | moment }}: {{ one.object }}</li>{% endfor %}</ul>{% endif %}

<h2>What was undone</h2>
{% if undone %}<ul>{% for one in undone %}<li>{{ one.at | moment }}: {{ one.object }} on {{ one.host }}{{ '' if one.ok else ' (failed)' }}</li>
{% endfor %}</ul>{% else %}<p>Nothing.</p>{% endif %}

{% if notes %}<h2>Notes</h2><ul>{% for one in notes %}<li>{{ one.at | moment }}: {{ one.text }}</li>{% endfor %}</ul>{% endif %}

<h2>Runs</h2>
<div class="wide"><table><thead><tr><th>Run</th><th>Operator</th><th>From</th><th>To</th><th class="n">Changes</th>
<th class="n">Failed</th><th class="n">In doubt</th></tr></thead><tbody>
{% for one in runs %}<tr><td>{{ one.run }}</td><td>{{ one.operator }}</td><td>{{ one.from | moment }}</td><td>{{ one.to | moment }}</td>
<td class="n">{{ one.made }}</td>
<td class="n">{{ one.failed }}</td><td class="n">{{ one.in_doubt }}</td></tr>
{% else %}<tr><td colspan="7">No run has changed anything.</td></tr>{% endfor %}</tbody></table></div>

<h2>What is left to do, by others</h2>
<ol>{% for one in afterwards %}<li>{{ one }}</li>{% endfor %}</ol>
"""


def chart(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The line of a diagram: time from left to right, users upwards."""
    frame: dict[str, Any] = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "base": HEIGHT - BELOW, "line": ""}
    if not points:
        return frame
    moments = [datetime.fromisoformat(str(one["at"])).timestamp() for one in points]
    span, most = max(moments[-1] - moments[0], 1.0), max(int(one["moved"]) for one in points)
    dots = [
        f"{LEFT + (moment - moments[0]) / span * (WIDTH - LEFT):.1f},{(HEIGHT - BELOW) * (1 - one['moved'] / most):.1f}"
        for moment, one in zip(moments, points, strict=True)
    ]
    first, last = (str(points[at]["at"])[:16].replace("T", " ") for at in (0, -1))
    return {**frame, "line": " ".join(dots), "first": first, "last": last}


def report_page(data: Mapping[str, Any]) -> str:
    return page(f"XMPP migration of {data['name']}", _BODY, {**data, "chart": chart(data["users"]["points"])})
