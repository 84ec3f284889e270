# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Executables and files of a simulated computer: nothing is started, nothing is written on this machine."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import threading
import typing as t

from .. import cmdlets
from ..cmdlets import ExecutableCall, Exit
from ..organisation import installations
from ..organisation.faults import Fault
from ..organisation.files import BadPath
from .errors import PSError, cannot_start, method_failed

if t.TYPE_CHECKING:
    from .performer import Performer

Call = dict[str, t.Any]
_ENDS = ("kill_process", "kill_shell", "restart")


def executable(performer: Performer, request_id: int, index: int, call: Call, _results: t.Any) -> bool:
    path, arguments = str(call["executable"]), str(call.get("arguments") or "")
    name = path.replace("/", "\\").rpartition("\\")[2]
    handler = cmdlets.find_executable(path)
    context = ExecutableCall(
        path,
        arguments,
        split_arguments(arguments),
        call.get("directory"),
        float(call["seconds"]) if call.get("seconds") else None,
        performer.world,
        performer.computer,
        performer.session.user,
        performer.session.run,
        handler.writes if handler else False,
        performer.groups or frozenset(),
    )
    shown = {"path": path, "arguments": arguments}
    try:
        if handler is None:
            raise cannot_start("The system cannot find the file specified")
        exited = _start(performer, handler, context, name, shown)
    except PSError as exc:
        performer.record(name, shown, exc.id.partition(",")[0], context.writes)
        return performer.failed(request_id, index, exc)
    performer.end(
        request_id,
        index,
        ok=exited.code is not None,
        exit=exited.code,
        pid=4000 + index,
        stdout=base64.b64encode(exited.stdout).decode(),
        stderr=base64.b64encode(exited.stderr).decode(),
    )
    return exited.code is not None


def _start(
    performer: Performer, handler: cmdlets.Executable, context: ExecutableCall, name: str, shown: dict[str, str]
) -> Exit:
    with _told(performer, name, shown, context.writes, "never ran"):
        faults = performer.before(handler.name)
    if handler.at_once is not None:
        with performer.world.turn():
            refused = handler.at_once(context)
        if refused is not None:
            performer.record(name, shown, f"exit {refused.code}", context.writes)
            performer.after(faults)
            return refused
    if handler.detached:
        return _install(performer, handler, context, name, shown, faults)
    needed, limit = performer.real(performer.latency(handler.name)), context.seconds
    if limit is not None and needed > limit:
        # It is left running: what it does is done when its time has come, and nobody hears of it.
        performer.wait_real(limit)
        late = threading.Timer(needed - limit, _finish, (performer, handler, context, name, shown))
        late.daemon = True
        late.start()
        return Exit(None)
    performer.wait(performer.latency(handler.name))
    exited = _run(performer, handler, context)
    outcome = "still running" if exited.code is None else f"exit {exited.code}" if exited.code else "ok"
    performer.record(name, shown, outcome, context.writes)
    performer.after(faults)
    return exited


@contextlib.contextmanager
def _told(performer: Performer, name: str, shown: dict[str, str], writes: bool, outcome: str) -> t.Iterator[None]:
    """The transcript says so where the process ends in here: that is no Exception."""
    try:
        yield
    except Exception:
        raise
    except BaseException:
        performer.record(name, shown, outcome, writes)
        raise


def _install(
    performer: Performer,
    handler: cmdlets.Executable,
    context: ExecutableCall,
    name: str,
    shown: dict[str, str],
    faults: tuple[Fault, ...],
) -> Exit:
    """An installer: it has its effect when its time has come, whether or not anybody waits for it."""
    latency = performer.latency(handler.name)
    with performer.world.turn():
        under_way = installations.begin(performer.world, performer.computer, latency, context)
    try:
        with _told(performer, name, shown, context.writes, "left running"):
            if latency > 0 and any(f.when == "after" and f.do in _ENDS for f in faults):
                performer.after(faults)  # whoever started it is gone before it is done
            needed, limit = performer.real(latency), context.seconds
            if limit is not None and needed > limit:
                performer.wait_real(limit)
                return Exit(None)
            performer.wait(latency)
        with performer.world.turn():
            if under_way.done:  # the computer went down meanwhile
                return Exit(None)
            exited = installations.finish(performer.world, under_way)
    except PSError:
        raise
    except Exception as exc:
        raise performer.defect(handler.name, exc) from exc
    finally:
        under_way.attended = False
    performer.record(name, shown, f"exit {exited.code}" if exited.code else "ok", context.writes)
    performer.after(faults)
    return exited


def _run(performer: Performer, handler: cmdlets.Executable, context: ExecutableCall) -> Exit:
    with performer.world.turn():
        try:
            exited = handler.function(context)
        except PSError:
            raise
        except Exception as exc:
            raise performer.defect(handler.name, exc) from exc
        finally:
            if context.writes:
                performer.world.after_change(context)
    return exited if isinstance(exited, Exit) else Exit(exited or 0)


def _finish(
    performer: Performer, handler: cmdlets.Executable, context: ExecutableCall, name: str, shown: dict[str, str]
) -> None:
    try:
        outcome = f"late, exit {_run(performer, handler, context).code}"
    except PSError as exc:
        outcome = f"late, {exc.id}"
    performer.record(name, shown, outcome, context.writes)


def file(performer: Performer, request_id: int, index: int, call: Call, _results: t.Any) -> bool:
    path, read, write = str(call["file"]), call.get("read"), call.get("write")
    kind = "file.write" if write else "file.read" if read else "file.hash"
    shown: dict[str, t.Any] = {"path": path}
    try:
        with performer.world.turn():
            fields = _slice(performer, path, read, write, shown)
    except PSError as exc:
        performer.record(kind, shown, exc.id, bool(write))
        return performer.failed(request_id, index, exc)
    performer.record(kind, shown, "ok", bool(write))
    performer.end(request_id, index, ok=True, **fields)
    return True


def _slice(performer: Performer, path: str, read: t.Any, write: t.Any, shown: dict[str, t.Any]) -> dict[str, t.Any]:
    files, computer = performer.world.files, performer.computer
    try:
        if write:
            offset, data = int(write["offset"]), base64.b64decode(str(write["bytes"]), validate=True)
            shown |= {"offset": offset, "length": len(data)}
            old = _content(files, computer, path) if offset else b""
            content = old[:offset].ljust(offset, b"\0") + data + old[offset + len(data) :]
            files.write(computer, path, content, performer.world.clock.now())
            return {"size": len(content)}
        content = files.read(computer, path)
        if not read:
            return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        offset, length = int(read["offset"]), int(read["length"])
        shown |= {"offset": offset, "length": length}
        return {"size": len(content), "bytes": base64.b64encode(content[offset : offset + length]).decode()}
    except OSError as exc:
        kind = next((name for python, name in _FILE_ERRORS if isinstance(exc, python)), "System.IO.IOException")
        raise method_failed(kind, str(exc)) from exc
    except BadPath as exc:
        raise method_failed("System.ArgumentException", str(exc)) from exc
    except (KeyError, TypeError, ValueError) as exc:
        raise method_failed("System.FormatException", str(exc)) from exc


_FILE_ERRORS = (
    (FileNotFoundError, "System.IO.FileNotFoundException"),
    (NotADirectoryError, "System.IO.DirectoryNotFoundException"),
    (PermissionError, "System.UnauthorizedAccessException"),
)


def _content(files: t.Any, computer: t.Any, path: str) -> bytes:
    """OpenOrCreate: what is there, or nothing."""
    try:
        return files.read(computer, path)
    except FileNotFoundError:
        return b""


def split_arguments(text: str) -> list[str]:
    """How Windows splits one argument string (CommandLineToArgvW, after the program's own name)."""
    arguments: list[str] = []
    current: list[str] = []
    quoted = started = False
    place = 0
    while place < len(text):
        if text[place] == "\\":
            end = place
            while end < len(text) and text[end] == "\\":
                end += 1
            slashes, place, started = end - place, end, True
            if place < len(text) and text[place] == '"':
                current.append("\\" * (slashes // 2))
                if slashes % 2:
                    current.append('"')
                    place += 1
            else:
                current.append("\\" * slashes)
        elif text[place] == '"':
            if quoted and text[place + 1 : place + 2] == '"':
                current.append('"')
                place += 1
            else:
                quoted = not quoted
            started = True
            place += 1
        elif text[place] in " \t" and not quoted:
            if started:
                arguments.append("".join(current))
                current, started = [], False
            place += 1
        else:
            current.append(text[place])
            started = True
            place += 1
    if started:
        arguments.append("".join(current))
    return arguments
