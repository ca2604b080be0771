"""The administrator's file of sources: what may stand in it, and how a mistake is told before anything starts."""

from pathlib import Path

import pytest

from retrain_operator.edges.configuration import Configuration, read_configuration
from retrain_operator.settings import SettingsError

PROMETHEUS = "http://prometheus:9090"
BASE = Path(__file__).parents[2] / "manifests" / "base" / "sources.yaml"
FULL = """
sources:
- name: mimir
  address: https://mimir.monitoring:8080/prometheus
  basic: {username: retrain, passwordFile: /etc/retrain/mimir/password}
  tls: {caFile: /etc/retrain/mimir/ca.crt, certFile: /etc/retrain/mimir/tls.crt, keyFile: /etc/retrain/mimir/tls.key}
  tenantHeader: {name: X-Scope-OrgID, value: "{namespace}"}
  namespaces: [shop, bank]
- {name: thanos, address: "http://thanos:9090", bearer: {tokenFile: /etc/retrain/thanos/token}}
allowedAddresses: ["prometheus.shop:9090", "10.0.0.7:9090", "[::1]:9090", "prometheus.bank:443"]
tenantAddresses: {shop: ["own.shop:9090", "own.shop:443"], bank: ["own.bank:9090"]}
"""


def read(text: str, folder: Path) -> Configuration:
    file = folder / "sources.yaml"
    file.write_text(text)
    return read_configuration(file, PROMETHEUS)


def test_every_field_may_be_set(tmp_path: Path) -> None:
    configuration = read(FULL, tmp_path)
    mimir, thanos, default = configuration.sources
    assert (mimir.name, mimir.address, mimir.namespaces) == (
        "mimir",
        "https://mimir.monitoring:8080/prometheus",
        ("shop", "bank"),
    )
    assert mimir.tenant_header
    assert mimir.tenant_header.of("shop") == {"X-Scope-OrgID": "shop"}
    assert thanos.bearer
    assert thanos.bearer.token_file == Path("/etc/retrain/thanos/token")
    assert (default.name, default.address) == ("default", PROMETHEUS)
    assert len(configuration.allowed_addresses) == 4
    assert configuration.tenant_addresses == {"shop": ("own.shop:9090", "own.shop:443"), "bank": ("own.bank:9090",)}


@pytest.mark.parametrize("text", ["", "sources: []", "# nothing yet\n", "{}"])
def test_an_empty_file_leaves_the_default(text: str, tmp_path: Path) -> None:
    assert [(each.name, each.address) for each in read(text, tmp_path).sources] == [("default", PROMETHEUS)]


def test_no_file_leaves_the_default() -> None:
    assert [(each.name, each.address) for each in read_configuration(None, PROMETHEUS).sources] == [
        ("default", PROMETHEUS)
    ]


def test_the_file_may_name_the_default(tmp_path: Path) -> None:
    [default] = read('sources: [{name: default, address: "http://mimir:8080"}]', tmp_path).sources
    assert default.address == "http://mimir:8080"


def test_the_file_that_is_shipped_and_the_sample_in_it_can_be_read(tmp_path: Path) -> None:
    shipped = BASE.read_text()
    assert [each.name for each in read(shipped, tmp_path).sources] == ["default"]
    lines = shipped.split("#\n", 1)[1].splitlines()
    sample = "\n".join(line.removeprefix("# ") for line in lines if line.startswith("#"))
    assert [each.name for each in read(sample, tmp_path).sources] == ["mimir", "default"]


A_URL = "must be an http or https URL without user, query or fragment, such as http://prometheus.monitoring:9090"
A_PLACE = "must be a host in lower case and a port, such as prometheus.shop:9090"
MISTAKES = {
    "source: []": "'source'; its fields are sources, allowedAddresses, tenantAddresses",
    "[]": "must be a mapping of fields, not a list",
    "sources: {name: a}": "sources must be a list, not a mapping of fields",
    "sources: [{name: a}]": "sources[0].address is required",
    "sources: [{name: A b, address: 'http://a'}]": "sources[0].name must be lower-case letters",
    "sources: [{name: a, address: 'prometheus:9090'}]": f"sources[0].address {A_URL}",
    "sources: [{name: a, address: 'http://user:canary@a'}]": f"sources[0].address {A_URL}",
    "sources: [{name: a, address: 'http://a/?x=y'}]": f"sources[0].address {A_URL}",
    "sources: [{name: a, address: 'http://a:99999'}]": f"sources[0].address {A_URL}",
    "sources: [{name: a, adress: 'http://a'}]": "sources[0] has no field 'adress'; its fields are name, address,",
    "sources: [{name: a, address: 'http://a'}, {name: a, address: 'http://b'}]": 'two sources are called "a"',
    "sources: [{name: a, address: 'http://a', basic: {username: x}}]": "sources[0].basic.passwordFile is required",
    "sources: [{name: a, address: 'http://a', basic: {username: x, password: canary}}]": (
        "sources[0].basic has no field 'password'; its fields are username, passwordFile"
    ),
    "sources: [{name: a, address: 'http://a', bearer: {tokenFile: token}}]": (
        "sources[0].bearer.tokenFile must be an absolute path"
    ),
    "sources: [{name: a, address: 'http://a', bearer: {tokenFile: /t}, basic: {username: x, passwordFile: /p}}]": (
        "sources[0] has both basic and bearer; leave one of them"
    ),
    "sources: [{name: a, address: 'http://a', tls: {caFile: /ca}}]": (
        "sources[0] has tls, so its address must begin with https"
    ),
    "sources: [{name: a, address: 'https://a', tls: {certFile: /crt}}]": "sources[0].tls certFile and keyFile go",
    "sources: [{name: a, address: 'https://a', tls: {}}]": "sources[0].tls needs caFile, or certFile and keyFile",
    "sources: [{name: a, address: 'http://a', tenantHeader: {name: Authorization, value: x}}]": (
        "sources[0].tenantHeader.name must be the name of a header that tells tenants apart, such as X-Scope-OrgID"
    ),
    "sources: [{name: a, address: 'http://a', tenantHeader: {name: X, value: '{name}'}}]": (
        'sources[0].tenantHeader.value must be text in ASCII without spaces, where "{namespace}" stands for'
    ),
    'sources: [{name: a, address: "http://a", tenantHeader: {name: X, value: "a\\nb"}}]': "tenantHeader.value must be",
    "sources: [{name: a, address: 'http://a', namespaces: []}]": "sources[0].namespaces must not be empty",
    "allowedAddresses: ['http://a:9090']": f"allowedAddresses[0] {A_PLACE}",
    "allowedAddresses: [a]": f"allowedAddresses[0] {A_PLACE}",
    "tenantAddresses: {shop: [a]}": f"tenantAddresses.shop[0] {A_PLACE}",
    "tenantAddresses: {Shop: []}": "tenantAddresses.Shop must be lower-case letters",
    "tenantAddresses: [a]": "tenantAddresses must be a mapping of fields, not a list",
    "allowedAddresses: ['A:1']": f"allowedAddresses[0] {A_PLACE}",
    "allowedAddresses: ['a:99999']": f"allowedAddresses[0] {A_PLACE}",
    "allowedAddresses: ['a:1/b']": f"allowedAddresses[0] {A_PLACE}",
    "allowedAddresses: ['*.shop:9090']": f"allowedAddresses[0] {A_PLACE}",
    "sources: [}": "line 1: this is not YAML",
    "a: b: c": "line 1: this is not YAML",
    "!!python/object/apply:os.getcwd []": "line 1: this is not YAML",
}


@pytest.mark.parametrize(("text", "told"), MISTAKES.items(), ids=MISTAKES)
def test_a_mistake_is_told_by_its_field(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as wrong:
        read(text, tmp_path)
    message = str(wrong.value)
    assert told in message
    assert message.startswith(str(tmp_path / "sources.yaml"))
    assert message.endswith(".")
    assert "canary" not in message


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"^RETRAIN_SOURCES: .*/none\.yaml cannot be read: No such file or directory\.$"
    ):
        read_configuration(tmp_path / "none.yaml", PROMETHEUS)


def test_a_file_of_bytes_is_told(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="this is not YAML"):
        read_configuration(tmp_path / "sources.yaml", PROMETHEUS)
