package trail

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Kinds of the log's own lines.
const (
	kindSegment    = "segment"    // the first line of a segment
	kindCheckpoint = "checkpoint" // a signed checkpoint of all lines before
	kindSeal       = "seal"       // the last line of a segment, a checkpoint too
	kindOpened     = "opened"
	kindClosed     = "closed"
	kindTorn       = "torn"
	kindPruned     = "pruned"
)

// activities are those of OCSF's Event Log Activity (class 1008, schema 1.8.0).
var activities = map[string]int{kindPruned: 2, kindSeal: 5, kindOpened: 6, kindClosed: 7, kindSegment: 99, kindCheckpoint: 99, kindTorn: 99}

// entry is a line of the log about itself, an OCSF Event Log Activity. The class comes
// first: own tells such lines by it.
type entry struct {
	Class    int      `json:"class_uid"`
	Category int      `json:"category_uid"`
	Activity int      `json:"activity_id"`
	Name     string   `json:"activity_name,omitempty"` // OCSF asks for one where it has no number
	Type     int      `json:"type_uid"`
	Severity int      `json:"severity_id"`
	Time     int64    `json:"time"`
	Message  string   `json:"message,omitempty"`
	Metadata metadata `json:"metadata"`
	Log      string   `json:"log_name"` // the origin
	Provider string   `json:"log_provider"`
	Unmapped own      `json:"unmapped"`
}

type metadata struct {
	Version string  `json:"version"`
	Logged  int64   `json:"logged_time"`
	Product product `json:"product"`
}

type product struct {
	Name   string `json:"name"`
	Vendor string `json:"vendor_name"`
}

// own is what OCSF has no place for.
type own struct {
	Kind       string   `json:"kind"`
	Checkpoint string   `json:"checkpoint,omitempty"` // signed
	Segment    *segment `json:"segment,omitempty"`
	Before     int64    `json:"before,omitempty"` // pruned: all lines before this one
	Bytes      int64    `json:"bytes,omitempty"`  // torn
	User       string   `json:"user,omitempty"`
}

// segment is what a segment's first line tells, so that it verifies alone.
type segment struct {
	First    int64    `json:"first"`              // its own index
	Edge     []string `json:"edge"`               // of the tree before it
	Previous string   `json:"previous,omitempty"` // the seal of the segment before
	Key      string   `json:"key"`                // the verifier key of its checkpoints
}

// class begins every line of the log about itself.
var class = []byte(`{"class_uid":1008,`)

func (w *Writer) entry(now time.Time, message string, u own) []byte {
	e := entry{Class: 1008, Category: 1, Activity: activities[u.Kind], Severity: 1, Time: now.UnixMilli(), Message: message, Log: w.origin, Provider: "twohop", Unmapped: u,
		Metadata: metadata{"1.8.0", now.UnixMilli(), product{"twohop", "twohop"}}}
	if e.Activity == 99 {
		e.Name = u.Kind
	}
	if u.Kind == kindTorn {
		e.Severity = 3 // medium
	}
	e.Type = 100800 + e.Activity
	var b bytes.Buffer
	enc := json.NewEncoder(&b) // ends with a newline
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		panic(err) // numbers and strings
	}
	return b.Bytes()
}

// parseEntry returns nil for a line that is not about the log itself.
func parseEntry(line []byte) (*entry, error) {
	if !bytes.HasPrefix(line, class) {
		return nil, nil
	}
	e := &entry{}
	if err := json.Unmarshal(line, e); err != nil {
		return nil, fmt.Errorf("audit: not JSON: %w", err)
	}
	return e, nil
}

// edge returns the tree before a segment.
func (s *segment) edge() (edge, error) {
	e := edge{size: s.First}
	for _, text := range s.Edge {
		h, err := tlog.ParseHash(text)
		if err != nil {
			return e, fmt.Errorf("audit: the segment's first line has a damaged edge: %w", err)
		}
		e.hashes = append(e.hashes, h)
	}
	if !e.whole() {
		return e, fmt.Errorf("audit: the segment's first line has an edge of %d hashes, which none of %d lines has", len(e.hashes), e.size)
	}
	return e, nil
}
