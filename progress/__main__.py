# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m ansible_collections.lync.xmpp_migration.progress STATE_DIR [--follow]``"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..plugins.module_utils._engine.errors import MigrationError
from ..plugins.plugin_utils import _progress


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ansible_collections.lync.xmpp_migration.progress",
        description="Draws how far the moving of users is. It only reads, so it can be started, stopped and run anywhere beside.",
    )
    parser.add_argument("state_dir", type=Path, help="the state directory (lync_migration_state_dir)")
    parser.add_argument("--follow", action="store_true", help="go on until all users are done, or no more are moved")
    parser.add_argument("--run", help="only what this run did (the name of its folder in runs/)")
    parser.add_argument("--json", action="store_true", help="print JSON, a line each time")
    options = parser.parse_args(arguments)

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    try:
        return _progress.main_loop(
            options.state_dir.absolute(), options.run, options.follow, write, as_json=options.json
        )
    except MigrationError as problem:
        print(problem.text, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
