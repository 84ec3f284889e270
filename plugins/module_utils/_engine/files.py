# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the state directory: opened so that nobody else can have planted them, appended a whole line at a time.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from .errors import StateError, one_line

FORMAT = 1
_HEAD = b'{"format":%d,' % FORMAT
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def checked_name(name: str) -> str:
    """A name for a file or folder of ours; never one that a server or an inventory supplied unseen."""
    if not _NAME.fullmatch(name) or ".." in name:
        raise StateError(f"{name!r} cannot be the name of a run: letters, digits, dots and hyphens are wanted.")
    return name


def open_directory(path: str | os.PathLike[str]) -> int:
    """A descriptor of a directory that only we can enter; it is made where it is missing."""
    where = Path(path)
    if not where.is_absolute():
        raise StateError(f"The state directory has to be a full path, but is {str(where)!r}.")
    try:
        for missing in [one for one in (*reversed(where.parents), where) if not one.exists() and not one.is_symlink()]:
            try:
                missing.mkdir(mode=0o700)
            except FileExistsError:
                pass
        handle = os.open(where, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as exc:
        raise StateError(f"The state directory {where} cannot be used: {exc.strerror}.") from exc
    seen = os.fstat(handle)
    if seen.st_uid != os.geteuid() or seen.st_mode & 0o077:
        os.close(handle)
        raise StateError(
            f"The state directory {where} holds personal data and instructions for undoing changes: it has to belong "
            "to you and be closed to everybody else (chmod 700), and is not."
        )
    return handle


def _open(directory: str | os.PathLike[str], name: str, flags: int) -> int:
    parent = open_directory(directory)
    try:
        handle = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=parent)
    finally:
        os.close(parent)
    seen = os.fstat(handle)
    if not stat.S_ISREG(seen.st_mode) or seen.st_uid != os.geteuid() or seen.st_mode & 0o077 or seen.st_nlink != 1:
        os.close(handle)
        raise StateError(f"{Path(directory) / name} is not a file that only you can read and write: remove it.")
    return handle


encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode
"""A value as the lines of our files hold it: ASCII, so that no text in it can end a line early, whatever reads it."""


def line_of(entry: dict[str, Any]) -> bytes:
    return encode(entry).encode("ascii") + b"\n"


def append(directory: str | os.PathLike[str], name: str, entries: Iterable[dict[str, Any]], *, sync: bool) -> None:
    """All entries under one lock; with `sync` they are on the disk when this returns."""
    append_lines(directory, name, [line_of(one) for one in entries], sync=sync)


def append_lines(directory: str | os.PathLike[str], name: str, lines: Sequence[bytes], *, sync: bool) -> None:
    """The same for lines that are written already, each with its end.

    One write for all: a reader, and whoever comes after a crash, believes whole lines only."""
    if not lines:
        return
    content = b"".join(lines)
    try:
        handle = _open(directory, name, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                os.write(handle, b"\n")  # somebody was killed in the middle of a line: it must not swallow the next one
            if os.write(handle, content) != len(content):
                raise OSError(28, "No space left on device")
            if sync:
                os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as exc:
        raise StateError(f"{Path(directory) / name} cannot be written: {exc.strerror}.") from exc


def read_whole(directory: str | os.PathLike[str], name: str) -> bytes | None:
    """The content of a file of ours; None where there is none."""
    try:
        handle = _open(directory, name, os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise StateError(f"{Path(directory) / name} cannot be read: {exc.strerror}.") from exc
    with os.fdopen(handle, "rb") as stream:
        return stream.read()


def write_whole(directory: str | os.PathLike[str], name: str, content: bytes) -> None:
    """Whole or not at all, on the disk when this returns, and for our eyes only."""
    write_parts(directory, name, (content,))


def write_parts(directory: str | os.PathLike[str], name: str, parts: Iterable[bytes]) -> None:
    """The same for what comes in parts; where one of them cannot be had, what was there stays."""
    parent = open_directory(directory)
    draft = f"{name}.new"
    try:
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(draft, flags, 0o600, dir_fd=parent), "wb") as stream:
            for part in parts:
                stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, name, src_dir_fd=parent, dst_dir_fd=parent)
        os.fsync(parent)
    except OSError as exc:
        raise StateError(f"{Path(directory) / name} cannot be written: {exc.strerror}.") from exc
    finally:
        os.close(parent)


class Follower:
    """Reads a file that others append to, each whole line once."""

    def __init__(self, directory: str | os.PathLike[str], name: str) -> None:
        self.directory, self.name = directory, name
        self.restarted = False
        self._offset, self._inode = 0, 0

    def lines(self) -> Iterator[bytes]:
        """The whole lines that came since the last time; `restarted` tells that they are another file's."""
        self.restarted = False
        try:
            handle = _open(self.directory, self.name, os.O_RDONLY)
        except FileNotFoundError:
            return
        except OSError as exc:
            raise StateError(f"{Path(self.directory) / self.name} cannot be read: {exc.strerror}.") from exc
        with os.fdopen(handle, "rb") as stream:
            seen = os.fstat(stream.fileno())
            if seen.st_ino != self._inode or seen.st_size < self._offset:
                self.restarted, self._offset, self._inode = True, 0, seen.st_ino
            stream.seek(self._offset)
            for line in stream:
                if not line.endswith(b"\n"):
                    return  # still being written, or torn: the next writer ends it
                self._offset += len(line)
                yield line


def parse(line: bytes) -> dict[str, Any] | None:
    """The entry of a line; None for what a crash left of one. A format that we do not know is an error."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict):
        return None
    see_format(entry, "The journal, or a plan beside it, holds an entry")
    return entry if isinstance(entry.get("kind"), str) else None


def see_format(data: Mapping[str, Any], what: str) -> None:
    """Nothing is guessed of what another version of the collection wrote, be it older or newer."""
    found = data.get("format")
    if isinstance(found, bool) or found != FORMAT:
        told = "without a format" if found is None else f"of format {one_line(str(found))}"
        raise StateError(
            f"{what} {told}, and this version of the collection reads format {FORMAT}: go on with the version of the collection "
            "that wrote it."
        )


def see_line(line: bytes) -> None:
    """The same for a line that nobody needs to parse; what this version writes is known by how it begins."""
    if not line.startswith(_HEAD):
        parse(line)
