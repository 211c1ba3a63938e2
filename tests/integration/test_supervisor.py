"""Supervised processes come back when they die, stop in order, and never outlive their supervisor."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.children import Child
from deploy.process import GivenUp, Patience, Process, Status
from deploy.supervisor import Supervisor

pytestmark = pytest.mark.integration

HASTY = Patience(first_wait_seconds=0.01, longest_wait_seconds=0.05, quick_seconds=60, quick_deaths=3)
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


def a_process(name: str, *argv: str, after: tuple[str, ...] = (), stop_within_seconds: float = 10) -> Process:
    return Process(name, argv or ("sleep", "600"), after=after, stop_within_seconds=stop_within_seconds)


def quiet(_: Status) -> None:
    """Say nothing."""


async def until(true: Callable[[], bool], within_seconds: float = 15) -> None:
    deadline = time.monotonic() + within_seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.02)


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_killed_process_is_restarted_and_the_others_are_not_disturbed() -> None:
    async with Supervisor([a_process("stitch"), a_process("archive")], changed=quiet) as supervisor:
        await supervisor.all_ready()
        before, other = supervisor.status("stitch"), supervisor.status("archive")
        assert before.pid
        os.kill(before.pid, signal.SIGKILL)
        await until(lambda: supervisor.status("stitch").restarts == 1 and supervisor.status("stitch").state == "ready")

        after = supervisor.status("stitch")
        assert after.pid not in (None, before.pid)
        assert after.exit_code == 128 + signal.SIGKILL
        assert supervisor.status("archive") == other


async def test_process_that_keeps_dying_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    words = (
        r"echo no partition for me >&2; for n in $(seq 30); do printf '\tat kafka.Kafka.main(Kafka.scala)\n' >&2; done"
    )
    dying = a_process("stitch", "sh", "-c", f"{words}; exit 70")
    async with Supervisor([a_process("archive"), dying], logs=tmp_path, patience=HASTY, changed=quiet) as supervisor:
        with pytest.raises(GivenUp) as given_up:
            await supervisor.until_stopped()

        assert "stitch died 3 times in a row (last exit code 70)" in str(given_up.value)
        assert "no partition for me" in str(given_up.value)
        assert supervisor.status("stitch").state == "given up"
        assert supervisor.status("archive").state == "ready"


async def test_process_that_never_becomes_ready_is_given_up() -> None:
    async def never() -> bool:
        return False

    deaf = Process("api", ("sleep", "600"), ready=never, ready_within_seconds=0.1)
    async with Supervisor([deaf], patience=HASTY, changed=quiet) as supervisor:
        with pytest.raises(GivenUp, match="api died 3 times"):
            await supervisor.all_ready()


async def test_process_starts_once_those_before_it_are_ready_and_stops_before_them(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []
    sign = tmp_path / "sign"

    async def is_up() -> bool:
        return sign.exists()

    kafka = Process("kafka", ("sh", "-c", f"sleep 0.3; touch {sign}; exec sleep 600"), ready=is_up)
    others = [a_process("stitch", after=("kafka",)), a_process("archive", after=("kafka",))]
    async with Supervisor([kafka, *others], changed=lambda s: seen.append((s.name, s.state))) as supervisor:
        assert await supervisor.all_ready()

    assert seen[:2] == [("kafka", "starting"), ("kafka", "ready")]
    assert seen[-1] == ("kafka", "stopped")
    assert set(seen[-3:-1]) == {("stitch", "stopped"), ("archive", "stopped")}


async def test_process_deaf_to_sigterm_is_killed_when_its_time_is_over(tmp_path: Path) -> None:
    deaf = a_process("stitch", sys.executable, "-c", STUBBORN, stop_within_seconds=0.3)
    async with Supervisor([deaf], logs=tmp_path, changed=quiet) as supervisor:
        await until(lambda: "up" in (tmp_path / "stitch.log").read_text())
        pid = supervisor.status("stitch").pid
        assert pid
        began = time.monotonic()

    assert is_gone(pid)
    assert supervisor.status("stitch").exit_code == 128 + signal.SIGKILL
    assert time.monotonic() - began < 5


async def test_leaving_while_a_process_is_being_stopped_waits_for_its_end(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    argv = (sys.executable, "-c", STUBBORN)
    deaf = Process("api", argv, ready=never, ready_within_seconds=0.5, stop_within_seconds=1)
    async with Supervisor([deaf], logs=tmp_path, changed=quiet) as supervisor:
        await until(lambda: "up" in (tmp_path / "api.log").read_text())
        pid = supervisor.status("api").pid
        assert pid
        await asyncio.sleep(1)  # its time to become ready is over: it has SIGTERM, and ignores it

    assert is_gone(pid)


async def test_logs_of_the_run_before_are_kept_once(tmp_path: Path) -> None:
    for word in ("first", "second"):
        talker = a_process("stitch", "sh", "-c", f"echo {word}; exec sleep 600")
        async with Supervisor([talker], logs=tmp_path, changed=quiet):
            log = tmp_path / "stitch.log"
            await until(lambda log=log, word=word: log.exists() and word in log.read_text())  # type: ignore[misc]

    assert (tmp_path / "stitch.log").read_text() == "second\n"
    assert (tmp_path / "stitch.log.1").read_text() == "first\n"


async def test_without_a_folder_for_logs_lines_come_under_the_name_of_their_process(
    capfd: pytest.CaptureFixture[str],
) -> None:
    said = ""
    async with Supervisor([a_process("stitch", "sh", "-c", "echo tea; exec sleep 600")], changed=quiet):
        for _ in range(200):
            said += capfd.readouterr().err
            if "stitch | tea\n" in said:
                break
            await asyncio.sleep(0.02)

    assert "stitch | tea\n" in said


async def test_asking_to_stop_ends_the_wait() -> None:
    async with Supervisor([a_process("stitch")], changed=quiet) as supervisor:
        await supervisor.all_ready()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(supervisor.until_stopped(), 5)


def test_process_must_stand_after_those_it_needs() -> None:
    with pytest.raises(ValueError, match="stitch stands twice, or before"):
        Supervisor([a_process("stitch", after=("kafka",)), a_process("kafka")])


def test_status_tells_pid_and_restarts_in_a_line() -> None:
    assert str(Status("stitch", "ready", pid=12, restarts=2, exit_code=70)) == "stitch: ready (process 12, 2 restarts)"
    assert str(Status("stitch", "restarting", exit_code=70)) == "stitch: restarting (exit code 70)"


def test_environment_of_a_process_is_not_shown() -> None:
    assert "hush" not in repr(Process("stitch", ("true",), env={"META_TOKEN": "hush"}))


SUPERVISED = """
import asyncio, sys
from pathlib import Path
from deploy.process import Process
from deploy.supervisor import Supervisor
child = "sleep 600 & echo $! >> {pids}; setsid sleep 600 & echo $! >> {pids}; echo $$ >> {pids}; wait"
stubborn = "trap '' TERM; echo $$ >> {pids}; while :; do sleep 0.2; done"
async def main():
    several = [Process(name, ("sh", "-c", what)) for name, what in [("a", child), ("b", child), ("c", stubborn)]]
    async with Supervisor(several, logs=Path("{logs}")) as supervisor:
        await supervisor.until_stopped()
asyncio.run(main())
"""


async def supervised(folder: Path) -> tuple[subprocess.Popen[bytes], list[int]]:
    """Start a supervisor of three process trees of seven processes; returns it and all pids beneath it."""
    pids = folder / "pids"
    script = SUPERVISED.format(pids=pids, logs=folder)
    command = [sys.executable, "-c", script]
    supervisor = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: ASYNC220 - it must be killed, not awaited
    await until(lambda: pids.exists() and len(pids.read_text().split()) == 7)
    below = [process.pid for process in psutil.Process(supervisor.pid).children(recursive=True)]
    return supervisor, sorted({*below, *map(int, pids.read_text().split())})


@pytest.mark.skipif(sys.platform != "linux", reason="a process that left its group is found on Linux only")
async def test_killed_supervisor_leaves_no_process_behind(tmp_path: Path) -> None:
    supervisor, pids = await supervised(tmp_path)
    assert len(pids) >= 10  # three tethers too

    supervisor.kill()
    supervisor.wait()

    await until(lambda: all(is_gone(pid) for pid in pids), within_seconds=20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_signalled_supervisor_stops_everything_and_ends_well(tmp_path: Path, number: signal.Signals) -> None:
    supervisor, pids = await supervised(tmp_path)
    supervisor.send_signal(number)
    await asyncio.sleep(0.5)
    supervisor.send_signal(number)  # do not wait for the stubborn one

    assert await asyncio.to_thread(supervisor.wait, 20) == 0
    assert all(is_gone(pid) for pid in pids)


async def test_killed_tether_takes_its_process_along() -> None:
    with Child(["sleep", "600"]) as child:
        psutil.Process(child.pid).parent().kill()  # type: ignore[union-attr]
        child.wait(5)
        await until(lambda: is_gone(child.pid))


def test_command_that_does_not_exist_ends_with_127(capfd: pytest.CaptureFixture[str]) -> None:
    with Child(["no-such-command"]) as child:
        assert child.wait(5) == 127

    assert "cannot run no-such-command: No such file or directory" in capfd.readouterr().err


def test_child_ends_with_its_own_exit_code() -> None:
    with Child(["sh", "-c", "exit 70"]) as child:
        assert child.wait(5) == 70
        assert child.poll() == 70
