"""The real mlflow in a service's environment: the gunicorn that it wants serves, and a model of its in init()."""

from __future__ import annotations

import pytest

INSTALLATION_S = 600  # a hundred packages
TRAIN = """
    import mlflow
    from sklearn.linear_model import LinearRegression

    mlflow.sklearn.save_model(LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]), "/made/line")
"""
SCORE = """
    import os
    from importlib.metadata import version

    import mlflow

    def init():
        global model
        model = mlflow.pyfunc.load_model(os.path.join(os.environ["AZUREML_MODEL_DIR"], "line"))

    def run(data):
        return [model.predict([[10.0]]).tolist(), mlflow.__version__, version("gunicorn")]
"""
NO_MODEL = """
    def init():
        pass

    def run(data):
        return "ready"
"""


def test_an_mlflow_model_is_scored(place):
    place.script(NO_MODEL)
    place.write(
        "conda.yml",
        """
        dependencies:
        - python=3.11
        - pip: [azureml-defaults, mlflow, scikit-learn]
        """,
    )
    configuration = {"entryScript": "score.py", "sourceDirectory": "source", "runtime": "python"}
    place.write("inferenceconfig.json", {**configuration, "condaFile": "../conda.yml"})
    name = place.name()
    place.patience_s = INSTALLATION_S
    place.deploy(name)  # the environment, in which the model is trained
    place.write("made/train.py", TRAIN)
    (place.folder / "made").chmod(0o777)
    place.engine.containers.run(
        place.container(name).image.id,
        ["/made/train.py"],
        entrypoint="python",
        volumes={str(place.folder / "made"): {"bind": "/made", "mode": "rw"}},
        remove=True,
    )
    place.script(SCORE)
    place.cli("model", "register", "-n", "line", "-p", "made/line")
    place.deploy(name, "-m", "line:1", "--overwrite")
    prediction, mlflow, gunicorn = place.ask(name)  # mlflow 3 wants gunicorn below 27
    assert prediction == pytest.approx([21.0])
    assert int(mlflow.split(".")[0]) >= 3
    assert 22 <= int(gunicorn.split(".")[0]) < 28
