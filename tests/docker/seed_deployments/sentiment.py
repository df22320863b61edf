"""A folder of files as one model; scikit-learn's in place of keras's and gensim's."""

import json

import requests
from azureml.core import Workspace
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.environment import Environment
from azureml.core.model import InferenceConfig, Model
from azureml.core.webservice import LocalWebservice

ws = Workspace.from_config()
model = Model.register(model_path="./models", model_name="sentiment", description="The mood of a text", workspace=ws)

myenv = Environment(name="myenv")
conda_dep = CondaDependencies()
conda_dep.add_pip_package("azureml-defaults")
conda_dep.add_pip_package("scikit-learn")
conda_dep.add_pip_package("joblib")
myenv.python.conda_dependencies = conda_dep
inference_config = InferenceConfig(entry_script="score.py", environment=myenv)
deployment_config = LocalWebservice.deploy_configuration()

model = Model(ws, name="sentiment")
service = Model.deploy(ws, "dd-sentiment", [model], inference_config, deployment_config)
service.wait_for_deployment(True)
print(service.state)
print("scoring URI: " + service.scoring_uri)

headers = {"Content-Type": "application/json"}
for text in ["Today is a great day!", "What an awful film!"]:
    response = requests.post(service.scoring_uri, data=json.dumps({"text": text}), headers=headers)
    print("answer:", response.status_code, response.elapsed.total_seconds() < 10, response.json()["label"])
