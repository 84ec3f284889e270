# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module is made of: `run(task) -> Report`, and the only place where modules end.

`perform` runs one in this process, `execute` is the main of a program.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError

from .calls import Evidence, clean, contains_unknown, evidence_to_json, value_to_json
from .context import Context
from .errors import InDoubt, InvalidRequest, MigrationError, Mismatch
from .session import DirectTransport, Session, Transport, session_of

if TYPE_CHECKING:  # most modules leave these to the daemon: only who asks for them pays for loading them
    from .facts import Facts
    from .journal import Journal
    from .performer import ShellLike

_OURS = frozenset(
    "changed failed msg diff calls evidence warnings deprecations exception invocation error error_kind unreachable "
    "skipped rc ansible_facts".split()
)

Connect = Callable[[str], Transport]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Report:
    """What a module found or did. `calls` may be left out: those of the task's sessions are listed by themselves."""

    changed: bool
    value: Mapping[str, Any] = field(default_factory=dict)
    before: Any = None
    after: Any = None
    calls: Sequence[Mapping[str, Any]] = ()
    evidence: Sequence[Evidence] = ()
    warnings: Sequence[str] = ()

    def to_result(self) -> dict[str, Any]:
        taken = _OURS & set(self.value)
        if taken or any(str(name).startswith("_ansible") for name in self.value):
            raise ValueError(f"A module returned {sorted(taken) or 'a name of core'}, which is not its to return.")
        result: dict[str, Any] = {**shown(dict(self.value)), "changed": self.changed}
        if self.before is not None or self.after is not None:
            before, after = (_diffable(one) for one in (self.before, self.after))
            result["diff"] = {"before": before, "after": after}
        result["calls"] = [shown(dict(one)) for one in self.calls]
        if self.evidence:
            result["evidence"] = [clean(evidence_to_json(one)) for one in self.evidence]
        return result


def _diffable(value: Any) -> Any:
    """Ansible shows the difference of texts and of tables, not of lists."""
    shown_value = {} if value is None else shown(value)
    return {"list": shown_value} if isinstance(shown_value, list) else shown_value


def shown(value: Any) -> Any:
    """A value as a result carries it: plain JSON; what nobody knows yet says so; half characters are replaced."""
    return _readable(clean(value_to_json(value, redacted=True)))


def _readable(value: Any) -> Any:
    if isinstance(value, list):
        return [_readable(one) for one in value]
    if not isinstance(value, dict):
        return value
    tag = value.get("$")
    if tag is None:
        return {name: _readable(one) for name, one in value.items()}
    if tag == "unknown":
        return "(not known before it is done)"
    if tag == "secret":
        return "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    return value.get("value", value)


class Task:
    """One task of one module: its options, its run, and the sessions that it asks for."""

    def __init__(
        self,
        params: Mapping[str, Any],
        context: Context,
        connect: Connect | None = None,
        tell: Tell = lambda _text: None,
    ) -> None:
        self.params = dict(params)
        self.context = context
        #: says something to the operator while the task goes on
        self.tell = tell
        self.warnings: list[str] = []
        self._connect = connect
        self._sessions: dict[str, Session] = {}

    @property
    def check_mode(self) -> bool:
        return self.context.check

    @property
    def session(self) -> Session:
        """The session of the task's own host."""
        return self.session_for(self.context.host)

    def session_for(self, host: str) -> Session:
        if host not in self._sessions:
            if self._connect is None:
                self._sessions[host] = session_of(self.context, host)
            else:
                self._sessions[host] = Session(self._connect(host), self.context)
            self._sessions[host].reader = functools.partial(self.legacy_session, host)
        return self._sessions[host]

    def legacy_session(self, asking: str = "") -> Session | None:
        """The session of the first legacy Front End that has one with Lync cmdlets, for the reads of a dry run."""
        for host in self.context.members("lync_legacy_front_ends"):
            if host != asking and self._is_open(host) and self.session_for(host).hello.get("lync"):
                return self.session_for(host)
        return None

    def has_session(self) -> bool:
        """Whether a session with the task's own host was had, which a task with the module session has tried."""
        return self._is_open(self.context.host)

    def session_open(self, host: str) -> bool:
        """Whether a session with another host was had, that holds a PowerShell."""
        try:
            return self._is_open(host) and bool(self.session_for(host).hello)
        except MigrationError:
            return False

    def _is_open(self, host: str) -> bool:
        """Whether a session with the host was had in this run: nobody waits here for one that cannot be reached."""
        try:
            return bool(self.session_for(host).transport.perform({"op": "inspect"}).get("open"))
        except InvalidRequest:  # whoever performs has no process that could be closed
            return True

    def local(self, shell: ShellLike, name: str = "") -> Session:
        """A session whose other end is in this process: for modules without a Windows host behind them."""
        from .performer import make_performer

        session = Session(DirectTransport(make_performer(shell, self.context)), self.context)
        self._sessions[f"local {name}"] = session
        return session

    @property
    def journal(self) -> Journal:
        from .journal import Journal

        return Journal(self.context.state_dir, self.context.run)

    @property
    def facts(self) -> Facts:
        """The evidence on record, as the laws see it."""
        from .facts import Facts

        facts = Facts(self.journal, self.context.groups, check=self.check_mode)
        facts.refresh()
        return facts

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def verify(self, what: str, declared: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """In a real run what was read back has to be what the change declared."""
        if self.check_mode:
            return
        wrong = [
            f"{name} is {after.get(name)!r} instead of {value!r}"
            for name, value in declared.items()
            if not contains_unknown(value) and not same_value(value, after.get(name))
        ]
        if wrong:
            raise Mismatch(
                f"{what} was changed without an error, but read again {'; '.join(wrong)}: see whether somebody else "
                "changes it, and run the task again."
            )

    @property
    def calls(self) -> list[Mapping[str, Any]]:
        return [one for session in self._sessions.values() for one in session.calls]

    @property
    def doubtful(self) -> list[str]:
        """What was being changed when an answer was lost."""
        return [one for session in self._sessions.values() for one in session.doubtful]

    @property
    def all_warnings(self) -> list[str]:
        said = [*self.warnings, *(one for session in self._sessions.values() for one in session.warnings)]
        return [str(clean(one)) for one in dict.fromkeys(said)]


def same_value(wanted: Any, found: Any) -> bool:
    """Texts are compared without regard to case, lists as sets; nothing and an empty text or list are the same."""
    empty: tuple[Any, ...] = (None, "", [], ())
    if wanted in empty or found in empty:
        return wanted in empty and found in empty
    if isinstance(wanted, (list, tuple)) and isinstance(found, (list, tuple)):
        return sorted(str(one).casefold() for one in wanted) == sorted(str(one).casefold() for one in found)
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    return str(wanted).casefold() == str(found).casefold()


Run = Callable[[Task], Report]


def outcome(run: Run, task: Task) -> dict[str, Any]:
    """The result of a module: what it reports, or its one sentence. Errors that are none of ours are not caught."""
    try:
        report = run(task)
        result = report.to_result()
    except MigrationError as exc:
        text = f"{exc.text} {_doubt(task)}" if isinstance(exc, InDoubt) else exc.text
        failed: dict[str, Any] = {"failed": True, "msg": clean(text), "changed": False}
        failed["error"] = {"kind": exc.kind, **clean(exc.facts())}
        if task.calls:
            failed["calls"] = _made(task)
        if task.all_warnings:
            failed["warnings"] = task.all_warnings
        return failed
    result["calls"] = _made(task) or result["calls"]
    warnings = list(dict.fromkeys([*report.warnings, *task.all_warnings]))
    if warnings:
        result["warnings"] = warnings
    return result


def _doubt(task: Task) -> str:
    """What to do after an answer was lost."""
    objects = task.doubtful
    shown = ", ".join(objects[:3]) + (f" and {len(objects) - 3} more" if len(objects) > 3 else "")
    known = f"Whether {shown} was changed is not known. " if objects else ""
    return f"{known}Run the task again: it reads the present state first."


def _made(task: Task) -> list[Any]:
    """The calls of the task's sessions, which are plain JSON already: markers in them are only made readable."""
    return [_readable(clean(dict(one))) for one in task.calls]


def execute(argument_spec: Mapping[str, Any], run: Run, *, anywhere: bool = False, **constraints: Any) -> None:
    """A module's main, for a module that is run as a program of its own: `anywhere`, without a session and a journal.

    All others are run by the action plugin in the worker of their task, through `perform`.
    """
    module = AnsibleModule(argument_spec=dict(argument_spec), supports_check_mode=True, **constraints)
    if not anywhere:
        module.fail_json(
            msg="The module was started without its action plugin, so there is no session: call it by its full name "
            "lync.xmpp_migration.<module>, in a playbook run by a controller that has the collection installed.",
            error={"kind": "state"},
        )
    result = outcome(run, Task(module.params, Context("", "", "", check=module.check_mode)))
    for text in result.pop("warnings", ()):
        module.warn(text)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)


def perform(
    argument_spec: Mapping[str, Any],
    run: Run,
    params: Mapping[str, Any],
    context: Context,
    connect: Connect | None = None,
    tell: Tell = lambda _text: None,
    **constraints: Any,
) -> dict[str, Any]:
    """The module in this process: options are validated as Ansible does it, the result is what a program would print.

    `constraints` are required_if and its like, as AnsibleModule takes them.
    """
    validated = ArgumentSpecValidator(dict(argument_spec), **constraints).validate(dict(params))
    options = validated.validated_parameters
    if validated.error_messages:
        text = validated.errors.msg
        if isinstance(validated.errors[0], UnsupportedError):
            text = f"Unsupported parameters for ({context.module}) module: {text}"
        result: dict[str, Any] = {"failed": True, "changed": False, "msg": text}
    else:
        result = outcome(run, Task(options, context, connect, tell))
    result["invocation"] = {"module_args": shown(options)}
    # the values of options with no_log, which a validator of core finds for its modules, and only they can see
    if not validated._no_log_values:
        return result
    kept: dict[str, Any] = remove_values(result, validated._no_log_values)
    return kept
