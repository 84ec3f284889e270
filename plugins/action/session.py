# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin of every module of the collection.

The host keeps the connection that the inventory gives it, ansible_connection=winrm with its options as core has resolved them.
The module runs in the worker of its task and talks to the daemon that holds the host's warm PowerShell.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from ansible.context import CLIARGS
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.module_utils.common.json import Direction, get_module_encoder
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible.utils.vars import load_extra_vars
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import evidence_from_json
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import MigrationError, Unreachable
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import perform
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import (
    _claim,
    _client,
    _context,
    _probed,
    _progress,
    _rules,
    _runtime,
)
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._endpoint import Endpoint
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._guard import Guard
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._shell import MODES, WARM
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._winrm import secrets_of

display = Display()
MODULES = "ansible_collections.lync.xmpp_migration.plugins.modules"
MOVING = ("user_move",)
#: They take a session that there is, and never open one.
TRYING = ("legacy_gateway_service",)
PLANNING = "migration_plan"
PROBING = "xmpp_probe"


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False
    _connection: Any

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        self._vars = task_vars or {}
        self._secrets: list[str] = _rules.secrets_in(self._task.args)
        self._socket: str | None = None
        try:
            return self._run()
        except Unreachable as exc:
            raise AnsibleConnectionFailure(exc.text) from None
        except MigrationError as exc:
            raise AnsibleActionFail(exc.text) from None
        except AnsibleActionFail as exc:
            if self._tries:
                return self._not_had(exc.message)
            raise

    @property
    def _tries(self) -> bool:
        """Whether a host that holds no session is an answer: a legacy server is a name until one was had."""
        return self._module in TRYING or (self._module == "session" and self._task.args.get("state") == "tried")

    @staticmethod
    def _not_had(why: str) -> dict[str, Any]:
        return {"changed": False, "open": False, "hello": None, "why": why}

    def _run(self) -> dict[str, Any]:
        self._state_dir = _context.state_directory(self._vars, self._templar.template)
        place = _context.place_of(self._module, self._connection.transport)
        if place != "host":
            self._refuse(place)
        run = _runtime.Run.current()
        if place == "host":
            context = self._composed(run)
            return self._finished(self._execute_module(task_vars=self._vars), context)
        if place == "controller":
            context = self._composed(run)
            with self._guarded(run, context):
                return self._on_controller(context)
        self._open(run)
        return self._on_controller(self._composed(run))

    # --- what the task says

    @property
    def _module(self) -> str:
        # resolved, every module's action is this plugin: meta/runtime.yml redirects there
        return str(self._task.action).rsplit(".", 1)[-1]

    @property
    def _host(self) -> str:
        """Whose session it is: the delegate's, where the task is delegated."""
        return str(self._task.delegate_to or self._vars["inventory_hostname"])

    @property
    def _host_vars(self) -> Mapping[str, Any]:
        if self._task.delegate_to:
            found: Mapping[str, Any] = self._vars["ansible_delegated_vars"][self._task.delegate_to]
            return found
        return self._vars

    def _host_var(self, name: str, default: Any = None) -> Any:
        value = self._host_vars.get(name)
        return default if value is None else self._templar.template(value)

    @property
    def _strategy(self) -> str | None:
        return _rules.strategy(str(self._task.get_play().strategy))

    def _composed(self, run: _runtime.Run) -> Context:
        expected = self._host_var("expected_computer_name")
        return _context.compose(
            task_vars=self._vars,
            host=self._host,
            role=str(self._vars.get("ansible_role_name") or self._vars.get("role_name") or ""),
            task=str(self._task.name or self._task.action),
            module=self._module,
            check=bool(self._task.check_mode),
            state_dir=self._state_dir,
            run=run.name,
            sockets=run.sockets(),
            expected=None if expected is None else str(expected),
            plan=(self._var("lync_migration_plan"), self._var("lync_migration_plan_digest")),
            arguments=self._arguments() if self._module == PLANNING else None,
        )

    def _var(self, name: str) -> str:
        """A variable of the play or of the command line, as a text; empty where it is not set."""
        value = self._vars.get(name)
        return "" if value is None else str(self._templar.template(value)).strip()

    def _arguments(self) -> dict[str, Any]:
        """How the playbook was called. Values of variables do not leave this process."""
        extra = load_extra_vars(self._loader)
        return {
            "limit": CLIARGS.get("subset"),
            "tags": [one for one in CLIARGS.get("tags") or () if one != "all"],
            "skip_tags": list(CLIARGS.get("skip_tags") or ()),
            "extra_vars": json.loads(json.dumps(extra, default=str)),
        }

    # --- what it cannot have

    def _refuse(self, place: str) -> None:
        refused = None
        if place == "session":
            refused = _rules.wrong_transport(self._module, self._host, self._connection.transport)
        if not refused and (self._task.become or getattr(self._connection, "become", None) is not None):
            here = place == "controller"
            refused = _rules.become_on_controller(self._module) if here else _rules.become(self._module, self._host)
        if refused:
            raise AnsibleActionFail(refused)

    @contextmanager
    def _guarded(self, run: _runtime.Run, context: Context) -> Iterator[None]:
        """A module of the controller's own that changes something is held to what a daemon is held to."""
        if not _context.CONTROLLER[self._module].writes:
            yield
            return
        refused = self._strategy or (None if context.check else _context.dies_with_the_run(self._vars))
        if refused:
            raise AnsibleActionFail(refused)
        held = None if context.check else _claim.claim(context.state_dir, context.run, run.owner)
        try:
            yield
        finally:
            if held is not None:
                os.close(held)

    def _checked(self, endpoint: Endpoint) -> None:
        """Before a byte of a credential leaves: whether it may leave that way."""
        allowed = boolean(self._host_var("lync_allow_unencrypted", False), strict=False)
        groups = self._vars.get("groups") or {}
        refused = _rules.unencrypted(endpoint, self._host, allowed)
        if not refused and "credssp" in endpoint.transports:
            refused = _rules.exposed_account(endpoint, self._host, groups, self._accounts())
        if refused:
            raise AnsibleActionFail(refused)

    def _accounts(self) -> dict[str, str]:
        """As whom the other hosts of the play and of the migration are reached."""
        groups = self._vars.get("groups") or {}
        hosts = {str(one) for name in _context.GROUPS for one in groups.get(name) or ()}
        hosts.update(str(one) for one in self._vars.get("ansible_play_hosts_all") or ())
        accounts = {}
        for host in sorted(hosts - {self._host}):
            known = self._vars["hostvars"][host]
            named = [known.get(name) for name in ("ansible_winrm_user", "ansible_user")]
            accounts[host] = str(next((self._templar.template(one) for one in named if one), ""))
        return accounts

    # --- the session

    def _open(self, run: _runtime.Run) -> None:
        connection = self._connection
        options = {name: connection.get_option(name) for name in connection.option_definitions}
        extras = dict(connection.get_option("_extras") or {})
        mode = str(self._host_var("lync_session_mode", WARM))
        if mode not in MODES:
            raise AnsibleActionFail(f"lync_session_mode is {mode!r} for {self._host}: {' or '.join(MODES)} is wanted.")
        self._secrets += [str(one) for one in secrets_of(options, extras)]
        endpoint = Endpoint.of(options, extras)
        self._checked(endpoint)
        key = _runtime.socket_key(run.owner, endpoint.url, endpoint.transports, endpoint.identity, self._state_dir)
        expected = self._host_var("expected_computer_name")
        guard = Guard(
            self._host,
            endpoint.address,
            None if expected is None else str(expected),
            never=self._strategy,
            not_really=_context.dies_with_the_run(self._vars),
        )
        settings = {
            "options": options,
            "extras": extras,
            "mode": mode,
            # only ever on the socket: it is made of the password too
            "digest": _runtime.digest(options, extras, mode),
            "context": self._composed(run).to_json(),
        }
        # the module of the same name opens the session itself, or only looks at it
        message = {"guard": guard.to_json(), "open": self._module not in ("session", *TRYING)}
        self._socket = run.socket(key)
        _reply, started = _client.attach(run, key, settings, message)
        run.remember(self._host, self._socket)
        warning = _rules.not_validated(endpoint, self._host)
        if started and warning:
            display.warning(warning)

    # --- the module

    def _on_controller(self, context: Context) -> dict[str, Any]:
        """Run the module in this worker, which is a process of its task's own: no program to pack, to start and to load.

        Options and result cross as plain JSON all the same, so that no text keeps the trust of a template.
        """
        module = importlib.import_module(f"{MODULES}.{self._module}")
        gc.freeze()  # what came with this process stays as long as it does: no collection has to go through it
        told: dict[str, Any] = {}
        self._compute_environment_string(told)
        os.environ.update({name: str(value) for name, value in told.items()})
        encoder = get_module_encoder("legacy", Direction.CONTROLLER_TO_MODULE)
        options = json.loads(json.dumps(self._task.args, cls=encoder))
        constraints = getattr(module, "CONSTRAINTS", {})
        try:
            with self._watched(context):
                result = perform(module.ARGUMENT_SPEC, module.run, options, context, tell=self._tell, **constraints)
        except Exception as exc:
            result = {
                "failed": True,
                "changed": False,
                "msg": f"{self._module} broke: {type(exc).__name__}: {exc}. That is a fault of the collection: please report it.",
                "exception": traceback.format_exc(),
            }
        self._show_output()
        return self._finished(result, context)

    def _watched(self, context: Context) -> AbstractContextManager[Any]:
        """A task that moves many users tells meanwhile how far it is, on stderr: results and their readers are not disturbed."""
        if context.check or self._module not in MOVING:
            return nullcontext()
        return _progress.Follow(context.state_dir, context.run, self._tell)

    def _tell(self, text: str) -> None:
        display.display(f"{self._host}: {text}", stderr=True)

    def _show_output(self) -> None:
        """What the host printed beside its answers: nobody decides on it, somebody may want to see it."""
        if self._socket is None or display.verbosity < 3:
            return
        try:
            for line in _client.ask(self._socket, {"op": "said"})["said"]:
                display.vvv(f"HOST OUTPUT {line}", host=self._host)
        except (_client.Gone, MigrationError):
            return

    def _finished(self, result: dict[str, Any], context: Context) -> dict[str, Any]:
        """Put evidence on record; make of a lost session what Ansible calls an unreachable host."""
        if self._module == PROBING and not context.check:
            _probed.keep(result, context)
        if result.get("failed"):
            result = _rules.scrubbed(result, self._secrets)
            error = result.get("error")
            if isinstance(error, Mapping) and error.get("kind") == Unreachable.kind:
                raise Unreachable(str(result.get("msg")))
            return result
        for line in result.pop("say", ()):
            display.display(line)
        evidence = result.get("evidence")
        if evidence:
            journal = Journal(context.state_dir, context.run)
            journal.evidence([evidence_from_json(one) for one in evidence], context, check=context.check)
        return result
