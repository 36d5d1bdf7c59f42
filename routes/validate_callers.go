package routes

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func (c *checker) callers() {
	hashes := map[string]string{}
	for _, name := range c.names["callers"] {
		x, path := c.Callers[name], join("callers", name)
		c.name(path, name)
		if name == Anyone {
			c.fail(path, `"anyone" is the word for no credential at all`, "choose another name")
		}
		if x.APIKey == nil && x.ClientCertificate == nil && c.complete(path) {
			c.fail(path, "has no credential", "add api_key (made by `twohop caller key new`) or client_certificate")
		}
		if x.APIKey == nil {
			continue
		}
		sum := strings.ToLower(x.APIKey.SHA256)
		if !c.hash(path+".api_key.sha256", sum, "twohop caller key new") {
			continue
		}
		if first, dup := hashes[sum]; dup {
			c.fail(path+".api_key.sha256", "is also the key of caller "+first, "make a key of its own for each caller")
		} else {
			hashes[sum] = name
		}
	}
	c.certificates()
}

// hash reports a text that is not the hash of a secret made by command.
func (c *checker) hash(path, sum, command string) bool {
	if raw, err := hex.DecodeString(sum); err != nil || len(raw) != sha256.Size {
		c.fail(path, "is not a SHA-256 in hex", "run `"+command+"` and paste what it prints; the secret itself does not belong here")
		return false
	}
	return true
}

// certificates finds callers that one client certificate would make ambiguous.
func (c *checker) certificates() {
	byCA := map[File][]string{}
	for _, name := range c.names["callers"] {
		if x := c.Callers[name]; x.APIKey == nil && x.ClientCertificate != nil && c.complete(join("callers", name)) {
			byCA[x.ClientCertificate.CA] = append(byCA[x.ClientCertificate.CA], name)
		}
	}
	for _, names := range byCA {
		rules := map[string]string{}
		for _, name := range names {
			x, path := c.Callers[name].ClientCertificate, join("callers", name)+".client_certificate"
			rule := strings.Join(attributes(x.Subject), ",") + "\n" + strings.ToLower(x.DNS)
			switch first, dup := rules[rule]; {
			case dup:
				c.fail(path, "fits the certificates of caller "+first+" too", "tell them apart by subject or dns")
			case rule == "\n" && len(names) > 1:
				c.fail(path, "fits every certificate of its ca, those of other callers too", "narrow it by subject or dns")
			case rule == "\n":
				c.warn(path, "fits every certificate of its ca", "narrow it by subject or dns, unless the ca signs for this caller alone")
			}
			rules[rule] = name
		}
	}
}

// attributes returns the parts of a subject in one order.
func attributes(subject string) []string {
	var list []string
	for part := range strings.SplitSeq(subject, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	slices.Sort(list)
	return list
}

// maxAhead is how many days an exception may last before the next review.
const maxAhead = 366

// skeleton is the form of the words that twohop probe leaves to be filled in.
var skeleton = regexp.MustCompile(`^(WHO|WHERE|WHY)(-[A-Z]+)+$`)

func (c *checker) exceptions() {
	for _, name := range c.names["exceptions"] {
		x, path := c.Exceptions[name], join("exceptions", name)
		c.name(path, name)
		for _, text := range [][2]string{{"owner", x.Owner}, {"approved_by", x.ApprovedBy}, {"ticket", x.Ticket}, {"reason", x.Reason}} {
			switch {
			case strings.TrimSpace(text[1]) == "":
				c.fail(path+"."+text[0], "is blank", "an exception names its owner, approver, ticket and reason")
			case skeleton.MatchString(text[1]):
				c.fail(path+"."+text[0], "is still the skeleton's "+text[1], "an exception names its owner, approver, ticket and reason")
			}
		}
		if len(x.Allows) == 0 {
			c.reject(path+".allows", "is empty", "list what it allows, or remove the exception")
		}
		if len(x.Targets) == 0 {
			c.reject(path+".targets", "is empty", "list host:port of each target, or remove the exception")
		}
		for i, at := range x.Targets {
			if host, port, err := net.SplitHostPort(at); at != "" && (err != nil || !isHost(host) || !isPort(port, 1)) {
				c.reject(index(path+".targets", i), strconv.Quote(at)+" is not host:port", "write it as in the target's url, for example wms01.corp.local:8443")
			}
		}
		if c.complete(path + ".expires") {
			c.expiry(path+".expires", &x)
		}
	}
}

// expiry warns at 60, 30 and 7 days; an end never blocks loading.
func (c *checker) expiry(path string, x *Exception) {
	left := x.DaysLeft(c.now)
	switch {
	case left > maxAhead:
		c.fail(path, fmt.Sprintf("is %d days ahead", left), fmt.Sprintf("choose a day at most %d days ahead and renew it after a review", maxAhead))
	case left < 0:
		c.warn(path, "the exception has ended", "its routes answer 503 until it is renewed")
	case left <= 7:
		c.warn(path, "ends "+days(left), "its routes answer 503 afterwards: renew it or upgrade the target now")
	case left <= 30:
		c.warn(path, "ends "+days(left), "decide now: renew it after a review, or upgrade the target")
	case left <= 60:
		c.warn(path, "ends "+days(left), "plan to renew it after a review, or to upgrade the target")
	}
}
