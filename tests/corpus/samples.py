#!/usr/bin/python3
"""samples.py ORACLE WSDL OUT: what zeep makes of every operation of a contract.

ORACLE holds zeep_oracle.py, which loads a contract and makes samples. OUT gets a directory
for each port type, in it {min,full}/OP.json and OP.xml (a request and its envelope),
answers-{min,full}/OP.json, OP.xml and OP.read.json (an answer, its envelope, and how zeep
reads that envelope), and OUT/ports.json, which says what is where. An operation that takes
longer than LIMIT seconds is tried again with samples of less depth.
"""
import base64
import json
import os
import signal
import sys

sys.path.insert(0, sys.argv[1])
import zeep_oracle as oracle  # noqa: E402
from lxml import etree  # noqa: E402
from zeep import xsd  # noqa: E402
from zeep.xsd.types import ComplexType  # noqa: E402
from zeep.xsd.types.any import AnyType  # noqa: E402
from zeep.xsd.types.collection import ListType  # noqa: E402
from zeep.xsd.types.simple import AnySimpleType  # noqa: E402
from zeep.xsd.valueobjects import AnyObject, CompoundValue  # noqa: E402

LIMIT = 15
DEPTH = 3


class Slow(Exception):
    pass


def rang(*_):
    raise Slow()


signal.signal(signal.SIGALRM, rang)


def shallow(work):
    """work(depth) within LIMIT, at the greatest depth that allows it."""
    for depth in range(DEPTH, -1, -1):
        signal.alarm(LIMIT)
        try:
            return work(depth)
        except Slow:
            continue
        finally:
            signal.alarm(0)
    raise Slow("too slow at any depth")


def sample(c, body, mode, depth):
    if body is None:
        return {}
    if isinstance(body.type, ComplexType):
        return oracle.s_type(c, body.type, mode, depth, [])
    return {"#text": oracle.s_simple(body.type, body.name)}


def build(c, message, args):
    body = message.body
    if body is None:
        return message.serialize().content
    if isinstance(body.type, ComplexType) and isinstance(args, dict):
        return message.serialize(**oracle.conv_complex(c, body.type, args)).content
    value = args.get("#text") if isinstance(args, dict) else args
    return message.serialize(oracle.conv(c, body, body.type, value)).content


def simple(t, v):
    """A value of zeep's as it stands in XML."""
    if isinstance(t, ListType) and isinstance(v, list):
        return [simple(t.item_type, x) for x in v]
    if isinstance(v, bool):
        return v
    if isinstance(v, bytes):
        return base64.b64encode(v).decode()
    try:
        return t.xmlvalue(v)
    except Exception:
        return str(v)


def text(e):
    return etree.tostring(e, encoding="unicode", with_tail=False)


def read(t, v):
    """What zeep read, in the form of the samples."""
    if v is None:
        return None
    if isinstance(v, AnyObject):
        return read(v.xsd_obj, v.value)
    if isinstance(v, etree._Element):
        return {"#any": [text(v)]}
    if isinstance(v, list):
        return [read(t, x) for x in v]
    if not isinstance(v, CompoundValue):
        if isinstance(v, dict):
            return {k: read(t, x) for k, x in v.items()}
        return simple(t, v) if isinstance(t, AnySimpleType) else v if isinstance(v, (str, bool)) else str(v)
    real, o = v._xsd_type, {}
    if getattr(real, "_array_type", None) is not None:
        items = [x for x in v.__values__.values() if isinstance(x, list)]
        return [read(None, x) for x in (items[0] if items else [])]
    declared = t if isinstance(t, ComplexType) else None
    if declared is not None and real.qname is not None and declared.qname != real.qname:
        o["@xsi:type"] = real.qname.text
    attributes = dict(real.attributes)
    elements = dict(real.elements)
    for key, x in v.__values__.items():
        if x is None or x == []:
            continue
        if key in attributes:
            if key.startswith("_attr"):
                o.update({"@" + etree.QName(k).localname: y for k, y in x.items()})
            else:
                o["@" + attributes[key].name] = simple(attributes[key].type, x)
        elif key in elements and not key.startswith("_value"):
            o[elements[key].name] = read(elements[key].type, x)
        elif key in elements and isinstance(elements[key].type if isinstance(elements[key], xsd.Element) else None, (ComplexType, AnySimpleType)):
            inner = read(elements[key].type, x)  # the text of a simple content, or what it extends
            if isinstance(inner, dict):
                o.update(inner)
            else:
                o["#text"] = inner
        else:
            loose(o, real, x)
    for e in v.__dict__.get("_raw_elements") or []:
        o.setdefault("#any", []).append(text(e))
    return o


def loose(o, real, x):
    """What a repeated group or a wildcard holds."""
    named = {}

    def walk(p):
        if isinstance(p, xsd.Element):
            named[p.attr_name] = p
        for _, child in oracle.nested(p) if not isinstance(p, (xsd.Element, xsd.Any)) else []:
            walk(child)
    for _, p in real.elements_nested:
        walk(p)
    for item in x if isinstance(x, list) else [x]:
        if isinstance(item, etree._Element):
            o.setdefault("#any", []).append(text(item))
        elif isinstance(item, (dict, CompoundValue)):
            values = item.__values__ if isinstance(item, CompoundValue) else item
            for k, y in values.items():
                if y is None:
                    continue
                if isinstance(y, etree._Element):
                    o.setdefault("#any", []).append(text(y))
                elif k in named:
                    got = read(named[k].type, y)
                    o.setdefault(named[k].name, []).extend(got if isinstance(y, list) else [got])
                elif isinstance(y, (list, dict)):
                    loose(o, real, y)


def save(path, value):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f, ensure_ascii=False, default=str, indent=1)


def main():
    _, _, wsdl, out = sys.argv
    o = oracle.Oracle(wsdl)
    oracle.scan_enums(os.path.dirname(os.path.abspath(wsdl)))
    ports, seen = [], set()
    bindings = [port.binding for service in o.c.wsdl.services.values() for port in service.ports.values()]
    for binding in bindings or o.c.wsdl.bindings.values():
        if not type(binding).__name__.startswith("Soap") or binding.port_type.name in seen:
            continue
        seen.add(binding.port_type.name)
        dir = "p%d" % len(ports)
        entry = {"dir": dir, "binding": binding.name.text, "operations": sorted(binding.all()), "failed": {}}
        ports.append(entry)
        for mode in ("min", "full"):
            one(o.c, binding, os.path.join(out, dir), mode, entry["failed"])
    save(os.path.join(out, "ports.json"), ports)


def one(c, binding, out, mode, failed):
    requests, answers = os.path.join(out, mode), os.path.join(out, "answers-" + mode)
    os.makedirs(requests, exist_ok=True)
    os.makedirs(answers, exist_ok=True)
    for name in sorted(binding.all()):
        op = binding.get(name)
        for what, dir, message in (("request", requests, op.input), ("answer", answers, op.output)):
            if message is None:
                continue
            if what == "answer" and message.body is None:
                continue
            path = os.path.join(dir, name)

            def work(depth):
                args = sample(c, message.body, mode, depth)
                save(path + ".json", args)  # the other stacks may build what zeep cannot
                return build(c, message, args)
            try:
                envelope = shallow(work)
                with open(path + ".xml", "wb") as f:
                    f.write(etree.tostring(envelope, encoding="utf-8"))
                if what == "answer":
                    root = etree.fromstring(etree.tostring(envelope), etree.XMLParser(huge_tree=True))
                    body = root.find("{*}Body")
                    got = message._deserialize_body(body)
                    save(path + ".read.json", read(message.body.type, got.get("body")))
            except Exception as e:
                failed["%s %s %s" % (mode, what, name)] = "%s: %s" % (type(e).__name__, str(e)[:160])


if __name__ == "__main__":
    main()
