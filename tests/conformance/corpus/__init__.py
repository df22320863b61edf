"""The corpus: scripts by theme, each with the requests that are replayed."""

from . import cors, errors, ids, layout, raw, results, routes, schema, swagger, text

SCRIPTS = tuple(
    script
    for theme in (text, results, errors, schema, raw, ids, routes, cors, swagger, layout)
    for script in theme.SCRIPTS
)
