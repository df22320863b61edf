"""The workspace: where models, environments and services' records lie, in a folder or an object store.

::

    <workspace>/
      workspace.json                     the format's number
      models/<name>/<version>.json       a model's record; it names its files' folder
      models/<name>/files-…/model/…      a model's files, as they are deployed
      environments/<name>/<version>.json
      services/<name>.json
      locks/…                            who is working on something right now

For the other parts of the workflow::

    workspace.records(kind: str) -> Records          documents by name, see ``records``
    workspace.lock(name: str, wait_s: float = 0)     with-statement; one process at a time, raises Busy
    workspace.location                               for messages: the folder, or the URL without credentials
    workspace.cache_folder                           this machine's folder for what can be fetched or made again

A record is there entirely or not at all, whenever a process is killed. Secrets have no place in a record.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from scoredock.deploy.registry.names import check_name
from scoredock.deploy.registry.open_storage import open_storage
from scoredock.deploy.registry.records import Records
from scoredock.deploy.registry.storage import Storage
from scoredock.errors import Damaged, Refused

VARIABLE = "SCOREDOCK_WORKSPACE"
DEFAULT = "~/.scoredock"
MARK = "workspace.json"
_FORMAT = 1


class Workspace:
    """A workspace, at a folder's path or a URL.

    ``location`` None: what ``SCOREDOCK_WORKSPACE`` says, else ``~/.scoredock``. ``storage_options`` go to fsspec's file
    system. The coordinates of a workspace in Azure (``subscription_id``, ``resource_group``, ``workspace_name``) are
    kept as attributes and mean nothing, so that scripts made for it run. Nothing is written before something is stored.
    Raises Refused for a location that is none.
    """

    def __init__(
        self,
        location: str | os.PathLike[str] | None = None,
        resource_group: str | None = None,
        workspace_name: str | None = None,
        *,
        subscription_id: str | None = None,
        storage_options: dict[str, Any] | None = None,
        **_azure: Any,
    ) -> None:
        if resource_group is not None and location is not None and subscription_id is None:
            subscription_id, location = os.fspath(location), None  # Workspace("<subscription>", "<group>", "<name>")
        chosen = location or os.environ.get(VARIABLE) or DEFAULT
        self.storage: Storage = open_storage(chosen, storage_options)
        self.location = self.storage.location
        self.subscription_id = subscription_id
        self.resource_group = resource_group
        self.name = workspace_name or self.location.rstrip("/").rpartition("/")[2]
        self._found = False

    @classmethod
    def get(cls, name: str | None = None, *_azure: Any, **_more: Any) -> Workspace:
        """The default workspace, under the name of Azure's call; its arguments mean nothing here."""
        return cls(workspace_name=name)

    @classmethod
    def from_config(cls, path: str | None = None, *_azure: Any, **_more: Any) -> Workspace:
        """The default workspace, under the name of Azure's call; no config.json is read."""
        return cls()

    def records(self, kind: str) -> Records:
        """The records of a kind: ``models``, ``environments``, ``services``. Raises Damaged, Refused."""
        self._found = self._found or self._check_format()
        return Records(self.storage, kind, self.prepare)

    def lock(self, name: str, wait_s: float = 0) -> AbstractContextManager[None]:
        """Hold the lock ``name`` alone among all processes; raises Busy after ``wait_s`` seconds. Not reentrant.

        It ends with its process: at once in a folder, within two minutes on an object store.
        """
        check_name(name, "lock name")
        self.prepare()
        return self.storage.lock(f"named/{name}", wait_s)

    @property
    def cache_folder(self) -> Path:
        """The folder of this machine for what can be fetched or made again; not there before somebody makes it."""
        root = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        digest = hashlib.sha256(self.location.encode()).hexdigest()[:16]
        return Path(root).expanduser().absolute() / "scoredock" / digest

    def prepare(self) -> None:
        """Make the workspace where there is none. Raises Refused for a folder that holds something else."""
        if self._found:
            return
        if not self._check_format():
            folder = self.storage.local_folder("locks")
            if folder is not None and self.storage.exists() and not self._check_format():  # made in this instant?
                raise Refused(
                    f"{self.location} is no workspace (no {MARK}) and is not empty. Name another folder "
                    f"with --workspace or {VARIABLE}; a new one is made."
                )
            try:
                self.storage.create(MARK, json.dumps({"format": _FORMAT}).encode() + b"\n")
            except FileExistsError:
                self._check_format()
        self._found = True

    def _check_format(self) -> bool:
        """Whether there is a workspace. Raises Damaged for one that this version cannot read."""
        try:
            data = self.storage.read(MARK)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            number = int(json.loads(data)["format"])
        except (ValueError, LookupError, TypeError):
            raise Damaged(f'{self.location}/{MARK}: expected {{"format": {_FORMAT}}}. Repair the file.') from None
        if number > _FORMAT:
            raise Damaged(f"{self.location} has format {number}, this scoredock knows {_FORMAT}: upgrade scoredock.")
        return True

    def __repr__(self) -> str:
        return f"Workspace({self.location!r})"
