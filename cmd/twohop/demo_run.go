package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"twohop/audit/trail"
	"twohop/callers"
	"twohop/internal/legacy"
	"twohop/target"
)

// run shows the calls, the records, and the stream.
func (d *demo) run(ctx context.Context, stay bool) error {
	fmt.Fprintf(d.out, "Broker   https://%s  (%s)\n", d.door, d.file())
	for _, c := range demoCalls {
		fmt.Fprintf(d.out, "\n%s: %s\n", c.route, c.what)
		direct := d.direct(ctx, c)
		if direct == nil {
			return fmt.Errorf("the direct call to %s succeeded; it should fail as F&O's does", c.route)
		}
		fmt.Fprintf(d.out, "  direct, TLS 1.2 or newer   fails: %v\n", direct)
		why, err := d.why(ctx, c)
		if err != nil {
			return err
		}
		fmt.Fprintf(d.out, "  because                    %s\n", why)
		fmt.Fprintf(d.out, "  F&O would show             %s\n", c.shown)
		answer, err := d.through(ctx, c)
		if err != nil {
			return fmt.Errorf("the call through the broker: %w", err)
		}
		fmt.Fprintf(d.out, "  through the broker         %s\n", answer)
	}
	fmt.Fprintln(d.out, "\nWhat the audit log says of both hops:")
	if err := d.table(); err != nil {
		return err
	}
	if err := d.stream(ctx); err != nil {
		return err
	}
	if stay {
		d.try()
		<-ctx.Done()
		fmt.Fprintln(d.out, "\nstopping")
	} else if d.keep {
		fmt.Fprintf(d.out, "\nKept in %s: routes.yaml, caller.key, twohop.log, and var with the certificates and the audit log\n", d.dir)
	}
	return nil
}

// direct calls the service as F&O would: TLS 1.2 or newer or nothing. It returns why
// that fails; a certificate is not looked at, because no handshake comes so far.
func (d *demo) direct(ctx context.Context, c demoCall) error {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}}}
	req, err := c.request(ctx, "https://"+d.service(c).Addr()+c.direct)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	return nil
}

// why asks the service what it speaks, as twohop probe does.
func (d *demo) why(ctx context.Context, c demoCall) (string, error) {
	r, err := target.Probe(ctx, d.service(c).Addr(), "", "", time.Now)
	if err != nil {
		return "", err
	}
	if r.Plain {
		return "the service speaks plain HTTP, and F&O calls only over TLS 1.2 or newer", nil
	}
	var speaks []string
	refusal := ""
	for _, v := range r.Versions {
		if v.Refusal == "" {
			speaks = append(speaks, tls.VersionName(v.Version))
		} else {
			refusal = v.Refusal
		}
	}
	return "the service speaks only " + strings.Join(speaks, ", ") + "; offered more, it " + refusal, nil
}

// service is the one that a call is for.
func (d *demo) service(c demoCall) *legacy.Server { return d.services[either(c.service, c.route)] }

func (c demoCall) request(ctx context.Context, url string) (*http.Request, error) {
	if c.json != "" {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(c.json))
		if err == nil {
			req.Header.Set("Content-Type", "application/json")
		}
		return req, err
	}
	if !c.soap {
		return http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(demoEnvelope))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.Header.Set("SOAPAction", `"`+legacy.GetStockAction+`"`)
	req.Header.Set("Expect", "100-continue")
	return req, nil
}

// through makes the same call at the front door.
func (d *demo) through(ctx context.Context, c demoCall) (string, error) {
	req, err := c.request(ctx, "https://"+d.door+c.path)
	if err != nil {
		return "", err
	}
	req.Header.Set(callers.Header, d.key)
	resp, err := d.caller.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", resp.Status, body)
	}
	text := strings.Join(strings.Fields(string(body)), " ")
	if len(text) > 150 {
		text = text[:150] + "..."
	}
	return resp.Status + "  " + text, nil
}

// auditLine is what the table shows of an audit record.
type auditLine struct {
	Response struct{ Code int }               `json:"http_response"`
	TLS      struct{ Version, Cipher string } `json:"tls"`
	ProxyTLS struct {
		Version, Cipher string
		Certificate     struct{ Fingerprints []struct{ Value string } }
	} `json:"proxy_tls"`
	Traffic struct {
		In  int64 `json:"bytes_in"`
		Out int64 `json:"bytes_out"`
	}
	Unmapped struct {
		Stage, Route string
		Verified     string  `json:"target_verified_by"`
		CallMS       float64 `json:"call_ms"`
	}
}

// table prints the end records of the calls so far.
func (d *demo) table() error {
	w := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  ROUTE\tSTATUS\tHOP 1\tHOP 2\tCERTIFICATE\tVERIFIED\tMS\tBYTES")
	err := d.eachRecord(func(l *auditLine) {
		if l.Unmapped.Stage != "end" {
			return
		}
		hop2, cert := "plain HTTP", "none"
		if l.ProxyTLS.Version != "" {
			hop2 = l.ProxyTLS.Version + " " + l.ProxyTLS.Cipher
		}
		if p := l.ProxyTLS.Certificate.Fingerprints; len(p) > 0 {
			cert = p[0].Value[:12]
		}
		fmt.Fprintf(w, "  %s\t%d\t%s %s\t%s\t%s\t%s\t%.1f\t%d in, %d out\n", l.Unmapped.Route, l.Response.Code, l.TLS.Version, l.TLS.Cipher,
			hop2, cert, either(l.Unmapped.Verified, "-"), l.Unmapped.CallMS, l.Traffic.In, l.Traffic.Out)
	})
	return errors.Join(err, w.Flush())
}

// eachRecord reads the audit log so far.
func (d *demo) eachRecord(f func(*auditLine)) error {
	logs, err := trail.Logs(filepath.Join(d.dir, "var", "audit"))
	if err != nil {
		return err
	}
	for _, log := range logs {
		segments, err := log.Segments()
		if err != nil {
			return err
		}
		for _, s := range segments {
			for line, err := range s.Lines() {
				var l auditLine
				if err == nil {
					err = json.Unmarshal(line.Text, &l)
				}
				if err != nil {
					return fmt.Errorf("audit record: %w", err)
				}
				f(&l)
			}
		}
	}
	return nil
}

// stream reads 1 GiB through the broker and shows its memory meanwhile.
func (d *demo) stream(ctx context.Context) error {
	const size = 1 << 30
	fmt.Fprintln(d.out, "\nStreaming 1 GiB from the TLS 1.0 service:")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("https://%s/carrier/stream?bytes=%d", d.door, size), nil)
	if err != nil {
		return err
	}
	req.Header.Set(callers.Header, d.key)
	start := time.Now()
	resp, err := d.caller.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the stream: %s", resp.Status)
	}
	var got int64
	buf := make([]byte, 64<<10)
	for shown := int64(0); ; {
		n, err := resp.Body.Read(buf)
		if got += int64(n); got-shown >= size/4 {
			shown = got
			fmt.Fprintf(d.out, "  %4d MiB  %5.1f s  broker memory %d MiB\n", got>>20, time.Since(start).Seconds(), d.memory()>>20)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if got != size {
		return fmt.Errorf("the stream brought %d bytes", got)
	}
	return nil
}

// memory asks the broker's own metrics: resident bytes, or Go's where the system does
// not tell.
func (d *demo) memory() int64 {
	resp, err := http.Get("http://" + d.admin + "/metrics")
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	for _, name := range []string{"process_resident_memory_bytes ", "go_memstats_sys_bytes "} {
		if _, after, ok := bytes.Cut(text, []byte("\n"+name)); ok {
			line, _, _ := bytes.Cut(after, []byte("\n"))
			if v, err := strconv.ParseFloat(string(line), 64); err == nil {
				return int64(v)
			}
		}
	}
	return 0
}

// try prints lines to copy.
func (d *demo) try() {
	ca := filepath.Join(d.dir, "var", "certificates", "local-ca.pem")
	fmt.Fprintf(d.out, `
It stays up until Ctrl-C. To try:

  curl --cacert %[1]s -H 'X-Api-Key: %[2]s' https://%[3]s/stock/A1001
  curl --cacert %[1]s -H 'X-Api-Key: %[2]s' -H 'SOAPAction: "%[4]s"' -H 'Content-Type: text/xml' \
    -d '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetStock xmlns="urn:legacy"><item>A1001</item></GetStock></s:Body></s:Envelope>' \
    https://%[3]s/warehouse/stock
  curl --cacert %[1]s -H 'X-Api-Key: %[2]s' -H 'Content-Type: application/json' -d '{"item":"A1001"}' https://%[3]s/levels/GetStock
  curl --cacert %[1]s -H 'X-Api-Key: %[2]s' -o levels.html https://%[3]s/levels/        # its page, for a browser
  curl --cacert %[1]s https://%[3]s/stock/A1001        # no key: see how an error reads
  curl http://%[5]s/metrics

X++:

    System.Net.HttpWebRequest req = System.Net.WebRequest::Create('https://%[3]s/stock/A1001') as System.Net.HttpWebRequest;
    System.Net.WebHeaderCollection headers = req.get_Headers();
    headers.Add('X-Api-Key', '%[2]s');
    System.Net.HttpWebResponse resp = req.GetResponse() as System.Net.HttpWebResponse;

Records: %[6]s
`, ca, d.key, d.door, legacy.GetStockAction, d.admin, filepath.Join(d.dir, "var", "audit"))
}
