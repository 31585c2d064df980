"""`make bench`: the same work by Vangnet and by restic, in turn, on the same data; medians and ratios as a table.

    python -m tests.bench [--files N] [--rounds N] [--mix office|tiny] [--folder DIR]

Never a timed test: a table for people, kept in docs/performance.md with the machine described.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from tests.bench.data import Made, change_some, office_mix, tiny_files
from tests.bench.measure import Measure, measure
from tests.bench.tools import Tool, tools

OPERATIONS = ("first back-up", "nothing changed", "1 % changed", "check, all data", "restore all")
Results = dict[str, dict[str, list[Measure]]]


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="vangnet-bench-", dir=arguments.folder) as name:
        folder = Path(name)
        source = folder / "source"
        made = _mix(arguments.mix)(source, arguments.files)
        print(f"{made.files:,} files, {made.bytes / 1e6:,.0f} MB, mix “{arguments.mix}”, {arguments.rounds} rounds")
        results: Results = defaultdict(lambda: defaultdict(list))
        sizes: dict[str, int] = {}
        compared = list(tools())
        for number in range(arguments.rounds):
            changed = folder / "changing"
            shutil.copytree(source, changed, copy_function=shutil.copy2, symlinks=True)
            order = compared[number % len(compared) :] + compared[: number % len(compared)]
            _round(folder, changed, order, results, sizes)
            shutil.rmtree(changed)
        _print_table(compared, results, sizes)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--files", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mix", choices=["office", "tiny"], default="office")
    parser.add_argument("--folder", type=Path, default=None, help="where the data and the repositories are made")
    return parser.parse_args()


def _mix(name: str) -> Callable[[Path, int], Made]:
    if name == "tiny":
        return lambda folder, files: tiny_files(folder, files=files)
    return lambda folder, files: office_mix(folder, files=files)


def _round(folder: Path, source: Path, order: list[Tool], results: Results, sizes: dict[str, int]) -> None:
    """Let every tool do one operation before the next operation begins, so that a slow minute hits all of them."""
    password = folder / "password"
    password.write_text("bench")
    places = {tool.name: folder / f"repository-{index}" for index, tool in enumerate(order)}
    environments = {tool.name: tool.environment(places[tool.name], password) for tool in order}

    def each(operation: str, *command: str, target: bool = False) -> None:
        for tool in order:
            extra = ("--target", str(folder / f"restored-{tool.name.split()[0]}-{order.index(tool)}")) if target else ()
            try:
                results[operation][tool.name].append(measure(tool.command(*command, *extra), environments[tool.name]))
            except subprocess.CalledProcessError as exc:
                sys.exit(f"{tool.name}: {operation} failed\n{exc.output.decode(errors='replace')}")

    each("init", "init")
    each(OPERATIONS[0], "backup", str(source))
    each(OPERATIONS[1], "backup", str(source))
    change_some(source)
    each(OPERATIONS[2], "backup", str(source))
    each(OPERATIONS[3], "check", "--read-data")
    each(OPERATIONS[4], "restore", "latest", target=True)
    for tool in order:
        sizes[tool.name] = sum(path.stat().st_size for path in places[tool.name].rglob("*") if path.is_file())
        shutil.rmtree(places[tool.name])
    for restored in folder.glob("restored-*"):
        shutil.rmtree(restored)


def _print_table(compared: list[Tool], results: Results, sizes: dict[str, int]) -> None:
    ours, *others = compared
    print()
    print(
        "| operation | " + " | ".join(f"{tool.name}: s / CPU s / MB" for tool in compared) + " | to the better restic |"
    )
    print("| --- |" + " --- |" * (len(compared) + 1))
    for operation in OPERATIONS:
        medians = {tool.name: _median(results[operation][tool.name]) for tool in compared}
        cells = [f"{m.wall_s:.2f} / {m.cpu_s:.2f} / {m.peak_bytes / 1e6:.0f}" for m in medians.values()]
        best = min((medians[tool.name] for tool in others), key=lambda m: m.wall_s)
        memory = min(medians[tool.name].peak_bytes for tool in others)
        mine = medians[ours.name]
        ratio = f"**{mine.wall_s / best.wall_s:.2f}** time, {mine.peak_bytes / memory:.2f} memory"
        print(f"| {operation} | " + " | ".join(cells) + f" | {ratio} |")
    smallest = min(sizes[tool.name] for tool in others)
    cells = [f"{sizes[tool.name] / 1e6:.0f} MB" for tool in compared]
    print("| repository | " + " | ".join(cells) + f" | **{sizes[ours.name] / smallest:.2f}** |")


def _median(measures: list[Measure]) -> Measure:
    return Measure(
        statistics.median(m.wall_s for m in measures),
        statistics.median(m.cpu_s for m in measures),
        round(statistics.median(m.peak_bytes for m in measures)),
    )


if __name__ == "__main__":
    main()
