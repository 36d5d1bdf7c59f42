package format

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"twohop/audit/entry"
	"twohop/audit/search"
)

// severity is from 0 to 10, the worst.
func severity(e *entry.Entry, state search.State) int {
	if e.What() != entry.Call {
		return int(max(1, min(4, e.Severity)))*2 - 1
	}
	switch word := ending(e, state); word {
	case search.Unfinished:
		return 7
	case entry.Refused:
		return 6
	case entry.Answered:
		if search.IsWeak(string(e.Hop2())) {
			return 3
		}
		return 1
	case search.Running, "": // not over
		return 1
	case entry.Gone:
		return 4
	case entry.Broken:
		return 8
	}
	return 5
}

// happened says in a few words what a line that is not of a call is about; its message
// may be long.
func happened(e *entry.Entry) string {
	name := string(e.EventName())
	if e.What() == entry.Log {
		return name
	}
	word := activities[activity{e.Class, e.Activity}]
	if e.Result == 2 {
		word = strings.TrimSpace("not " + word)
	}
	return strings.TrimSpace(name + " " + word)
}

type activity struct{ class, id int64 }

// activities are those of events, in OCSF's classes Entity Management and Application
// Lifecycle (schema 1.8.0).
var activities = map[activity]string{
	{3004, 1}: "created", {3004, 2}: "read", {3004, 3}: "updated", {3004, 4}: "deleted", {3004, 99}: "warning",
	{6002, 3}: "started", {6002, 4}: "stopped",
}

// header and extension escape what ends a part of a CEF line.
var (
	header    = strings.NewReplacer(`\`, `\\`, "|", `\|`)
	extension = strings.NewReplacer(`\`, `\\`, "=", `\=`)
)

// text writes an extension of at most so many characters; none for an empty value.
func (c *cef) text(key, value string, most int) {
	if value == "" {
		return
	}
	c.key(key)
	c.b = append(c.b, extension.Replace(Safe(cut(value, most)))...)
}

func (c *cef) number(key string, n int64) {
	if n != 0 {
		c.must(key, n)
	}
}

// must writes a number that may be 0.
func (c *cef) must(key string, n int64) {
	c.key(key)
	c.b = strconv.AppendInt(c.b, n, 10)
}

func (c *cef) key(key string) {
	if c.b[len(c.b)-1] != '|' {
		c.b = append(c.b, ' ')
	}
	c.b = append(append(c.b, key...), '=')
}

// cut returns the first characters of s.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) > most {
		return string([]rune(s)[:most])
	}
	return s
}
