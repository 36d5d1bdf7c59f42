//go:build linux

package slow

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// from returns a dialer of connections that come from an address of this machine.
func from(ip string) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}, Timeout: 10 * time.Second}
}

// callers are honest: each makes a call, and then another, on a kept connection; every
// tenth call opens a new one.
type callers struct {
	stop   context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	took   []time.Duration
	failed []string
}

// honestly starts n callers.
func (b *Broker) honestly(n int) *callers {
	ctx, cancel := context.WithCancel(context.Background())
	c := &callers{stop: cancel}
	for range n {
		tr := &http.Transport{DialContext: from(honest).DialContext, TLSClientConfig: b.tls("http/1.1")}
		client := &http.Client{Transport: tr, Timeout: 30 * time.Second}
		c.wg.Go(func() {
			defer tr.CloseIdleConnections()
			for i := 0; ctx.Err() == nil; i++ {
				if i%10 == 9 {
					tr.CloseIdleConnections()
				}
				c.call(client, "https://"+b.addr+"/keyed/stock/A1001")
				time.Sleep(5 * time.Millisecond) // a caller's own work
			}
		})
	}
	return c
}

func (c *callers) call(client *http.Client, url string) {
	began := time.Now()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		panic(err) // a URL of the test's own
	}
	req.Header.Set("X-Api-Key", key)
	resp, err := client.Do(req)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err == nil && resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("status %s", resp.Status)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took = append(c.took, time.Since(began))
	if err != nil {
		c.failed = append(c.failed, err.Error())
	}
}

// figures is what honest callers saw.
type figures struct {
	calls         int
	failed        []string
	p50, p99, max time.Duration
}

func (f figures) String() string {
	return fmt.Sprintf("%6d calls, %d failed, p50 %v, p99 %v, longest %v", f.calls, len(f.failed), f.p50, f.p99, f.max)
}

func (f figures) check(t testing.TB) {
	if len(f.failed) > 0 {
		t.Errorf("%d honest calls failed, the first with: %s", len(f.failed), f.failed[0])
	}
}

// end stops the callers.
func (c *callers) end() figures {
	c.stop()
	c.wg.Wait()
	slices.Sort(c.took)
	at := func(q float64) time.Duration {
		return c.took[int(q*float64(len(c.took)-1))].Round(10 * time.Microsecond)
	}
	return figures{len(c.took), c.failed, at(.5), at(.99), at(1)}
}
