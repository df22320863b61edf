"""Write docs/deploy-config.md from the formats of configuration files. Run it with ``make docs``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scoredock.cli.check import check
from scoredock.cli.deploy import deploy
from scoredock.cli.package import package
from scoredock.cli.service import service
from scoredock.deploy.config.conda_dependencies import CONDA_FORMAT
from scoredock.deploy.config.curated_environments import CURATED
from scoredock.deploy.config.deployment_config import BY_COMPUTE_TYPE, format_of
from scoredock.deploy.config.environment_format import ENVIRONMENT_FORMAT
from scoredock.deploy.config.format import Field, Format
from scoredock.deploy.config.inference_config import INFERENCE_FORMAT
from scoredock.deploy.config.online_format import (
    DEPLOYMENT_FORMAT,
    ENDPOINT_FORMAT,
    ENVIRONMENT2_FORMAT,
    MODEL_FORMAT,
    NOT_HERE,
)
from scoredock.deploy.config.requirements import DEFAULT_CHANNELS, SERVER_PACKAGES

# The options of commands that say what files say, or which files are read, by parameter.
COMPARED = {
    "ic": "`--ic`, `--inference-config-file`",
    "dc": "`--dc`, `--deploy-config-file`",
    "file": "`-f`, `--file`",
    "model": "`-m`, `--model`",
    "entry_script": "`--es`, `--entry-script` (`check`: `--entry-script`)",
    "source_directory": "`--sd`, `--source-directory`",
    "image_python": "`--image-python`",
    "port": "`--po`, `--port`",
    "host": "`--host`",
    "local": "`--local`",
    "strict": "`--strict`",
}
PAGE = Path(__file__).parent / "deploy-config.md"

HEAD = """\
<!-- Made by `make docs` from runtime/scoredock/deploy: change that, not this page. -->
# Configuration files of a deployment

An [inference configuration](#inference-configuration) says how models are scored, an [environment](#environment) what
the script runs in, a [deployment configuration](#deployment-configuration) where. They are the files of Azure ML's
version 1, with the same keys; so files that were written for it are read as they are. An
[online deployment](#online-deployment) is version 2's: one file for all of that.

- Files are JSON or YAML, of at most 1 MiB. A JSON file may have any suffix.
- `null` means: not set. Without a value, the default counts.
- A key that has a dot in these tables is a key of an object: `docker.baseImage` is `{"docker": {"baseImage": …}}`.
- In Python, arguments and attributes have the names that the tables show. The column Option has the short options of
  `az ml model deploy`. Of these, scoredock's commands have those that [this table](#options-of-commands) shows, in both
  spellings; the others are keys of the file here.
- What Azure ML's own readers ignore is a warning, with its line: a key that no table has, an empty one, one of
  another compute, one given twice with the same value, a number or `true` in quotes. `--strict` makes warnings errors.
- In Python, constructors are strict: a wrong argument raises. Passwords and keys are in no message.
- What would deploy something else than the file says is an error: a value that a key cannot have, a key given twice
  with two values, a file that does not exist. All errors are reported at once:

<!-- file: wrong.json -->
```json
{
    "computeType": "local",
    "prot": 32267,
    "port": 99999
}
```

```text
2 problems:
- wrong.json, line 3, prot: ignored, since the LOCAL deployment configuration has no such key. Did you mean port?
- wrong.json, line 4, port: expected a whole number from 1 to 65535, got a number (99999). Port of this machine that the
  service answers on.
```
"""

INFERENCE = """\
A [described](#environment) environment, or one by name:

<!-- file: inferenceconfig.json -->
```json
{
    "entryScript": "score.py",
    "sourceDirectory": "./source_dir",
    "environment": {
        "name": "my-deploy-env",
        "environmentVariables": {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"},
        "python": {
            "condaDependencies": {
                "dependencies": ["python=3.11", {"pip": ["azureml-defaults", "nltk", "numpy", "onnxruntime"]}]
            }
        },
        "docker": {"baseImage": "scoredock:cpu"}
    }
}
```

In YAML, with the older keys in place of an environment:

<!-- file: inferenceconfig.yml -->
```yaml
entryScript: score.py
runtime: python
condaFile: myenv.yml
```

Paths are relative to `sourceDirectory`, which is relative to the file's folder, as are paths without one. What is not
there is looked for in the current folder, as `az ml` does, and a note says so. Two different files are an error. An
environment with a `name`, perhaps a `version`, and nothing else is looked up in the workspace, or is one of
[scoredock's](#environments-of-scoredock).
"""

ENVIRONMENT = """\
`azureml_environment.json` has these keys, and so has `environment` in an inference configuration.
`Environment.save_to_directory` writes the file, with `conda_dependencies.yml` beside it; where both are there,
`load_from_directory` takes the packages of the conda file. Passwords are not written: set them after loading.

What Azure's `save_to_directory` wrote is loaded too, with its `BaseDockerfile`.

In Python, `check`, `to_dict` and `requirements` raise an error for attributes that an environment cannot have. Names
that begin with `Microsoft` or `AzureML` are Azure's own: an environment that a file describes under such a name gets
another one (`copy-of-AzureML-AutoML`), with a warning.
"""

STAND_INS = """\
scoredock's environments replace some of Azure's, with a warning or a note: those that are given by their names
(`Environment.get`, `azureml:AzureML-…@latest`) or by their images. `minimal-…` becomes `scoredock-cpu`, `sklearn-…`
`scoredock-cpu-sklearn`, and `onnxruntime-…` `scoredock-cpu-onnxruntime`; `minimal-…` and `onnxruntime-…` with CUDA
become `scoredock-cuda`. The versions of packages are scoredock's. Other environments, such as those with PyTorch or
TensorFlow, are refused, and the error says what to write.

scoredock's image, for the CPU or with CUDA, replaces a base image of Azure's (`mcr.microsoft.com/azureml/…`) where the
environment names its own packages, or where the image has none (`base`, `openmpi…`, `minimal…`). To use Azure's image
itself, push it to a registry of yours under another name.
"""

CONDA = """\
<!-- file: conda_dependencies.yml -->
```yaml
name: inference_environment
channels:
  - conda-forge
dependencies:
  - python=3.11
  - scikit-learn=1.7
  - pip:
      - azureml-defaults
      - nltk==3.9.1
      - -r more-requirements.txt
```

- A file that names only `python`, `pip`, `setuptools`, `wheel` and packages below `pip` needs no conda packages: pip
  installs all. Others come from the channels, or from {channels} where the file names none.
  [py-rattler](https://conda.github.io/rattler/py-rattler/) installs them; neither conda nor an image of it is needed.
- A channel is a name, an `http` or `https` address, or a folder of the machine that builds (`file:///srv/channel`; a
  relative path starts from the file's folder), which is copied into the build. Credentials in an address
  (`https://USER:PASSWORD@host/channel`, `https://host/t/TOKEN/channel`, or variables: `https://${{USER}}:${{PASSWORD}}@…`)
  are in no file that scoredock writes and not in the image; the engine keeps them in its build cache.
- `python=3.11` is in scoredock's image. Another version from 3.10 on is installed by conda where the file names other
  packages of conda; else the base image is Python's own (`python:3.12-slim`). An older version is refused, unless the
  configuration says `"imagePython": true`, or the command `--image-python`: then the image's is used. A base image of
  yours keeps its Python; a note says so when the file asks for another.
- These packages are left out, because scoredock takes their place: {server}. To have Microsoft's own package
  instead of scoredock's stand-in, write `azureml-core[real]`.
- Extras such as `scoredock[app-insights]` install their packages. The exporter of Application Insights is installed
  without its extra where the environment sets `AML_APP_INSIGHTS_ENABLED` to `true`.
- `inference-schema` below 1.8 is left out, with a warning: scoredock's 1.8 serves the scripts that were written for it.
- Two entries for a package are joined. Versions that contradict each other are an error.
- Lines below `pip` are those of a requirements file: versions, extras, markers, hashes, `https` addresses, and the
  options `--index-url`, `--extra-index-url`, `--find-links`, `--pre`, `--prefer-binary`, `--only-binary`,
  `--no-binary` and `--require-hashes`. `-r FILE` is replaced with the file's lines.
- Refused, since an image is built without this machine's files, and of what cannot be exchanged on its way: `-e`, `-c`,
  `--trusted-host`, repositories (`git+https:`), local files, `http:`.
- An index address may hold credentials. They are in no digest, no message, and no file that scoredock writes;
  `${{NAME}}` in their place is kept as it is.
"""

OPTIONS = """\
An option wins over the key of a file. `service update` keeps what `--es`, `--sd` and `--image-python` said beside
`--ic`, and says what it keeps.
"""

UNCHANGED = "it changes nothing"
ONLINE = """\
<!-- file: deployment.yml -->
```yaml
$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
name: blue
endpoint_name: sentiment
model:
  path: model/
code_configuration:
  code: scoring/
  scoring_script: score.py
environment:
  image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest
  conda_file: conda.yml
instance_type: Standard_DS3_v2
instance_count: 1
```

`scoredock deploy -f deployment.yml`, `scoredock package -f deployment.yml`; a second `-f` is its endpoint's file. The
service has the endpoint's name, or that of `-n`. Managed deployments run on this machine; Kubernetes deployments need
`--local`. Paths are relative to the file's folder, or else to the current one. A model that is given by its path is
registered under its name, or the endpoint's, unless its newest version has the same files. The files of `code` are
copied into the app root, which is the working directory. One note names all that has no effect on a single machine.

The forms of Azure ML's previews are read as well: `local_path`, `code: {local_path: …}`, `environment.docker.image`,
`file:` before a path, one deployment inside the endpoint's file (`deployments`).
"""

SAMPLES = {
    "local": '{"computeType": "local", "port": 32267}',
    "aci": """\
{
    "computeType": "aci",
    "containerResourceRequirements": {"cpu": 0.5, "memoryInGB": 1.0},
    "authEnabled": true,
    "sslEnabled": false,
    "appInsightsEnabled": false
}""",
    "aks": """\
{
    "computeType": "aks",
    "autoScaler": {"autoscaleEnabled": true, "minReplicas": 1, "maxReplicas": 3, "targetUtilization": 70},
    "containerResourceRequirements": {"cpu": 0.5, "memoryInGB": 1.0},
    "authEnabled": true,
    "scoringTimeoutMs": 1000,
    "maxConcurrentRequestsPerContainer": 2
}""",
}


LOCAL = """\
A file for ACI or AKS is deployed on this machine with `--local`: its limits (in AKS `cpuLimit` and `memoryInGBLimit`),
`scoringTimeoutMs` and `maxQueueWaitMs` hold. A note names what has no effect, such as keys: the service answers on this
machine only.

"""


def page() -> str:
    """The whole page."""
    conda = CONDA.format(
        channels=" and ".join(f"`{name}`" for name in DEFAULT_CHANNELS),
        server=", ".join(f"`{name}`" for name in sorted(SERVER_PACKAGES)),
    )
    parts = [
        HEAD,
        f"## Options of commands\n\n{OPTIONS}\n{_options()}",
        f"## Inference configuration\n\n{INFERENCE}\n{_table(INFERENCE_FORMAT)}",
        f"## Environment\n\n{ENVIRONMENT}\n{_table(ENVIRONMENT_FORMAT, options=False)}",
        f"### Environments of scoredock\n\n{_curated()}\n{STAND_INS}",
        f"### Conda file\n\n{conda}\n{_table(CONDA_FORMAT, python=False, options=False)}",
        "## Deployment configuration\n\n`computeType` says which one a file is.\n",
    ]
    for name, cls in BY_COMPUTE_TYPE.items():
        sample = f"<!-- file: deploymentconfig-{name}.json -->\n```json\n{SAMPLES[name]}\n```\n"
        parts.append(f"### {name.upper()}\n\n{LOCAL if name == 'aci' else ''}{sample}\n{_table(format_of(cls))}")
    parts.append(f"## Online deployment\n\n{ONLINE}\n{_short_table(DEPLOYMENT_FORMAT)}")
    for title, format_ in (("Endpoint", ENDPOINT_FORMAT), ("Environment of a deployment", ENVIRONMENT2_FORMAT),
                           ("Model of a deployment", MODEL_FORMAT)):  # fmt: skip
        parts.append(f"### {title}\n\n{_short_table(format_)}")
    return "\n".join(parts)


def _table(format_: Format, python: bool = True, options: bool = True) -> str:
    between = (["In Python"] if python else []) + (["Option"] if options else [])
    names = ["Key", *between, "What it is", "Default", "Meaning"]
    head = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    rows = [_row(entry, python, options) for entry in format_.fields]
    rules = []
    for rule in format_.rules:
        rules.append("- " + rule.meaning.format(*(f"`{format_.field(name).key}`" for name in rule.names)))
    together = "\nTogether:\n\n" + "\n".join(rules) + "\n" if rules else ""
    unread = [f"- `{key}`: it {why}." for key, why in format_.foreign.items() if "belongs to" not in why]
    ignored = "\nIgnored, with a warning:\n\n" + "\n".join(unread) + "\n" if unread else ""
    return "\n".join([*head, *rows]) + "\n" + together + ignored


def _options() -> str:
    commands = {"deploy": deploy, "package": package, "service update": service.commands["update"], "check": check}
    rows: dict[str, set[str]] = {}
    for name, command in commands.items():
        for parameter in command.params:
            spellings = [one for one in parameter.opts if "_" not in one]
            if parameter.name in COMPARED:
                rows.setdefault(COMPARED[str(parameter.name)], set()).add(name)
                for one in spellings:
                    if f"`{one}`" not in COMPARED[str(parameter.name)]:
                        raise ValueError(f"{name} has {one}, which the table of options lacks")
    lines = [f"| {text} | {' | '.join('yes' if name in have else '' for name in commands)} |"
             for text, have in ((text, rows[text]) for text in COMPARED.values())]  # fmt: skip
    head = f"| Option | {' | '.join(f'`{name}`' for name in commands)} |"
    return "\n".join([head, "|---" * (len(commands) + 1) + "|", *lines]) + "\n"


def _short_table(format_: Format) -> str:
    """The keys that do something in a table, the others in two sentences."""
    noted, kept = ([entry.key for entry in format_.fields if start in entry.meaning] for start in (NOT_HERE, UNCHANGED))
    others = f"`$schema` and these change nothing: {_keys(kept)}.\n"
    if noted:
        others = f"These have no effect on this machine, and a note names them: {_keys(noted)}.\n\n{others}"
    used = tuple(entry for entry in format_.fields if entry.key not in (*noted, *kept, "$schema"))
    return f"{_table(replace(format_, fields=used), python=False, options=False)}\n{others}"


def _keys(keys: list[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _row(entry: Field, python: bool, options: bool) -> str:
    keys = "<br>".join(f"`{key}`" for key in (entry.key, *entry.aliases))
    between = [f"`{entry.name}`"] if python else []
    between += [f"`{entry.flag}`" if entry.flag else ""] if options else []
    cells = [keys, *between, entry.kind.expected, "required" if entry.required else _default(entry), entry.meaning]
    return f"| {' | '.join(cells)} |"


def _default(entry: Field) -> str:
    if entry.default_words is not None:
        return entry.default_words
    if entry.default is None or entry.default == () or entry.default == {}:
        return ""
    return f"`{str(entry.default).lower() if isinstance(entry.default, bool) else entry.default}`"


def _curated() -> str:
    rows = [
        f"| `{name}` | `{one.base_image}` | {', '.join(one.packages) or 'none'} | {one.meaning} |"
        for name, one in CURATED.items()
    ]
    return "\n".join(["| Name | Base image | Packages added | What for |", "|---|---|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
