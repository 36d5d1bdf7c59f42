//go:build linux

package tests

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"time"
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
	Policy   struct{ UID string }
	Message  string                      // of an event
	Entity   struct{ Name, Type string } // likewise
	Unmapped struct {
		Call                          string
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
	names, err := filepath.Glob(filepath.Join(b.Audit, "*.jsonl"))
	if err != nil {
		b.t.Fatal(err)
	}
	var all []Record
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			b.t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			if !bytes.HasSuffix(line, []byte("\n")) {
				break // being written
			}
			var r Record
			if err := json.Unmarshal(line, &r); err != nil {
				b.t.Fatalf("%v in %s", err, line)
			}
			all = append(all, r)
		}
	}
	return all
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
