# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rehearsal found, as a page.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._report.html import page

_BODY = """
<p>Rehearsed {{ at | moment }} with lync.xmpp_migration {{ version }}, in the twin of <code>{{ estate }}</code>, {{ users }} users to move,
real-life times divided by {{ speed }}. Nothing was connected to but this machine.</p>
{% if stopped %}<p class="bad"><strong>It stopped in the task "{{ stopped.task }}" on {{ stopped.host }}.</strong></p><p>{{ stopped.said }}</p>
{% else %}<p class="good">It came to its end.</p>{% endif %}
{% if planned %}<p class="warn">The dry run stopped in the task "{{ planned.task }}" on {{ planned.host }}: {{ planned.said }}</p>{% endif %}

<h2>Steps</h2>
<div class="wide"><table><thead><tr><th>Step</th><th class="n">Planned</th><th class="n">Done</th><th>On real servers</th><th>From</th>
<th class="n">In the twin</th></tr></thead><tbody>
{% for one in steps %}<tr><td>{{ one.step or '' }} {{ one.title }}</td><td class="n">{{ one.planned }}</td>
<td class="n {{ 'bad' if one.stopped else '' }}">{{ one.changes }}</td><td>{{ one.shown }}</td><td class="soft">{{ one.source }}</td>
<td class="n">{{ '%.0f s' % one.twin_seconds if one.twin_seconds is not none else '' }}</td></tr>
{% endfor %}</tbody></table></div>
<p>{{ totals }}.</p>
{% if plan_page %}<p>The plan as the twin's dry run left it: <code>{{ plan_page }}</code></p>{% endif %}

<h2>What hands have to do</h2>
{% if gates %}{% for one in gates %}<p>{{ one.gate }}</p><ol>{% for step in one.steps %}<li>{{ step }}</li>{% endfor %}</ol>{% endfor %}
<p class="soft">In the rehearsal the twin's operator did it.</p>{% else %}<p>Nothing.</p>{% endif %}

<h2>What cannot be undone</h2>
{% if done.irreversible %}<ul>{% for one in done.irreversible %}<li>{{ one.object }}: {{ one.why }}</li>{% endfor %}</ul>{% else %}<p>Nothing.</p>{% endif %}

<h2>Laws</h2>
{% if violations %}
<ul>{% for one in violations %}<li class="bad">{{ one.law }}: {{ one.what }}</li>{% endfor %}</ul>{% else %}<p>None was broken.</p>{% endif %}

{% if refused %}<h2>What was to be reached outside</h2>
<p>Something in the estate or its settings led to these; the rehearsal did not go there.</p>
<ul>{% for one in refused %}<li>{{ one }}</li>{% endfor %}</ul>{% endif %}
"""


def rehearsal_page(data: Mapping[str, Any]) -> str:
    return page(f"Rehearsal of {data['name']}", _BODY, data)
