package sink

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	"google.golang.org/protobuf/proto"

	"twohop/audit/trail"
)

// otlpServer answers as answer does, and keeps what came.
type otlpServer struct {
	*httptest.Server
	requests []*collector.ExportLogsServiceRequest
	headers  http.Header
}

func newOTLPServer(t *testing.T, answer http.HandlerFunc) *otlpServer {
	s := &otlpServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		data, err := io.ReadAll(z)
		if err != nil {
			t.Error(err)
		}
		req := &collector.ExportLogsServiceRequest{}
		if err := proto.Unmarshal(data, req); err != nil {
			t.Error(err)
		}
		s.requests, s.headers = append(s.requests, req), r.Header
		if r.URL.Path != "/base/v1/logs" || r.Method != http.MethodPost {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *otlpServer) link(t *testing.T) Link {
	t.Helper()
	o := &OTLP{URL: s.URL + "/base/", Headers: map[string]string{"Authorization": "Bearer hunter2"}, Version: "1.2.3"}
	l, err := o.Connect(t.Context(), "twohop/test/log-1", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func fine(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", protobuf) }

func TestOTLPRecords(t *testing.T) {
	s := newOTLPServer(t, fine)
	l := s.link(t)
	text := `{"class_uid":4002,"severity_id":3,"time":1772366400000,"status_code":"target_timeout","metadata":{"logged_time":1772366401250,"correlation_uid":"0af7651916cd43dd8448eb211c80319c"},` +
		`"actor":{"user":{"name":"erp"}},"src_endpoint":{"ip":"10.0.0.7"},"http_request":{"http_method":"POST","url":{"path":"/stock/{item}"}},"http_response":{"code":504},` +
		`"tls":{"version":"TLS 1.3"},"proxy_tls":{"version":"TLS 1.0"},"policy":{"uid":"WMS-2019"},"unmapped":{"call":"c1","stage":"end","outcome":"failed","route":"stock","target":"wms"}}`
	refusal, err := l.Send(t.Context(), []trail.Line{{Index: 41, Text: []byte(text)}, {Index: 42, Text: []byte("no JSON \xff")}})
	if refusal != nil || err != nil {
		t.Fatal(refusal, err)
	}
	if l.Delivered() != 43 {
		t.Errorf("delivered up to %d", l.Delivered())
	}
	if got := s.headers; got.Get("Authorization") != "Bearer hunter2" || got.Get("Content-Type") != protobuf || got.Get("User-Agent") != "twohop/1.2.3" {
		t.Errorf("the headers are %v", got)
	}
	records := s.requests[0].ResourceLogs[0].ScopeLogs[0].LogRecords
	r := records[0]
	got := map[string]any{}
	for _, a := range r.Attributes {
		if got[a.Key] = a.Value.GetStringValue(); a.Value.GetStringValue() == "" {
			got[a.Key] = a.Value.GetIntValue()
		}
	}
	want := map[string]any{"twohop.log": "twohop/test/log-1", "twohop.index": int64(41), "twohop.call": "c1", "twohop.correlation": "0af7651916cd43dd8448eb211c80319c", "twohop.stage": "end",
		"twohop.outcome": "failed", "twohop.route": "stock", "twohop.target": "wms", "twohop.exception": "WMS-2019", "twohop.hop1.tls": "TLS 1.3", "twohop.hop2.tls": "TLS 1.0", "user.name": "erp",
		"client.address": "10.0.0.7", "http.request.method": "POST", "url.path": "/stock/{item}", "http.response.status_code": int64(504), "error.type": "target_timeout"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if r.Body.GetStringValue() != text || r.EventName != "twohop.call.end" || r.SeverityNumber != logs.SeverityNumber_SEVERITY_NUMBER_WARN || len(r.TraceId) != 16 || r.TimeUnixNano != 1772366401250e6 {
		t.Errorf("the record is %v", r)
	}
	if r := records[1]; r.Body.GetStringValue() != "no JSON \uFFFD" || r.EventName != "twohop.other" || r.TraceId != nil || r.TimeUnixNano != 0 {
		t.Errorf("a line that is no JSON is %v", r)
	}
	if _, err := l.Send(t.Context(), some(43, 1, 10)); err != nil || len(s.requests) != 2 || len(s.requests[1].ResourceLogs[0].ScopeLogs[0].LogRecords) != 1 {
		t.Errorf("the second request is %v, %v", s.requests[1:], err)
	}
}

func TestOTLPAnswers(t *testing.T) {
	partial, err := proto.Marshal(&collector.ExportLogsServiceResponse{PartialSuccess: &collector.ExportLogsPartialSuccess{RejectedLogRecords: 2, ErrorMessage: "too old"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		status  int
		header  [2]string
		body    string
		refused int64
		after   time.Duration
		wrong   string // in the error; "" when all counts as delivered
	}{
		{"a success", 200, [2]string{"Content-Type", protobuf}, "", 0, 0, ""},
		{"an empty success", 204, [2]string{}, "", 0, 0, ""},
		{"a success in JSON", 200, [2]string{"Content-Type", "application/json"}, "{}", 0, 0, ""},
		{"a partial success", 200, [2]string{"Content-Type", protobuf}, string(partial), 2, 0, ""},
		{"a page for people", 200, [2]string{"Content-Type", "text/html; charset=utf-8"}, "<p>login", 0, 0, "no OTLP receiver"},
		{"busy, seconds", 503, [2]string{"Retry-After", "7"}, "", 0, 7 * time.Second, "503"},
		{"busy, no time", 429, [2]string{}, "", 0, 0, "429"},
		{"refused", 400, [2]string{}, "", 0, 0, "400"},
		{"no credential", 401, [2]string{}, "", 0, 0, "look at headers"},
		{"elsewhere", 307, [2]string{"Location", "/x"}, "", 0, 0, "redirects are not followed"},
		{"not there", 404, [2]string{}, "", 0, 0, "without /v1/logs"},
		{"too large", 413, [2]string{}, "", 0, 0, "1 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newOTLPServer(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.header[0] != "" {
					w.Header().Set(c.header[0], c.header[1])
				}
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			})
			l := s.link(t)
			refusal, err := l.Send(t.Context(), some(0, 3, 10))
			if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("got %v, want %q", err, c.wrong)
			}
			if delivered := l.Delivered(); (delivered == 3) != (c.wrong == "") {
				t.Errorf("delivered up to %d", delivered)
			}
			if (refusal != nil) != (c.refused > 0) || refusal != nil && *refusal != (Refusal{2, "too old"}) {
				t.Errorf("refused %+v", refusal)
			}
			var asked *delayed
			if errors.As(err, &asked) != (c.after > 0) || asked != nil && asked.after != c.after {
				t.Errorf("asked for %+v", asked)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a credential is in %v", err)
			}
		})
	}
}

func TestOTLPOverTLS(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(fine))
	s.TLS = a.server("127.0.0.1")
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	send := func(ca string) error {
		l, err := (&OTLP{URL: s.URL, TLS: TLS{CA: ca}}).Connect(t.Context(), "o", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, err = l.Send(t.Context(), some(0, 1, 10))
		return err
	}
	if err := send(a.CA); err != nil {
		t.Error(err)
	}
	if err := send(other.CA); err == nil || !strings.Contains(err.Error(), "name its authority under ca") {
		t.Errorf("got %v", err)
	}
}

func TestAnOTLPReceiverThatHangs(t *testing.T) {
	release := make(chan struct{})
	s := newOTLPServer(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.link(t).Send(ctx, some(0, 1, 10)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{"": 0, "120": 2 * time.Minute, "-1": 0, "x": 0, "Sun, 01 Mar 2026 12:00:30 GMT": 30 * time.Second,
		"Sun, 01 Mar 2026 11:00:00 GMT": 0, "99999999999999999999": 0} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}
