"""`make bench`: the same work by Vangnet, restic and borg, in turn, on the same data; medians and ratios as a table.

    python -m tests.bench [--mix office|tiny|photos|huge] [--files N] [--rounds N] [--folder DIR] [--memory DIR]
    python -m tests.bench --scale [--most N]
    python -m tests.bench --screens [--files N]

Never a timed test: a table for people, kept in docs/performance.md with the machine described.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bench.data import MIX_NAMES, MIX_SIZES, change_mix, make_mix
from tests.bench.measure import Measure, measure
from tests.bench.repositories import KEY_COST, make_password, make_repository
from tests.bench.scale import measure_scale
from tests.bench.settle import forget, settle
from tests.bench.tools import Borg, Tool, Work, tools

OPERATIONS = ("first back-up", "nothing changed", "1 % changed", "check, all data", "restore all")
Results = dict[str, dict[str, list[Measure]]]
Sizes = dict[str, list[int]]
_OURS = Path(__file__).parents[2] / "app"
_MEMORY = Path("/dev/shm")  # where Linux keeps files in memory


def main() -> None:
    arguments = _arguments()
    if arguments.places:
        from tests.bench import mirror

        mirror.main(rounds=arguments.rounds)
        return
    if arguments.screens:
        from tests.bench import screens

        print(f"{_machine()}; load before {_load()}", flush=True)
        screens.main(**({"files": arguments.files} if arguments.files else {}))
        return
    if arguments.remote:
        from tests.bench import remote

        remote.main(rounds=arguments.rounds)
        return
    compileall.compile_dir(_OURS, quiet=1)  # as pip does when it installs a program
    print(f"{_machine()}; load before {_load()}; {KEY_COST}", flush=True)
    with contextlib.ExitStack() as stack:
        disk, memory = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vangnet-bench-", dir=folder)))
            for folder in (arguments.folder, arguments.memory)
        )
        if arguments.scale:
            measure_scale(disk, memory, most=arguments.most)
            return
        compared = list(tools(with_borg=not arguments.without_borg))
        results: Results = defaultdict(lambda: defaultdict(list))
        sizes: dict[str, list[int]] = defaultdict(list)
        size = arguments.files or MIX_SIZES[arguments.mix]
        free = shutil.disk_usage(disk).free
        for number in range(arguments.rounds):
            if shutil.disk_usage(disk).free * (number + 1) < free:  # nothing is deleted before the end
                print(f"no room on {disk} for round {number + 1}", flush=True)
                break
            order = compared[number % len(compared) :] + compared[: number % len(compared)]
            _Round(disk / f"{number}", memory / "source", arguments.mix, order, results).run(size, sizes)
            print(f"round {number + 1}: load {_load()}", flush=True)
        _print_table(compared, results, sizes)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--files", type=int, default=0, help='number of files; for "huge" their MB together')
    parser.add_argument("--remote", action="store_true", help="the servers' backends against their libraries instead")
    parser.add_argument("--rounds", type=int, default=3, help="the table shows the medians")
    parser.add_argument("--mix", choices=MIX_NAMES, default="office")
    parser.add_argument("--without-borg", action="store_true", help="compare with restic only")
    parser.add_argument("--places", action="store_true", help="what three places cost beside one, instead")
    parser.add_argument("--screens", action="store_true", help="first paint, and the lag of the screens, instead")
    parser.add_argument("--scale", action="store_true", help="the curve from 10,000 files and blobs up, instead")
    parser.add_argument("--most", type=int, default=4_000_000, help="where that curve ends (files: a quarter of it)")
    parser.add_argument(
        "--folder", type=Path, default=None, help="where the repositories and the restored files are made"
    )
    parser.add_argument(
        "--memory",
        type=Path,
        default=_MEMORY if _MEMORY.is_dir() else None,
        help="where the source lies: in memory, so that the page cache plays no part",
    )
    return parser.parse_args()


def _machine() -> str:
    cores = len(os.sched_getaffinity(0))
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{cores} cores ({names[0].partition(':')[2].strip() if names else '?'}), {memory_gb:.0f} GB"


def _load() -> str:
    return " ".join(f"{load:.1f}" for load in os.getloadavg())


_Command = Callable[[Tool, Work], tuple[str, ...]]


def _backup(source: Path, turn: int, tool: Tool, work: Work) -> tuple[str, ...]:
    return tool.backup(work, source, turn)


def _check(tool: Tool, work: Work) -> tuple[str, ...]:
    return tool.check(work)


def _restore(tool: Tool, work: Work) -> tuple[str, ...]:
    return tool.restore(work)


class _Round:
    """Every tool does one operation before the next operation begins, so that a slow minute hits all of them.

    Repositories and restored files stay until the end: ext4 is slow for minutes after many files were deleted.
    """

    def __init__(self, disk: Path, source: Path, mix: str, order: list[Tool], results: Results) -> None:
        disk.mkdir()
        self._source = source
        self._mix = mix
        self._bytes = 0
        self._order = order
        self._results = results
        password = disk / "password"
        password.write_text(make_password())
        self._works = {
            tool.name: Work(disk / f"repository-{number}", password, disk / f"restored-{number}")
            for number, tool in enumerate(order)
        }
        made = disk / "new"
        make_repository(made, password.read_text())
        for tool in order:
            work = self._works[tool.name]
            if isinstance(tool, Borg):
                measure(tool.init(), tool.environment(work))
            else:
                shutil.copytree(made, work.repository)

    def run(self, size: int, sizes: Sizes) -> None:
        made = make_mix(self._mix, self._source, size)
        self._bytes = made.bytes
        print(
            f"{made.files:,} files, {made.bytes / 1e6:,.0f} MB, mix “{self._mix}”, in {self._source.parent.parent}; "
            "repositories and restored files on disk",
            flush=True,
        )
        for turn in range(3):
            if turn == 2:
                change_mix(self._mix, self._source)
            self._each(OPERATIONS[turn], partial(_backup, self._source, turn), touches=turn == 0)
        self._each(OPERATIONS[3], _check, reads=True)
        self._each(OPERATIONS[4], _restore, reads=True, touches=True)
        shutil.rmtree(self._source)
        for tool in self._order:
            files = self._works[tool.name].repository.rglob("*")
            sizes[tool.name].append(sum(path.stat().st_size for path in files if path.is_file()))

    def _each(self, operation: str, command: _Command, *, reads: bool = False, touches: bool = False) -> None:
        for tool in self._order:
            work = self._works[tool.name]
            restores = operation == OPERATIONS[4]
            if restores:
                work.restored.mkdir()
            settle(*((work.repository,) if reads else ()), touch_bytes=self._bytes if touches else 0)
            folder = work.restored if isinstance(tool, Borg) and restores else None
            try:
                found = measure(command(tool, work), tool.environment(work), folder=folder)
            except subprocess.CalledProcessError as exc:
                sys.exit(f"{tool.name}: {operation} failed\n{exc.output.decode(errors='replace')}")
            self._results[operation][tool.name].append(found)
            if restores:
                forget(work.restored)


def _print_table(compared: list[Tool], results: Results, sizes: Sizes) -> None:
    ours, *others = compared
    restics = [tool.name for tool in others if tool.is_restic]
    print()
    print(
        "| operation | " + " | ".join(f"{tool.name}: s / CPU s / MB" for tool in compared) + " | to the better restic |"
    )
    print("| --- |" + " --- |" * (len(compared) + 1))
    for operation in OPERATIONS:
        medians = {tool.name: _median(results[operation][tool.name]) for tool in compared}
        cells = [f"{m.wall_s:.2f} / {m.cpu_s:.2f} / {m.peak_bytes / 1e6:.0f}" for m in medians.values()]
        wall, cpu, memory = (
            min(figures) for figures in zip(*(_figures(medians[name]) for name in restics), strict=True)
        )
        mine = medians[ours.name]
        ratio = f"**{mine.wall_s / wall:.2f}** time, {mine.cpu_s / cpu:.2f} CPU, {mine.peak_bytes / memory:.2f} memory"
        print(f"| {operation} | " + " | ".join(cells) + f" | {ratio} |")
    stored = {tool.name: statistics.median(sizes[tool.name]) for tool in compared}
    smallest = min(stored[name] for name in restics)
    cells = [f"{stored[tool.name] / 1e6:.0f} MB" for tool in compared]
    print("| repository | " + " | ".join(cells) + f" | **{stored[ours.name] / smallest:.2f}** |")


def _figures(measured: Measure) -> tuple[float, float, int]:
    return measured.wall_s, measured.cpu_s, measured.peak_bytes


def _median(measures: list[Measure]) -> Measure:
    return Measure(
        statistics.median(m.wall_s for m in measures),
        statistics.median(m.cpu_s for m in measures),
        round(statistics.median(m.peak_bytes for m in measures)),
    )


if __name__ == "__main__":
    main()
