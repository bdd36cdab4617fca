"""`limner studio`."""

import threading
from typing import Annotated

import typer

from limner.cli.shared import Address, EngineOption, complain

__all__ = ["studio"]


def studio(
    host: Annotated[
        str,
        typer.Option(help="Address to listen on. The default lets in this machine only."),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="TCP port; 0 takes a free one.")
    ] = 8017,
    token: Annotated[
        str,
        typer.Option(
            envvar="LIMNER_TOKEN",
            show_default=False,
            help="Key that clients must send, for other machines; it is part of the address that "
            "is printed. Better in the variable LIMNER_TOKEN than on the command line, which "
            "other users of this machine can read.",
        ),
    ] = "",
    open_to_all: Annotated[
        bool, typer.Option("--open-to-all", help="Let other machines in without a key.")
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            show_default=False,
            help="Further name of this server, as behind a reverse proxy; may be repeated.",
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(help="Default model: a name from `limner models`, or an .onnx file.")
    ] = "portrait",
    better: Annotated[
        str,
        typer.Option(
            show_default=False,
            help="Slower, better model that the page asks when the pen rests: a name or an .onnx "
            "file.",
        ),
    ] = "",
    rate: Annotated[
        float,
        typer.Option(min=0, help="Requests a second that one client may send; 0 is no limit."),
    ] = 0.0,
    engine: EngineOption = "local",
    address: Address = "",
    replicas: Annotated[
        int, typer.Option(min=1, help="Most replicas that Ray Serve starts, for --engine ray.")
    ] = 4,
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = True,
) -> None:
    """Draw in the browser, and see the photo while you draw.

    The page and the HTTP API behind it run on this machine; no drawing leaves it. Ctrl-C stops
    the server. The API is described at /docs.

    - `limner studio`
    - `limner studio --no-open --port 0`
    - `limner studio --engine ray --address auto --host 0.0.0.0 --open-to-all`
    - `LIMNER_TOKEN=… limner studio --host 0.0.0.0` for a tablet in the same network
    """
    from limner.studio.settings import ANY, Settings

    settings = Settings(
        host=host,
        port=port,
        token=token,
        open_to_all=open_to_all,
        allowed_hosts=tuple(allow_host or ()),
        model=model,
        better=better,
        rate=rate,
    )
    from limner.directions import SKETCH_TO_PHOTO
    from limner.shipped import DEFAULT_MODEL
    from limner.studio.server import address_of, listen, network_address, serve
    from limner.translator import Translator, check_direction

    # Before an address is printed. The server loads them again, which the usual model is spared.
    for one in filter(None, (model, better)):
        if one != DEFAULT_MODEL:
            check_direction(Translator(one), SKETCH_TO_PHOTO)
    listener = listen(settings)
    page = address_of(listener, settings)

    def ready() -> None:
        typer.echo(f"limner studio: {page}")
        if settings.is_local:
            typer.echo("Drawings stay on this machine. Ctrl-C stops it.")
        else:
            if host in ANY and (outside := network_address()):
                typer.echo(f"From other machines: {address_of(listener, settings, outside)}")
            complain("other machines can reach this server; use HTTPS outside of your network")
        if open_page:
            # Not here: a browser in the terminal would wait for the server, and the server for it.
            threading.Thread(target=_open, args=(page,), daemon=True).start()

    if engine == "ray":
        from limner.studio.cluster import serve_on_ray

        listener.close()  # it was free; Ray Serve takes it
        serve_on_ray(settings, address=address, replicas=(1, replicas), ready=ready)
    else:
        serve(settings, listener, ready)


def _open(address: str) -> None:
    """Open the page; a machine without a browser is none the worse."""
    import webbrowser

    try:
        opened = webbrowser.open(address)
    except webbrowser.Error:
        opened = False
    if not opened:
        typer.echo("No browser was found here: open the address above in one.")
