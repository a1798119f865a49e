"""The command line of the web server, one for the demo, the tests and the benchmark."""

import sys


def web_argv(*, port: int, workers: int, threads: int, host: str = "127.0.0.1") -> list[str]:
    """
    Return Granian's command line.

    :param workers: processes
    :param threads: requests a process works on at once, each in a thread of its own
    """
    return [
        *(sys.executable, "-m", "granian", "casino_platform.wsgi:application"),
        *("--interface", "wsgi", "--host", host, "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", str(threads)),
        # Without it one dead worker stops the whole server.
        *("--respawn-failed-workers", "--respawn-interval", "0.5"),
        # Backpressure counts connections, kept-alive idle ones too, not requests: vendors keep
        # pools open, so it must lie far above the threads or idle connections starve the others.
        *("--backlog", "2048", "--backpressure", "512"),
        *("--no-ws", "--no-access-log", "--log-level", "warning"),
        *("--workers-kill-timeout", "15"),
    ]
