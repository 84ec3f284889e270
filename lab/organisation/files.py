# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The computers' file systems: contents in memory, never on the machine that runs the lab."""

from __future__ import annotations

import fnmatch
import ntpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from . import media
from .computers import Computer
from .files_of_products import PRODUCT_DIRECTORIES, deployment_directory, module_path

__all__ = ["PRODUCT_DIRECTORIES", "BadPath", "Entry", "Files", "deployment_directory", "module_path", "normalise"]

MAXIMUM_FILE = 64 * 1024 * 1024
MAXIMUM_TOTAL = 512 * 1024 * 1024

_PROFILE = re.compile(r"c:\\users\\[^\\]+(\\appdata(\\local(\\temp)?)?)?")


class BadPath(ValueError):
    """No path of a Windows file system."""


def normalise(path: str, directory: str = r"C:\Windows\System32") -> str:
    """The full path, as written; keys of Files are its lower-case form. Relative ones start where a service starts."""
    if not path or any(c < " " or c in '<>"|?*' for c in path):
        raise BadPath("Illegal characters in path.")
    full = ntpath.normpath(ntpath.join(directory, path.replace("/", "\\")))
    drive, tail = ntpath.splitdrive(full)
    if ":" in tail or not drive:
        raise BadPath("The given path's format is not supported.")
    if len(full) > 259:
        raise BadPath("The specified path, file name, or both are too long.")
    return full.rstrip("\\") if len(tail) > 1 else drive + "\\"


def key(path: str) -> str:
    return normalise(path).lower()


def user_name(user: str) -> str:
    return user.rpartition("\\")[2].partition("@")[0]


def temp_directory(user: str) -> str:
    return rf"C:\Users\{user_name(user)}\AppData\Local\Temp"


@dataclass(frozen=True)
class Entry:
    path: str
    directory: bool
    length: int = 0
    written: datetime | None = None

    @property
    def name(self) -> str:
        return ntpath.basename(self.path) or self.path


class Files(dict[tuple[str, str], bytes]):
    """(computer FQDN, lower-case path) -> contents. Directories are those made, and those that something is in."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[tuple[str, str], str] = {}
        self._written: dict[tuple[str, str], datetime] = {}
        self._directories: dict[tuple[str, str], str] = {}

    # --- contents
    def read(self, computer: Computer, path: str) -> bytes:
        """FileNotFoundError where there is no such file, BadPath where there can be none."""
        content = self.get((computer.fqdn, key(path)))
        if content is None and computer.media:
            content = media.content(key(path))
        if content is None:
            raise FileNotFoundError(f"Could not find file '{normalise(path)}'.")
        return content

    def write(self, computer: Computer, path: str, content: bytes, at: datetime | None = None) -> str:
        full = normalise(path)
        parent = ntpath.dirname(full)
        if full[:2].upper() == media.DRIVE and computer.media:
            raise OSError("The media is write protected.")
        if not self.is_directory(computer, parent):
            raise NotADirectoryError(f"Could not find a part of the path '{full}'.")
        if self.is_directory(computer, full):
            raise PermissionError(f"Access to the path '{full}' is denied.")
        where = (computer.fqdn, full.lower())
        others = sum(len(c) for k, c in self.items() if k != where)
        if len(content) > MAXIMUM_FILE or others + len(content) > MAXIMUM_TOTAL:
            raise OSError("There is not enough space on the disk.")
        self[where] = bytes(content)
        self._names.setdefault(where, full)
        if at is not None:
            self._written[where] = at
        return full

    def remove(self, computer: Computer, path: str) -> None:
        where = (computer.fqdn, key(path))
        if where in self:
            del self[where]
            self._names.pop(where, None)
            self._written.pop(where, None)
        elif where in self._directories:
            del self._directories[where]
        else:
            raise FileNotFoundError(normalise(path))

    # --- directories
    def make_directory(self, computer: Computer, path: str) -> str:
        full = normalise(path)
        self._directories[(computer.fqdn, full.lower())] = full
        return full

    def is_directory(self, computer: Computer, path: str) -> bool:
        wanted = key(path)
        return bool(_PROFILE.fullmatch(wanted)) or any(f.lower() == wanted for f in self._folders(computer))

    def exists(self, computer: Computer, path: str) -> bool:
        return self.entry(computer, path) is not None

    def entry(self, computer: Computer, path: str) -> Entry | None:
        full, where = normalise(path), (computer.fqdn, key(path))
        if where in self:
            return Entry(self._names.get(where, full), False, len(self[where]), self._written.get(where))
        installed = next((p for p in installed_files(computer) if p.lower() == where[1]), None)
        if installed is not None:
            return Entry(installed, False, len(media.content(where[1]) or b""))
        folder = next((f for f in self._folders(computer) if f.lower() == where[1]), None)
        if folder is None and _PROFILE.fullmatch(where[1]):
            folder = full
        return Entry(folder, True) if folder is not None else None

    def children(self, computer: Computer, path: str, pattern: str = "*") -> list[Entry]:
        """Files and directories in a directory whose names fit a wildcard, directories first."""
        parent = key(path)
        found: dict[str, Entry] = {}
        for child in [*self._folders(computer), *self._files(computer)]:
            if ntpath.dirname(child).lower() == parent and child.lower() != parent and child.lower() not in found:
                entry = self.entry(computer, child)
                if entry is not None and fnmatch.fnmatchcase(entry.name.lower(), pattern.lower()):
                    found[child.lower()] = entry
        return sorted(found.values(), key=lambda e: (not e.directory, e.name.lower()))

    def _files(self, computer: Computer) -> Iterator[str]:
        for fqdn, path in self:
            if fqdn == computer.fqdn:
                yield self._names.get((fqdn, path), path)
        yield from installed_files(computer)

    def _folders(self, computer: Computer) -> Iterator[str]:
        own = (path for (fqdn, _key), path in self._directories.items() if fqdn == computer.fqdn)
        seen: set[str] = set()
        for path in [*base_directories(computer), *own, *(ntpath.dirname(f) for f in self._files(computer))]:
            while path.lower() not in seen:
                seen.add(path.lower())
                yield path
                path = ntpath.dirname(path)


def base_directories(computer: Computer) -> Iterator[str]:
    """Directories that every computer has from its installation. Profiles come with the logon: see _PROFILE."""
    yield from (r"C:\Windows\System32", r"C:\Windows\Temp", r"C:\Program Files\Common Files", r"C:\ProgramData",
                r"C:\Windows\System32\drivers\etc")  # fmt: skip


def installed_files(computer: Computer) -> Iterator[str]:
    """Files that tell what is installed; their contents are nobody's business here."""
    for edition in computer.modules.values():
        yield module_path(edition)
    if computer.core_files:
        yield deployment_directory(computer.core_files) + r"\Bootstrapper.exe"
    if computer.media:
        yield from media.PATHS
