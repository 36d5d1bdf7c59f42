package fault

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestMarkdownTellsEverything(t *testing.T) {
	doc := string(Markdown())
	for _, e := range entries {
		section := fmt.Sprintf("\n### %s\n\n**%s.** Status %d, hop: %s.\n\n*Usual causes:* %s\n\n*What to do:* %s\n", e.Code, e.Title, e.Status, e.Hop, e.Why, e.Fix)
		if !strings.Contains(doc, section) {
			t.Errorf("no section for %s", e.Code)
		}
	}
	for _, text := range []string{"application/problem+json", "urn:twohop:error:", "urn:twohop:fault", "retryAfterSeconds", "correlationId",
		"An existing connection was forcibly closed by the remote host", "The underlying connection was closed", "The operation has timed out",
		"The remote server returned an error: (401) Unauthorized` | credential_missing, credential_unknown |", "(504) Gateway Timeout"} {
		if !strings.Contains(doc, text) {
			t.Errorf("it does not say %q", text)
		}
	}
	if !strings.HasPrefix(doc, "# Errors\n") || !strings.HasSuffix(doc, ".\n") || strings.Contains(doc, "\n\n\n") || strings.Contains(doc, "(499)") {
		t.Error("its shape is not that of a document")
	}
}

// TestMarkdownNamesNoOtherCode looks for words that have the form of a code.
func TestMarkdownNamesNoOtherCode(t *testing.T) {
	for _, word := range regexp.MustCompile(`\b(target|caller|credential|audit|via|request|call)_[a-z_]+\b`).FindAllString(introduction+shown, -1) {
		if _, ok := byCode[Code(word)]; !ok {
			t.Errorf("%s is not in the catalogue", word)
		}
	}
}
