# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``cmdlet_host.ps1`` does with a request, on a simulated computer: calls in, answer frames out.

``performer.py`` is the script without its process; ``standin.py`` is the process around it.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
import typing as t
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field

from .. import cmdlets
from ..cmdlets import Call, Cmdlet
from ..organisation.faults import Fault
from . import frames, machine
from . import values as v
from .errors import PSError, command_not_found, method_failed, parameter_already_bound

log = logging.getLogger(__name__)

Frame = t.Callable[[str], None]
OWN_PARAMETERS = ("erroraction", "errorvariable", "warningaction", "warningvariable")
ROW_BYTES = 60_000
MAX_ERRORS = 50


class ProcessGone(BaseException):
    """The process ended in the middle of a call. Not an Exception: no handler may swallow it."""


def default_bind(cmdlet: str, parameters: dict[str, t.Any], computer: t.Any) -> t.Any:
    """Both stages for the computer's edition: PowerShell's binder, then the forms that Lync wants."""
    from . import value_forms
    from .binder import Edition, bind

    edition = Edition(computer.edition, computer.powershell, computer.windows)
    bound = bind(cmdlet, parameters, edition, computer.culture)
    value_forms.check(cmdlet, bound.parameters, edition, computer.culture.partition("-")[0])
    return bound


@dataclass
class ComputerSession:
    """On which computer, as whom, and with what at hand a stand-in runs."""

    world: t.Any
    computer: t.Any
    user: str
    bind: t.Callable[[str, dict[str, t.Any], t.Any], t.Any] = default_bind
    #: What a fault does to the connection, the shell or the endpoint; the WS-Management endpoint sets it.
    strike: t.Callable[[Fault], None] = lambda fault: None
    stop: threading.Event = field(default_factory=threading.Event)
    run: str = ""
    boots: int = 0

    def __post_init__(self) -> None:
        self.boots = getattr(self.computer, "boots", 0)

    @property
    def gone(self) -> bool:
        """The computer has been restarted since: whatever was started before is no more."""
        return bool(self.boots != getattr(self.computer, "boots", 0))


class Rows:
    """Collects rows and writes them as frames of about 60 kB."""

    def __init__(self, head: str, emit: Frame) -> None:
        self._head, self._emit = head, emit
        self._rows: list[str] = []
        self._size = 0

    def add(self, row: list[t.Any]) -> None:
        text = frames.json_text(row)
        self._rows.append(text)
        self._size += len(text) + 1
        if self._size > ROW_BYTES:
            self.flush()

    def flush(self) -> None:
        if self._rows:
            self._emit(self._head + ",".join(self._rows) + "]}")
            self._rows, self._size = [], 0


class Performer:
    """Performs requests one after the other. ``emit`` gets the JSON text of each frame, ``noise`` bytes of stdout that
    are no frame, ``stderr`` bytes of the other stream."""

    def __init__(
        self,
        session: ComputerSession,
        emit: Frame,
        noise: t.Callable[[bytes], None],
        stderr: t.Callable[[bytes], None],
    ) -> None:
        self.session, self.emit, self.noise, self.stderr = session, emit, noise, stderr
        self.world, self.computer = session.world, session.computer
        # A process sees the modules that were installed when it started, as it has read PSModulePath once.
        self.modules = {name.casefold() for name in getattr(self.computer, "modules", {})}
        if "skypeforbusiness" in self.modules:
            self.modules.add("lync")  # its successor: what it no longer has, the binder's signatures leave out
        features = {str(name).casefold() for name in getattr(self.computer, "features", ())}
        if features & {"rsat-adds", "rsat-ad-tools", "rsat-ad-powershell"}:
            self.modules.add("activedirectory")
        # The same goes for the groups of the logon: memberships that come later are not in its token.
        token = getattr(self.world, "token", None)
        self.groups: frozenset[str] | None = token(self.session.user) if token is not None else None
        self._kinds: dict[str, t.Callable[..., bool]] = {
            "cmdlet": self._cmdlet,
            "executable": functools.partial(machine.executable, self),
            "file": functools.partial(machine.file, self),
        }

    # --- a request

    def line(self, line: bytes) -> None:
        request_id: int | None = None
        if self.session.gone:
            raise ProcessGone("never ran")
        try:
            if self.computer.powershell.startswith("2"):
                raise command_not_found("ConvertFrom-Json")
            request = frames.parse_line(line)
            request_id = self._id(request)
            self._calls(request_id, request)
            self.emit(frames.json_text({"id": request_id, "done": True}))
        except PSError as exc:
            self.emit(frames.json_text({"id": request_id, "done": False, "error": exc.to_frame()}))

    @staticmethod
    def _id(request: t.Any) -> int:
        value = request.get("id") if isinstance(request, dict) else None
        try:
            return 0 if value is None else int(value)
        except (TypeError, ValueError) as exc:
            raise PSError(
                "InvalidCastFromStringToInteger",
                "InvalidArgument",
                "System.Management.Automation.PSInvalidCastException",
                f'Cannot convert value "{value}" to type "System.Int64".',
            ) from exc

    def _calls(self, request_id: int, request: t.Any) -> None:
        calls = request.get("calls") if isinstance(request, dict) else None
        results: dict[int, list[t.Any]] = {}
        for index, call in enumerate(calls if isinstance(calls, list) else [calls]):
            call = call if isinstance(call, dict) else {}
            kind = next((kind for kind in ("executable", "file") if call.get(kind)), "cmdlet")
            ok = self._kinds[kind](request_id, index, call, results)
            if not ok and call.get("stop_on_error"):
                break

    def end(self, request_id: int, index: int, **fields: t.Any) -> None:
        self.emit(frames.json_text({"id": request_id, "call": index, **fields}))

    def failed(self, request_id: int, index: int, error: PSError) -> bool:
        shown = [error.to_frame()]
        self.end(request_id, index, ok=False, count=0, error_count=1, errors=shown, warnings=[])
        return False

    # --- a cmdlet

    def _cmdlet(self, request_id: int, index: int, call: dict[str, t.Any], results: dict[int, list[t.Any]]) -> bool:
        paths = _paths(call.get("properties"))
        rows = Rows(f'{{"id":{request_id},"call":{index},"rows":[', self.emit)
        kept: list[t.Any] = []
        count = 0
        name = call.get("cmdlet")
        context = Call(str(name), {}, 0, self.world, self.computer, self.session.user, self.session.run)
        context.groups = self.groups
        context.modules = self.modules
        failure: PSError | None = None
        try:
            with contextlib.closing(self._objects(name, call.get("parameters") or {}, context, results)) as objects:
                for item in objects:
                    count += 1
                    if paths is not None:
                        rows.add([_walk(item, path) for path in paths])
                    if call.get("keep"):
                        kept.append(item)
            if call.get("keep"):
                results[index] = kept
        except PSError as exc:
            failure = exc
        self._host_lines(context)
        rows.flush()
        seen = context.errors + ([failure] if failure else [])
        self.end(
            request_id,
            index,
            ok=not seen,
            count=count,
            error_count=len(seen),
            errors=[error.to_frame() for error in seen[:MAX_ERRORS]],
            warnings=context.warnings,
        )
        return not seen

    def _objects(self, name: t.Any, sent: t.Any, context: Call, results: dict[int, list[t.Any]]) -> Generator[t.Any]:
        """The objects that the call puts into the pipeline; its line in the transcript is written when it has ended."""
        outcome = "ok"
        try:
            yield from self._perform(name, sent, context, results)
        except PSError as exc:
            outcome = exc.id.partition(",")[0]
            raise
        except ProcessGone as exc:
            outcome = str(exc)
            raise
        finally:
            if outcome == "ok" and context.errors:
                outcome = context.errors[0].id.partition(",")[0]
            self.record(str(name), frames.redact(sent), outcome, context.writes)

    def _perform(self, name: t.Any, sent: t.Any, context: Call, results: dict[int, list[t.Any]]) -> Iterator[t.Any]:
        handler = self._find(name, sent)
        context.cmdlet, context.writes = handler.name, handler.writes
        parameters = {key: frames.from_wire(value, results) for key, value in sent.items()}
        for key in parameters:
            if key.casefold() in OWN_PARAMETERS:
                raise parameter_already_bound(key).of_class(handler.class_name)
        faults = self.before(handler.name)
        bound = self._bind(handler.name, parameters, handler.class_name)
        context.p, context.set = bound.parameters, bound.set
        self._take_time(handler.name)
        with self.world.turn():
            try:
                for item in _iterate(handler.function(context)):
                    self._host_lines(context)
                    yield item
            except PSError as exc:
                raise exc.of_class(handler.class_name) from exc
            except (ProcessGone, GeneratorExit):
                raise
            except Exception as exc:
                raise self.defect(handler.name, exc) from exc
            finally:
                context.errors[:] = [error.of_class(handler.class_name) for error in context.errors]
                if context.writes:
                    self.world.after_change(context)
        self.after(faults)

    def _find(self, name: t.Any, sent: t.Any) -> Cmdlet:
        """The exact name only. A cmdlet that the host has but the lab does not simulate is refused as such."""
        if not isinstance(name, str) or not name:
            raise method_failed("System.ArgumentNullException", "Value cannot be null.")
        if not isinstance(sent, dict):
            raise PSError(
                "ParameterBindingFailed",
                "InvalidArgument",
                "System.Management.Automation.ParameterBindingException",
                "The parameters are no table.",
            )
        handler = cmdlets.find_cmdlet(name)
        if handler is not None and handler.module and handler.module.casefold() not in self.modules:
            raise command_not_found(name)
        if handler is None:
            self._refuse(name)
            raise command_not_found(name)
        return handler

    def _refuse(self, name: str) -> None:
        """A real host may have a cmdlet that the lab does not simulate: that is no CommandNotFoundException."""
        try:
            self._bind(name, {}, "")
        except PSError as exc:
            if exc.id.partition(",")[0] == "CommandNotFoundException":
                return
        message = f"The lab does not simulate {name}."
        raise PSError("NotSimulated", "NotImplemented", "System.NotImplementedException", message, name)

    def _bind(self, name: str, parameters: dict[str, t.Any], class_name: str) -> t.Any:
        try:
            return self.session.bind(name, parameters, self.computer)
        except PSError as exc:
            raise (exc if exc.id == "CommandNotFoundException" else exc.of_class(class_name)) from exc
        except Exception as exc:
            raise self.defect(name, exc) from exc

    # --- what every kind of call needs

    def before(self, name: str) -> tuple[Fault, ...]:
        """Strikes what comes before the effect; gives the faults for ``after``."""
        faults: tuple[Fault, ...] = ()
        if self.world.faults is not None:
            faults = self.world.faults.for_call(self.computer.fqdn, name)
        for fault in faults:
            if fault.when == "before":
                self._strike(fault, "never ran")
        return faults

    def after(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            if fault.when == "after":
                self._strike(fault, "answer lost")

    def _strike(self, fault: Fault, outcome: str) -> None:
        if fault.do == "delay":
            self.wait_real(fault.seconds)
        elif fault.do == "error":
            raise PSError(fault.id, fault.category, fault.exception, fault.message)
        elif fault.do == "noise":
            self._noise(fault)
        else:
            self.session.strike(fault)
            if fault.do == "restart":
                self.session.stop.wait(5.0)  # the service takes its processes with it, not the other way round
            if fault.when == "before" or fault.do in ("kill_process", "kill_shell", "restart"):
                raise ProcessGone(outcome)

    def _noise(self, fault: Fault) -> None:
        for line in fault.lines:
            self.noise(line.encode("utf-8") + b"\r\n")
        if fault.prompt:
            self.noise(fault.prompt.encode("utf-8"))
        if fault.clixml:
            self.stderr(clixml(fault.message))

    def _host_lines(self, context: Call) -> None:
        for line in context.host_lines:
            self.noise(line.encode("utf-8") + b"\r\n")
        context.host_lines.clear()

    def _take_time(self, name: str) -> None:
        """What the cmdlet needs by itself, and a move also what the back end needs that all moves share."""
        self.wait(self.latency(name))
        back_end = getattr(self.world, "back_end", None)
        if back_end and name.casefold() in ("move-csuser", "move-cslegacyuser"):
            with back_end.move() as seconds:
                self.wait(seconds)

    def latency(self, name: str) -> float:
        """Seconds of lab time that a real server needs for it."""
        folded = name.casefold()
        return next((seconds for key, seconds in self.world.latency.items() if key.casefold() == folded), 0.0)

    def real(self, seconds: float) -> float:
        clock = self.world.clock
        return 0.0 if clock.jump or clock.speed <= 0 else seconds / clock.speed

    def wait(self, seconds: float) -> None:
        """Lets lab time pass. Not under the world's lock, so that other computers go on."""
        if seconds > 0 and not self.real(seconds):
            self.world.clock.sleep(seconds)
        else:
            self.wait_real(self.real(seconds))

    def wait_real(self, seconds: float) -> None:
        if self.session.stop.wait(seconds) if seconds > 0 else self.session.stop.is_set():
            raise ProcessGone("never ran")

    def record(self, name: str, parameters: t.Any, outcome: str, write: bool) -> None:
        if self.world.transcript is not None:
            self.world.transcript.append(
                {
                    "time": v.iso_text(self.world.clock.now()),
                    "host": self.computer.fqdn,
                    "run": self.session.run,
                    "cmdlet": name,
                    "parameters": parameters,
                    "outcome": outcome,
                    "write": write,
                }
            )

    def defect(self, name: str, exc: Exception) -> PSError:
        """A handler that fails in Python is the lab's own defect: said in the log, and never taken for a Lync error."""
        log.error("the handler of %s failed on %s", name, self.computer.fqdn, exc_info=exc)
        message = f"The lab's handler of {name} failed: {type(exc).__name__}: {exc}"
        return PSError("LabDefect", "NotSpecified", "System.InvalidProgramException", message)


def clixml(text: str) -> bytes:
    """A message as PowerShell writes it to a redirected stderr."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return (
        '#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
        f'<S S="Error">{escaped}_x000D__x000A_</S></Objs>'
    ).encode()


def _paths(properties: t.Any) -> list[list[str]] | None:
    """Where each wanted property is found; None where no rows are wanted."""
    names = properties if isinstance(properties, list) else [properties] if properties else []
    if not names or (len(names) == 1 and not names[0]):
        return None
    return [[part for part in v.text_of(name).split(".") if part] for name in names]


def _walk(item: t.Any, path: list[str]) -> t.Any:
    for name in path:
        item = v.member(item, name)
    return v.render(item)


def _iterate(result: t.Any) -> Iterable[t.Any]:
    """What a handler returned, as the pipeline sees it: lists and generators one by one, all else as one object."""
    if result is None:
        return ()
    return result if isinstance(result, (list, tuple, Iterator)) else (result,)
