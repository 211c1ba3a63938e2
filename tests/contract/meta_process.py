"""A running stand-in of Meta's Graph API, as a supervisor would start it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

TOKEN = "a-token-of-the-tests"


@contextmanager
def a_running_standin(*options: str) -> Iterator[str]:
    """Run `python -m deploy.servers.meta`, yield its address, stop it by its own pid."""
    command = [sys.executable, "-m", "deploy.servers.meta", "--port", "0", *options]
    environment = os.environ | {"META_STANDIN_TOKEN": TOKEN}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            announced = json.loads(process.stdout.readline())
            assert announced["pid"] == process.pid
            yield announced["address"]
        finally:
            process.kill()
