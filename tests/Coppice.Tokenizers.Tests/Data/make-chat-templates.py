# Renders the templates of chat-templates.json and the snippets of jinja-snippets.json anew with Jinja2 (3.1), set up as transformers sets it up.
import datetime
import json
import os

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = os.path.dirname(os.path.abspath(__file__))
NOW = datetime.datetime(2025, 3, 7, 14, 5, 9)


class Refused(Exception):
    pass


class GenerationBlocks(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_write"), [], [], body).set_lineno(line)

    def _write(self, caller):
        return caller()


def refuse(message):
    raise Refused(message)


def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[GenerationBlocks, "jinja2.ext.loopcontrols"])
environment.filters["tojson"] = to_json
environment.globals["raise_exception"] = refuse
environment.globals["strftime_now"] = NOW.strftime


def render(source, variables):
    try:
        return {"text": environment.from_string(source).render(**variables)}
    except Refused as refusal:
        return {"refused": str(refusal)}
    except Exception as error:
        return {"error": type(error).__name__}


def rewrite(name, change):
    path = os.path.join(HERE, name)
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    change(data)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(data, file, ensure_ascii=False, indent=1)
        file.write("\n")


def render_templates(data):
    for template in data["templates"]:
        tokens = {key: template[key] for key in ("bos_token", "eos_token") if key in template}
        template["renderings"] = [
            render(template["template"], {"messages": messages, "tools": None, "documents": None, "add_generation_prompt": prompt, **tokens})
            for messages in data["conversations"] for prompt in (True, False)]


def render_snippets(data):
    data["snippets"] = [{"template": snippet["template"], **render(snippet["template"], data["variables"])} for snippet in data["snippets"]]


rewrite("chat-templates.json", render_templates)
rewrite("jinja-snippets.json", render_snippets)
