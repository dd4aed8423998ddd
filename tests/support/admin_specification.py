# SPDX-License-Identifier: Apache-2.0
"""gateway/admin/admin.openapi.yaml, and whether an answer is one that it describes."""

import json

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from .places import ROOT

DOCUMENT = yaml.safe_load((ROOT / "gateway/admin/admin.openapi.yaml").read_text())
SCHEMAS = DOCUMENT["components"]["schemas"]
_HERE = "urn:anpr:admin"
_REGISTRY = Registry().with_resource(_HERE, Resource.from_contents(DOCUMENT, default_specification=DRAFT202012))


def operations():
    """(method, path) of each."""
    return [(method, path) for path, item in DOCUMENT["paths"].items() for method in ("get", "post") if method in item]


def responses():
    """(method, path, status) of each that is documented."""
    return {(method, path, int(status)) for method, path in operations()
            for status in DOCUMENT["paths"][path][method]["responses"]}


def parameters(method, path):
    return {p["name"]: p for p in DOCUMENT["paths"][path][method].get("parameters", [])}


def media(method, path, status):
    """{content type: pointer to its schema} of a response."""
    steps = ["paths", path, method, "responses", str(status)]
    response = DOCUMENT["paths"][path][method]["responses"].get(str(status))
    assert response is not None, f"{method} {path} answers {status}, which is not documented"
    if "$ref" in response:
        steps = response["$ref"].removeprefix("#/").split("/")
        response = DOCUMENT["components"]["responses"][steps[-1]]
    return {kind: _pointer(*steps, "content", kind, "schema") for kind in response["content"]}


def _pointer(*steps):
    return "/".join(["#", *(s.replace("~", "~0").replace("/", "~1") for s in steps)])


def schema(name):
    return _pointer("components", "schemas", name)


def errors(value, pointer):
    """What is wrong with the value by the schema there, in words."""
    validator = Draft202012Validator({"$ref": _HERE + pointer.replace("%", "%25").replace(" ", "%20")}, registry=_REGISTRY,
                                     format_checker=FormatChecker(["date-time"]))
    return [_words(e) for e in validator.iter_errors(value)]


def _words(error):
    inner = [_words(e) for e in error.context or ()]
    return f"{error.json_path}: {error.message[:300]}" + (f" ({'; '.join(inner)})" if inner else "")


def check(method, path, status, body, kind="application/json"):
    """An answer's body, as it came or already parsed, is as documented."""
    known = media(method, path, status)
    assert kind in known, f"{method} {path} {status} is {kind!r}, documented are {list(known)}"
    if kind == "application/json" and isinstance(body, (str, bytes)):
        body = json.loads(body)
    wrong = errors(body, known[kind])
    assert not wrong, f"{method} {path} {status}: " + "\n".join(wrong)
    return body
