"""The images of operator, trainer and Prometheus: built from the committed lock, and loaded into the cluster's node.

Each is tagged by a hash of all that went into it, so that what is there is neither built nor loaded again.
"""

import shutil

from tests.cluster import apt, paths, wheels
from tests.cluster.cluster import lock, up
from tests.cluster.command import succeeds
from tests.cluster.engine import Engine
from tests.cluster.progress import Steps, say
from tests.cluster.tools import fingerprint

PYTHON = "python:3.13-slim"
PYTHON_PACKAGES = ["ca-certificates", "python3", "python3-venv", "tzdata"]
PROMETHEUS = "prom/prometheus:v2.55.1"
PROMETHEUS_PACKAGES = ["prometheus"]
# Each image with the folders of the checkout that are in it; the first one has its Dockerfile.
FOLDERS = {"operator": ("operator", "trainer-image"), "trainer": ("trainer-image",)}
SCRIPTED = paths.CHECKOUT / "tests" / "e2e" / "scripted"
LOG = "images.log"
LOAD_TIMEOUT = 600.0


def load() -> dict[str, str]:
    """Have the images of this checkout in the cluster; their references by the names that `paths.images` gives them."""
    engine = up()
    with lock():
        (paths.logs() / LOG).unlink(missing_ok=True)
        images = {"PROMETHEUS_IMAGE": _prometheus(engine)}
        base = _python(engine)
        for name in FOLDERS:
            images[f"{name.upper()}_IMAGE"] = _build(engine, name, base)
        images["SCRIPTED_IMAGE"] = _scripted(engine, base)
        _load_missing(engine, sorted(images.values()))
        paths.images_file().write_text("".join(f"{name}={reference}\n" for name, reference in sorted(images.items())))
    for name, reference in sorted(images.items()):
        say(f"  {name}={reference}")
    return images


def _python(engine: Engine) -> str:
    """An image with Python for the other two to stand on: the official one, or one from Debian's packages."""
    debian = apt.reference("python", PYTHON_PACKAGES)
    if at_hand := _at_hand(engine, PYTHON, debian):
        return at_hand
    if engine.pull(PYTHON):
        return PYTHON
    with Steps().step(f"Make an image in place of {PYTHON} from Debian packages", expected=60):
        return apt.image(engine, "python", PYTHON_PACKAGES)


def _prometheus(engine: Engine) -> str:
    """The official image under a name of ours, or one from Debian's package."""
    context = paths.SOURCE / "prometheus"
    pulled = f"localhost/retrain-prometheus:{PROMETHEUS.partition(':')[2]}"
    built = f"localhost/retrain-prometheus:{fingerprint(context, *PROMETHEUS_PACKAGES)}"
    if at_hand := _at_hand(engine, pulled, built):
        return at_hand
    if engine.pull(PROMETHEUS):
        engine.docker("tag", PROMETHEUS, pulled)
        return pulled
    with Steps().step(f"Make an image in place of {PROMETHEUS} from Debian's package", expected=60):
        debian = apt.image(engine, "prometheus-debian", PROMETHEUS_PACKAGES)
        engine.build(context, built, paths.logs() / LOG, DEBIAN=debian)
        engine.docker("rmi", debian)
    return built


def _at_hand(engine: Engine, *references: str) -> str | None:
    return next((reference for reference in references if engine.has_image(reference)), None)


def _build(engine: Engine, name: str, base: str) -> str:
    """The image of operator or trainer, built if there is none of exactly these sources, this lock and this base."""
    folders = [paths.CHECKOUT / folder for folder in FOLDERS[name]]
    required = wheels.requirements(name)
    made_of = fingerprint(engine.image_id(base), required, paths.CHECKOUT / "pyproject.toml", *folders)
    reference = f"localhost/retrain-{name}:{made_of}"
    if engine.has_image(reference):
        return reference
    context = paths.cache() / "images" / name
    context.mkdir(parents=True, exist_ok=True)
    log = paths.logs() / LOG
    with Steps().step(f"Build the image of the {name}", expected=45) as step:
        step.detail = "fetching wheels"
        wheels.fetch(required, python=_python_version(engine, base), into=context / "wheels", log=log)
        wheels.build_project(context / "project", log)
        (context / "requirements.txt").write_text(required)
        shutil.copy(folders[0] / "Dockerfile", context)
        step.detail = "building"
        engine.build(context, reference, log, BASE=base)
    _forget_older(engine, reference)
    return reference


def _scripted(engine: Engine, base: str) -> str:
    """The trainer of the end-to-end stories that only answers; it needs nothing but Python."""
    reference = f"localhost/retrain-scripted:{fingerprint(engine.image_id(base), SCRIPTED)}"
    if not engine.has_image(reference):
        engine.build(SCRIPTED, reference, paths.logs() / LOG, BASE=base)
        _forget_older(engine, reference)
    return reference


def _python_version(engine: Engine, base: str) -> str:
    show = "import sys; print('{}.{}'.format(*sys.version_info))"
    return engine.docker("run", "--rm", "--network", "none", "--entrypoint", "python3", base, "-c", show)


def _forget_older(engine: Engine, reference: str) -> None:
    repository = reference.split(":", maxsplit=1)[0]
    for other in engine.docker("images", "--format", "{{.Repository}}:{{.Tag}}", repository).splitlines():
        if other != reference:
            # Refused, and rightly, while a container uses it.
            succeeds("docker", "--host", engine.host, "rmi", other)


def _load_missing(engine: Engine, references: list[str]) -> None:
    """Copy into the node what it has not got yet; all at once, so that layers which images share travel once."""
    ctr = ["exec", paths.NODE, "ctr", "--namespace", "k8s.io", "images"]
    present = engine.docker(*ctr, "ls", "--quiet").splitlines()
    missing = [reference for reference in references if reference not in present]
    if not missing:
        return
    # By way of files: as a stream through `docker exec` it takes twice as long.
    here, there = paths.cache() / "images.tar", "/var/images.tar"
    with Steps().step(f"Load {len(missing)} of {len(references)} images into the node", expected=20):
        try:
            engine.docker("save", "--output", str(here), *missing, timeout=LOAD_TIMEOUT)
            engine.docker("cp", str(here), f"{paths.NODE}:{there}", timeout=LOAD_TIMEOUT)
            engine.docker(*ctr, "import", there, timeout=LOAD_TIMEOUT)
        finally:
            here.unlink(missing_ok=True)
            engine.docker("exec", paths.NODE, "rm", "--force", there)
