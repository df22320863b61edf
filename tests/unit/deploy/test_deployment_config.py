"""LOCAL, ACI and AKS: defaults, every key there and back, every constraint with file, line, key, expected and got."""

import dataclasses
import json

import pytest

from scoredock.deploy.config.deployment_config import (
    BY_COMPUTE_TYPE,
    AciServiceDeploymentConfiguration,
    AksServiceDeploymentConfiguration,
    LocalWebserviceDeploymentConfiguration,
    format_of,
    load_deployment_config,
)
from scoredock.errors import ConfigError

ENCRYPTION = "encryptionProperties.vaultBaseUrl", "encryptionProperties.keyName", "encryptionProperties.keyVersion"
# A value for every key, none of them the default.
VALUES = {
    "local": {
        "computeType": "local",
        "port": 32267,
        "containerResourceRequirements": {"cpu": 0.5, "memoryInGB": 1.0},
        "environmentVariables": {"GREETING": "hello"}, "host": "127.0.0.1",
    },
    "aci": {
        "computeType": "aci",
        "containerResourceRequirements": {"cpu": 0.5, "memoryInGB": 1.0},
        "location": "westeurope",
        "authEnabled": True,
        "sslEnabled": True,
        "appInsightsEnabled": True,
        "sslCertificate": "cert.pem",
        "sslKey": "key.pem",
        "cname": "example.org",
        "dnsNameLabel": "score",
        "keys": {"primaryKey": "one", "secondaryKey": "two"},
        "dataCollection": {"eventHubEnabled": True, "storageEnabled": True},
        "vnetConfiguration": {"vnetName": "net", "subnetName": "sub"},
        "encryptionProperties": {"vaultBaseUrl": "https://vault", "keyName": "name", "keyVersion": "1"},
        "description": "a service",
        "kvTags": {"a": "b"},
        "properties": {"c": "d"},
    },
    "aks": {
        "computeType": "aks",
        "autoScaler": {
            "autoscaleEnabled": True,
            "minReplicas": 2,
            "maxReplicas": 4,
            "refreshPeriodInSeconds": 5,
            "targetUtilization": 30,
        },
        "dataCollection": {"storageEnabled": True, "eventHubEnabled": True},
        "authEnabled": False,
        "tokenAuthEnabled": True,
        "containerResourceRequirements": {
            "cpu": 0.5, "memoryInGB": 1.5, "cpuLimit": 1.0, "memoryInGBLimit": 2.0, "fpga": 2,
        },
        "gpuCores": 1,
        "appInsightsEnabled": True,
        "scoringTimeoutMs": 1000,
        "maxConcurrentRequestsPerContainer": 2,
        "maxQueueWaitMs": 100,
        "numReplicas": 0,
        "keys": {"primaryKey": "one", "secondaryKey": "two"},
        "livenessProbeRequirements": {
            "periodSeconds": 1, "initialDelaySeconds": 0, "timeoutSeconds": 3, "successThreshold": 2,
            "failureThreshold": 4,
        },
        "namespace": "a-namespace",
        "computeName": "myaks",
        "versionName": "v1",
        "isDefault": True,
        "trafficPercentile": 12.5,
        "type": "Treatment",
        "kvTags": {"a": "b"},
        "properties": {"c": "d"},
        "description": "a service",
        "blobfuseEnabled": True,
    },
}  # fmt: skip


def load(write, content, overrides=None, **how):
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    return load_deployment_config(write("deploymentconfig.json", text), overrides, **how)


@pytest.mark.parametrize("name", VALUES)
def test_every_key_round_trips(write, name):
    config = load(write, VALUES[name])
    assert isinstance(config, BY_COMPUTE_TYPE[name])
    assert config.to_dict(with_secrets=True) == VALUES[name]
    defaults = BY_COMPUTE_TYPE[name]()
    flat = {entry.name for entry in format_of(type(config)).fields} - {"compute_type"}
    same = {field for field in flat if getattr(config, field) == getattr(defaults, field)}
    assert same <= {"autoscale_enabled"}, "a key that no value was given for"


@pytest.mark.parametrize("spelling", ["local", "LOCAL", "Local"])
def test_the_compute_type_may_have_any_case(write, spelling):
    assert load(write, {"computeType": spelling}) == LocalWebserviceDeploymentConfiguration(port=None)


def test_the_defaults_of_aci():
    config = AciServiceDeploymentConfiguration()
    assert config.to_dict() == {
        "computeType": "aci",
        "containerResourceRequirements": {"cpu": 0.1, "memoryInGB": 0.5},
        "appInsightsEnabled": False,
        "dataCollection": {"storageEnabled": False, "eventHubEnabled": False},
        "authEnabled": False,
        "sslEnabled": False,
    }


def test_the_defaults_of_aks():
    config = AksServiceDeploymentConfiguration()
    assert config.to_dict() == {
        "computeType": "aks",
        "containerResourceRequirements": {"cpu": 0.1, "memoryInGB": 0.5},
        "appInsightsEnabled": False,
        "dataCollection": {"storageEnabled": False, "eventHubEnabled": False},
        "autoScaler": {
            "autoscaleEnabled": True, "minReplicas": 1, "maxReplicas": 10, "refreshPeriodInSeconds": 1,
            "targetUtilization": 70,
        },
        "authEnabled": True,
        "tokenAuthEnabled": False,
        "scoringTimeoutMs": 60000,
        "maxConcurrentRequestsPerContainer": 1,
        "maxQueueWaitMs": 500,
        "livenessProbeRequirements": {
            "periodSeconds": 10, "initialDelaySeconds": 310, "timeoutSeconds": 2, "successThreshold": 1,
            "failureThreshold": 3,
        },
        "isDefault": False,
        "trafficPercentile": 0.0,
    }  # fmt: skip
    assert config.num_replicas is config.gpu_cores is None


@pytest.mark.parametrize(("replicas", "scaled"), [(None, True), (0, True), (3, False)])
def test_replicas_are_scaled_where_their_number_is_not_set(replicas, scaled):
    assert AksServiceDeploymentConfiguration(num_replicas=replicas).autoscale_enabled is scaled


def test_tokens_take_the_place_of_keys():
    assert AksServiceDeploymentConfiguration(token_auth_enabled=True).auth_enabled is False
    assert AksServiceDeploymentConfiguration(token_auth_enabled=False).auth_enabled is True


@pytest.mark.parametrize(
    ("written", "name", "value"),
    [
        ({"gpuCores": 2}, "gpu_cores", 2),
        ({"containerResourceRequirements": {"gpu": 2}}, "gpu_cores", 2),
        ({"aadAuthEnabled": True}, "token_auth_enabled", True),
        ({"tags": {"a": 1}}, "tags", {"a": "1"}),
        ({"autoScaler": None}, "autoscale_min_replicas", 1),
        ({"type": "control"}, "is_control_version_type", "Control"),
        ({"containerResourceRequirements": {"cpu": 2}}, "cpu_cores", 2.0),
    ],
)
def test_other_spellings_are_read(write, written, name, value):
    assert getattr(load(write, {"computeType": "aks"} | written), name) == value


def test_ssl_keys_may_have_the_sdk_s_names(write):
    named = {"sslEnabled": True, "sslCertPemFile": "c", "sslKeyPemFile": "k", "sslCname": "n"}
    config = load(write, {"computeType": "aci"} | named)
    assert (config.ssl_cert_pem_file, config.ssl_key_pem_file, config.ssl_cname) == ("c", "k", "n")


FILES = [
    ("{}", "line 1, computeType: expected one of local, aci, aks, got nothing."),
    ("[]", "line 1, computeType: expected one of local, aci, aks, got nothing."),
    ('{\n"computeType": "aml"}', "line 2, computeType: expected one of local, aci, aks, got the text 'aml'."),
    ('{\n"computeType": 3}', "line 2, computeType: expected one of local, aci, aks, got a number (3)."),
]
LOCAL = [
    ('"port": 0', "port: expected a whole number from 1 to 65535, got a number (0)."),
    ('"port": 65536', "port: expected a whole number from 1 to 65535, got a number (65536)."),
    ('"port": "8890"', "port: expected a whole number from 1 to 65535, got the text '8890'."),
    ('"port": true', "port: expected a whole number from 1 to 65535, got true."),
    ('"port": 88.5', "port: expected a whole number from 1 to 65535, got a number (88.5)."),
    ('"prot": 8890', "prot: expected a key of the LOCAL deployment configuration, got an unknown one. Did you mean po"),
    ('"gpuCores": 1', "gpuCores: expected a key of the LOCAL deployment configuration, got one that belongs to AKS."),
    ('"xyz": 1', "xyz: expected a key of the LOCAL deployment configuration, got an unknown one. Known here: "
                 "computeType, containerResourceRequirements, environmentVariables, host, port."),
]  # fmt: skip
ACI = [
    ('"containerResourceRequirements": {"cpu": 0}', "containerResourceRequirements.cpu: expected a number above 0, go"),
    ('"containerResourceRequirements": {"memoryInGB": -1}', "containerResourceRequirements.memoryInGB: expected a num"),
    ('"containerResourceRequirements": {"cpu": 1e999}', "containerResourceRequirements.cpu: expected a number above 0"),
    ('"containerResourceRequirements": 1', "containerResourceRequirements: expected an object, got a number (1)."),
    ('"containerResourceRequirements": {"gpu": 1}', "containerResourceRequirements.gpu: expected a key of the ACI "
     "deployment configuration, got one that belongs to AKS."),
    ('"memoryInGB": 1', "memoryInGB: expected a key of the ACI deployment configuration, got an unknown one. Did you "
     "mean containerResourceRequirements.memoryInGB?"),
    ('"autoScaler": {}', "autoScaler: expected a key of the ACI deployment configuration, got one that belongs to AKS"),
    ('"tokenAuthEnabled": true', "tokenAuthEnabled: expected a key of the ACI deployment configuration, got one that "),
    ('"numReplicas": 2', "numReplicas: expected a key of the ACI deployment configuration, got one that belongs to A"),
    ('"authEnabled": "yes"', "authEnabled: expected true or false, got the text 'yes'."),
    ('"sslEnabled": true, "cname": "a",\n"sslKey": "k"', "sslEnabled: expected a value that sslEnabled (line 3) needs, "
     "got sslCertificate (not set). Set it."),
    ('"sslEnabled": true, "cname": "a",\n"sslCertificate": "k"', "sslEnabled: expected a value that sslEnabled (line 3)"
     " needs, got sslKey (not set). Set it."),
    ('"sslEnabled": true, "sslKey": "a",\n"sslCertificate": "k"', "sslEnabled: expected a value that sslEnabled (line "
     "3) needs, got cname (not set). Set it."),
    ('"encryptionProperties": {"vaultBaseUrl": "v",\n"keyName": "n"}', f"{ENCRYPTION[0]}: expected all of these or none"
     f", got some: {ENCRYPTION[0]} (line 3), {ENCRYPTION[1]} (line 4), {ENCRYPTION[2]} (not set)."),
    ('"vnetConfiguration": {"subnetName": "s"}', "vnetConfiguration.subnetName: expected all of these or none, got "
     "some: vnetConfiguration.vnetName (not set), vnetConfiguration.subnetName (line 3)."),
    ('"keys": {"primaryKey": 12345}', "keys.primaryKey: expected text, got a number that is not shown."),
    ('"kvTags": {"a": []}', "kvTags.a: expected text or a number, got a list."),
    ('"kvTags": "a=b"', "kvTags: expected an object of names and text, got the text 'a=b'."),
]  # fmt: skip
AKS = [
    ('"tokenAuthEnabled": true,\n"authEnabled": true', "tokenAuthEnabled: expected at most one of tokenAuthEnabled "
     "(line 3) and authEnabled (line 4) to be true, got both."),
    ('"autoScaler": {"autoscaleEnabled": true},\n"numReplicas": 2', "autoScaler.autoscaleEnabled: expected "
     "autoScaler.autoscaleEnabled (line 3) or a number of replicas, got numReplicas (line 4) too. Take one out."),
    ('"autoScaler": {"minReplicas": 11}', "autoScaler.minReplicas: expected autoScaler.minReplicas (line 3) to be no "
     "more than autoScaler.maxReplicas (not set: 10), got more."),
    ('"autoScaler": {"minReplicas": 0}', "autoScaler.minReplicas: expected a whole number of at least 1, got "),
    ('"autoScaler": {"maxReplicas": 0}', "autoScaler.maxReplicas: expected a whole number of at least 1, got "),
    ('"autoScaler": {"refreshPeriodInSeconds": 0}', "autoScaler.refreshPeriodInSeconds: expected a whole number of at"),
    ('"autoScaler": {"targetUtilization": 101}', "autoScaler.targetUtilization: expected a whole number from 1 to 100"),
    ('"livenessProbeRequirements": {"periodSeconds": 0}', "livenessProbeRequirements.periodSeconds: expected a whole "),
    ('"livenessProbeRequirements": {"timeoutSeconds": 0}', "livenessProbeRequirements.timeoutSeconds: expected a whol"),
    ('"livenessProbeRequirements": {"successThreshold": 0}', "livenessProbeRequirements.successThreshold: expected a "),
    ('"livenessProbeRequirements": {"failureThreshold": 0}', "livenessProbeRequirements.failureThreshold: expected a "),
    ('"livenessProbeRequirements": {"initialDelaySeconds": -1}', "livenessProbeRequirements.initialDelaySeconds: expe"),
    ('"containerResourceRequirements": {"fpga": 3}', "containerResourceRequirements.fpga: expected a multiple of 2 of"),
    ('"gpuCores": 1,\n"containerResourceRequirements": {"gpu": 1}', "containerResourceRequirements.gpu: expected one "
     "spelling of the same key, got gpuCores (line 3) too. Take one out."),
    ('"gpuCores": 0.5', "gpuCores: expected a whole number of at least 0, got a number (0.5)."),
    ('"containerResourceRequirements": {"cpu": 2, "cpuLimit": 1}', "containerResourceRequirements.cpu: expected "
     "containerResourceRequirements.cpuLimit (line 3) to be at least containerResourceRequirements.cpu (line 3), got "),
    ('"containerResourceRequirements": {"memoryInGB": 2, "memoryInGBLimit": 1}', "containerResourceRequirements.memor"),
    ('"scoringTimeoutMs": 0', "scoringTimeoutMs: expected a whole number of at least 1, got a number (0)."),
    ('"maxConcurrentRequestsPerContainer": 0', "maxConcurrentRequestsPerContainer: expected a whole number of at leas"),
    ('"maxQueueWaitMs": -1', "maxQueueWaitMs: expected a whole number of at least 0, got a number (-1)."),
    ('"numReplicas": -1', "numReplicas: expected a whole number of at least 0, got a number (-1)."),
    ('"trafficPercentile": 101', "trafficPercentile: expected a number from 0 to 100, got a number (101)."),
    ('"type": "Other"', "type: expected one of Control, Treatment, got the text 'Other'."),
    *((f'"namespace": "{name}"', "namespace: expected a name of at most 63 lowercase letters, digits and hyphens")
      for name in ("", "-a", "a-", "A", "a_b", "a" * 64, "a\\n")),
    ('"sslEnabled": true', "sslEnabled: expected a key of the AKS deployment configuration, got one that has no e"),
]  # fmt: skip
EACH = [
    *FILES,
    *(
        (f'{{"computeType": "{name}",\n\n{text}}}', f"line {3 + ('spelling of the same' in problem)}, {problem}")
        for name, cases in (("local", LOCAL), ("aci", ACI), ("aks", AKS))
        for text, problem in cases
    ),
]


@pytest.mark.parametrize(("text", "problem"), EACH)
def test_what_is_wrong_is_told_with_file_line_and_key_to_who_asks_for_all(write, problems, text, problem):
    (found,) = problems(load, write, text, strict=True)
    assert found.startswith(f"deploymentconfig.json, {problem}")


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_lines(write):
    text = "computeType: ACI\nport: 3\nsslEnabled: 1\nlocation: [a]\n"
    with pytest.raises(ConfigError) as raised:
        load_deployment_config(write("dc.yml", text))
    assert [(problem.file, problem.line, problem.key) for problem in raised.value.problems] == [
        ("dc.yml", 2, "port"),
        ("dc.yml", 3, "sslEnabled"),
        ("dc.yml", 4, "location"),
    ]
    assert str(raised.value).startswith("3 problems:\n- dc.yml, line 2, port: ignored, since it belongs to LOCAL.")


def test_values_of_a_command_line_win_over_the_file(write):
    file = '{"computeType": "aks", "numReplicas": 2, "authEnabled": true}'
    config = load(write, file, {"num_replicas": 3, "description": None, "cpu_cores": 1})
    assert (config.num_replicas, config.cpu_cores, config.auth_enabled) == (3, 1.0, True)
    assert load(write, "{}", {"compute_type": "local", "port": 8890}).port == 8890


def test_values_of_a_command_line_are_told_by_their_options(write, problems):
    found = problems(load, write, '{"computeType": "aks"}', {"num_replicas": -1})
    assert found == [
        "--num-replicas: expected a whole number of at least 0, got a number (-1). Number of replicas, where they are "
        "not scaled."
    ]


def test_arguments_in_python_are_told_by_their_names(problems):
    found = problems(AksServiceDeploymentConfiguration, token_auth_enabled=True, auth_enabled=True, namespace="A_B")
    assert [text.partition(": ")[0] for text in found] == [
        "AksServiceDeploymentConfiguration, namespace",
        "AksServiceDeploymentConfiguration, token_auth_enabled",
    ]
    assert "at most one of token_auth_enabled and auth_enabled to be true" in found[1]


def test_keys_are_neither_shown_nor_written():
    for cls in (AciServiceDeploymentConfiguration, AksServiceDeploymentConfiguration):
        config = cls(primary_key="s3cret-one", secondary_key="s3cret-two")
        assert "s3cret" not in repr(config) + json.dumps(config.to_dict())
        assert config.to_dict(with_secrets=True)["keys"] == {"primaryKey": "s3cret-one", "secondaryKey": "s3cret-two"}


def test_a_configuration_is_a_value():
    config = AciServiceDeploymentConfiguration(cpu_cores=1, memory_gb=1)
    assert config == dataclasses.replace(config)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.cpu_cores = 2


def test_the_samples_of_the_public_pages_are_read(write):
    assert load(write, '{\n    "computeType": "LOCAL"\n}').port is None
    sample = """\
        {
            "computeType": "aci",
            "containerResourceRequirements":
            {
                "cpu": 0.5,
                "memoryInGB": 1.0
            },
            "authEnabled": true,
            "sslEnabled": false,
            "appInsightsEnabled": false
        }
        """
    assert load(write, sample) == AciServiceDeploymentConfiguration(cpu_cores=0.5, memory_gb=1, auth_enabled=True)
