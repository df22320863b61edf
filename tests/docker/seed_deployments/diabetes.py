"""A model's first version is deployed; the service is found again by its name and gets the second."""

import json
import shutil

from azureml.core import Workspace
from azureml.core.environment import Environment
from azureml.core.model import InferenceConfig, Model
from azureml.core.webservice import LocalWebservice, Webservice

ws = Workspace.get(name="place", subscription_id="0000", resource_group="group")
samples = json.dumps({"data": [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]]})
outputs = "outputs/sklearn_regression_model.pkl"

shutil.copy("first.pkl", outputs)
model = Model.register(ws, model_path=outputs, model_name="diabetes", tags={"alpha": "0.03"})
print("registered:", model.name, model.id, model.version)
environment = Environment.from_pip_requirements("diabetes", "requirements.txt")
inference_config = InferenceConfig(entry_script="score.py", environment=environment)
deployment_config = LocalWebservice.deploy_configuration(port=8890)
service = Model.deploy(ws, "dd-regression", [model], inference_config, deployment_config)
service.wait_for_deployment(show_output=True)
print("first:", service.run(input_data=samples))

shutil.copy("second.pkl", outputs)
new_model = Model.register(model_path=outputs, model_name="diabetes", tags={"alpha": "1"}, workspace=ws)
service = Webservice(name="dd-regression", workspace=ws)
service.update(models=[new_model])
print("state:", service.state)
print("second:", service.run(samples))
print(service.get_logs())
service.delete()
print("left:", [one.name for one in Webservice.list(ws)], new_model.id)
