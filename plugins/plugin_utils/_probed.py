# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a probe found, kept with its run for the report, wherever the probe ran and however it ended.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import clean
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.files import FORMAT, write_whole
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import stamp
from ansible_collections.lync.xmpp_migration.plugins.module_utils._report.run import PROBE

_KEPT = ("id", "severity", "domain", "target", "reason")


def keep(result: Mapping[str, Any], context: Context) -> None:
    """The findings of a result, or of the error that it ended with; nothing where it did not come to probe."""
    error = result.get("error")
    source = result if "findings" in result else error if isinstance(error, Mapping) else {}
    findings = source.get("findings")
    if not isinstance(findings, list):
        return
    rows = [{name: one.get(name) for name in _KEPT} for one in findings if isinstance(one, Mapping)]
    text = json.dumps(clean({"format": FORMAT, "at": stamp(time.time()), "findings": rows}), ensure_ascii=True)
    write_whole(Path(context.state_dir) / "runs" / context.run, PROBE, text.encode("ascii"))
