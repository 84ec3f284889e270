# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes meta/runtime.yml, and the small files beside the action plugin, from what lies in plugins/modules.

Every module is run by the one action plugin of the collection. In the action group is every module that has a Windows
host behind it, which is what its documentation says by extending the fragment for such modules.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

COLLECTION = "lync.xmpp_migration"
ACTION_PLUGIN = f"{COLLECTION}.session"
WINDOWS_HOST = f"{COLLECTION}._attributes.windows_host"
HEAD = """\
---
# Written by scripts/generate_runtime from plugins/modules: run it when a module comes or goes. A test compares.
requires_ansible: ">=2.19.0"
"""


def module_files(root: Path) -> list[Path]:
    """All modules, in alphabetical order; what begins with an underscore is none."""
    return sorted(path for path in (root / "plugins" / "modules").glob("*.py") if not path.name.startswith("_"))


def documentation(path: Path) -> dict[str, Any]:
    """The DOCUMENTATION of a module, read without importing it."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if (
            isinstance(node, ast.Assign)
            and [target.id for target in node.targets if isinstance(target, ast.Name)] == ["DOCUMENTATION"]
            and isinstance(node.value, ast.Constant)
        ):
            found = yaml.safe_load(str(node.value.value))
            if isinstance(found, dict):
                return found
    raise ValueError(f"{path} has no DOCUMENTATION")


def has_windows_host(path: Path) -> bool:
    fragments = documentation(path).get("extends_documentation_fragment", [])
    return WINDOWS_HOST in ([fragments] if isinstance(fragments, str) else fragments)


def render(root: Path) -> str:
    """The text that meta/runtime.yml should have."""
    modules = module_files(root)
    if not modules:
        return HEAD
    group = [path.stem for path in modules if has_windows_host(path)]
    lines = [HEAD.rstrip("\n")]
    if group:
        lines += ["action_groups:", "  lync:", *(f"    - {name}" for name in group)]
    lines += ["plugin_routing:", "  modules:"]
    for path in modules:
        lines += [f"    {path.stem}:", f"      action_plugin: {ACTION_PLUGIN}"]
    return "\n".join(lines) + "\n"


# A redirect in meta/runtime.yml would do it too, but makes the modules aliases of one another: the module_defaults of one
# become those of all, and ansible-lint tells users to write "session" wherever they have a module of ours.
STAND_IN = '''\
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has the action plugin and this module loaded before ansible-playbook forks, where an action of its name is looked for.

Without it the worker of each task would load them anew. The task itself runs the action plugin that meta/runtime.yml names.

Written by scripts/generate_runtime.
"""

from __future__ import annotations

from ..modules import {module}
from .session import ActionModule as SessionAction


class ActionModule(SessionAction):
    """The action plugin of all modules."""

    loaded = {module}
'''
WRITTEN = "Written by scripts/generate_runtime."


def stand_ins(root: Path) -> dict[Path, str]:
    """The files beside the action plugin, one for each other module, and their text."""
    folder = root / "plugins" / "action"
    return {
        folder / path.name: STAND_IN.format(module=path.stem) for path in module_files(root) if path.stem != "session"
    }


def main(arguments: Sequence[str]) -> int:
    root = Path(__file__).resolve().parents[1]
    if arguments:
        print("scripts/generate_runtime takes no arguments", file=sys.stderr)
        return 2
    (root / "meta" / "runtime.yml").write_text(render(root), encoding="utf-8")
    wanted = stand_ins(root)
    for path in (root / "plugins" / "action").glob("*.py"):
        if path not in wanted and WRITTEN in path.read_text(encoding="utf-8"):
            path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
