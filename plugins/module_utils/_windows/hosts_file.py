# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of the HOSTS file: ours are added and kept right, everybody else's stay byte for byte.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._engine.calls import Call, Change, Cmdlet, Effect, Irreversible, Query, WriteSlice
from .._engine.errors import CmdletFailed, InvalidInput, Mismatch, NoSession, NotReady
from .._engine.module import Report, Task
from .._engine.session import Session, quietly
from .._settings.names import BadName, address, distinct, fqdn
from .._settings.names import shown as quoted
from .server_file import hash_of

PATH = "C:\\Windows\\System32\\drivers\\etc\\hosts"
#: Says whose line it is.
MARK = "# lync.xmpp_migration"
#: Windows reads no more names than these from one line.
NAMES_IN_A_LINE = 9
_LIMIT = 700_000
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Entry:
    address: str
    names: tuple[str, ...]

    @property
    def line(self) -> str:
        return f"{self.address}\t{' '.join(self.names)}\t{MARK}"


@dataclass(frozen=True)
class Line:
    """One line as Windows reads it."""

    text: str
    address: str | None = None
    names: tuple[str, ...] = ()

    @property
    def is_ours(self) -> bool:
        return self.address is not None and self.text.rstrip().endswith(MARK)


@dataclass
class Edit:
    """What becomes of the lines: for each that changes its new text, or None where it goes; and the new ones."""

    changed: dict[int, str | None] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.changed or self.added)

    def applied(self, lines: Sequence[str]) -> list[str]:
        kept = [self.changed.get(number, text) for number, text in enumerate(lines)]
        return [one for one in kept if one is not None] + self.added


def run(task: Task) -> Report:
    session, entries = task.session, wanted(task.params["entries"])
    rows = quietly(session, Query("hosts_line", partial=True))[0]
    lines = [str(row.get(".") or "") for row in rows]
    edit = plan(lines, entries, replace=task.params["replace"], host=task.context.host)
    if edit:
        _write(session, task, entries, lines, edit)
    names = [{"address": one.address, "names": list(one.names)} for one in entries]
    before = [line for line in lines if parse(line).address]
    after = [line for line in edit.applied(lines) if parse(line).address]
    return Report(bool(edit), {"entries": names}, before={"lines": before}, after={"lines": after})


# --- what is wanted


def wanted(given: Sequence[Mapping[str, Any]]) -> list[Entry]:
    entries: dict[str, list[str]] = {}
    for one in given:
        try:
            entries.setdefault(address(one["address"]), []).extend(_name(name) for name in one["names"])
        except BadName as exc:
            raise InvalidInput(f"entries: {exc}") from exc
    found = [Entry(where, tuple(distinct(names))) for where, names in entries.items()]
    taken: dict[tuple[int, str], str] = {}
    for entry in found:
        if not entry.names or len(entry.names) > NAMES_IN_A_LINE:
            raise InvalidInput(
                f"entries: {entry.address} has {len(entry.names)} names; Windows reads 1 to {NAMES_IN_A_LINE} from a line."
            )
        for name in entry.names:
            other = taken.setdefault((_family(entry.address), name), entry.address)
            if other != entry.address:
                raise InvalidInput(f"entries: {name} is wanted at {other} and at {entry.address}.")
    return found


def _name(text: str) -> str:
    """A host's name, with or without its domain."""
    if _LABEL.fullmatch(str(text).lower()) and not str(text).isdigit():
        return str(text).lower()
    return fqdn(text, "The name of a computer")


def _family(text: str) -> int:
    return ipaddress.ip_address(text).version


# --- what is there


def parse(text: str) -> Line:
    words = text.partition("#")[0].split()
    if len(words) < 2:
        return Line(text)
    try:
        where = str(ipaddress.ip_address(words[0].partition("%")[0]))
    except ValueError:
        return Line(text)
    return Line(text, where, tuple(one.lower() for one in words[1:]))


def plan(lines: Sequence[str], entries: Sequence[Entry], *, replace: bool, host: str) -> Edit:
    """Pure: which lines change, so that each wanted name leads to its address and no other of that family."""
    edit = Edit()
    parsed = [parse(text) for text in lines]
    where = {(_family(entry.address), name): entry.address for entry in entries for name in entry.names}
    there: set[tuple[str, str]] = set()
    for number, line in enumerate(parsed):
        if line.address is None:
            continue
        wrong = [name for name in line.names if where.get((_family(line.address), name), line.address) != line.address]
        there |= {(line.address, name) for name in line.names}
        if not wrong:
            continue
        if not line.is_ours and not replace:
            raise NotReady(
                f"The HOSTS file of {host} leads {', '.join(wrong)} to {line.address} in a line that is not ours "
                f"({quoted(line.text)}), and {where[_family(line.address), wrong[0]]} is wanted: correct that line, or set "
                "replace to have it done."
            )
        edit.changed[number] = _without(line, wrong)
    for entry in entries:
        missing = [name for name in entry.names if (entry.address, name) not in there]
        if missing:
            _place(edit, parsed, entry, missing)
    return edit


def _without(line: Line, wrong: Sequence[str]) -> str | None:
    """The line without these names, its comment kept; None where no name is left."""
    left = [name for name in line.names if name not in wrong]
    if not left:
        return None
    _words, sharp, comment = line.text.partition("#")
    return f"{line.address}\t{' '.join(left)}" + (f"\t{sharp}{comment}" if sharp else "")


def _place(edit: Edit, parsed: Sequence[Line], entry: Entry, missing: Sequence[str]) -> None:
    """Into our line of that address, or into a new one."""
    for number, line in enumerate(parsed):
        if line.is_ours and line.address == entry.address and number not in edit.changed:
            names = distinct([*line.names, *missing])
            if len(names) <= NAMES_IN_A_LINE:
                edit.changed[number] = Entry(entry.address, tuple(names)).line
                return
    edit.added.append(Entry(entry.address, tuple(missing)).line)


# --- writing


def _write(session: Session, task: Task, entries: Sequence[Entry], lines: Sequence[str], edit: Edit) -> None:
    former = _bytes(session)
    # what decides in a real run are the bytes; a plan knows the lines that were planned before
    text = former.decode("latin-1") if former is not None else ""
    if not task.check_mode:
        lines, edit = _again(text, entries, task)
    content = _content(text, edit if not task.check_mode else plan(_split(text), entries, replace=True, host=""))
    session.change(
        Change(
            WriteSlice(PATH, 0, content.encode("latin-1")),
            "HOSTS file",
            tuple(_effects(session, lines, edit)),
            before={"Lines": [lines[number] for number in edit.changed]},
            undo=_undo(former),
        )
    )
    if task.check_mode:
        return
    rows = session.read("hosts_line")[0]
    left = plan([str(row.get(".") or "") for row in rows], entries, replace=True, host=task.context.host)
    if left:
        raise Mismatch(
            f"The HOSTS file of {task.context.host} was written without an error, but does not have what is wanted: see "
            "whether a program for protection keeps it, and run the task again."
        )


def _again(text: str, entries: Sequence[Entry], task: Task) -> tuple[list[str], Edit]:
    lines = _split(text)
    return lines, plan(lines, entries, replace=task.params["replace"], host=task.context.host)


def _bytes(session: Session) -> bytes | None:
    """None: there is no such file, or nothing is known of the host yet."""
    try:
        if hash_of(session, PATH) is None:
            return None
        return session.read_file(PATH, limit=_LIMIT)
    except NoSession:
        if session.check:
            return None
        raise
    except CmdletFailed:
        if session.check:
            return None
        raise


def _split(text: str) -> list[str]:
    lines = _LINE_END.split(text)
    return lines[:-1] if lines and not lines[-1] else lines


def _content(text: str, edit: Edit) -> str:
    """The text with the changed lines in their places: what is not changed keeps its bytes, its line ends too."""
    ends = [*(found.group() for found in _LINE_END.finditer(text)), ""]
    pieces = []
    for number, (line, end) in enumerate(zip(_split(text), ends, strict=False)):
        now = edit.changed.get(number, line)
        if now is not None:
            pieces.append(now + end)
    whole = "".join(pieces)
    if edit.added and whole and not whole.endswith(("\r", "\n")):
        whole += "\r\n"
    return whole + "".join(f"{line}\r\n" for line in edit.added)


def _effects(session: Session, lines: Sequence[str], edit: Edit) -> list[Effect]:
    effects = []
    for number, text in edit.changed.items():
        effects.append(session.effect("hosts_line", lines[number], None))
        if text is not None:
            effects.append(session.effect("hosts_line", text, {".": text}))
    return effects + [session.effect("hosts_line", text, {".": text}) for text in edit.added]


def _undo(former: bytes | None) -> tuple[Call, ...] | Irreversible:
    """The whole file as it was, where its text can be kept as one."""
    if former is None:
        return (Cmdlet("Remove-Item", {"LiteralPath": PATH, "Force": True, "Confirm": False}),)
    if not former.isascii() or not former.endswith(b"\r\n"):
        return Irreversible(
            "The HOSTS file has letters outside ASCII or no last line end, so its former text is not kept: take out the "
            f"lines that end with '{MARK}'."
        )
    text = former.decode("ascii")[:-2]
    return (
        Cmdlet(
            "Set-Content", {"LiteralPath": PATH, "Value": text, "Encoding": "Ascii", "Force": True, "Confirm": False}
        ),
    )
