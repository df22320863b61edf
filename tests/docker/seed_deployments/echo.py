"""A script that answers what came, without a model; then, under the same name, one that needs a package."""

import json

import requests
from azureml.core import Environment, Workspace
from azureml.core.model import InferenceConfig, Model
from azureml.core.webservice import LocalWebservice, Webservice

ws = Workspace(subscription_id="0000", resource_group="group", workspace_name="place")
data = json.dumps({"query": "What color is the fox", "context": "The quick brown fox jumped over the lazy dog."})
headers = {"Content-Type": "application/json"}

env = Environment(name="project_environment")
inf_config = InferenceConfig(environment=env, source_directory="./source_dir", entry_script="./echo_score.py")
deploy_config = LocalWebservice.deploy_configuration(port=6789)
service = Model.deploy(ws, "dd-echo", [], inf_config, deploy_config, overwrite=True)
service.wait_for_deployment(show_output=True)
print(service.get_logs())
print("health:", requests.get("http://localhost:6789").text)
print("echo:", requests.post(service.scoring_uri, data=data, headers=headers).json())

for package in ["nltk", "numpy"]:
    env.python.conda_dependencies.add_pip_package(package)
inf_config = InferenceConfig(environment=env, source_directory="./source_dir", entry_script="./words.py")
service = Model.deploy(ws, "dd-echo", [], inf_config, deploy_config, overwrite=True)
service.wait_for_deployment(show_output=True)

service = Webservice(workspace=ws, name="dd-echo")
if service.auth_enabled:
    headers["Authorization"] = "Bearer " + service.get_keys()[0]
print("words:", requests.post(service.scoring_uri, data=data, headers=headers).json())
service.delete()
