//go:build linux

package attack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// comparePage holds docs/attacks.md to what was seen, or writes it with -update.
func comparePage(t *testing.T, page map[string][]seen) {
	t.Helper()
	file := filepath.Join(moduleRoot(t), "docs", "attacks.md")
	want := markdown(page, peerVersions(t))
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/attacks.md differs from what was seen (-seen +page); write it with -update:\n%s", diff)
	}
}

// onThePage reports whether docs/attacks.md holds text.
func onThePage(t *testing.T, text string) bool {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(moduleRoot(t), "docs", "attacks.md"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(page), text)
}

// peerVersions names the peers as they call themselves.
func peerVersions(t *testing.T) string {
	t.Helper()
	number := regexp.MustCompile(`\d+\.\d+\.\d+`)
	nginx, err := exec.CommandContext(t.Context(), "nginx", "-v").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	haproxy, err := exec.CommandContext(t.Context(), "haproxy", "-v").Output()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("nginx %s and HAProxy %s", number.Find(nginx), number.Find(haproxy))
}

const introduction = `# Attacks

This file is written from the table in ` + "`tests/attack`" + ` and from what was seen when it ran (` + "`make docs`" + `; ` + "`make attack`" + ` holds
it to both). Every case is sent on a raw TLS socket to the real binary, and to %s, set up
as plain reverse proxies with the same routes (` + "`tests/peers/reverse_*.tmpl`" + `). Behind each stands a target of its own that keeps
every byte and takes nothing but what RFC 9112 allows. After each case an honest call on a new connection must be
answered, and nothing else may have reached the target.

A cell shows the statuses that the caller got, and after the colon what reached the target; *same* is the same as
twohop. ⏎ is CRLF; the protocol and ` + "`Host: localhost`" + ` are left out. *cut* is a request that reached the target without its
end: RFC 9112, section 8, has the target drop it. Paths below /open/ are for everybody, those below /keyed/ for who shows a key.

%d cases; nginx differs in %d, HAProxy in %d: in what reaches the target, or in whether the caller gets an answer. Each
difference has its reason.
`

func markdown(page map[string][]seen, peers string) string {
	var b strings.Builder
	cases, nginx, haproxy := 0, 0, 0
	for _, fam := range table() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| case | sends | twohop | nginx | HAProxy | why they differ |\n| --- | --- | --- | --- | --- | --- |\n", fam.name, fam.about)
		for _, s := range page[fam.name] {
			cases++
			if s.attack.nginx != "" {
				nginx++
			}
			if s.attack.haproxy != "" {
				haproxy++
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", s.name, s.sends(), s.ours, orSame(s.nginx, s.ours), orSame(s.haproxy, s.ours), s.why())
		}
	}
	return fmt.Sprintf(introduction, peers, cases, nginx, haproxy) + b.String() + floodsSection()
}

// why is the peers' reasons in one sentence.
func (a attack) why() string {
	switch {
	case a.nginx == a.haproxy && a.nginx != "":
		return "each " + a.nginx
	case a.nginx != "" && a.haproxy != "":
		return "nginx " + a.nginx + "; HAProxy " + a.haproxy
	case a.nginx != "":
		return "nginx " + a.nginx
	case a.haproxy != "":
		return "HAProxy " + a.haproxy
	}
	return ""
}

func orSame(theirs, ours string) string {
	if theirs == strings.Replace(ours, ", closed", "", 1) {
		return "same"
	}
	return theirs
}
