package audit

// AppendJSON appends the line that Append writes for r, without its newline, to b. It is
// for programs that make logs to measure or to test with.
func (r *Record) AppendJSON(b []byte) []byte { return r.line(b) }

// AppendJSON does so for e.
func (e *Event) AppendJSON(b []byte) []byte { return append(b, e.line()...) }
