package sink

import (
	"os"
	"strconv"
	"strings"

	"twohop/audit/trail"
)

// Syslog is a receiver of RFC 5424 over TLS (RFC 5425).
type Syslog struct {
	Address    string // host:port
	TLS        TLS
	Plain      bool // without TLS (RFC 6587): for an address of this machine
	Facility   int  // RFC 5424, section 6.2.1: 13 is log audit
	Enterprise int  // whose structured data it is: an IANA private enterprise number
}

// Validate returns what would keep every connection from coming about, as a *fault.Field.
// It reads the files and connects to nobody.
func (s *Syslog) Validate() error {
	if s.Plain {
		return nil
	}
	_, err := s.TLS.config("host")
	return err
}

func (s *Syslog) String() string { return "syslog " + s.Address }

// severities are syslog's (RFC 5424, section 6.2.1) for OCSF's severity_id. None is an
// emergency, which many a syslog daemon writes to every terminal.
var severities = [...]int{0: 6, 1: 6, 2: 5, 3: 4, 4: 3, 5: 2, 6: 1}

// frames writes lines as octet-counted frames (RFC 5425, section 4.3).
type frames struct {
	facility         int
	host, proc, data string // data begins the structured data
	head             []byte // spare
}

func newFrames(s *Syslog, origin string) *frames {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return &frames{facility: s.Facility, host: headerText(host, 255), proc: strconv.Itoa(os.Getpid()),
		data: "[twohop@" + strconv.Itoa(s.Enterprise) + ` log="` + paramText(origin) + `" index="`}
}

// append appends the frame of a line to b. The message is the line as it is, so that its
// hash can be computed from it. It has no byte order mark: that would make it a MSG-UTF8
// (RFC 5424, section 6.4) and no JSON any more (RFC 8259, section 8.1).
func (f *frames) append(b []byte, line trail.Line) []byte {
	text := line.Text
	r := fieldsOf(text)
	h := append(f.head[:0], '<')
	h = strconv.AppendInt(h, int64(f.facility*8+r.syslogSeverity()), 10)
	h = append(h, ">1 "...)
	if at := r.written(); at.IsZero() {
		h = append(h, '-')
	} else {
		h = at.AppendFormat(h, "2006-01-02T15:04:05.000Z")
	}
	h = append(append(append(h, ' '), f.host...), " twohop "...)
	h = append(append(h, f.proc...), ' ')
	h = append(append(h, headerText(r.kind(), 32)...), ' ')
	h = strconv.AppendInt(append(h, f.data...), line.Index, 10)
	if id := r.Metadata.Correlation; id != "" {
		h = append(append(h, `" correlation="`...), paramText(id)...)
	}
	h = append(h, `"] `...)
	f.head = h
	b = strconv.AppendInt(b, int64(len(h)+len(text)), 10)
	b = append(append(b, ' '), h...)
	return append(b, text...)
}

func (f *fields) syslogSeverity() int {
	if f.Severity < 0 || f.Severity >= len(severities) {
		return severities[1]
	}
	return severities[f.Severity]
}

// headerText makes a field of a header: printable ASCII without blanks, - for none.
func headerText(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '_'
		}
		return r
	}, s)
	if s = s[:min(len(s), most)]; s == "" {
		return "-"
	}
	return s
}

// paramText escapes a value of structured data (RFC 5424, section 6.3.3).
func paramText(s string) string {
	if !strings.ContainsAny(s, `\"]`) {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ToValidUTF8(strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`).Replace(s), "\uFFFD")
}
