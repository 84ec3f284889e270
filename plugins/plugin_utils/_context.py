# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugin makes of a task: where its module runs, whose host it is about, and the context that it is given.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidInput

GROUPS = (
    "lync_2013_front_ends", "lync_2013_edges", "lync_legacy_front_ends", "lync_legacy_edges", "lync_legacy_gateway",
    "sfb_2019_front_ends", "sfb_2019_edges", "lync_vantage",
)  # fmt: skip
PERIMETER = ("lync_2013_edges", "lync_legacy_edges", "sfb_2019_edges")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_UNNAMED = "default"

Template = Callable[[Any], Any]


@dataclass(frozen=True)
class Place:
    """Where a module runs that has no Windows host behind it."""

    writes: bool = False
    """Whether it may change something, so that it is guarded as what changes a Windows host is."""
    anywhere: bool = False
    """Whether it is an ordinary module on a host that is not reached over WinRM."""


CONTROLLER: Mapping[str, Place] = {
    "acceptance": Place(writes=True),
    "cutover_plan": Place(),
    "dns_record_set": Place(writes=True),
    "go_no_go": Place(writes=True),
    "migration_report": Place(),
    "outside_port": Place(anywhere=True),
    "partner_pack": Place(),
    "rollback_dns": Place(writes=True),
    "rollback_plan": Place(writes=True),
    "rehearsal": Place(),
    "settings": Place(),
    "state_purge": Place(),
    "xmpp_partner_advice": Place(),
    "xmpp_probe": Place(anywhere=True),
}


def place_of(module: str, transport: str) -> str:
    """`session` on a Windows host, `controller`, or `host` as an ordinary module."""
    place = CONTROLLER.get(module)
    if place is None:
        return "session"
    return "host" if place.anywhere and transport not in ("winrm", "psrp") else "controller"


def state_directory(task_vars: Mapping[str, Any], template: Template) -> str:
    """Where journal and plan lie: as named, else below XDG_STATE_HOME by the name of the migration."""
    named = task_vars.get("lync_migration_state_dir")
    if named is not None and str(template(named)).strip():
        path = os.path.expanduser(str(template(named)).strip())
        if not os.path.isabs(path):
            raise InvalidInput(f"lync_migration_state_dir has to be a full path, but is {path!r}.")
    else:
        home = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
        path = os.path.join(home, "lync_xmpp_migration", _name(task_vars, template))
    path = os.path.normpath(path)
    collection = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    real = os.path.realpath(path)
    if os.path.commonpath([real, os.path.realpath(collection)]) == os.path.realpath(collection) and not _checkout(real, collection):
        raise InvalidInput(f"lync_migration_state_dir is {path}, inside of the collection, which an upgrade removes: choose another.")
    return path


def _checkout(path: str, collection: str) -> bool:
    """The lab's own state lies in the ignored .lab of a source checkout."""
    lab = os.path.join(os.path.realpath(collection), ".lab")
    return os.path.commonpath([path, lab]) == lab


def _name(task_vars: Mapping[str, Any], template: Template) -> str:
    migration = task_vars.get("lync_migration")
    if migration is None:
        return _UNNAMED
    if not isinstance(migration, Mapping):
        migration = template(migration)
    if not isinstance(migration, Mapping) or migration.get("name") is None:
        raise InvalidInput("lync_migration needs a name: one word for this migration, such as contoso.")
    name = str(template(migration["name"]))
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"lync_migration.name is {name!r}: letters, digits, hyphens and underscores are wanted, at most 63.")
    return name


def dies_with_the_run(task_vars: Mapping[str, Any]) -> str | None:
    """Why a state directory that nobody named is as good as none: in a container it ends with the job."""
    if str(task_vars.get("lync_migration_state_dir") or "").strip():
        return None
    if not os.path.exists("/run/.containerenv") and not os.environ.get("AWX_ISOLATED_DATA_DIR", "").startswith("/runner/"):
        return None
    return (
        "The journal would be lost when this execution environment ends, and with it the way back: set "
        "lync_migration_state_dir to a directory that outlives it."
    )


def compose(
    *,
    task_vars: Mapping[str, Any],
    host: str,
    role: str,
    task: str,
    module: str,
    check: bool,
    state_dir: str,
    run: str,
    sockets: Mapping[str, str],
    expected: str | None,
    plan: tuple[str, str] = ("", ""),
    arguments: Mapping[str, Any] | None = None,
) -> Context:
    groups = task_vars.get("groups") or {}
    job = task_vars.get("awx_job_id") or task_vars.get("tower_job_id")
    return Context(
        state_dir=state_dir,
        run=run,
        host=host,
        role=role,
        task=task,
        module=module,
        check=check,
        sockets=dict(sockets),
        groups={name: tuple(str(one) for one in groups[name]) for name in GROUPS if name in groups},
        operator=_operator(),
        controller=socket.gethostname(),
        awx_job_id=None if job is None else str(job),
        expected_computer_name=expected,
        plan="" if check else plan[0],
        plan_digest="" if check else plan[1],
        arguments=dict(arguments or {}),
    )


def _operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.geteuid())
