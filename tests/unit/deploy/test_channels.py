"""Conda's channels: where they are, and that their credentials stay out of files, digests and messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoredock.deploy.config.channels import beside, credentials_of, parse_channel, without_credentials
from scoredock.deploy.config.conda_dependencies import CondaDependencies
from scoredock.deploy.local.conda import check_channel, conda_environment
from scoredock.errors import ConfigError, DeployError


@pytest.mark.parametrize(
    ("text", "shown", "folder", "credentials"),
    [
        ("conda-forge", "conda-forge", None, ()),
        ("pytorch/label/nightly", "pytorch/label/nightly", None, ()),
        ("https://mirror:8443/a/b-c", "https://mirror:8443/a/b-c", None, ()),
        ("http://mirror/a", "http://mirror/a", None, ()),
        ("https://me:p%40ss@mirror/a", "https://mirror/a", None, ("me", "p@ss")),
        ("https://${USER}:${PASSWORD}@mirror/a", "https://mirror/a", None, ("${USER}", "${PASSWORD}")),
        ("https://mirror/t/tk-1/a", "https://mirror/a", None, ("tk-1",)),
        ("file:///srv/my%20channel", "file:///srv/my%20channel", "/srv/my channel", ()),
        ("/srv/channel", "/srv/channel", "/srv/channel", ()),
    ],
)
def test_channels_are_names_addresses_and_folders(text, shown, folder, credentials):
    channel = parse_channel(text)
    assert (channel.shown, channel.credentials) == (shown, credentials)
    assert channel.folder == (Path(folder) if folder else None)


@pytest.mark.parametrize("text", ["", "a b", "ftp://mirror/a", "https://", "git+https://mirror/a"])
def test_what_is_no_channel_is_refused_with_what_one_is(text):
    with pytest.raises(ConfigError, match="expected a channel: a name such as conda-forge, an address"):
        CondaDependencies().add_channel(text)


def test_credentials_are_in_no_file_digest_message_or_repr():
    dependencies = CondaDependencies.create(["numpy"])
    dependencies.add_channel("https://me:hunter2@mirror/a")
    dependencies.add_channel("https://${USER}:${PASSWORD}@mirror/b")
    needed = dependencies.requirements()
    assert needed.channels == ("https://mirror/a", "https://mirror/b")
    for text in (dependencies.serialize_to_string(), repr(dependencies), repr(needed)):
        assert "hunter2" not in text
    assert "https://${USER}:${PASSWORD}@mirror/b" in dependencies.serialize_to_string(), "a variable is no secret"
    plain = CondaDependencies.create(["numpy"])
    for channel in needed.channels:
        plain.add_channel(channel)
    assert plain.requirements().digest() == needed.digest()
    with pytest.raises(ConfigError) as refused:
        dependencies.add_channel("ftp://me:hunter3@mirror/a")
    assert "hunter3" not in str(refused.value)


def test_what_hosts_ask_for_is_looked_up_when_it_is_needed():
    channels = [parse_channel(one) for one in ("https://me:pw@one/a", "https://two/t/$TOKEN/a", "conda-forge")]
    assert credentials_of(channels, {"TOKEN": "tk"}) == {"one": ["me", "pw"], "two": "tk"}
    with pytest.raises(DeployError, match="channel https://two/a: expected its variable TOKEN in the environment"):
        credentials_of(channels, {})


def test_a_relative_channel_starts_from_the_file_that_names_it(tmp_path):
    (tmp_path / "conda.yml").write_text("channels: [./own, conda-forge]\ndependencies: [numpy]\n")
    channels = CondaDependencies(tmp_path / "conda.yml").requirements().channels
    assert channels == ((tmp_path / "own").as_uri(), "conda-forge")
    assert beside("../own", Path("/srv/a/")) == "file:///srv/a/../own"


def test_a_folder_gets_a_place_in_the_build(tmp_path):
    dependencies = CondaDependencies.create(["numpy", "scipy"], python_version="3.12")
    for channel in ("conda-forge", tmp_path.as_uri(), "https://mirror/a"):
        dependencies.add_channel(channel)
    needed = dependencies.requirements()
    found = conda_environment(needed, [parse_channel(one) for one in needed.channels])
    assert found["channels"] == ["conda-forge", "file:///build/channels/0", "https://mirror/a"]
    assert found["packages"] == ["python=3.12", "pip", "numpy", "scipy"]


def test_a_folder_without_an_index_is_no_channel(tmp_path):
    with pytest.raises(DeployError, match="conda index"):
        check_channel(tmp_path)
    (tmp_path / "noarch").mkdir()
    (tmp_path / "noarch" / "repodata.json.zst").touch()
    check_channel(tmp_path)


def test_without_credentials_keeps_what_has_none():
    assert without_credentials("https://mirror/a") == "https://mirror/a"
    assert without_credentials("https://mirror/t/tk/a") == "https://mirror/a"
