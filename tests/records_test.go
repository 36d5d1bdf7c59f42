//go:build linux

package tests

import (
	"encoding/json"
	"testing"
	"time"

	"twohop/audit/trail"
)

// Record is what the tests look at in an audit record.
type Record struct {
	StatusID     int    `json:"status_id"`
	StatusCode   string `json:"status_code"`
	StatusDetail string `json:"status_detail"`
	ActionID     int    `json:"action_id"`
	Metadata     struct {
		UID         string
		Correlation string `json:"correlation_uid"`
	}
	Actor struct {
		User struct{ Name string }
	}
	Src     struct{ IP string } `json:"src_endpoint"`
	Request struct {
		Method string `json:"http_method"`
		URL    struct{ Path string }
	} `json:"http_request"`
	Response struct{ Code int }               `json:"http_response"`
	TLS      struct{ Version, Cipher string } `json:"tls"`
	Proxy    struct {
		IP   string
		Port int
		Name string
	} `json:"proxy_endpoint"`
	ProxyTLS      struct{ Version, Cipher string } `json:"proxy_tls"`
	ProxyResponse struct{ Code int }               `json:"proxy_http_response"`
	Traffic       struct {
		In  int64 `json:"bytes_in"`
		Out int64 `json:"bytes_out"`
	}
	Policy     struct{ UID string }
	Message    string                         // of an event
	Entity     struct{ Name, Type string }    // likewise
	SeverityID int                            `json:"severity_id"`
	ActivityID int                            `json:"activity_id"`
	Count      int                            // of a line that counts refusals
	App        struct{ Name, Version string } // of the broker's start and end
	Unmapped   struct {
		Process                       int
		Call                          string
		Kind                          string // of an event or of what is counted
		Counts, Recorded              map[string]int
		Details                       []string
		Samples                       []struct{ SNI, Versions, Suites, Code, Path string }
		Stage, Outcome, Route, Target string
		Verified                      string `json:"target_verified_by"`
		Reused                        bool   `json:"target_connection_reused"`
		Endpoint                      string `json:"target_endpoint"`
		Retries                       int
	}
}

// Records returns the whole lines of the audit log so far, in order.
func (b *Broker) Records() []Record {
	b.t.Helper()
	var all []Record
	auditLines(b.t, b.Audit, func(line []byte) {
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			b.t.Fatalf("%v in %s", err, line)
		}
		all = append(all, r)
	})
	return all
}

// auditLines calls f with each line of the audit log below dir, of all processes.
func auditLines(t testing.TB, dir string, f func(line []byte)) {
	t.Helper()
	logs, err := trail.Logs(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range logs {
		segments, err := l.Segments()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range segments {
			for line, err := range s.Lines() {
				if err != nil {
					t.Fatal(err)
				}
				f(line.Text)
			}
		}
	}
}

// verifyAudit fails when a log below dir does not verify with the keys that are there.
func verifyAudit(t testing.TB, dir string) {
	t.Helper()
	logs, err := trail.Logs(dir)
	if err != nil || len(logs) == 0 {
		t.Fatal(logs, err)
	}
	keys, err := trail.PublicKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range logs {
		r, err := trail.Verify(l, keys, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Problems {
			t.Errorf("%s: %v", l.Name(), p)
		}
	}
}

// Stages returns the records of one call.
func (b *Broker) Stages(correlation string) (list []Record) {
	b.t.Helper()
	for _, r := range b.Records() {
		if r.Metadata.Correlation == correlation {
			list = append(list, r)
		}
	}
	return list
}

// End returns the end record of a call that the caller has seen whole; it must be
// there by now.
func (b *Broker) End(correlation string) Record {
	b.t.Helper()
	for _, r := range b.Stages(correlation) {
		if r.Unmapped.Stage == "end" {
			return r
		}
	}
	b.t.Fatalf("no end record for the call %s", correlation)
	return Record{}
}

// Found waits for a record that fits.
func (b *Broker) Found(what string, fits func(Record) bool) (found Record) {
	b.t.Helper()
	b.wait(10*time.Second, "the record of "+what, func() bool {
		for _, r := range b.Records() {
			if fits(r) {
				found = r
				return true
			}
		}
		return false
	})
	return found
}
