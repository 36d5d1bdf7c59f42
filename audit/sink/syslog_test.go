package sink

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twohop/audit/trail"
)

// frameForm is RFC 5424, section 6, written anew for the test.
var frameForm = regexp.MustCompile(`(?s)^<([0-9]{1,3})>1 (-|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) (\[twohop@[0-9]+(?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")+\]) (.*)$`)

// unframe splits a stream into messages by their counts.
func unframe(t testing.TB, stream []byte) (messages []string) {
	t.Helper()
	for len(stream) > 0 {
		count, rest, ok := bytes.Cut(stream, []byte(" "))
		n, err := strconv.Atoi(string(count))
		if !ok || err != nil || n > len(rest) || string(count) != strconv.Itoa(n) {
			t.Fatalf("no frame begins with %.40q", stream)
		}
		messages, stream = append(messages, string(rest[:n])), rest[n:]
	}
	return messages
}

func TestFrames(t *testing.T) {
	f := &frames{facility: 13, host: "broker1", proc: "77", data: `[twohop@32473 log="twohop/b/log-1" index="`}
	for _, c := range []struct{ name, line, want string }{
		{"a call", `{"class_uid":4002,"severity_id":1,"time":1772366400000,"metadata":{"logged_time":1772366401250,"correlation_uid":"c-1"},"unmapped":{"stage":"end"}}`,
			`<110>1 2026-03-01T12:00:01.250Z broker1 twohop 77 call/end [twohop@32473 log="twohop/b/log-1" index="5" correlation="c-1"] `},
		{"an event", `{"class_uid":3004,"severity_id":3,"time":1772366400000,"entity":{"type":"configuration"}}`,
			`<108>1 2026-03-01T12:00:00.000Z broker1 twohop 77 event/configuration [twohop@32473 log="twohop/b/log-1" index="5"] `},
		{"an event without an entity", `{"class_uid":6002,"severity_id":4,"unmapped":{"kind":"broker"}}`, `<107>1 - broker1 twohop 77 event/broker [twohop@32473 log="twohop/b/log-1" index="5"] `},
		{"a checkpoint", `{"class_uid":1008,"severity_id":6,"unmapped":{"kind":"checkpoint"}}`, `<105>1 - broker1 twohop 77 log/checkpoint [twohop@32473 log="twohop/b/log-1" index="5"] `},
		{"no JSON at all", "é", `<110>1 - broker1 twohop 77 other [twohop@32473 log="twohop/b/log-1" index="5"] `},
		{"a correlation id that needs escapes", `{"metadata":{"correlation_uid":"a\"]\\"}}`, `<110>1 - broker1 twohop 77 other [twohop@32473 log="twohop/b/log-1" index="5" correlation="a\"\]\\"] `},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := unframe(t, f.append(nil, trail.Line{Index: 5, Text: []byte(c.line)}))
			if d := cmp.Diff([]string{c.want + c.line}, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTextsOfAHeader(t *testing.T) {
	for text, want := range map[string]string{"": "-", "broker1.example": "broker1.example", "büro 1\n": "b_ro_1_", strings.Repeat("x", 40): strings.Repeat("x", 32)} {
		if got := headerText(text, 32); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

// FuzzFrames: whatever a line holds, it makes one frame, whose message is the line.
func FuzzFrames(f *testing.F) {
	f.Add([]byte(`{"class_uid":4002,"time":1,"metadata":{"correlation_uid":"x"},"unmapped":{"stage":"end"}}`), "twohop/b/log-1", int64(0))
	f.Add([]byte(`{"time":9223372036854775807,"severity_id":-1,"entity":{"type":"a b\u0000c"}}`), "a\"]\\", int64(1)<<62)
	f.Add([]byte(`{"metadata":{"correlation_uid":["x"]},"unmapped":{"stage":"ü]\" "}}`), "\xff", int64(7))
	f.Fuzz(func(t *testing.T, text []byte, origin string, index int64) {
		stream := newFrames(&Syslog{Facility: 13, Enterprise: 32473}, origin).append(nil, trail.Line{Index: index, Text: text})
		messages := unframe(t, stream)
		if len(messages) != 1 {
			t.Fatalf("%d frames", len(messages))
		}
		m := frameForm.FindStringSubmatch(messages[0])
		if m == nil {
			t.Fatalf("no syslog message: %q", messages[0])
		}
		if m[8] != string(text) {
			t.Errorf("the message is %q", m[8])
		}
		if pri, _ := strconv.Atoi(m[1]); pri/8 != 13 {
			t.Errorf("the facility is %d", pri/8)
		}
	})
}
