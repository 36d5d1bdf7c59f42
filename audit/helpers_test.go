package audit

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("TWOHOP_TEST_AUDIT_DIR"); dir != "" {
		victim(dir)
	}
	goleak.VerifyTestMain(m)
}

// disk is a store that keeps account of what is done to it, and does what it is told.
type disk struct {
	write func([]byte) error // before the lines are kept
	sync  func() error       // after

	mu     sync.Mutex
	done   []string // write N, sync, close, abandon
	stored []byte
	synced int // bytes of stored that a sync covered
}

func (d *disk) note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done = append(d.done, what)
}

func (d *disk) Append(p []byte) error {
	d.note(fmt.Sprintf("write %d", countLines(p)))
	if d.write != nil {
		if err := d.write(p); err != nil {
			return err
		}
	}
	d.mu.Lock()
	d.stored = append(d.stored, p...)
	covered := len(d.stored)
	d.mu.Unlock()
	d.note("sync")
	if d.sync != nil {
		if err := d.sync(); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.synced = covered
	return nil
}

func (d *disk) Tick() error { return nil }

func (d *disk) Sign() error { return nil }

func (d *disk) Close() error {
	d.note("close")
	return nil
}

func (d *disk) Abandon() error {
	d.note("abandon")
	return nil
}

// safe returns the lines that are on stable storage.
func (d *disk) safe() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return countLines(d.stored[:d.synced])
}

func (d *disk) history() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.done...)
}

func countLines(p []byte) (n int) {
	for _, b := range p {
		if b == '\n' {
			n++
		}
	}
	return n
}

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// testSecret has a key of zeros.
var testSecret = newSecret(make([]byte, 32))

const testHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// sample is the end of a call over two hops.
func sample() *Record {
	body := testSecret.Digest(Body)
	defer body.Release()
	body.Write([]byte("body"))
	return &Record{RequestDigest: body.Sum(), ResponseDigest: body.Sum(), Variables: testSecret.Variables([]string{"item", "n"}, []string{"A1001", "\""}),
		RequestFields: Fields("").With("Content-Type", "text/xml").With("X-Request-Id", "1"), ResponseFields: Fields("").With("Content-Type", "text/xml"),
		RequestKept: Kept{File: "bodies/2026-03-01/0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-request.age", SHA256: testHash, Bytes: 12, Cut: true}, ResponseKept: Kept{LeftOut: "media_type"}, Stage: End, Time: at, Logged: at.Add(time.Second), ID: "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", Correlation: "0af7651916cd43dd8448eb211c80319c",
		Caller: "fno-uat", CallerBy: "api_key", Credential: "0123456789abcdef", Source: "[::ffff:10.0.0.7]:50123",
		Method: "POST", Host: "broker.example.com:8443", Path: "/stock/{item}", Proto: "HTTP/1.1", SOAPAction: "urn:legacy/GetStock", Operation: "GetStock",
		Route: "warehouse", Target: "wms", Exception: "WMS-2019", ExceptionEnds: "2027-03-31", Config: "sha256:abc",
		Hop1: Hop{Version: "TLS 1.3", Suite: "TLS_AES_128_GCM_SHA256", SNI: "broker.example.com", BytesIn: 412, BytesOut: 733, Total: 1500 * time.Microsecond},
		Hop2: Hop{Endpoint: "wms01:8443", Retries: 1, Address: "10.1.2.3:8443", Version: "TLS 1.0", Suite: "TLS_RSA_WITH_3DES_EDE_CBC_SHA", Peer: "ab12", Issuer: "CN=wms01", Serial: "beef", Verify: "pin",
			Status: 200, BytesIn: 733, BytesOut: 412, Connect: time.Millisecond, Handshake: 7 * time.Millisecond, FirstByte: 9 * time.Millisecond, Total: 10 * time.Millisecond, Established: true},
		Status: 200, Outcome: Answered}
}
