# SPDX-License-Identifier: AGPL-3.0-or-later
"""The OpenAPI document as one page for people: plain HTML, no scripts, nothing from elsewhere."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from html import escape
from typing import Any

from node.http.answers import SAFE_HEADERS
from node.http.components import Schema
from node.http.outcomes import reasons_by_status

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
body{color:#222;background:#fff}
code,pre{font:14px/1.4 ui-monospace,monospace;background:#f3f3ef;border-radius:3px}
code{padding:0 .2em}pre{padding:.6em;overflow:auto}
summary{cursor:pointer;padding:.3em 0}h2{margin-top:2em;border-bottom:1px solid #ccc}
b.get{color:#1a6}b.post{color:#05a}b.delete{color:#a30}
table{border-collapse:collapse}td,th{padding:.2em .8em .2em 0;text-align:left;vertical-align:top}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}code,pre{background:#2a2a2a}}
"""

STYLE_HASH = f"sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}"
PAGE_HEADERS: Mapping[str, str] = {
    **SAFE_HEADERS,
    "Referrer-Policy": "no-referrer",
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": f"default-src 'none'; frame-ancestors 'none'; style-src '{STYLE_HASH}'",
}


def page(document: Schema) -> bytes:
    """Return the page of an OpenAPI document."""
    info = document["info"]
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])} API</title>',
        '<meta name="viewport" content="width=device-width">',
        f"<style>{STYLE}</style>",
        f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>",
        '<p>The same for programs: <a href="/openapi.json">openapi.json</a></p>',
        f"<p>{_prose(info['description'])}</p>",
        *_operations(document),
        *_codes(),
        "<h2>Schemas</h2>",
        *(_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())),
    ]
    return "\n".join(parts).encode()


def _operations(document: Schema) -> Iterable[str]:
    last = ""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = operation["tags"][0]
            if tag != last:
                yield f'<h2 id="{escape(tag)}">{escape(tag)}</h2>'
                last = tag
            yield f'<details id="{escape(operation["operationId"])}"><summary>'
            yield f'<b class="{method}">{method.upper()}</b>'
            yield f"<code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
            yield f"<p>{_prose(operation['description'])}</p>"
            if operation["parameters"]:
                yield "<table><tr><th>Parameter<th>In<th>Meaning"
                for one in operation["parameters"]:
                    said = _prose(one.get("description", ""))
                    yield f"<tr><td><code>{escape(one['name'])}</code><td>{one['in']}<td>{said}"
                yield "</table>"
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield f"<p>Body: {_reference(content['schema'])}</p>{_pre(content['example'])}"
            yield "<table><tr><th>Status<th>Answer"
            for status, answer in operation["responses"].items():
                yield f"<tr><td>{status}<td>{_answer(status, answer)}"
            yield "</table></details>"


def _answer(status: str, answer: Schema) -> str:
    if "$ref" in answer:
        return f'a problem, see <a href="#status-{status}">the codes of {status}</a>'
    schemas = [_reference(content["schema"]) for content in answer.get("content", {}).values()]
    return f"{escape(answer['description'])} {' '.join(schemas)}"


def _codes() -> Iterable[str]:
    yield "<h2>Codes of problems</h2><table><tr><th>Code<th>Status<th>Meaning<th>Ways on"
    for status, reasons in reasons_by_status().items():
        for place, reason in enumerate(reasons):
            first = f' id="status-{status}"' if place == 0 else ""
            sentence = f" <em>{escape(reason.sentence)}</em>" if reason.sentence else ""
            code, title = reason.code, escape(reason.title)
            ways = escape("; ".join(reason.ways))
            yield f'<tr{first}><td id="{code}"><code>{code}</code><td>{status}<td>{title}.{sentence}<td>{ways}'
    yield "</table>"


def _schema(name: str, schema: Schema) -> str:
    said = _prose(schema.get("description", ""))
    shown = {key: value for key, value in schema.items() if key != "description"}
    return (
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        f"<p>{said}</p>{_pre(shown)}</details>"
    )


def _reference(schema: Schema) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#schema-{escape(name)}">{escape(name)}</a>'
    items = schema.get("properties", {}).get("items", {}).get("items")
    return f"a page of {_reference(items)}" if items else escape(str(schema.get("type", "")))


def _pre(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"


def _prose(text: str) -> str:
    """Return a description as HTML, its `words` as code and its paragraphs and points apart."""
    pieces = escape(text).split("`")
    marked = "".join(f"<code>{piece}</code>" if place % 2 else piece for place, piece in enumerate(pieces))
    return marked.replace("\n\n", "<p>").replace("\n- ", "<br>&bull; ").replace("**", "")
