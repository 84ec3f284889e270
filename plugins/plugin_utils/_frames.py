# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one reader of what a Windows host sends: bytes in, typed frames and host output out.

Everything here comes from a machine that may be hostile or broken. Only a line with the nonce of the process is an answer,
every limit has a number, and a breach of any rule is a BadAnswer: the session ends and nothing of the answer is believed.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import clean
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    BadAnswer,
    RemoteError,
    RemoteException,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.values import PLAIN

_HELLO_TEXTS = ("powershell", "clr", "windows", "culture", "computer", "domain", "user")
_HELLO_NUMBERS = ("oem_code_page", "pid")
_HALF_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")
MANY, LONGEST = 20, 0.2
"""From so many answers that are still to come on, they are waited for: so many seconds at most."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Limits:
    """What one answer may cost. The line holds a 5 MB document in a script of two bytes a character, in base64."""

    line: int = 16_000_000
    answer: int = 512_000_000
    """Bytes of all frames of one request."""
    rows: int = 2_000_000
    nesting: int = 8
    """Lists within lists, inside of a value."""
    digits: int = 40
    """Of a whole number. A decimal of .NET has 29."""
    number: int = 64
    """Characters of any other number."""
    errors: int = 50
    """Error records of one call: the host sends no more."""
    exceptions: int = 30
    """Inner exceptions of one error record."""
    warnings: int = 10_000
    output: int = 16_000_000
    """Bytes of host output of one request."""
    output_lines: int = 500
    """Lines of host output that are kept to be shown."""
    output_line: int = 2_000
    """Characters of one such line."""


@dataclass(frozen=True)
class Hello:
    values: dict[str, Any]


@dataclass(frozen=True)
class Rows:
    id: int
    call: int
    rows: list[list[Any]]


@dataclass(frozen=True)
class End:
    """The last answer to one call. `values` differ by the kind of call (cmdlet, executable, file)."""

    id: int
    call: int
    ok: bool
    values: dict[str, Any]


@dataclass(frozen=True)
class Done:
    id: int | None
    ok: bool
    error: RemoteError | None = None


Frame = Hello | Rows | End | Done


def _reject_constant(text: str) -> Any:
    raise BadAnswer(f"The host's answer holds {text}, which is not a number.")


def _no_duplicates(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadAnswer("The host's answer names one thing twice.")
    return found


class Decoder:
    """Cuts the stdout of one process into frames. What is not a frame is host output: kept for people, never parsed."""

    def __init__(self, nonce: str, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.output: list[str] = []
        self._mark = b"~" + nonce.encode("ascii") + b"~"
        self._buffer = bytearray()
        self._in_frame = False
        self._searched = 0
        self._host_bytes = 0
        self._frame_bytes = 0
        self._dropped = 0
        # made once: an answer to many calls is as many lines
        self._decode = json.JSONDecoder(
            parse_int=self._int,
            parse_float=self._float,
            parse_constant=_reject_constant,
            object_pairs_hook=_no_duplicates,
        ).decode

    def begin(self) -> None:
        """Another request: its limits start anew."""
        self.output, self._host_bytes, self._frame_bytes, self._dropped = [], 0, 0, 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        self._buffer += data
        while True:
            end = self._buffer.find(b"\n", self._searched)
            if not self._in_frame:
                mark = self._buffer.find(self._mark, 0, end if end >= 0 else len(self._buffer))
                if mark >= 0:
                    self._keep(bytes(self._buffer[:mark]))
                    del self._buffer[: mark + len(self._mark)]
                    self._in_frame, self._searched = True, 0
                    continue
                if end >= 0:
                    self._keep(bytes(self._buffer[:end]))
                    del self._buffer[: end + 1]
                    self._searched = 0
                    continue
                self._shorten()
                return
            if end < 0:
                if len(self._buffer) > self.limits.line:
                    raise BadAnswer(f"The host's answer has a line of more than {self.limits.line:,} bytes.")
                self._searched = len(self._buffer)
                return
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._in_frame, self._searched = False, 0
            self._frame_bytes += len(line)
            if len(line) > self.limits.line or self._frame_bytes > self.limits.answer:
                raise BadAnswer(f"The host's answer has more than {self.limits.answer:,} bytes.")
            yield self._frame(line.strip(b"\r"))

    def _shorten(self) -> None:
        """A line of host output without end: the mark may still follow, so its possible beginning stays."""
        tail = len(self._mark) - 1
        if len(self._buffer) > 4 * self.limits.output_line + tail:
            self._keep(bytes(self._buffer[:-tail]))
            del self._buffer[:-tail]

    def _keep(self, line: bytes) -> None:
        self._host_bytes += len(line) + 1
        if self._host_bytes > self.limits.output:
            raise BadAnswer(f"The host printed more than {self.limits.output:,} bytes around its answer.")
        text = line[: 4 * self.limits.output_line].decode("utf-8", "replace").strip()[: self.limits.output_line]
        if not text:
            return
        if len(self.output) < self.limits.output_lines:
            self.output.append(text)
            return
        self._dropped += 1
        self.output[-1] = f"({self._dropped + 1} more lines)"

    # --- one frame

    def _frame(self, line: bytes) -> Frame:
        data = self._json(line)
        if not isinstance(data, dict):
            raise BadAnswer("The host's answer is not an object.")
        if "hello" in data:
            return self._hello(data["hello"])
        if "done" in data:
            ok = _typed(data, "done", bool)
            number = data.get("id")
            if number is not None or ok:
                number = _number(data, "id")
            return Done(number, ok, None if ok else self._error(data.get("error")))
        number, call = _number(data, "id"), _number(data, "call")
        if "rows" in data:
            return Rows(number, call, self._rows(data["rows"]))
        return self._end(number, call, data)

    def _json(self, line: bytes) -> Any:
        try:
            raw = binascii.a2b_base64(line, strict_mode=True)
        except ValueError as exc:
            raise BadAnswer("The host's answer is not base64.") from exc
        try:
            data = self._decode(raw.decode("utf-8", "replace"))
            # Half a character breaks every later write of UTF-8, which would be after the change has taken effect.
            return clean(data) if _HALF_CHARACTER.search(raw) else data
        except RecursionError as exc:
            raise BadAnswer("The host's answer is nested too deeply.") from exc
        except ValueError as exc:
            raise BadAnswer("The host's answer is not JSON.") from exc

    def _int(self, text: str) -> int:
        if len(text) > self.limits.digits:
            raise BadAnswer(f"The host's answer holds a number of {len(text):,} digits.")
        return int(text)

    def _float(self, text: str) -> float:
        if len(text) > self.limits.number:
            raise BadAnswer(f"The host's answer holds a number of {len(text):,} characters.")
        value = float(text)
        if not math.isfinite(value):
            raise BadAnswer("The host's answer holds a number without end.")
        return value

    def _hello(self, data: Any) -> Hello:
        if not isinstance(data, dict):
            raise BadAnswer("The host's greeting is not an object.")
        values: dict[str, Any] = {name: _typed(data, name, str)[:1000] for name in _HELLO_TEXTS}
        values.update({name: _number(data, name) for name in _HELLO_NUMBERS})
        return Hello(values)

    def _rows(self, rows: Any) -> list[list[Any]]:
        if not isinstance(rows, list):
            raise BadAnswer("The rows of the host's answer are not a list.")
        for row in rows:
            if not isinstance(row, list):
                raise BadAnswer("A row of the host's answer is not a list.")
            if not PLAIN.issuperset(map(type, row)):
                for value in row:
                    self._value(value, self.limits.nesting)
        return rows

    def _value(self, value: Any, depth: int) -> None:
        if isinstance(value, list):
            if depth == 0:
                raise BadAnswer("A value of the host's answer is nested too deeply.")
            for one in value:
                self._value(one, depth - 1)
        elif isinstance(value, dict):
            raise BadAnswer("A value of the host's answer is an object, which the host never sends.")

    def _end(self, number: int, call: int, data: dict[str, Any]) -> End:
        ok = _typed(data, "ok", bool)
        if "error_count" in data:
            return End(number, call, ok, self._cmdlet_end(ok, data))
        if "exit" in data:
            code = None if data["exit"] is None else _signed(data, "exit")
            if ok is (code is None):
                raise BadAnswer("The host says of a program both that it ended and that it did not.")
            values: dict[str, Any] = {"exit": code, "pid": _number(data, "pid")}
            values.update({name: _base64(data, name) for name in ("stdout", "stderr")})
            return End(number, call, ok, values)
        if not ok:
            raise BadAnswer("The host says that a call failed and does not say how.")
        values = {"size": _number(data, "size")}
        if "bytes" in data:
            values["bytes"] = _base64(data, "bytes")
        if "sha256" in data:
            values["sha256"] = _typed(data, "sha256", str)
            if not _SHA256.fullmatch(values["sha256"]):
                raise BadAnswer("The host's answer holds a SHA-256 that is none.")
        return End(number, call, ok, values)

    def _cmdlet_end(self, ok: bool, data: dict[str, Any]) -> dict[str, Any]:
        count, error_count = _number(data, "count"), _number(data, "error_count")
        errors, warnings = _typed(data, "errors", list), _typed(data, "warnings", list)
        if len(errors) > self.limits.errors or len(warnings) > self.limits.warnings:
            raise BadAnswer("The host's answer holds more errors or warnings than it may.")
        if len(errors) != min(error_count, self.limits.errors) or ok is not (error_count == 0):
            raise BadAnswer("The host's answer counts its errors wrongly.")
        if not all(isinstance(one, str) for one in warnings):
            raise BadAnswer("A warning in the host's answer is not a text.")
        return {
            "count": count,
            "error_count": error_count,
            "errors": [self._error(one).to_json() for one in errors],
            "warnings": warnings,
        }

    def _error(self, data: Any) -> RemoteError:
        if not isinstance(data, dict):
            raise BadAnswer("An error in the host's answer is not an object.")
        chain = _typed(data, "exceptions", list)
        if len(chain) > self.limits.exceptions:
            raise BadAnswer("An error in the host's answer holds too many inner ones.")
        exceptions = []
        for one in chain:
            if not isinstance(one, dict):
                raise BadAnswer("An exception in the host's answer is not an object.")
            exceptions.append(
                RemoteException(_typed(one, "type", str), _signed(one, "hresult"), _typed(one, "message", str))
            )
        return RemoteError(
            _typed(data, "id", str), _typed(data, "category", str), _typed(data, "target", str), tuple(exceptions)
        )


def _typed(data: Mapping[str, Any], name: str, kind: type) -> Any:
    value = data.get(name)
    # to Python a bool is a number
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadAnswer(f"The host's answer has no {name!r} of the right type.")
    return value


def _signed(data: Mapping[str, Any], name: str) -> int:
    return _typed(data, name, int)


def _number(data: Mapping[str, Any], name: str) -> int:
    value: int = _typed(data, name, int)
    if value < 0:
        raise BadAnswer(f"The host's answer has a negative {name!r}.")
    return value


def _base64(data: Mapping[str, Any], name: str) -> str:
    """Bytes as the text that they came as: who asked for them decodes them."""
    text: str = _typed(data, name, str)
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise BadAnswer(f"The {name!r} of the host's answer is not base64.") from exc
    return text


Take = Callable[[int, list[list[Any]]], None]
"""Rows of a call, by its number in the request, as they arrive."""


class Collector:
    """The answer to one request, put together and checked for holes: a lost frame must not look like an empty list."""

    def __init__(
        self, number: int, calls: Sequence[Mapping[str, Any]], limits: Limits | None = None, take: Take | None = None
    ) -> None:
        """`take`: who is given the rows as they come; then none of them is kept."""
        self.number = number
        self.calls = calls
        self.limits = limits or Limits()
        self.rows: list[list[list[Any]]] = []
        self.ends: list[dict[str, Any]] = []
        self.done = False
        self._pending: list[list[Any]] = []
        self._take = take
        self._taken = 0
        self._count = 0
        self._since = self._began = time.monotonic()

    def pause(self) -> float:
        """How long nobody need ask for more: where many calls are still to be answered, an exchange for each would cost
        more than it tells. The last ones are heard at once."""
        left = len(self.calls) - len(self.ends)
        if left < MANY or not self.ends:
            return 0.0
        each = (time.monotonic() - self._began) / len(self.ends)
        return min(LONGEST, each * left / 4)

    def take(self, frame: Frame) -> None:
        taker: dict[type, Callable[[Any], None]] = {Rows: self._rows, End: self._end, Done: self._done}
        if type(frame) not in taker or self.done:
            raise BadAnswer("The host greeted or answered once more than it was asked.")
        taker[type(frame)](frame)

    def _expect(self, frame: Rows | End) -> Mapping[str, Any]:
        if frame.id != self.number:
            raise BadAnswer("The host answered another request than the one that was sent.")
        if frame.call != len(self.ends) or frame.call >= len(self.calls):
            raise BadAnswer(
                "The host answered the calls of a request in a wrong order, or a part of its answer is missing."
            )
        return self.calls[frame.call]

    def _rows(self, frame: Rows) -> None:
        wanted = len(self._expect(frame).get("properties") or ())
        if any(len(row) != wanted for row in frame.rows) or not wanted:
            raise BadAnswer("A row of the host's answer has another number of values than were asked for.")
        self._count += len(frame.rows)
        if self._count > self.limits.rows:
            raise BadAnswer(f"The host's answer has more than {self.limits.rows:,} rows.")
        self._taken += len(frame.rows)
        if self._take is None:
            self._pending.extend(frame.rows)
        else:
            self._take(frame.call, frame.rows)

    def _end(self, frame: End) -> None:
        call = self._expect(frame)
        form = "count" if "cmdlet" in call else "exit" if "executable" in call else "size"
        if form not in frame.values and (frame.ok or "errors" not in frame.values):
            raise BadAnswer("The host answered a call of one kind as if it were of another.")
        if "cmdlet" in call and call.get("properties"):
            # a value whose text cannot be had ends the call after its object was counted
            missing = frame.values["count"] - self._taken
            if missing and (frame.ok or missing != 1):
                raise BadAnswer(f"The host counts {frame.values['count']} rows, {self._taken} arrived.")
        self.rows.append(self._pending)
        self._pending, self._taken = [], 0
        # as it looks from here: the host's own clock is asked for nothing
        now, before = time.monotonic(), self._since
        self._since = now
        self.ends.append({"call": frame.call, "ok": frame.ok, **frame.values, "seconds": round(now - before, 3)})

    def _done(self, frame: Done) -> None:
        if frame.id != self.number and (frame.id is not None or frame.ok):
            raise BadAnswer("The host answered another request than the one that was sent.")
        if not frame.ok:
            said = frame.error.shown() if frame.error else ""
            raise BadAnswer(f"The host could not read or perform a request: {said}")
        stopped = self.ends and not self.ends[-1]["ok"] and self.calls[len(self.ends) - 1].get("stop_on_error")
        if self._taken or (len(self.ends) != len(self.calls) and not stopped):
            raise BadAnswer("A part of the host's answer is missing.")
        self.done = True
