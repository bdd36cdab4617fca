"""The same application on a Ray cluster, as replicas behind Ray Serve."""

import logging
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from limner.engines.cluster import connect
from limner.errors import EngineError, UsageError
from limner.studio.app import create_app
from limner.studio.settings import Settings

__all__ = ["NAME", "serve_on_ray"]

NAME = "limner"
"""Name of the application in Ray Serve."""
_PATIENCE = "60"
"""Seconds that Ray Serve's proxy may take to start. Ray would kill it after 5, and a busy machine
takes longer."""
_STOPS = (signal.SIGINT, signal.SIGTERM)


def serve_on_ray(
    settings: Settings,
    *,
    address: str = "",
    replicas: tuple[int, int] = (1, 4),
    ready: Callable[[], None] = lambda: None,
    until: threading.Event | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; Ray Serve adds and removes replicas with the load.

    limner must be installed on all nodes, and a model file be at the same path. The limits of
    `settings` hold for each replica.

    Args:
        settings: Of the server; its port must not be 0.
        address: Of the cluster, see `limner.engines.cluster.RayEngine`.
        replicas: Least and most of them.
        ready: Called once when the first replica answers.
        until: Ends the server when set, instead of a signal.

    Raises:
        UsageError: The port is 0, or the numbers of replicas are impossible.
        EngineError: There is no such cluster, or Ray Serve does not start there.
    """
    least, most = replicas
    if not 1 <= least <= most:
        raise UsageError(f"{least} to {most} replicas; expected at least 1, and no less at most")
    if not settings.port:
        raise UsageError("Ray Serve needs a fixed port: name a --port above 0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", _PATIENCE)
    import ray
    from ray import serve

    shutdown: Any = serve.shutdown  # it has no types
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    ours = not ray.is_initialized()
    if ours:
        connect(address)
    try:
        _start(settings)
        serve.run(_deployment(settings, least, most).bind(), name=NAME, route_prefix="/")
        ready()
        _wait(until or threading.Event())
        shutdown()
    finally:
        if ours:
            ray.shutdown()


def _start(settings: Settings) -> None:
    """Start Ray Serve, which takes the port."""
    import ray
    from ray import serve

    try:
        serve.start(http_options={"host": settings.host, "port": settings.port})
    except (TimeoutError, ray.exceptions.RayError) as error:
        raise EngineError(
            f"Ray Serve did not start on {settings.host}, port {settings.port} "
            f"({type(error).__name__}): see Ray's log of its controller, or name another --port"
        ) from error


def _deployment(settings: Settings, least: int, most: int) -> Any:
    """A replica is the application with a model, an event loop and a core of its own."""
    from ray import serve

    def build() -> FastAPI:  # a function: Ray Serve takes other callables for applications
        return create_app(settings)

    app: Any = serve.ingress(build)(type("Studio", (), {}))
    return serve.deployment(
        app,
        name="studio",
        max_ongoing_requests=settings.queue,
        autoscaling_config={
            "min_replicas": least,
            "max_replicas": most,
            # As many as go through the network together.
            "target_ongoing_requests": settings.batch,
        },
        ray_actor_options={"num_cpus": 1},
    )


def _wait(until: threading.Event) -> None:
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {one: signal.signal(one, lambda *_: until.set()) for one in _STOPS}
    try:
        until.wait()
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
