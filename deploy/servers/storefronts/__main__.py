"""Run a stand-in of a shop system, to play merchant at: `python -m deploy.servers.storefronts --system shopify`.

    python -m deploy.servers.storefronts --system shopify --port 8085
    curl -X PATCH 127.0.0.1:8085/_products/7900000000000 -d '{"price": 12.5}'

It begins with products of the demo shop. Shopify's tells of each change with a signed webhook, to the ingest of the
`storestream up` that runs in this folder, or to --ingest. The first line says where it listens.
"""

import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import orjson
import uvicorn
from starlette.applications import Starlette

from deploy import note
from deploy.servers.storefronts import samples
from deploy.servers.storefronts.bigcommerce import BigCommerceStore
from deploy.servers.storefronts.deliveries import Subscription
from deploy.servers.storefronts.shopify import ShopifyShop
from deploy.servers.storefronts.shopify_control import ShopifyControl
from deploy.servers.storefronts.woocommerce import WooShop


@click.command()
@click.option("--system", type=click.Choice(["shopify", "woocommerce", "bigcommerce"]), required=True)
@click.option("--port", default=0, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--size", default=20, show_default=True, type=click.IntRange(0, 300), help="Products to begin with.")
@click.option("--ingest", help="Where webhooks go; default: the ingest that `storestream up` runs.  [Shopify]")
@click.option("--domain", default="demo-shop.myshopify.com", show_default=True, help="The shop's domain.  [Shopify]")
@click.option(
    "--secret-env", default="DEMO_SHOPIFY_SECRET", show_default=True, help="Variable of the secret.  [Shopify]"
)
@click.option("--folder", default=note.DEFAULT_FOLDER, type=click.Path(path_type=Path), help="Where `up` runs.")
def main(system: str, port: int, size: int, ingest: str | None, domain: str, secret_env: str, folder: Path) -> None:
    """Run a stand-in of a shop system's API until Ctrl-C."""
    now = datetime.now(UTC)
    if system == "shopify":
        subscription = _subscription(ingest, domain, secret_env, folder)
        tell = subscription.tell if subscription else None
        app = ShopifyControl(ShopifyShop(), samples.shopify_products(size, now), tell).app()
    elif system == "woocommerce":
        app = WooShop(products=samples.woo_products(size, now)).app()
    else:
        app = BigCommerceStore(products=samples.bigcommerce_products(size, now)).app()
    _serve(app, port, system)


def _subscription(ingest: str | None, domain: str, secret_env: str, folder: Path) -> Subscription | None:
    running = note.running(folder)
    address = ingest or (running.addresses.get("Ingest") if running else None)
    secret = os.environ.get(secret_env) or (running.environment.get(secret_env) if running else None)
    if address is None or secret is None:
        click.echo(f"No webhooks: start `storestream up`, or give --ingest and set {secret_env}.", err=True)
        return None
    return Subscription(address, domain, secret.encode())


def _serve(app: Starlette, port: int, system: str) -> None:
    listening = socket.create_server(("127.0.0.1", port), backlog=64)
    address = {"system": system, "address": f"http://127.0.0.1:{listening.getsockname()[1]}", "pid": os.getpid()}
    sys.stdout.write(orjson.dumps(address).decode() + "\n")
    sys.stdout.flush()
    config = uvicorn.Config(app, access_log=False, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
