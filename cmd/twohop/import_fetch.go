package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/text/encoding/ianaindex"

	"twohop/internal/fault"
	"twohop/proxy"
	"twohop/target"
)

// Bounds of an import.
const (
	importFiles = 1000
	importFile  = 32 << 20
	importAll   = 256 << 20
	redirects   = 5
)

// source gets documents, over connections that it keeps.
type source struct {
	now    func() time.Time
	ca     string
	target *target.Target // that the admin named
	base   *url.URL       // of target
	header http.Header    // for target alone
	others map[string]*target.Target
	total  int
	notes  []string
}

// through makes the source fetch what is at a target of a routes.yaml as calls do.
func (s *source) through(name, file string) error {
	t, err := load(file, s.now())
	if err != nil {
		return hinted{err, "name the file with --routes; twohop check explains its mistakes"}
	}
	if s.target, s.base, s.header, err = proxy.Reach(t, name, s.now); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func (s *source) close() {
	if s.target != nil {
		s.target.Close()
	}
	for _, t := range s.others {
		t.Close()
	}
}

// get reads a document, as it can stand in a file. at is where it was in the end.
func (s *source) get(ctx context.Context, from place) (data []byte, at place, err error) {
	if from.url == nil {
		data, err = s.file(from.file)
		return data, from, err
	}
	for range redirects {
		resp, err := s.ask(ctx, from.url)
		if err != nil {
			return nil, from, err
		}
		if resp.StatusCode == http.StatusOK {
			data, err := s.read(resp.Body)
			resp.Body.Close()
			if err == nil {
				data, err = decoded(data, resp.Header.Get("Content-Type"))
			}
			if err != nil {
				return nil, from, fmt.Errorf("%v: %w", from, err)
			}
			return data, from, nil
		}
		resp.Body.Close()
		next, ok := redirected(resp)
		if !ok {
			return nil, from, hinted{fmt.Errorf("%v answers %s", from, resp.Status), advice(resp.StatusCode)}
		}
		to, err := from.beside(next)
		if err != nil {
			return nil, from, err
		}
		if from.url.Scheme == "https" && to.url.Scheme == "http" {
			return nil, from, fmt.Errorf("%v leads to %v, without TLS", from, to)
		}
		from = to
	}
	return nil, from, fmt.Errorf("%v: more than %d redirects", from, redirects)
}

// decoded makes UTF-8 of a document of which only the header says how it is encoded: a
// file has none.
func decoded(data []byte, contentType string) ([]byte, error) {
	_, params, err := mime.ParseMediaType(contentType)
	charset := strings.ToLower(params["charset"])
	if err != nil || charset == "" || charset == "utf-8" || bytes.HasPrefix(data, []byte("<?xml")) || !bytes.HasPrefix(data, []byte("<")) {
		return data, nil
	}
	e, err := ianaindex.IANA.Encoding(charset)
	if err != nil || e == nil {
		return nil, fmt.Errorf("the encoding %q is not known", charset)
	}
	return e.NewDecoder().Bytes(data)
}

func redirected(resp *http.Response) (location string, ok bool) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		location = resp.Header.Get("Location")
	}
	return location, location != ""
}

func advice(status int) string {
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return "put the credential into a target's headers.set as ${file:PATH}, and use --target"
	}
	return "look at the URL in a browser; services often show their contract at ?wsdl or ?singleWsdl"
}

func (s *source) file(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a file", name)
	}
	data, err := s.read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// read reads a document within the bounds.
func (s *source) read(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, importFile+1))
	s.total += len(data)
	switch {
	case err != nil:
		return nil, err
	case len(data) > importFile:
		return nil, fmt.Errorf("longer than %d MiB", importFile>>20)
	case s.total > importAll:
		return nil, fmt.Errorf("all files together are longer than %d MiB", importAll>>20)
	}
	return data, nil
}

// ask makes one request.
func (s *source) ask(ctx context.Context, u *url.URL) (*http.Response, error) {
	t, header, err := s.at(u)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "twohop-import")
	req.Header.Set("Accept", "text/xml, application/xml, application/wsdl+xml, */*;q=0.1")
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := t.Do(&target.Call{Request: req, Limits: target.Limits{FirstByte: 30 * time.Second, Idle: 30 * time.Second, Total: 2 * time.Minute}}, &target.Hop{})
	var f *fault.Fault
	if errors.As(err, &f) {
		hint := f.Advice()
		if s.target == nil && u.Scheme == "https" {
			hint = strings.TrimSpace(hint + " A service with old TLS is reached with --target: twohop help import")
		}
		return nil, hinted{fmt.Errorf("%v: %s", u, f.Cause), hint}
	}
	return resp, err
}

// at returns what serves a URL: the named target, else the host under the usual rules.
func (s *source) at(u *url.URL) (*target.Target, http.Header, error) {
	host := hostPort(u)
	if s.target != nil && u.Scheme == s.base.Scheme && host == hostPort(s.base) {
		return s.target, s.header, nil
	}
	if t := s.others[u.Scheme+"://"+host]; t != nil {
		return t, nil, nil
	}
	if u.Scheme == "http" {
		s.notes = append(s.notes, "what is at "+u.Host+" came over plain http: compare it with its owner's")
	}
	t, err := target.New(target.Config{Scheme: u.Scheme, Host: host, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13, CA: s.ca,
		Connect: 10 * time.Second, Handshake: 10 * time.Second}, s.now)
	if err != nil {
		return nil, nil, err
	}
	if s.others == nil {
		s.others = map[string]*target.Target{}
	}
	s.others[u.Scheme+"://"+host] = t
	return t, nil, nil
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
