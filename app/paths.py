"""Where Vangnet keeps its own things: one folder (`--home`, `VANGNET_HOME`) or the XDG folders."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one installation; every other path is derived from these four."""

    config: Path
    data: Path
    cache: Path
    runtime: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Home:
        """Keep everything below one folder."""
        folder = folder.expanduser().absolute()
        return cls(config=folder, data=folder, cache=folder / "cache", runtime=folder)

    @classmethod
    def locate(cls, folder: Path | None = None, env: Mapping[str, str] = os.environ) -> Home:
        """Choose `folder`, else `VANGNET_HOME`, else the XDG folders of this user."""
        if folder is None and env.get("VANGNET_HOME"):
            folder = Path(env["VANGNET_HOME"])
        if folder is not None:
            return cls.in_folder(folder)

        def xdg(variable: str, default: str) -> Path:
            base = env.get(variable, "")
            # The XDG specification: a relative path in these variables is invalid and must be ignored.
            return (Path(base) if base.startswith("/") else Path.home() / default) / "vangnet"

        data = xdg("XDG_DATA_HOME", ".local/share")
        return cls(
            config=xdg("XDG_CONFIG_HOME", ".config"),
            data=data,
            cache=xdg("XDG_CACHE_HOME", ".cache"),
            runtime=data,
        )

    @property
    def arguments(self) -> tuple[str, ...]:
        """The `--home` arguments with which another process of ours finds the same folders."""
        # XDG folders come from the environment, which the other process inherits.
        return ("--home", str(self.config)) if self.data == self.config else ()

    @property
    def policy_file(self) -> Path:
        return self.config / "policy.yml"

    @property
    def machine_file(self) -> Path:
        return self.config / "machine.yml"

    @property
    def setup_draft(self) -> Path:
        """The wizard's answers so far, so that closing half-way loses nothing."""
        return self.config / "setup-draft.json"

    @property
    def policy_archive(self) -> Path:
        """Approved policy versions, read-only, for the director and IT."""
        return self.data / "policy-archive"

    @property
    def last_good_configuration(self) -> Path:
        """The last policy and machine files that were right, for while a newer one has a mistake."""
        return self.data / "last-good-configuration.json"

    @property
    def database(self) -> Path:
        return self.data / "vangnet.db"

    @property
    def secrets(self) -> Path:
        return self.data / "secrets"

    @property
    def agent_lock(self) -> Path:
        return self.runtime / "agent.lock"

    @property
    def agent_log(self) -> Path:
        return self.data / "agent.log"

    @property
    def engine_cache(self) -> Path:
        """Scan states of the engine: a cache, safe to delete at any time."""
        return self.cache / "engine"
