"""Object stores that run here: S3 (moto's server) and Azure's blobs (Azurite), each a process of its own."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from servers import free_port

AZURITE = Path(__file__).parents[1] / ".venvs" / "azurite" / "node_modules" / ".bin" / "azurite-blob"
# The account that every Azurite has, from its documentation.
AZURITE_ACCOUNT = "devstoreaccount1"
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@contextlib.contextmanager
def s3() -> Iterator[dict[str, str]]:
    """The variables of an environment in which ``s3://bucket`` is there."""
    port = free_port()
    with _running([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], port):
        assert httpx.put(f"http://127.0.0.1:{port}/bucket").status_code == 200
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "key",
            "AWS_DEFAULT_REGION": "us-east-1",
        }


@contextlib.contextmanager
def azure(folder: Path) -> Iterator[dict[str, str]]:
    """The variables of an environment in which ``az://bucket`` is there."""
    from azure.storage.blob import BlobServiceClient

    port = free_port()
    options = ["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--location", str(folder)]
    with _running([str(AZURITE), "--blobPort", str(port), *options], port):
        connection = (
            f"DefaultEndpointsProtocol=http;AccountName={AZURITE_ACCOUNT};AccountKey={AZURITE_KEY};"
            f"BlobEndpoint=http://127.0.0.1:{port}/{AZURITE_ACCOUNT};"
        )
        with BlobServiceClient.from_connection_string(connection) as client:
            client.create_container("bucket").close()
        yield {"AZURE_STORAGE_CONNECTION_STRING": connection}


@contextlib.contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{command[0]} did not start")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)
