package sink

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	"google.golang.org/protobuf/proto"

	"twohop/audit/trail"
)

// OTLP is a receiver of OpenTelemetry logs over HTTP, as binary protobuf.
type OTLP struct {
	URL     string            // without /v1/logs
	TLS     TLS               // for an https URL
	Headers map[string]string // of each request; they may hold credentials
	Version string            // of the broker
}

// Validate returns what would keep every request from being sent, as a *fault.Field. It
// reads the files and connects to nobody.
func (o *OTLP) Validate() error {
	_, err := o.TLS.config("host")
	return err
}

func (o *OTLP) String() string { return "OTLP " + o.URL }

const (
	answerWithin = 30 * time.Second // a batch
	mostAnswer   = 64 << 10
)

// Connect makes no connection yet: it reads the files.
func (o *OTLP) Connect(_ context.Context, origin string, _ context.CancelCauseFunc) (Link, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, errors.New("audit: the URL of an OTLP receiver cannot be read")
	}
	config, err := o.TLS.config(u.Hostname())
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	zip, err := gzip.NewWriterLevel(nil, gzip.BestSpeed) // records resemble each other: more work gains little
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return &otlpLink{to: o, zip: zip, url: strings.TrimRight(o.URL, "/") + "/v1/logs", encoder: newEncoder(origin, o.Version), client: &http.Client{
		// No proxy, as towards the targets: the environment decides nothing here.
		Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true, DialContext: (&net.Dialer{Timeout: connectWithin}).DialContext,
			TLSHandshakeTimeout: connectWithin, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: mostAnswer},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // it would take the credentials along
	}}, nil
}

// otlpLink sends a request at a time, so that lines stay in order.
type otlpLink struct {
	to        *OTLP
	url       string
	client    *http.Client
	encoder   *encoder
	body      bytes.Buffer
	zip       *gzip.Writer
	delivered int64
}

func (l *otlpLink) Send(ctx context.Context, lines []trail.Line) (*Refusal, error) {
	if err := l.encode(lines); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(l.body.Bytes()))
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	for name, value := range l.to.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", protobuf)
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("User-Agent", "twohop/"+l.to.Version)
	resp, err := l.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", explained(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return nil, fmt.Errorf("audit: reading the answer of %s: %w", l.url, err)
	}
	refusal, err := l.judge(resp, body)
	if err == nil {
		l.delivered = lines[len(lines)-1].Index + 1
	}
	return refusal, err
}

const protobuf = "application/x-protobuf"

func (l *otlpLink) encode(lines []trail.Line) error {
	data, err := proto.Marshal(l.encoder.request(lines))
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	l.body.Reset()
	l.zip.Reset(&l.body)
	l.zip.Write(data) // to memory
	return l.zip.Close()
}

// judge says what an answer means (OTLP 1.11, "OTLP/HTTP Response"). Only a success lets
// lines count as delivered: the specification would have other refusals dropped, and an
// audit log is not.
func (l *otlpLink) judge(resp *http.Response, body []byte) (*Refusal, error) {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")) // "" for one that is none
	if resp.StatusCode/100 != 2 {
		err := fmt.Errorf("audit: %s answers %s%s", l.url, resp.Status, hint(resp.StatusCode))
		if after := retryAfter(resp.Header.Get("Retry-After"), time.Now()); after > 0 {
			return nil, &delayed{err, after}
		}
		return nil, err
	}
	if kind == "text/html" {
		return nil, fmt.Errorf("audit: %s answers with a page for people: it is no OTLP receiver", l.url)
	}
	var answer collector.ExportLogsServiceResponse
	if kind != protobuf || proto.Unmarshal(body, &answer) != nil || answer.GetPartialSuccess().GetRejectedLogRecords() == 0 {
		return nil, nil
	}
	p := answer.GetPartialSuccess()
	return &Refusal{p.GetRejectedLogRecords(), p.GetErrorMessage()}, nil
}

// hint says what to look at for a status.
func hint(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "; look at headers and certificate"
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return "; is url the receiver's, without /v1/logs?"
	case http.StatusRequestEntityTooLarge:
		return "; it must take bodies of 1 MiB"
	}
	if status/100 == 3 {
		return "; redirects are not followed: write the final url"
	}
	return ""
}

// retryAfter reads seconds or a date (RFC 9110, section 10.2.3), 0 for neither.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

func (l *otlpLink) Delivered() int64 { return l.delivered }

// Finish has nothing to do: each answer was one.
func (l *otlpLink) Finish(context.Context) error { return nil }

func (l *otlpLink) Close() { l.client.CloseIdleConnections() }
