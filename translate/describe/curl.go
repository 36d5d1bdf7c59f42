package describe

import "strings"

var shell = &language{}

// curl is a call as a line for a shell.
func curl(p *program) string {
	body := string(appendJSON(nil, p.example, 0))
	lines := []string{"curl --fail-with-body --tlsv1.2 " + quoted(p.target()), "--header 'Content-Type: application/json'"}
	for _, h := range p.headerFields() {
		lines = append(lines, "--header "+quoted(h+": text"))
	}
	if p.in.APIKey {
		lines = append(lines, `--header "X-Api-Key: $API_KEY"`)
	}
	return strings.Join(append(lines, "--data-binary "+quoted(body)), " \\\n  ") + "\n"
}

// quoted is s as one word of a POSIX shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
