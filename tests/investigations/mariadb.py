"""A MariaDB server of the tests, where the machine has one: in MARIADB_HOME, or installed below /usr.

Without one the tests that ask it are skipped; what needs no real server is tested anyway.
"""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
import pytest

HOME = Path(os.environ.get("MARIADB_HOME", "/usr"))
PASSWORD = "only reads"


@dataclass(frozen=True)
class MariaDB:
    """A running server; `entry` is how it must be listed."""

    port: int

    @property
    def entry(self) -> str:
        return f"127.0.0.1:{self.port}"

    def run(self, *statements: str) -> Any:
        """Run statements as who may do all; return the rows of the last."""
        connection = pymysql.connect(host="127.0.0.1", port=self.port, user="root", autocommit=True)
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """Start a server with the database `shop`, a `reader` that only reads and a `writer` that could do more."""
    program = HOME / "sbin" / "mariadbd"
    if not program.exists():
        pytest.skip("This machine has no MariaDB.")
    folder = tmp_path_factory.mktemp("mariadb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = os.environ | {"LD_LIBRARY_PATH": str(HOME / "lib" / "x86_64-linux-gnu")}
    start = [
        str(program), "--no-defaults", f"--basedir={HOME}", f"--datadir={folder}/data", "--user=root",
        f"--lc-messages-dir={HOME}/share/mysql", "--innodb-buffer-pool-size=8M",
        "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", "--loose-innodb-log-file-size=4M",
    ]  # fmt: skip
    (folder / "data").mkdir()
    files = ["mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql"]
    share = HOME / "share" / "mysql"
    tables = "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n"
    tables += "\n".join((share / name).read_text() for name in files)
    with (folder / "log").open("w") as log:
        subprocess.run(
            [*start, "--bootstrap"], input=tables, text=True, env=env, stdout=log, stderr=log, check=True
        )
        options = [
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--socket={folder}/sock",
            f"--pid-file={folder}/pid",
        ]
        process = subprocess.Popen([*start, *options], env=env, stdout=log, stderr=log)
    try:
        _wait_for(port, process, folder / "log")
        server = MariaDB(port)
        server.run(
            "CREATE DATABASE shop",
            "CREATE TABLE shop.payment (ref VARCHAR(40), amount DECIMAL(12,2), at TIMESTAMP NULL)",
            "INSERT INTO shop.payment VALUES ('TX-1', 12.50, '2026-11-27 09:00:00'), ('TX-2', 7, NULL)",
            f"CREATE USER reader@localhost IDENTIFIED BY '{PASSWORD}'",
            "GRANT SELECT ON shop.* TO reader@localhost",
            f"CREATE USER writer@localhost IDENTIFIED BY '{PASSWORD}'", "GRANT ALL ON *.* TO writer@localhost",
        )  # fmt: skip
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"MariaDB did not start:\n{log.read_text()[-3000:]}")
        time.sleep(0.05)
