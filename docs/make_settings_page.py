"""Write docs/settings.md from the table of settings. Run it with ``make docs``."""

from __future__ import annotations

from pathlib import Path

from scoredock.settings import Declaration, groups

PAGE = Path(__file__).parent / "settings.md"

HEAD = """\
<!-- Made by `make docs` from runtime/scoredock/settings/table.py: change that file, not this one. -->
# Settings

Each setting is a variable, a key of the config file, and, where the table shows one, an option of
`scoredock serve`. An option wins over a variable, a variable over the file, the file over the default.

- Options can be written with underscores or dashes: `--entry_script`, `--entry-script`.
- The config file is JSON, one key a variable: `{"AZUREML_ENTRY_SCRIPT": "score.py", "WORKER_COUNT": 2}`.
  It is the file that `AZUREML_CONFIG_FILE` or `--config_file` names, else `config.json` in the app root,
  else `config.json` beside the entry script. A key that is no setting is ignored with a warning.
- An empty variable counts as not set, but those of keys and tokens end the start when they are empty, as they would
  guard nothing. `true`, `1`, `yes` and `on` are true; `false`, `0`, `no` and `off` are false.
- A value that a setting cannot have ends the start with exit code 3 and a line that names the setting, where
  the value came from, what was expected and what came.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for group, declarations in groups():
        rows = [_row(one) for one in declarations]
        table = ["| Variable | Option | Default | Meaning |", "|---|---|---|---|", *rows]
        parts.append(f"## {group}\n\n" + "\n".join(table) + "\n")
    return "\n".join(parts)


def _row(one: Declaration) -> str:
    names = "<br>".join(f"`{name}`" for name in (one.variable, *one.aliases))
    flag = f"`{one.flag}`" if one.flag else ""
    return f"| {names} | {flag} | {_default(one)} | {one.meaning}{_bounds(one)} |"


def _default(one: Declaration) -> str:
    if one.default is None or one.kind == "path":
        return ""
    return f"`{str(one.default).lower() if isinstance(one.default, bool) else one.default}`" if one.default != "" else ""


def _bounds(one: Declaration) -> str:
    if one.choices:
        return f" One of {', '.join(one.choices)}."
    if one.maximum is not None:
        return f" From {one.minimum} to {one.maximum}."
    return f" At least {one.minimum}." if one.minimum is not None else ""


if __name__ == "__main__":
    PAGE.write_text(page())
