"""The names of Azure's SDK v1 that scripts import are there, and say what they cannot do."""

from __future__ import annotations

import pytest

from scoredock.deploy import (
    AciServiceDeploymentConfiguration,
    AciWebservice,
    AksEndpoint,
    AksWebservice,
    InferenceConfig,
    Model,
    ResourceConfiguration,
)
from scoredock.errors import ConfigError, Refused


def test_configurations_of_aci_and_aks_have_the_arguments_that_were_given():
    aci = AciWebservice.deploy_configuration(cpu_cores=0.5, memory_gb=1, location=None)
    assert aci == AciServiceDeploymentConfiguration(cpu_cores=0.5, memory_gb=1)
    aks = AksWebservice.deploy_configuration(autoscale_enabled=True, autoscale_max_replicas=4, autoscale_min_replicas=1)
    assert aks.to_dict()["autoScaler"]["maxReplicas"] == 4
    endpoint = AksEndpoint.deploy_configuration(version_name="versiona", traffic_percentile=20)
    assert (endpoint.version_name, endpoint.traffic_percentile) == ("versiona", 20)


def test_a_value_that_a_configuration_cannot_have_is_refused():
    with pytest.raises(ConfigError, match="cpu_cores: expected a number above 0"):
        AciWebservice.deploy_configuration(cpu_cores=-1)


def test_deploying_to_aci_is_refused_with_what_works_instead(workspace):
    config = InferenceConfig(entry_script="score.py")
    with pytest.raises(Refused, match=r"LocalWebservice.deploy_configuration\(port=…\)"):
        Model.deploy(workspace, "service", [], config, AciWebservice.deploy_configuration(cpu_cores=1))


def test_a_model_is_registered_with_the_resources_that_it_needs(workspace, tree):
    folder = tree("models", {"a.bin": "content"})
    wish = ResourceConfiguration(cpu=1, memory_in_gb=0.5)
    model = Model.register(workspace, model_path=folder, model_name="a", resource_configuration=wish)
    assert {type(one) for one in (model, *Model.list(workspace))} == {Model}
    assert Model(workspace, "a").resource_configuration == model.resource_configuration == wish
