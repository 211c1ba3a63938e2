import json
import os
import subprocess
import sys

import pytest

from streams.failing import EX_SOFTWARE, end_process, fail_stop

SECRET = "ada@example.com"  # what an event may hold


def logged(source: str) -> tuple[int, list[dict[str, object]]]:
    """Run *source* in a process with our logging; return its exit code and log lines."""
    prologue = "import asyncio, logging\nfrom streams import logs, failing\nlogs.configure('stitch')\n"
    done = subprocess.run([sys.executable, "-c", prologue + source], capture_output=True, text=True, timeout=60)
    assert not done.stdout
    return done.returncode, [json.loads(line) for line in done.stderr.splitlines()]


def test_an_exception_ends_the_process_with_70_and_its_text_is_not_logged() -> None:
    code, lines = logged(f"with failing.fail_stop('stitch_events'):\n    raise ValueError({SECRET!r})")

    assert code == EX_SOFTWARE
    assert [(line["event"], line["error"], line["agent"]) for line in lines] == [
        ("worker failed", "ValueError", "stitch_events")
    ]
    assert lines[0]["at"] == "<string>:5"
    assert SECRET not in str(lines)


def test_an_exception_in_a_group_of_tasks_is_named_itself() -> None:
    code, lines = logged(
        "async def write(): raise KeyError('x')\n"
        "async def main():\n"
        "    with failing.fail_stop('archive'):\n"
        "        async with asyncio.TaskGroup() as writes:\n"
        "            writes.create_task(write())\n"
        "            await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )

    assert (code, [line["error"] for line in lines]) == (EX_SOFTWARE, ["KeyError"])


def test_a_setting_that_is_wrong_is_named() -> None:
    code, lines = logged(
        "from schemas.errors import ConfigurationError\n"
        "with failing.fail_stop('archive'):\n    raise ConfigurationError('CLICKHOUSE_URL is not like it')\n"
    )

    assert (code, lines[0]["detail"]) == (EX_SOFTWARE, "CLICKHOUSE_URL is not like it")


def test_a_cancellation_is_no_failure() -> None:
    code, lines = logged(
        "async def main():\n"
        "    with failing.fail_stop('stitch_events'):\n"
        "        raise asyncio.CancelledError\n"
        "try:\n    asyncio.run(main())\nexcept asyncio.CancelledError:\n    raise SystemExit(3)\n"
    )

    assert (code, lines) == (3, [])


@pytest.mark.parametrize("logger", ["faust.transport.consumer", "aiokafka", "streams.stitch"])
def test_no_library_writes_the_text_of_an_exception(logger: str) -> None:
    code, lines = logged(
        f"try:\n    raise ValueError({SECRET!r})\n"
        f"except ValueError as exc:\n    logging.getLogger({logger!r}).exception('Drain messages raised: %r', exc)\n"
    )

    assert code == 0
    assert [(line["logger"], line["error"], line["process"]) for line in lines] == [(logger, "ValueError", "stitch")]
    assert SECRET not in str(lines)


def test_ending_says_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []

    def note(code: int) -> None:
        codes.append(code)
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", note)
    with pytest.raises(SystemExit), fail_stop("never reached: SystemExit is none of its business"):
        end_process("publish failed", KeyError("x"), topic="events.enriched")

    assert codes == [70]
