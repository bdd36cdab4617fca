"""The studio: a page on which people draw, and the HTTP server behind it.

`server.serve` runs both; `app.create_app` gives the ASGI application for another server. The page
is written in TypeScript (`page/` in the repository) and built into `static/`.
"""
