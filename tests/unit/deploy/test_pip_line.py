"""Lines of pip: normalised, kept, or refused with the reason; files with includes, comments and long lines."""

import pytest

from scoredock.deploy.config.pip_line import PipOption, RefusedLine, parse_line, without_literal_credentials
from scoredock.deploy.config.requirements_file import read_requirements_file

HASH = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("Scikit_Learn", "scikit-learn"),
        ("  numpy ==1.26.4 ", "numpy==1.26.4"),
        ("numpy<2,>=1.26", "numpy<2,>=1.26"),
        ("inference-schema[Pandas-support, numpy-support]", "inference-schema[Pandas-support,numpy-support]"),
        ("numpy==1.26.* ; python_version<'3.12'", 'numpy==1.26.*; python_version < "3.12"'),
        (f"zope.interface==7.0 --hash={HASH}", f"zope-interface==7.0 --hash={HASH}"),
        (f"a==1 --hash={HASH} --hash {HASH}", f"a==1 --hash={HASH}"),
        ("https://example.org/a-1.0-py3-none-any.whl", "https://example.org/a-1.0-py3-none-any.whl"),
    ],
)
def test_packages_are_normalised(line, text):
    assert parse_line(line).text == text


def test_a_package_may_come_from_an_https_address():
    package = parse_line("Some_Name @ https://example.org/a-1.0-py3-none-any.whl")
    assert (package.name, package.requirement.url) == ("some-name", "https://example.org/a-1.0-py3-none-any.whl")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("-i https://example.org/simple", "--index-url https://example.org/simple"),
        ("--index-url=https://example.org/simple", "--index-url https://example.org/simple"),
        ("--extra-index-url  https://example.org:8443/simple", "--extra-index-url https://example.org:8443/simple"),
        ("-f https://example.org/wheels", "--find-links https://example.org/wheels"),
        ("--pre", "--pre"),
        ("--only-binary=:all:", "--only-binary :all:"),
        ("--no-binary numpy,scipy", "--no-binary numpy,scipy"),
        ("--require-hashes", "--require-hashes"),
    ],
)
def test_safe_options_are_kept(line, text):
    option = parse_line(line)
    assert isinstance(option, PipOption)
    assert option.text == option.shown == text


def test_credentials_of_an_index_are_kept_but_not_shown():
    option = parse_line("--extra-index-url https://user:s3cret@example.org/simple")
    assert option.text == "--extra-index-url https://user:s3cret@example.org/simple"
    assert option.shown == "--extra-index-url https://example.org/simple"
    assert "s3cret" not in repr(option)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("-e .", "an editable package is a folder of this machine"),
        ("-e.", "an editable package is a folder of this machine"),
        ("--editable ./a", "an editable package is a folder of this machine"),
        ("-r other.txt", "there is no file beside it to follow"),
        ("-c constraints.txt", "constraints are not read"),
        ("--trusted-host example.org", "it switches off the check of a server's certificate"),
        ("--no-index", "the image's own packages come from the index"),
        ("--target /etc", "scoredock does not know the option"),
        ("--index-url http://example.org/simple", "--index-url takes an https address"),
        ("--index-url https://u:s3c/ret@example.org/simple", "--index-url takes an https address"),
        ("--index-url https://example.org/simple --trusted-host x", "--index-url takes an https address"),
        ("--find-links ./wheels", "--find-links takes an https address"),
        ("--index-url", "--index-url takes an https address"),
        ("--pre now", "--pre takes no value"),
        ("--only-binary", "--only-binary takes package names"),
        ("git+https://example.org/a.git", "an image is built without git"),
        ("a @ git+ssh://git@example.org/a.git", "an image is built without git"),
        ("file:///home/a.whl", "it is a file of this machine"),
        ("a @ file:///home/a.whl", "it is a file of this machine"),
        ("./a-1.0-py3-none-any.whl", "it is a file of this machine"),
        ("wheels/a-1.0-py3-none-any.whl", "it is a file of this machine"),
        ("http://example.org/a-1.0-py3-none-any.whl", "packages come by https alone"),
        ("https://user:s3cret@example.org/a-1.0-py3-none-any.whl", "its address holds credentials"),
        ("a @ https://s3cret@example.org/a-1.0-py3-none-any.whl", "its address holds credentials"),
        ("scikit-learn=0.20", "pip pins a version with two signs: scikit-learn==0.20"),
        ("numpy 1.26", "xpected"),
        ("a==1 --global-option=x", "options of a single package are not passed on"),
        ("a; rm -rf /", "xpected"),
    ],
)
def test_what_an_image_cannot_be_built_with_is_refused(line, reason):
    with pytest.raises(RefusedLine, match=reason.replace("(", r"\(")) as raised:
        parse_line(line)
    assert "s3cret" not in str(raised.value)


def test_variables_are_no_credentials():
    assert without_literal_credentials("-i https://${USER}:${TOKEN}@h/s") == "-i https://${USER}:${TOKEN}@h/s"
    assert without_literal_credentials("-i https://${USER}:s3cret@h/s") == "-i https://h/s"
    assert without_literal_credentials("a @ https://s3cret@h/s") == "a @ https://h/s"


def test_a_file_is_read_with_what_it_includes(write):
    write("more/inner.txt", "pandas\n-r ../last.txt\n")
    write("last.txt", "scipy")
    lines = read_requirements_file(
        write(
            "requirements.txt",
            f"""\
            # packages
            numpy==1.26.4 \\
                --hash={HASH}  # pinned
            -r more/inner.txt

            https://example.org/a-1.0-py3-none-any.whl#sha256=00
            """,
        )
    )
    assert [(line.text, line.file, line.line) for line in lines] == [
        (f"numpy==1.26.4     --hash={HASH}", "requirements.txt", 2),
        ("pandas", "more/inner.txt", 1),
        ("scipy", "more/../last.txt", 1),
        ("https://example.org/a-1.0-py3-none-any.whl#sha256=00", "requirements.txt", 6),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "a\n-r missing.txt",
            "requirements.txt, line 2: expected a file to include, got missing.txt: there is none at ",
        ),
        ("--requirement=requirements.txt", "requirements.txt, line 1: expected files that end, got requirements.txt, "),
        ("-r https://example.org/r.txt", "requirements.txt, line 1: expected a file to include, got the address "),
    ],
)
def test_an_include_that_cannot_be_followed_is_told(write, problems, text, problem):
    (found,) = problems(read_requirements_file, write("requirements.txt", text))
    assert found.startswith(problem)
