//! Python.

use crate::hold::rule::Format::{Ini, Json, Toml, Yaml};
use crate::hold::rule::{Check, Rule, all, at, crit, high, keys};

const PROJECT: &[&str] = &["**/pyproject.toml"];

pub(super) const RULES: &[Rule] = &[
    crit("H-PY-01", "pip install . and uv sync run it", "PEP 517",
        &[keys(PROJECT, Toml, &["build-system.build-backend", "build-system.backend-path"]),
          at(PROJECT, Check::Keys(all(Toml, &["build-system.requires"]).unlike(r"^(setuptools|setuptools[-_]scm|wheel|hatchling|hatch-vcs|hatch-fancy-pypi-readme|flit[-_]core|poetry-core|pdm-backend|maturin|scikit-build-core|meson-python|cython|uv_build|uv-build|numpy|cffi|pybind11|packaging)\s*(\[[\w,-]*\])?\s*([<>=!~;,( ].*)?$")))]).only_changed(),
    high("H-PY-02", "a console script, a plug-in that loads itself, or a dependency from elsewhere", "entry points, pytest11",
        &[keys(PROJECT, Toml, &["project.scripts.*", "project.gui-scripts.*", "project.entry-points.*", "tool.poetry.scripts.*", "tool.poetry.plugins.*"]),
          at(PROJECT, Check::Keys(all(Toml, &["project.dependencies", "project.optional-dependencies.*", "dependency-groups.*", "tool.poetry.*dependencies.*.git", "tool.poetry.*dependencies.*.url", "tool.poetry.*dependencies.*.path"]).like(r"@\s*(git|https?:|file:|\.|/)|^(git|https?:|file:|\.\./|/)")))]).only_changed(),
    high("H-PY-03", "installs come from another index, or code runs at test, lint or build", "dependency confusion 2021; uv, pdm, hatch, pytest",
        &[keys(PROJECT, Toml, &["tool.uv.*index*", "tool.uv.sources*", "tool.uv.find-links*", "tool.uv.no-build*", "tool.uv.allow-insecure-host*", "tool.uv.*url*", "tool.pip.*", "tool.poetry.source*", "tool.poetry.build*", "tool.pdm.scripts*", "tool.pdm.source*", "tool.pdm.build.*script*", "tool.hatch.*scripts*", "tool.hatch.build.hooks*", "tool.hatch.*commands*", "tool.hatch.version.*path", "tool.hatch.version.expression", "tool.setuptools.cmdclass*", "tool.pytest.ini_options.pythonpath", "tool.pytest.ini_options.python_files", "tool.tox*", "tool.poe.*", "tool.taskipy.*", "tool.nox*", "tool.mypy.plugins", "tool.pylint.*load-plugins", "tool.pylint.*init-hook", "tool.ruff.extend", "tool.cibuildwheel.*before*", "tool.cibuildwheel.*command*", "tool.cibuildwheel.*repair*", "tool.briefcase.*", "tool.semantic_release.*command*", "tool.coverage.run.plugins"]),
          at(PROJECT, Check::Keys(all(Toml, &["tool.pytest.ini_options.addopts"]).like(r"-p\s|--rootdir|-c\s|--confcutdir|--import-mode|--pyargs")))]).only_changed(),
    high("H-PY-04", "it runs at build or install", "setuptools, hatch, conan, scons and others",
        &[at(&["**/{setup.py,hatch_build.py,_custom_build.py,pavement.py,fabfile.py,tasks.py,noxfile.py,dodo.py}", "!**/{node_modules,site-packages,.venv,venv}/**"], Check::Lines(&[r"^\s*(import|from)\s|\b(exec|eval|compile|__import__|open|getattr)\s*\(|subprocess|system\(|popen|cmdclass|urlopen|requests\.|socket|session\.run|c\.run|@task|@invoke|entry_points|setup_requires|dependency_links"])),
          keys(&["**/setup.cfg"], Ini, &["options.setup_requires", "options.cmdclass", "options.dependency_links", "options.entry_points*", "global.command_packages", "easy_install.*", "distutils.commands*"]),
          at(&["**/{conanfile.py,sconstruct}"], Check::Any)]).only_changed(),
    crit("H-PY-05", "Python runs it whenever it starts", "LiteLLM 1.82.8 2026-03; site module",
        &[at(&["**/*.pth", "**/*.egg-link"], Check::Any), at(&["**/*.{egg,dist}-info/{entry_points.txt,record,direct_url.json}"], Check::Any)]),
    high("H-PY-06", "it is imported instead of the module of that name, at the next python here", "Python, sys.path",
        &[at(&["**/{sitecustomize,usercustomize}.py"], Check::Any),
          at(&["{,src/,scripts/,tests/}{os,sys,re,json,logging,random,typing,ssl,requests,numpy,pytest,yaml,subprocess,socket,pathlib,abc,io,site,codecs,enum,functools,collections,shutil,tempfile,struct,time,datetime,threading,types,hashlib,base64,urllib,http,email,csv,copy,ast,inspect,importlib,platform,string,warnings,traceback,asyncio,unittest,argparse,configparser,pip,setuptools,wheel,six,attr,click,jinja2,django,flask,pandas,scipy,torch,boto3}{.py,/__init__.py}"], Check::New)]),
    high("H-PY-07", "it runs at test or lint", "pytest, conftest.py",
        &[at(&["**/conftest.py", "!**/{node_modules,site-packages,.venv,venv}/**"], Check::Lines(&[r"^\s*(import|from)\s+(os|sys|subprocess|socket|urllib|http|requests|httpx|ctypes|base64|marshal|importlib|pty|shutil|multiprocessing)\b", r"\b(exec|eval|compile|__import__)\s*\(|subprocess|os\.(system|popen|exec)|pytest_plugins|sys\.path"])),
          keys(&["**/pytest.ini", "**/tox.ini", "**/setup.cfg"], Ini, &["pytest.pythonpath", "pytest.python_files", "*.commands*", "*.allowlist_externals", "*.install_command", "tox.requires", "tox.provision*", "*.setenv", "*.set_env", "*.indexserver"]),
          keys(&["**/.coveragerc"], Ini, &["run.plugins"]),
          keys(&["**/mypy.ini", "**/.mypy.ini", "**/setup.cfg"], Ini, &["mypy.plugins", "mypy.python_executable"]),
          keys(&["**/.flake8"], Ini, &["flake8*.extension*", "flake8*.report*", "flake8*.paths", "flake8*.require-plugins"]),
          keys(&["**/pyrightconfig.json"], Json, &["venvpath", "extends", "executionenvironments*"]),
          keys(&["**/{ruff,.ruff}.toml"], Toml, &["extend"])]).only_changed(),
    high("H-PY-08", "installs come from another index, or environments run it when they activate", "pip, conda, pixi",
        &[keys(&["**/{pip.conf,pip.ini,.pypirc}"], Ini, &["*index-url*", "*index*", "*trusted-host*", "*find-links*", "*proxy*", "*cert*", "*repository*", "*target*", "*require-hashes*"]),
          keys(&["**/uv.toml"], Toml, &["*index*", "*find-links*", "allow-insecure-host*", "sources*", "no-build*", "*url*", "python-preference", "*script*"]),
          at(&["**/{poetry,pdm}.toml", "**/.pdm-python"], Check::Any),
          keys(&["**/pipfile"], Toml, &["source*", "scripts*", "pipenv.*", "*.git", "*.path", "*.file", "*.index"]),
          keys(&["**/{environment,conda}*.y{,a}ml", "**/.condarc", "**/.mambarc"], Yaml, &["channels*", "*pip*", "*post-link*", "*channel_alias*", "*ssl_verify*", "*proxy*", "*pkgs_dirs*"]),
          keys(&["**/pixi.toml"], Toml, &["*tasks*", "*activation*", "*channels*", "*pypi-options*"]),
          keys(&["**/buildout.cfg"], Ini, &["buildout.extends", "buildout.index", "buildout.find-links", "buildout.extensions", "*.recipe", "*.eggs", "*.initialization"])]).only_changed(),
    high("H-PY-09", "the next pip install takes it from elsewhere", "pip, requirements files",
        &[at(&["**/requirements*.{txt,in}", "**/requirements/*.{txt,in}", "**/constraints*.txt"], Check::Lines(&[r"^\s*(-i|--index-url|--extra-index-url|--find-links|-f|--trusted-host|-e|--editable|--no-binary|--global-option|--install-option|--config-settings)\b", r"^\s*-r\s+(\.\./|/|https?:)", r"(git|hg|svn|bzr)\+|^\s*https?:|file:|@\s*(https?:|git|file:|\.|/)"]))]).only_changed(),
];
