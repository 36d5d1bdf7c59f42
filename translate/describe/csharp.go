package describe

import (
	"strings"
)

var csharpLanguage = &language{suffix: "_", reserved: words(`abstract as base bool break byte case catch char checked class const continue decimal default delegate do double else enum event
explicit extern false finally fixed float for foreach goto if implicit in int interface internal is lock long namespace new null object operator out override params private protected public
readonly ref return sbyte sealed short sizeof stackalloc static string struct switch this throw true try typeof uint ulong unchecked unsafe ushort using virtual void volatile while
Equals GetHashCode GetType ToString MemberwiseClone ReferenceEquals Finalize
System List Console Encoding Stream StreamReader MemoryStream Program HttpWebRequest HttpWebResponse WebRequest WebException DataContract DataMember DataContractJsonSerializer DataContractAttribute DataMemberAttribute
url request answer result problem text call body reader bytes memory value json args e Main Post Read Write Environment SecurityProtocolType ServicePointManager Problem String Object Exception Type`)}

// csharp is a program in C# 6 that .NET Framework 4.5 and later, .NET and Mono compile.
func csharp(p *program) string {
	s := &source{}
	s.line("// Calls %s of the route %s. Compile with: csc -r:System.Runtime.Serialization.dll Program.cs", p.op.Name, p.in.Route)
	s.line("// Decimals keep 28 digits; a member that is left null is not sent.")
	for _, using := range []string{"System", "System.Collections.Generic", "System.IO", "System.Net", "System.Runtime.Serialization", "System.Runtime.Serialization.Json", "System.Text"} {
		s.line("using %s;", using)
	}
	for _, c := range p.classes {
		s.line("")
		csharpClass(s, c)
	}
	s.line("")
	s.line("// Problem is what the broker answers when the call failed (RFC 9457). The detail of a SOAP fault is beside these members.")
	s.line("[DataContract]")
	s.open("public class Problem")
	for _, m := range []string{"title", "detail", "fix", "code", "pointer", "expected", "correlationId"} {
		s.line("[DataMember(Name = %s)] public string %s;", doubleQuoted(m), m)
	}
	s.shut("}")
	s.line("")
	s.open("public static class Program")
	csharpMain(s, p)
	s.line("")
	s.b.WriteString(csharpCall)
	csharpHelpers(s, p)
	s.shut("}")
	return s.b.String()
}

func csharpClass(s *source, c *class) {
	s.comment(c.doc)
	if c.left != nil {
		s.comment("Members of further types that are not shown: " + strings.Join(c.left, ", "))
	}
	s.line("[DataContract]")
	s.open("public class %s", c.name)
	for i, m := range c.members {
		emit := ", EmitDefaultValue = false"
		if m.null {
			emit = ""
		}
		s.comment(m.doc)
		s.line("[DataMember(Name = %s, Order = %d%s)]", doubleQuoted(m.key), i, emit)
		s.line("public %s %s { get; set; }", csharpType(m.valueType), m.name)
	}
	s.shut("}")
}

func csharpType(v valueType) string {
	name := map[kind]string{isString: "string", isBool: "bool", isInt: "int", isLong: "long", isDecimal: "decimal", isDouble: "double"}[v.kind]
	switch {
	case v.kind == isClass:
		name = v.class.name
	case v.lists == 0 && v.kind != isString:
		name += "?"
	}
	return strings.Repeat("List<", v.lists) + name + strings.Repeat(">", v.lists)
}

func csharpMain(s *source, p *program) {
	s.open("public static int Main(string[] args)")
	s.line("string url = args.Length > 0 ? args[0] : %s;", doubleQuoted(p.target()))
	var b strings.Builder
	csharpValue(&b, p.input, p.example, s.depth)
	s.line("%s request = %s;", csharpType(p.input), b.String())
	s.line("try")
	s.line("{")
	s.depth++
	s.line("string answer = Post(url, Write(request));")
	s.line("Console.WriteLine(answer);")
	if p.output != nil {
		s.line("%s result = Read<%s>(answer);", csharpType(*p.output), csharpType(*p.output))
		for _, line := range csharpShow(*p.output) {
			s.line("%s", line)
		}
	}
	s.line("return 0;")
	s.shut("}")
	s.line("catch (WebException e)")
	s.line("{")
	s.depth++
	s.line("if (e.Response == null)")
	s.line("{")
	s.line("    Console.Error.WriteLine(e.Message);")
	s.line("    return 2;")
	s.line("}")
	s.line("string text = new StreamReader(e.Response.GetResponseStream(), Encoding.UTF8).ReadToEnd();")
	s.line("Problem problem = Read<Problem>(text);")
	s.line(`Console.Error.WriteLine(problem.title + ": " + problem.detail + " " + problem.fix + " (" + problem.code + ", correlation id " + problem.correlationId + ")");`)
	s.line("Console.Error.WriteLine(text);")
	s.line("return 1;")
	s.shut("}")
	s.shut("}")
}

// csharpShow prints the first values of an answer.
func csharpShow(v valueType) []string {
	if v.kind != isClass || v.lists > 0 {
		return []string{`Console.WriteLine("answer = " + result);`}
	}
	var list []string
	for _, m := range v.class.members {
		if m.lists > 0 {
			list = append(list, "Console.WriteLine("+doubleQuoted(m.key+": ")+" + (result."+m.name+` == null ? 0 : result.`+m.name+`.Count) + " values");`)
		} else {
			list = append(list, "Console.WriteLine("+doubleQuoted(m.key+" = ")+" + result."+m.name+");")
		}
		if len(list) == 5 {
			break
		}
	}
	return list
}

// csharpValue writes an example as an expression.
func csharpValue(b *strings.Builder, v valueType, x any, depth int) {
	switch x := x.(type) {
	case nil:
		b.WriteString("null")
	case []any:
		b.WriteString("new " + csharpType(v) + " { ")
		inner := v
		inner.lists--
		for i, item := range x {
			if i > 0 {
				b.WriteString(", ")
			}
			csharpValue(b, inner, item, depth)
		}
		b.WriteString(" }")
	case object:
		if v.kind != isClass {
			b.WriteString("null")
			return
		}
		csharpObject(b, v.class, x, depth)
	case bool:
		b.WriteString(map[bool]string{true: "true", false: "false"}[x])
	case literal:
		b.WriteString(csharpNumber(v, string(x)))
	case string:
		if v.kind != isString {
			b.WriteString(csharpNumber(v, x))
			return
		}
		b.WriteString(doubleQuoted(x))
	}
}

func csharpObject(b *strings.Builder, c *class, x object, depth int) {
	b.WriteString("new " + c.name)
	pad := strings.Repeat("    ", depth)
	b.WriteString("\n" + pad + "{\n")
	for _, m := range x {
		if to := c.of(m.key); to != nil {
			b.WriteString(pad + "    " + to.name + " = ")
			csharpValue(b, to.valueType, m.value, depth+1)
			b.WriteString(",\n")
		}
	}
	b.WriteString(pad + "}")
}

func csharpNumber(v valueType, text string) string {
	switch v.kind {
	case isString:
		return doubleQuoted(text)
	case isDecimal:
		return text + "m"
	case isDouble:
		switch text {
		case "INF":
			return "double.PositiveInfinity"
		case "-INF":
			return "double.NegativeInfinity"
		case "NaN":
			return "double.NaN"
		}
		return text + "d"
	case isLong:
		return text + "L"
	}
	return text
}

const csharpCall = `    static string Write<T>(T value)
    {
        using (var memory = new MemoryStream())
        {
            new DataContractJsonSerializer(typeof(T)).WriteObject(memory, value);
            return Encoding.UTF8.GetString(memory.ToArray());
        }
    }

    static T Read<T>(string json)
    {
        using (var memory = new MemoryStream(Encoding.UTF8.GetBytes(json)))
        {
            return (T)new DataContractJsonSerializer(typeof(T)).ReadObject(memory);
        }
    }

`

func csharpHelpers(s *source, p *program) {
	s.open("static string Post(string url, string json)")
	s.line("ServicePointManager.SecurityProtocol = SecurityProtocolType.Tls12; // .NET Framework before 4.7 offers less by default")
	s.line("var call = (HttpWebRequest)WebRequest.Create(url);")
	s.line("byte[] bytes = Encoding.UTF8.GetBytes(json);")
	s.line(`call.Method = "POST";`)
	s.line(`call.ContentType = "application/json";`)
	if p.in.APIKey {
		s.line(`call.Headers.Add("X-Api-Key", Environment.GetEnvironmentVariable("API_KEY"));`)
	}
	for _, h := range p.headerFields() {
		s.line("call.Headers.Add(%s, %s);", doubleQuoted(h), `"text"`)
	}
	s.line("call.ContentLength = bytes.Length;")
	s.line("using (Stream body = call.GetRequestStream())")
	s.line("    body.Write(bytes, 0, bytes.Length);")
	s.line("using (var answer = (HttpWebResponse)call.GetResponse())")
	s.line("using (var reader = new StreamReader(answer.GetResponseStream(), Encoding.UTF8))")
	s.line("    return reader.ReadToEnd();")
	s.shut("}")
}

// doubleQuoted is s as a string of C#. What is not plain ASCII is escaped.
func doubleQuoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r >= ' ' && r < 127:
			b.WriteRune(r)
		default:
			b.WriteString(`\U` + hex8(r))
		}
	}
	return b.String() + `"`
}

func hex8(r rune) string {
	const digits = "0123456789abcdef"
	var b [8]byte
	for i := range b {
		b[7-i] = digits[r>>(4*i)&15]
	}
	return string(b[:])
}
