"""
A stand-in of Meta's Graph API: checks what it is sent as Meta documents it, keeps it, and misbehaves on request.

For demo and tests; nothing in production falls back to it. It is its own process:

    META_STANDIN_TOKEN=… python -m deploy.servers.meta --port 0

One module per API of Meta's (`conversions_api`, those of `catalog`), pure rules beside it, and a control door under
`/_…`.
"""
