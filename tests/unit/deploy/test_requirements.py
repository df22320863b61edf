"""What an environment needs: merged, without what scoredock stands for, and with a digest."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scoredock.deploy.config.conda_spec import parse_spec
from scoredock.deploy.config.requirements import Requirements, gather
from scoredock.deploy.config.requirements_file import Line

HASH = "--hash=sha256:" + "0a" * 32


def requirements(pip=(), conda=(), channels=()):
    return gather([Line(text, "r.txt", n) for n, text in enumerate(pip, 1)],
                  [Line(text, "c.yml", n) for n, text in enumerate(conda, 1)], channels)  # fmt: skip


def test_python_and_pip_alone_need_no_conda():
    found = requirements(["azureml-defaults>=1.0.45", "Scikit_Learn==1.7", "numpy"], ["python=3.11", "pip=24.0"], ["x"])
    assert found == Requirements(
        python="3.11", pip=("numpy", "scikit-learn==1.7"), needs_conda=False, replaced=("azureml-defaults",)
    )
    assert found.requirements_txt() == "numpy\nscikit-learn==1.7\n"


def test_other_packages_need_conda_and_its_channels_in_their_order():
    found = requirements(["keras"], ["python=3.6.2", "TensorFlow", "numpy >= 1.2", "numpy"], ["b", "a", "b"])
    assert found == Requirements(
        python="3.6.2", pip=("keras",), conda=("numpy>=1.2", "tensorflow"), channels=("b", "a"), needs_conda=True
    )
    assert requirements([], ["numpy"]).channels == ("conda-forge",)


@pytest.mark.parametrize(
    ("specs", "version"),
    [
        ([], None),
        (["python"], None),
        (["python=3.11"], "3.11"),
        (["python==3.11.4"], "3.11.4"),
        (["python=3.11.*"], "3.11"),
        (["conda-forge::python=3.11"], "3.11"),
        (["python 3.11.*"], "3.11"),
        (["python>=3.10"], ">=3.10"),
        (["python >=3.10,<3.13"], ">=3.10,<3.13"),
        (["python=3.11", "python==3.11.4"], "3.11.4"),
        (["python-dateutil"], None),
    ],
)
def test_pythons_version(specs, version):
    assert requirements([], specs).python == version


@pytest.mark.parametrize(
    "name",
    ["azureml-defaults", "AzureML_Core", "azureml-inference-server-http[x]", "azureml.contrib.services", "scoredock"],
)  # fmt: skip
def test_scoredock_stands_for_the_server(name):
    found = requirements([name, "numpy"])
    assert found.pip == ("numpy",)
    assert len(found.replaced) == 1
    assert found.digest() == requirements(["numpy"]).digest()


@pytest.mark.parametrize(
    ("lines", "merged"),
    [
        (["numpy", "NumPy"], ("numpy",)),
        (["numpy", "numpy==1.26.4"], ("numpy==1.26.4",)),
        (["numpy>=1.20", "numpy<2"], ("numpy<2,>=1.20",)),
        (["a[x]", "a[y]==1"], ("a[x,y]==1",)),
        (["a==1.0", "a==1"], ("a==1",)),
        (["a; python_version<'3'", "a==1"], ('a; python_version < "3"', "a==1")),
        ([f"a==1 {HASH}", f"a==1 {HASH}"], (f"a==1 {HASH}",)),
        (["https://h/a.whl", "https://h/a.whl"], ("https://h/a.whl",)),
    ],
)
def test_entries_of_one_package_are_joined(lines, merged):
    assert requirements(lines).pip == merged


@pytest.mark.parametrize(
    ("pip", "conda", "problem"),
    [
        (["a==1", "b", "A==2"], [], "r.txt, line 3: expected one version of a package, got 'A==2' and 'a==1' (line 1)"),
        (["a==1", "a>=2"], [], "r.txt, line 2: expected one version of a package, got 'a>=2' and 'a==1' (line 1)."),
        (["a @ https://h/a.whl", "a==1"], [], "r.txt, line 2: expected one version of a package, got 'a==1' and "),
        ([f"a==1 {HASH}", "b==1"], [], "r.txt, line 2: expected a --hash for every package, since a has one, got none"),
        ([], ["numpy=1.20", "numpy==1.21.0"], "c.yml, line 2: expected one version of a package, got 'numpy==1.21.0' "),
        ([], ["python=3.6", "python=3.11"], "c.yml, line 2: expected one version of a package, got 'python=3.11' and "),
        ([], ["nu mpy; x"], "c.yml, line 1: expected a package as conda writes it, such as numpy, numpy=1.26 or "),
        (["a", "-e ."], [], "r.txt, line 2: expected a requirement of pip, got '-e .': an editable package is a folde"),
        (["http://u:s3cret@h/a.whl"], [], "r.txt, line 1: expected a requirement of pip, got 'http://…@h/a.whl': pac"),
        (["-i https://u:/s3cret@h/s"], [], "r.txt, line 1: expected a requirement of pip, got '-i https://…@h/s': "),
        ([], ["https://u:s3cret@h::numpy"], "c.yml, line 1: expected a package as conda writes it, such as numpy, "),
    ],
)  # fmt: skip
def test_what_cannot_be_installed_is_told_with_its_line(problems, pip, conda, problem):
    (found,) = problems(requirements, pip, conda)
    assert found.startswith(problem)
    assert "s3cret" not in found


def test_everything_that_is_wrong_is_told_at_once(problems):
    assert len(problems(requirements, ["-e .", "a==1", "a==2"], ["!"])) == 3


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("NumPy", "numpy"),
        ("numpy = 1.20", "numpy=1.20"),
        ("numpy >= 1.20, <2", "numpy>=1.20,<2"),
        ("conda-forge::numpy==1.20", "conda-forge::numpy==1.20"),
        ("numpy=1.20=py311_0", "numpy=1.20=py311_0"),
        ("numpy[version='>=1.2']", "numpy[version='>=1.2']"),
        ("numpy 1.20.*", "numpy=1.20.*"),
        ("_libgcc_mutex", "_libgcc_mutex"),
    ],
)
def test_conda_specifications_are_normalised(text, normalised):
    assert parse_spec(text).text == normalised


@pytest.mark.parametrize("text", ["", "-n x", "--file=x", "a b", "a;b", "a$(b)", "a`b`", "a\nb", "https://u:p@h::a"])
def test_what_is_no_conda_specification_is_refused(text):
    with pytest.raises(ValueError, match="expected a package as conda writes it"):
        parse_spec(text)


names = st.from_regex(r"[a-z][a-z0-9]{0,5}([-_.][a-z0-9]{1,3})?", fullmatch=True)
versions = st.sampled_from(["", "==1.0", ">=2", "<3,>=1"])


@given(st.lists(st.tuples(names, versions), unique_by=lambda pair: canonicalize_name(pair[0])), st.randoms())
def test_the_digest_does_not_know_order_or_spelling(pairs, shuffler: random.Random):
    lines = [name + version for name, version in pairs]
    spelt = [name.upper().replace("_", "-") + version for name, version in pairs]
    shuffler.shuffle(spelt)
    assert requirements(spelt).digest() == requirements(lines).digest()


def test_the_digest_knows_what_is_installed():
    base = requirements(["numpy"], ["python=3.11"])
    others = [
        requirements(["numpy==1.26"], ["python=3.11"]),
        requirements(["numpy", "scipy"], ["python=3.11"]),
        requirements(["numpy"], ["python=3.12"]),
        requirements(["numpy", "--index-url https://example.org/simple"], ["python=3.11"]),
        requirements(["numpy"], ["python=3.11", "scipy"]),
        requirements(["numpy"], ["python=3.11", "scipy"], ["b", "a"]),
        requirements(["numpy"], ["python=3.11", "scipy"], ["a", "b"]),
    ]
    digests = {one.digest() for one in (base, *others)}
    assert len(digests) == 8
    assert requirements(["numpy"], ["python=3.11"], ["unused"]).digest() == base.digest()


def test_the_digest_does_not_know_credentials():
    one, other = (
        requirements(["a", f"--index-url https://user:{password}@example.org/simple"]) for password in ("x1", "x2")
    )
    assert one.digest() == other.digest() == requirements(["a", "-i https://example.org/simple"]).digest()
    assert one.pip_options[0].text.endswith("user:x1@example.org/simple")
    assert "x1" not in repr(one) + one.requirements_txt()


def test_extras_of_scoredock_are_the_packages_that_they_stand_for():
    found = requirements(["scoredock[app-insights, arrow]", "scikit-learn"])
    names = {Requirement(line).name for line in found.pip}
    assert names == {"azure-monitor-opentelemetry-exporter", "numpy", "pandas", "pyarrow", "pysimdjson", "scikit-learn"}
    assert "scoredock" in found.replaced


def test_an_extra_that_scoredock_has_not_is_told(problems):
    (found,) = problems(requirements, ["scoredock[app-insight]"], [])
    assert found.startswith(
        "r.txt, line 1: expected extras that scoredock has, got 'scoredock[app-insight]': there is no "
    )
    assert "app-insights" in found


@pytest.mark.parametrize(
    ("line", "left_out"),
    [
        ("inference-schema==1.3.0", True),
        ("inference-schema[numpy-support]<1.6", True),
        ("inference-schema", False),
        ("inference-schema>=1.3", False),
        ("inference-schema==1.8", False),
    ],
)
def test_an_inference_schema_that_is_too_old_is_left_out_and_told(line, left_out):
    found = requirements([line])
    assert (found.pip == ()) is left_out
    assert any(note.startswith(f"{line} is left out: scoredock brings") for note in found.notes) is left_out


def test_what_scoredock_stands_in_for_is_told_unless_it_is_the_server_itself():
    assert requirements(["azureml-defaults"]).notes == ()
    (note,) = requirements(["azureml-defaults", "azureml-core==1.40"]).notes
    assert note.startswith("azureml-core is left out: scoredock has stand-ins")
    found = requirements(["azureml-core[real]==1.60.0"])
    assert (found.pip, found.replaced, found.notes) == (("azureml-core==1.60.0",), (), ())
