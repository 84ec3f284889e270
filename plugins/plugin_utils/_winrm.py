# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""core's winrm connection, composed outside of a task: every credential matter stays its own.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import Unreachable

from ._endpoint import Endpoint, protect
from ._faults import cannot_connect, missing_library, scrub


def connect(options: Mapping[str, Any], extras: Mapping[str, Any]) -> Any:
    """A connection with a WinRS shell open on the host. Raises Unreachable with the one sentence why not."""
    endpoint = Endpoint.of(options, extras)
    missing = missing_library(endpoint)
    if missing:
        raise Unreachable(missing)
    connection = connection_loader.get("ansible.builtin.winrm", PlayContext(), os.devnull)
    connection.set_options(direct=dict(options), var_options={"_extras": protect(endpoint, extras)})
    try:
        connection._connect()
    except Exception as exc:
        raise cannot_connect(scrub(str(exc), secrets_of(options, extras)), endpoint) from exc
    return connection


def secrets_of(options: Mapping[str, Any], extras: Mapping[str, Any]) -> list[object]:
    """Option values that no text may hold."""
    named = [value for name, value in {**options, **extras}.items() if "pass" in name.lower()]
    return [value for value in named if isinstance(value, str) and value]
