"""The way from a model's file to a service, as a user of the SDK writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scoredock.deploy import Environment, InferenceConfig, LocalWebservice, Model, Webservice, Workspace
from scoredock.errors import BuildFailed, ConfigError, DeployError, NotFound, ServiceFailed


def environment_of(workspace: Workspace) -> Environment:
    try:
        return Environment.get(workspace, "prices")
    except NotFound:
        environment = Environment.from_pip_requirements("prices", "requirements.txt")
        environment.docker.base_image = "scoredock:cpu"
        environment.environment_variables = {"OMP_NUM_THREADS": "2"}
        environment.python.conda_dependencies.add_pip_package("numpy")
        return environment.register(workspace)


def deploy(workspace: Workspace, model_file: Path) -> LocalWebservice:
    model: Model = Model.register(workspace, model_path=model_file, model_name="prices", tags={"area": "sales"})
    config = InferenceConfig(entry_script="score.py", source_directory="src", environment=environment_of(workspace))
    service: LocalWebservice = Model.deploy(
        workspace,
        name="prices",
        models=[model, *Model.list(workspace, name="rates", latest=True)],
        inference_config=config,
        deployment_config=LocalWebservice.deploy_configuration(port=5001),
        overwrite=True,
    )
    service.wait_for_deployment(show_output=True)
    return service


def main() -> int:
    workspace = Workspace("~/workspace")
    try:
        service = deploy(workspace, Path("model.onnx"))
        answer: Any = service.run({"data": [[1.0, 2.0]]})
        print(answer, service.state, service.scoring_uri, service.get_logs(num_lines=5))
        service.update(models=[Model(workspace, "prices")])
        service.delete()
        services: list[LocalWebservice] = Webservice.list(workspace)
        return len(services)
    except ConfigError as error:
        for problem in error.problems:
            print(problem.file, problem.line, problem.key, problem.text)
    except (BuildFailed, ServiceFailed) as error:
        print(f"not deployed: {error}")
    except DeployError as error:
        print(error)
    return 1
