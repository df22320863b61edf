"""Records: JSON documents by name, of one kind (``models``, ``environments``, ``services``), readable with any editor.

A kind's names are either all versioned (``<kind>/<name>/<version>.json``) or not (``<kind>/<name>.json``)::

    environments = workspace.records("environments")
    version = environments.add_version("sklearn", {"python": {...}})   # 1, 2, 3, …
    environments.get("sklearn")                                        # the newest
    services = workspace.records("services")
    services.put("my-service", {"models": ["sentiment:3"], "state": "Healthy"})
    services.update("my-service", lambda record: {**record, "state": "Failed"})

Every document that comes back has the key ``name``, and ``version`` (int) where it is versioned; the records write
them, over what the given document has there. No version is given twice: a deleted one leaves a mark with its number.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from scoredock.deploy.registry.file_lock import utc_now
from scoredock.deploy.registry.names import check_name, check_version, nearest
from scoredock.deploy.registry.storage import Storage
from scoredock.errors import Damaged, NotFound, Refused

Document = dict[str, Any]
_SUFFIX = ".json"
_LONGEST_UNVERSIONED = 250


class Records:
    """The records of one kind of a workspace. Safe against other processes and against being killed."""

    def __init__(self, storage: Storage, kind: str, prepare: Callable[[], None]) -> None:
        """``prepare`` is called before something is written: it makes the workspace."""
        self._storage = storage
        self._kind = check_name(kind, "kind of records")
        self._prepare = prepare
        self._what = self._kind.removesuffix("s")

    def add_version(self, name: str, document: Document) -> int:
        """Store a document as the next version of ``name``; returns that. Raises Refused for a bad name."""
        self._check(name)
        self._prepare()
        version = max(self._numbers(name), default=0) + 1
        while True:
            try:
                self._storage.create(
                    self._key(name, version), _dump({**document, "name": name, "version": version}, name)
                )
                return version
            except FileExistsError:  # another process was faster
                version += 1

    def get(self, name: str, version: int | str | None = None) -> Document:
        """The document of that version; None: the newest, or the one of an unversioned name. Raises NotFound."""
        self._check(name)
        if version is None:
            document = self._newest(name) or self._unversioned(name)
        else:
            document = self._versioned(name, check_version(version, f"{name}:{version}"))
        if document is None:
            raise self._not_found(name, version)
        return document

    def versions(self, name: str) -> list[int]:
        """The versions of a name, ascending; none for one that is not there."""
        return [document["version"] for document in self.all(name)]

    def names(self) -> list[str]:
        """All names that have a record, sorted."""
        return sorted({document["name"] for document in self.all()})

    def all(self, name: str | None = None) -> list[Document]:
        """Every document, or every version of ``name``; sorted by name and version."""
        if name is not None:
            self._check(name)
            keys = [self._key(name, number) for number in self._numbers(name)]
        else:
            listing = self._storage.listing(self._kind)
            keys = [f"{self._kind}/{file}" for file in listing.files if file.endswith(_SUFFIX)]
            for folder in listing.folders:
                keys += [self._key(folder, number) for number in self._numbers(folder)]
        documents = [self._load(key, data) for key, data in self._storage.read_many(keys).items()]
        there = [document for document in documents if document is not None]
        return sorted(there, key=lambda document: (document["name"], document.get("version", 0)))

    def put(self, name: str, document: Document) -> None:
        """Store the document of an unversioned name, or replace it."""
        self._check(name, _LONGEST_UNVERSIONED)
        self._prepare()
        self._storage.write(self._key(name, None), _dump({**document, "name": name}, name))

    def update(self, name: str, change: Callable[[Document], Document], version: int | str | None = None) -> Document:
        """Replace a document by what ``change`` makes of it, in one step; returns that.

        Without ``version``: the document of an unversioned name, else the newest version. ``change`` may be called
        again when another process was faster; what it raises leaves the document as it was. Raises NotFound.
        """
        current = self.get(name, version)
        number: int | None = current.get("version")

        def apply(data: bytes) -> bytes:
            document = self._load(self._key(name, number), data)
            if document is None:
                raise self._not_found(name, version)
            changed = {**change(document), "name": name}
            return _dump(changed if number is None else {**changed, "version": number}, name)

        try:
            data = self._storage.update(self._key(name, number), apply)
        except FileNotFoundError:
            raise self._not_found(name, version) from None
        return self._load(self._key(name, number), data) or {}

    def delete(self, name: str, version: int | str | None = None) -> None:
        """Delete a version, or an unversioned name. Raises NotFound."""
        if version is None:
            self._check(name)
            if self._unversioned(name) is None:
                if self._newest(name) is not None:
                    raise Refused(f"{name} has versions {self.versions(name)}: say which one to delete.")
                raise self._not_found(name, None)
            self._storage.remove(self._key(name, None))
        else:
            self.update(name, lambda document: {"deleted": utc_now()}, version)

    def _numbers(self, name: str) -> list[int]:
        """The versions that were ever given, deleted ones among them."""
        files = self._storage.listing(f"{self._kind}/{name}").files
        stems = (file.removesuffix(_SUFFIX) for file in files if file.endswith(_SUFFIX))
        return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit())

    def _newest(self, name: str) -> Document | None:
        found = (self._versioned(name, number) for number in reversed(self._numbers(name)))
        return next((document for document in found if document is not None), None)

    def _versioned(self, name: str, version: int) -> Document | None:
        return self._read(self._key(name, version))

    def _unversioned(self, name: str) -> Document | None:
        return self._read(self._key(name, None))

    def _read(self, key: str) -> Document | None:
        try:
            return self._load(key, self._storage.read(key))
        except FileNotFoundError:
            return None

    def _load(self, key: str, data: bytes) -> Document | None:
        """The document of a file; None for the mark of a deleted one."""
        where = f"{self._storage.location}/{key}"
        try:
            document = json.loads(data)
        except ValueError as error:
            raise Damaged(f"{where} is no JSON: {error}. Repair it, or remove the file.") from None
        expected = key.removeprefix(f"{self._kind}/").removesuffix(_SUFFIX).split("/")
        found = document if isinstance(document, dict) else {}
        if [found.get("name"), str(found.get("version"))][: len(expected)] != expected:
            said = " and the version ".join(expected)
            raise Damaged(f"{where}: expected an object with the name {said}. Repair it, or remove the file.")
        return None if "deleted" in found and len(expected) == 2 and len(found) == 3 else found

    def _key(self, name: str, version: int | None) -> str:
        return f"{self._kind}/{name}" + (_SUFFIX if version is None else f"/{version}{_SUFFIX}")

    def _check(self, name: str, longest: int = 255) -> None:
        check_name(name, f"{self._what} name")
        if len(name) > longest:
            raise Refused(f"{self._what} name: expected at most {longest} characters, got {len(name)}.")

    def _not_found(self, name: str, version: int | str | None) -> NotFound:
        where = f"in the workspace {self._storage.location}"
        names = self.names()
        if version is not None and name in names:
            there = ", ".join(map(str, self.versions(name)[-8:]))
            return NotFound(f"The {self._what} {name} has no version {version} {where}. Its newest versions: {there}.")
        return NotFound(f"There is no {self._what} {name} {where}. {nearest(name, names)}")


def _dump(document: Document, name: str) -> bytes:
    try:
        return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise Refused(f"The record {name} cannot be written as JSON: {error}.") from None
