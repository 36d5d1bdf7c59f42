package describe

import (
	"strconv"
	"strings"
)

var xppLanguage = &language{fold: true, suffix: "Value", class: "Contract", reserved: words(`abstract anytype as asc at avg boolean break breakpoint by bypasslock byref case catch changecompany class client const container continue count crosscompany date
default delegate delete_from desc display div do edit else element enum eventhandler exists extends false final finally firstfast firstonly for forceliterals forcenestedloop forceplaceholders forceselectorder
forupdate from generateonly group guid hint if implements insert_recordset int int64 interface internal is join like maxof minof mod new next nofetch notexists null optimisticlock order outer pause pessimisticlock
print private protected public real repeatableread retry return reverse select server setting static str str1260 sum super switch tablelock this throw true try ttsabort ttsbegin ttscommit unchecked update_recordset using
utcdatetime validtimestate var void warning where while window
list map set object args info error query array struct types session`)}

// xpp is X++ for Finance & Operations: contract classes, and a class that calls. A class
// goes into a file of its own there.
func xpp(p *program) string {
	caller := p.free(p.op.Name+"Caller", p.names)
	s := &source{}
	s.line("// Calls %s of the route %s. Each class is an object of its own in Visual Studio.", p.op.Name, p.in.Route)
	s.line("// A member that was never set is not sent; reals keep 28 digits. Dates and times are texts as in XML: 2026-01-31T13:45:00Z.")
	for i, c := range p.classes {
		s.line("")
		xppClass(s, c, i < p.sent)
	}
	s.line("")
	s.open("public class %s", caller)
	xppMain(s, p, caller)
	s.line("")
	xppCall(s, p)
	s.shut("}")
	return s.b.String()
}

// xppClass writes a contract class. Its write method is there because
// FormJsonSerializer::serializeClass sends members that were never set as "" and 0, which
// is not the same as leaving them out.
func xppClass(s *source, c *class, sent bool) {
	s.comment(c.doc)
	if c.left != nil {
		s.comment("Members of further types that are not shown: " + strings.Join(c.left, ", "))
	}
	s.line("[DataContractAttribute]")
	s.open("public class %s", c.name)
	for _, m := range c.members {
		s.line("%s %s;", xppType(m.valueType), m.name)
		if sent {
			s.line("boolean %sIsSet;", m.name)
		}
	}
	for _, m := range c.members {
		s.line("")
		xppMember(s, m, sent)
	}
	if sent {
		xppWriter(s, c)
	}
	s.shut("}")
}

// xppWriter writes the method that sends what was set.
func xppWriter(s *source, c *class) {
	s.line("")
	s.open("public void write(Newtonsoft.Json.JsonTextWriter _json)")
	s.line("_json.WriteStartObject();")
	for _, m := range c.members {
		s.open("if (%sIsSet)", m.name)
		s.line("_json.WritePropertyName(%s);", singleQuoted(m.key))
		xppWrite(s, m.valueType, m.name)
		s.shut("}")
		if m.null {
			s.open("else")
			s.line("_json.WritePropertyName(%s);", singleQuoted(m.key))
			s.line("_json.WriteNull();")
			s.shut("}")
		}
	}
	s.line("_json.WriteEndObject();")
	s.shut("}")
}

func xppMember(s *source, m *classMember, sent bool) {
	s.comment(m.doc)
	attributes := "DataMemberAttribute(" + singleQuoted(m.key) + ")"
	if m.lists > 0 {
		of := ", Types::" + xppTypes[m.kind]
		if m.lists > 1 {
			of = ", Types::Class, classStr(List)"
		} else if m.kind == isClass {
			of += ", classStr(" + m.class.name + ")"
		}
		attributes += ",\n        AifCollectionTypeAttribute('return'" + of + "),\n        AifCollectionTypeAttribute(" + singleQuoted("_"+m.name) + of + ")"
	}
	s.line("[%s]", attributes)
	s.open("public %s parm%s(%s _%s = %s)", xppType(m.valueType), upperFirst(m.name), xppType(m.valueType), m.name, m.name)
	if sent {
		s.open("if (!prmIsDefault(_%s))", m.name)
		s.line("%s = _%s;", m.name, m.name)
		s.line("%sIsSet = true;", m.name)
		s.shut("}")
	} else {
		s.line("%s = _%s;", m.name, m.name)
	}
	s.line("return %s;", m.name)
	s.shut("}")
}

var xppTypes = map[kind]string{isString: "String", isBool: "Integer", isInt: "Integer", isLong: "Int64", isDecimal: "Real", isDouble: "Real", isClass: "Class"}

func xppType(v valueType) string {
	switch {
	case v.lists > 0:
		return "List"
	case v.kind == isClass:
		return v.class.name
	}
	return map[kind]string{isString: "str", isBool: "boolean", isInt: "int", isLong: "int64", isDecimal: "real", isDouble: "real"}[v.kind]
}

// xppWrite writes the statements that send a value.
func xppWrite(s *source, v valueType, name string) {
	if v.lists == 0 {
		if v.kind == isClass {
			s.line("%s.write(_json);", name)
		} else {
			s.line("_json.WriteValue(%s);", name)
		}
		return
	}
	item := v
	item.lists--
	each := name + "Item"
	s.line("ListEnumerator %sEnum = %s.getEnumerator();", each, name)
	s.line("_json.WriteStartArray();")
	s.open("while (%sEnum.moveNext())", each)
	s.line("%s %s = %sEnum.current();", xppType(item), each, each)
	xppWrite(s, item, each)
	s.shut("}")
	s.line("_json.WriteEndArray();")
}

func xppMain(s *source, p *program, caller string) {
	s.open("public static void main(Args _args)")
	w := &xppValues{source: s, count: map[string]int{}}
	request := w.value(p.input, p.example)
	s.line("System.IO.StringWriter text = new System.IO.StringWriter();")
	s.line("Newtonsoft.Json.JsonTextWriter json = new Newtonsoft.Json.JsonTextWriter(text);")
	if p.input.kind == isClass && p.input.lists == 0 {
		s.line("%s.write(json);", request)
	} else {
		s.line("json.WriteValue(%s);", request)
	}
	s.line("")
	s.line("str answer = %s::post(%s, text.ToString());", caller, singleQuoted(p.target()))
	switch {
	case p.output == nil:
		s.line("info('taken');")
	case p.output.kind == isClass && p.output.lists == 0:
		s.line("%s result = FormJsonSerializer::deserializeObject(classNum(%s), answer);", p.output.class.name, p.output.class.name)
		xppShow(s, p.output.class)
	default:
		s.line("info(answer);")
	}
	s.shut("}")
}

func xppShow(s *source, c *class) {
	shown := 0
	for _, m := range c.members {
		if shown == 5 {
			return
		}
		switch {
		case m.lists > 0:
			s.open("if (result.parm%s())", upperFirst(m.name))
			s.line("info(strFmt(%s, result.parm%s().elements()));", singleQuoted(m.key+": %1 values"), upperFirst(m.name))
			s.shut("}")
		case m.kind != isClass:
			s.line("info(strFmt(%s, result.parm%s()));", singleQuoted(m.key+" = %1"), upperFirst(m.name))
		default:
			continue
		}
		shown++
	}
	if shown == 0 {
		s.line("info(answer);")
	}
}

// xppValues writes the statements that make an example.
type xppValues struct {
	*source
	count map[string]int
}

// value returns an expression for x, after the statements that it needs.
func (w *xppValues) value(v valueType, x any) string {
	switch x := x.(type) {
	case object:
		if v.kind != isClass || v.lists > 0 {
			return "null"
		}
		name := w.variable(v.class.name)
		w.line("%s %s = new %s();", v.class.name, name, v.class.name)
		for _, m := range x {
			if to := v.class.of(m.key); to != nil && m.value != nil {
				w.line("%s.parm%s(%s);", name, upperFirst(to.name), w.value(to.valueType, m.value))
			}
		}
		return name
	case []any:
		name := w.variable("list")
		inner := v
		inner.lists--
		of := xppTypes[v.kind]
		if inner.lists > 0 {
			of = "Class"
		}
		w.line("List %s = new List(Types::%s);", name, of)
		for _, item := range x {
			w.line("%s.addEnd(%s);", name, w.value(inner, item))
		}
		return name
	case bool:
		return strconv.FormatBool(x)
	case literal:
		return xppNumber(v, string(x))
	case string:
		if v.kind == isString {
			return singleQuoted(x)
		}
		return xppNumber(v, x)
	}
	return "null"
}

func xppNumber(v valueType, text string) string {
	switch {
	case v.kind == isString:
		return singleQuoted(text)
	case v.kind == isLong && len(text) > 9: // beyond an int
		return text + "u"
	case text == "INF" || text == "-INF" || text == "NaN":
		return "0.0"
	}
	return text
}

// variable makes a name for a local variable of a class.
func (w *xppValues) variable(class string) string {
	name := strings.ToLower(class[:1]) + class[1:] + "Value"
	w.count[name]++
	if n := w.count[name]; n > 1 {
		name += strconv.Itoa(n)
	}
	return name
}

func xppCall(s *source, p *program) {
	s.open("private static str post(str _url, str _json)")
	s.line("System.Net.HttpWebRequest call;")
	s.line("System.Net.WebHeaderCollection headers;")
	s.line("System.Net.WebResponse response;")
	s.line("System.IO.Stream stream;")
	s.line("System.IO.StreamReader reader;")
	s.line("System.Net.WebException failed;")
	s.line("System.Exception clrException;")
	s.line("System.Byte[] bytes;")
	s.line("str answer;")
	s.line("")
	s.line("try")
	s.line("{")
	s.depth++
	s.line("bytes = System.Text.Encoding::get_UTF8().GetBytes(_json);")
	s.line("call = System.Net.WebRequest::Create(_url) as System.Net.HttpWebRequest;")
	s.line("call.set_Method('POST');")
	s.line("call.set_ContentType('application/json');")
	s.line("headers = call.get_Headers();")
	if p.in.APIKey {
		s.line("headers.Add('X-Api-Key', ''); // the key: from an encrypted parameter or Key Vault, never from the source")
	}
	for _, h := range p.headerFields() {
		s.line("headers.Add(%s, 'text');", singleQuoted(h))
	}
	s.line("call.set_ContentLength(bytes.get_Length());")
	s.line("stream = call.GetRequestStream();")
	s.line("stream.Write(bytes, 0, bytes.get_Length());")
	s.line("stream.Close();")
	s.line("response = call.GetResponse();")
	s.line("reader = new System.IO.StreamReader(response.GetResponseStream(), System.Text.Encoding::get_UTF8());")
	s.line("answer = reader.ReadToEnd();")
	s.line("response.Close();")
	s.shut("}")
	s.line("catch (Exception::CLRError)")
	s.line("{")
	s.depth++
	s.line("clrException = CLRInterop::getLastException();")
	s.open("while (clrException && !failed)")
	s.line("failed = clrException as System.Net.WebException;")
	s.line("clrException = clrException.get_InnerException();")
	s.shut("}")
	s.open("if (!failed || !failed.get_Response())")
	s.line("throw error(AifUtil::getClrErrorMessage());")
	s.shut("}")
	s.line("// application/problem+json (RFC 9457): title, detail, fix, code, correlationId; pointer and expected")
	s.line("// for a request that the contract does not allow; the detail of a SOAP fault under its own name")
	s.line("reader = new System.IO.StreamReader(failed.get_Response().GetResponseStream(), System.Text.Encoding::get_UTF8());")
	s.line("answer = reader.ReadToEnd();")
	s.line("Newtonsoft.Json.Linq.JObject problem = Newtonsoft.Json.Linq.JObject::Parse(answer);")
	s.line("Newtonsoft.Json.Linq.JToken title = problem.SelectToken('title');")
	s.line("Newtonsoft.Json.Linq.JToken correlation = problem.SelectToken('correlationId');")
	s.line("throw error(strFmt('%%1 (correlation id %%2): %%3', title ? title.ToString() : '', correlation ? correlation.ToString() : '', answer));")
	s.shut("}")
	s.line("return answer;")
	s.shut("}")
}

// singleQuoted is s as a string of X++.
func singleQuoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`, "\n", `\n`, "\r", "", "\t", `\t`).Replace(s) + "'"
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
