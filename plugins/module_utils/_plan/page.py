# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as a page to read and approve.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._report.html import page

_BODY = """
<p>Dry run <code>{{ run }}</code> of {{ at | moment }} by {{ operator }} on {{ controller }}, lync.xmpp_migration {{ version }}.
{% if not digest %}<strong class="bad">It cannot be approved: {{ problem }}</strong>{% endif %}</p>
{% if digest %}
<p>Digest: <code>{{ digest }}</code></p>
<p>To have exactly this done, and nothing else, run the playbook with the same limit, tags and variables, and with</p>
<pre><code>-e lync_migration_plan={{ run }} -e lync_migration_plan_digest={{ digest }}</code></pre>
{% endif %}
<p class="soft">Limit: {{ arguments.limit or 'none' }}. Tags: {{ arguments.tags | join(', ') or 'all' }}. Skipped tags:
{{ arguments.skip_tags | join(', ') or 'none' }}. Extra variables: {{ arguments.extra_vars | join(', ') or 'none' }}.</p>

<h2>What is done</h2>
<div class="wide"><table><thead><tr><th>Step</th><th>Where</th><th class="n">Changes</th><th>What</th></tr></thead><tbody>
{% for one in steps %}
<tr><td>{{ one.step if one.step in (1, 2, 3, 4, 5, 6) else '' }} {{ one.title }}</td><td>{{ one.hosts | join(', ') }}</td><td class="n">{{ one.changes }}</td>
<td>{% for name, count in one.calls.items() %}{{ name }}{{ ' × %d' % count if count > 1 else '' }}{{ ', ' if not loop.last }}{% endfor %}
{% if one.conditional %}<br><span class="soft">{{ one.conditional }} of them depend on what a server answers.</span>{% endif %}</td></tr>
{% else %}<tr><td colspan="4">Nothing: all is done already.</td></tr>
{% endfor %}
</tbody></table></div>

<h2>Users</h2>
<p>{{ users.touched }} users are touched, {{ users.moved }} are moved
{%- for pool, count in users.targets.items() %}{{ ' to ' if loop.first else ', ' }}{{ pool }} ({{ count }}){% endfor %}.
{% if users.open_ended %}<strong class="warn">Who else there is is not known before the source can be read.</strong>{% endif %}</p>
{% if users.named %}<p class="soft">{{ users.named | join(', ') }}{{ ' and more' if users.moved > users.named | length }}</p>{% endif %}

<h2>What cannot be undone</h2>
{% if irreversible %}<ul>{% for one in irreversible %}<li>{{ one.object }}: {{ one.why }}</li>{% endfor %}</ul>{% else %}<p>Nothing.</p>{% endif %}

<h2>What hands have to do</h2>
{% if gates %}
{% for one in gates %}<p>{{ one.what }}</p>
<ol>{% for step in one.steps %}<li>{{ step }}</li>{% endfor %}</ol>{% endfor %}{% else %}<p>Nothing.</p>{% endif %}

<h2>When</h2>
<p>{% if earliest_cutover %}As the lifetimes of the DNS records were when this was planned, they can be swapped at
{{ earliest_cutover | moment }} at the earliest, counted from a run at that moment.
{% else %}No DNS record waits for its lifetime.{% endif %}</p>
{% if unread %}<h2>What was not known</h2>
<ul>{% for one in unread %}<li>{{ one }}</li>{% endfor %}</ul>{% endif %}
"""


def plan_page(data: Mapping[str, Any]) -> str:
    return page(f"Plan of the migration {data['name']}", _BODY, data)
