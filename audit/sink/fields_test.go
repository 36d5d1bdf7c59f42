package sink

import (
	"testing"
	"time"
)

func TestTraces(t *testing.T) {
	for id, is := range map[string]bool{"0af7651916cd43dd8448eb211c80319c": true, "00000000000000000000000000000000": false, "0AF7651916CD43DD8448EB211C80319C": false,
		"0af7651916cd43dd8448eb211c80319": false, "0af7651916cd43dd8448eb211c80319g": false, "": false} {
		f := fields{}
		f.Metadata.Correlation = id
		if got := f.trace(); (got != nil) != is {
			t.Errorf("%q is the trace %x", id, got)
		}
	}
}

func TestWhenALineWasWritten(t *testing.T) {
	for line, want := range map[string]time.Time{
		`{"time":1772366400000,"metadata":{"logged_time":1772366401250}}`: time.UnixMilli(1772366401250),
		`{"time":1772366400000}`:       time.UnixMilli(1772366400000),
		`{"time":9223372036854775807}`: {},
		`{"time":-5}`:                  {},
		`no JSON`:                      {},
	} {
		f := fieldsOf([]byte(line))
		if got := f.written(); !got.Equal(want) {
			t.Errorf("%s: %v", line, got)
		}
	}
	if age := time.Since(timeOf([]byte("no JSON"))); age > time.Minute {
		t.Errorf("a line that does not say is %v old", age)
	}
}
