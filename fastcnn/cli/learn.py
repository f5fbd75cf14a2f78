"""`fastcnn learn TOPIC`: a layer explained, on a real picture, number by number."""

from typing import Annotated

import typer

from fastcnn.cli import options


def learn(
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="conv, pool or first-layer; none: a list.")
    ] = None,
    image: Annotated[str | None, typer.Option(help="A picture of your own.")] = None,
    out: Annotated[
        str | None, typer.Option(help="Folder of the figures; default: learn-TOPIC.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write into a folder in use.")] = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Explain a layer: one number by hand, then pictures of what it makes."""
    from fastcnn.learn.page import show_topics
    from fastcnn.learn.teach import TOPICS, teach
    from fastcnn.narrator import narrator_for

    narrator = narrator_for(json=False, quiet=quiet)
    if topic is None:
        show_topics(TOPICS, narrator)
    else:
        teach(topic, narrator, image=image, out=out, force=force)
