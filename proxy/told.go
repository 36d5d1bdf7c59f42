package proxy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"twohop/internal/fault"
	"twohop/translate"
)

// told makes the caller's problem of the target's Fault: its text is the title, its code
// and actor are members, and each part of its detail stands under its own name. The log
// and the record have the code alone.
func (t *translation) told(f *translate.Fault) *fault.Fault {
	out := fault.New(fault.TargetFault, "the target answered with a SOAP Fault, code %s", clip(f.Code, 128))
	out.Told = &fault.Told{Status: t.status(f), Title: f.Reason, Code: f.Code}
	if f.Sub != "" {
		out.Told.More = append(out.Told.More, fault.Member{Name: "subcode", Text: f.Sub})
	}
	if f.Actor != "" {
		out.Told.More = append(out.Told.More, fault.Member{Name: "actor", Text: f.Actor})
	}
	d := json.NewDecoder(bytes.NewReader(f.Detail))
	for d.Token(); d.More(); { // the codec made an object, or nothing
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			break
		}
		out.Told.More = append(out.Told.More, fault.Member{Name: unlike(name.(string)), Raw: value})
	}
	return out
}

// ours are the members that a problem has of its own.
var ours = []string{"type", "title", "status", "detail", "fix", "code", "hop", "route", "correlationId", "retryAfterSeconds", "subcode", "actor"}

// unlike returns a name that is none of ours.
func unlike(name string) string {
	if slices.Contains(ours, name) {
		return "fault:" + name
	}
	return name
}

// status is what the route gives to a Fault: by its subcode, its code as written, its code
// without the prefix, or what stands before the first dot of that (SOAP 1.1, section
// 4.4.1), in this order.
func (t *translation) status(f *translate.Fault) int {
	general, _, _ := strings.Cut(unprefixed(f.Code), ".")
	for _, code := range []string{f.Sub, unprefixed(f.Sub), f.Code, unprefixed(f.Code), general, sameCode[general]} {
		if status := t.statuses[code]; status != 0 && code != "" {
			return status
		}
	}
	return http.StatusInternalServerError
}

// sameCode are the codes of the two versions that mean the same.
var sameCode = map[string]string{"Client": "Sender", "Sender": "Client", "Server": "Receiver", "Receiver": "Server"}

func unprefixed(code string) string {
	_, local, _ := strings.Cut(code, ":")
	return cmp.Or(local, code)
}
