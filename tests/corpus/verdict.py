#!/usr/bin/python3
"""verdict.py WSDL CATALOG < files: whether the first child of each file's soap:Body is valid.

A line for each file: FILE, then "valid", "invalid" or "unknown", then why, with tabs between.
CATALOG is a directory of schemas for namespaces that the contract imports and does not hold.
All documents of a namespace become one, every import leads there, and one that is missing is
added, so that contracts whose imports are incomplete can be judged too.
"""
import glob
import os
import re
import sys
import tempfile

from lxml import etree

XS = "http://www.w3.org/2001/XMLSchema"
WSDL = "http://schemas.xmlsoap.org/wsdl/"
PARSER = etree.XMLParser(huge_tree=True, no_network=True, remove_comments=True)


class Schemas:
    def __init__(self, main, catalog):
        self.dir = tempfile.mkdtemp()
        self.seen, self.documents, self.docs = set(), [], {}
        self.catalog = {}
        for path in glob.glob(os.path.join(catalog, "*.xsd")):
            self.catalog[etree.parse(path, PARSER).getroot().get("targetNamespace")] = path
        self.walk(os.path.abspath(main))
        for space, path in self.catalog.items():
            if space not in self.docs and any(space in text for text in map(self.text, list(self.documents))):
                self.schema(etree.parse(path, PARSER).getroot(), path, None)

    @staticmethod
    def text(document):
        """A schema as text, with the namespace that its xml:lang and the like stand for."""
        text = etree.tostring(document[0], encoding="unicode")
        return text + ("http://www.w3.org/XML/1998/namespace" if '"xml:' in text else "")

    def walk(self, path):
        if path in self.seen or not os.path.exists(path):
            return
        self.seen.add(path)
        root = etree.parse(path, PARSER).getroot()
        base = os.path.dirname(path)
        for i in root.iter("{%s}import" % WSDL):
            if i.get("location"):
                self.walk(os.path.normpath(os.path.join(base, i.get("location"))))
        for s in root.iter("{%s}schema" % XS):
            self.schema(s, path, None)

    def schema(self, s, path, space):
        space = s.get("targetNamespace") or space
        key = (path, s.sourceline, space)
        if key in self.seen:
            return
        self.seen.add(key)
        name = os.path.join(self.dir, "d%d.xsd" % len(self.documents))
        self.documents.append((s, name))
        self.docs.setdefault(space, []).append((s, name))
        for i in s:
            if i.tag not in ("{%s}import" % XS, "{%s}include" % XS):
                continue
            location = i.get("schemaLocation")
            if not location:
                continue
            file = os.path.normpath(os.path.join(os.path.dirname(path), location))
            if os.path.exists(file):
                root = etree.parse(file, PARSER).getroot()
                if root.tag == "{%s}schema" % XS:
                    self.schema(root, file, space if i.tag.endswith("include") else None)

    def driver(self, space):
        return os.path.join(self.dir, "ns%d.xsd" % list(self.docs).index(space))

    def compiled(self):
        for space, docs in self.docs.items():
            for s, name in docs:
                self.rewrite(s, name, space)
            with open(self.driver(space), "w", encoding="utf-8") as f:
                f.write(head(space) + "".join('<xs:include schemaLocation="%s"/>' % n for _, n in docs) + "</xs:schema>")
        top = os.path.join(self.dir, "top.xsd")
        with open(top, "w", encoding="utf-8") as f:
            f.write(head("urn:top") + "".join(self.imports("urn:top")) + "</xs:schema>")
        return etree.XMLSchema(etree.parse(top, PARSER))

    def imports(self, besides):
        for space in self.docs:
            if space != besides:
                named = ' namespace="%s"' % escape(space) if space else ""
                yield '<xs:import%s schemaLocation="%s"/>' % (named, self.driver(space))

    def rewrite(self, s, name, space):
        copy = etree.fromstring(etree.tostring(s, with_tail=False), PARSER)
        for i in list(copy):
            if i.tag in ("{%s}import" % XS, "{%s}include" % XS):
                copy.remove(i)
        for n, i in enumerate(self.imports(space)):
            copy.insert(n, etree.fromstring(i.replace("<xs:import", '<xs:import xmlns:xs="%s"' % XS)))
        if space and not copy.get("targetNamespace"):  # a chameleon
            copy.set("targetNamespace", space)
            text = etree.tostring(copy, encoding="unicode")
            if None not in copy.nsmap:
                text = re.sub(r"^<([\w:.-]+)", lambda m: '<%s xmlns="%s"' % (m.group(1), escape(space)), text, count=1)
        else:
            text = etree.tostring(copy, encoding="unicode")
        with open(name, "w", encoding="utf-8") as f:
            f.write(text)


def head(space):
    return '<xs:schema xmlns:xs="%s"%s>' % (XS, ' targetNamespace="%s"' % escape(space) if space else "")


def escape(s):
    return s.replace("&", "&amp;").replace('"', "&quot;")


def main():
    why, schema = "", None
    try:
        schema = Schemas(sys.argv[1], sys.argv[2]).compiled()
    except Exception as e:
        why = "no schema: " + str(e)
    for file in sys.stdin.read().splitlines():
        verdict, reason = "unknown", why
        try:
            body = etree.parse(file, PARSER).getroot().find("{*}Body")
            kids = [c for c in body if isinstance(c.tag, str)]
            if schema is not None and len(kids) > 0:
                if schema.validate(kids[0]):
                    verdict, reason = "valid", ""
                else:
                    verdict, reason = "invalid", str(schema.error_log[0].message)
                    if "No matching global declaration available for the validation root" in reason:
                        verdict, reason = "unknown", "rpc: " + reason
        except Exception as e:
            verdict, reason = "invalid", "not XML: " + str(e)
        print("%s\t%s\t%s" % (file, verdict, reason[:300].replace("\n", " ").replace("\t", " ")))


if __name__ == "__main__":
    main()
